//! `analyze ps`

use super::moment::{Moment, MomentArgs};
use crate::input::Input;
use crate::json;
use crate::output::{rfc3339, shown_time, stdout};
use crate::status::Status;
use crate::table::aligned;
use afterimage_format::model::Thread;
use afterimage_query::output::escaped;
use afterimage_query::reconstruct::{Program, alive_at, command_line, tree};
use anyhow::Result;
use serde::Serialize;
use std::io::Write as _;

/// List the processes that were alive at a time, as a tree
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    analyze ps t.scap                    at the end of the trace\n  \
    analyze ps t.scap --at 10:00:05.25   then\n  \
    analyze ps t.scap --at -30s          half a minute before the end")]
pub(crate) struct Args {
    #[command(flatten)]
    moment: MomentArgs,
}

#[derive(Serialize)]
struct Object {
    pid: u32,
    ppid: Option<u32>,
    vpid: Option<u32>,
    depth: usize,
    threads: usize,
    uid: Option<u32>,
    gid: Option<u32>,
    container_id: String,
    container_name: Option<String>,
    start: Option<String>,
    name: String,
    exepath: Option<String>,
    argv: Vec<String>,
    cwd: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<Status> {
    let moment = args.moment.open()?;
    let alive = alive_at(&moment.input.trace, moment.time);
    let tree = tree(&alive.processes, |thread| moment.wants(Some(thread.container)));
    let mut out = stdout();
    if args.moment.json {
        for (index, depth) in &tree {
            json::write_line(
                &mut out,
                &object(&moment.input, &alive.processes[*index], alive.threads[*index], *depth),
            )?;
        }
    } else {
        writeln!(out, "{} at {}", processes(tree.len()), moment.shown())?;
        let heading = [
            "PID",
            "PPID",
            "VPID",
            "USER",
            "THREADS",
            "CONTAINER",
            "START",
            "COMMAND",
        ]
        .map(str::to_string);
        let rows = tree
            .iter()
            .map(|(index, depth)| row(&moment, &alive.processes[*index], alive.threads[*index], *depth));
        let rows: Vec<Vec<String>> = std::iter::once(heading.to_vec()).chain(rows).collect();
        for line in aligned(&rows, &[0, 1, 2, 4]) {
            writeln!(out, "{line}")?;
        }
    }
    out.flush()?;
    Ok(moment.warn(alive.damage))
}

fn processes(count: usize) -> String {
    if count == 1 {
        "1 process".to_string()
    } else {
        format!("{count} processes")
    }
}

fn row(moment: &Moment, thread: &Thread, threads: usize, depth: usize) -> Vec<String> {
    let or_dash = |id: u32| if id == 0 { "-".to_string() } else { id.to_string() };
    let command = command_line(&Program::of(thread));
    let command = if thread.exe.is_empty() && thread.exepath.is_empty() {
        // Kernel threads, and what was born and has executed nothing yet.
        format!("[{}]", escaped(&thread.comm))
    } else {
        command
    };
    vec![
        thread.pid.to_string(),
        or_dash(thread.ppid),
        or_dash(thread.vpid),
        match thread.uid {
            0 => "root".to_string(),
            u32::MAX => "-".to_string(),
            uid => uid.to_string(),
        },
        threads.to_string(),
        moment.container(thread.container),
        shown_time(thread.start, moment.input.context.zone()),
        format!("{}{command}", "  ".repeat(depth.min(32))),
    ]
}

fn object(input: &Input, thread: &Thread, threads: usize, depth: usize) -> Object {
    let container = input.context.container(thread.container);
    let known = |id: u32| (id != 0).then_some(id);
    let text = |bytes: &[u8]| (!bytes.is_empty()).then(|| json::text(bytes));
    Object {
        pid: thread.pid,
        ppid: known(thread.ppid),
        vpid: known(thread.vpid),
        depth,
        threads,
        uid: (thread.uid != u32::MAX).then_some(thread.uid),
        gid: (thread.gid != u32::MAX).then_some(thread.gid),
        container_id: container.map_or("host", |container| container.short_id()).to_string(),
        container_name: container.and_then(|container| container.name.clone()),
        start: rfc3339(thread.start),
        name: json::text(&thread.comm),
        exepath: text(&thread.exepath),
        argv: Program::of(thread).argv.iter().map(|arg| json::text(arg)).collect(),
        cwd: text(&thread.cwd),
    }
}
