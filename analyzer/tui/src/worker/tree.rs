//! The processes that were alive at a time, as a tree.

use super::job::Work;
use super::text::cut;
use crate::message::{Answer, Message};
use crate::state::Line;
use afterimage_format::model::Thread;
use afterimage_query::output::{escaped, time};
use afterimage_query::reconstruct::{Program, alive_at, command_line, tree};

/// Deeper branches are not moved further to the right.
const MAX_INDENT: usize = 24;

/// Sends the tree.
pub(super) fn look(work: &Work<'_>, at: i64, send: &mut dyn FnMut(Message)) {
    let opened = work.opened;
    let alive = alive_at(opened.trace(), u64::try_from(at).unwrap_or(0));
    let lines = tree(&alive.processes, |_| true)
        .into_iter()
        .filter_map(|(index, depth)| {
            let process = alive.processes.get(index)?;
            let threads = alive.threads.get(index).copied().unwrap_or(0);
            Some(line(work, process, threads, depth))
        });
    let title = format!("at {}", time::short_clock(at, opened.context().zone()));
    let lines = lines.collect();
    let damage = alive.damage.first().map(|error| cut(error.to_string().as_bytes(), 512));
    if work.flow().is_continue() {
        send(work.message(Answer::Lines(title, lines), damage, true));
    }
}

fn line(work: &Work<'_>, process: &Thread, threads: usize, depth: usize) -> Line {
    let opened = work.opened;
    let command = match process.exe.is_empty() && process.exepath.is_empty() {
        // Kernel threads, and what was born and has executed nothing yet.
        true => format!("[{}]", escaped(&process.comm)),
        false => command_line(&Program::of(process)),
    };
    let branch = match depth {
        0 => String::new(),
        depth => format!("{}└ ", "  ".repeat((depth - 1).min(MAX_INDENT))),
    };
    let or_dash = |id: u32| if id == 0 { "-".into() } else { id.to_string() };
    let container = match opened.context().container(process.container) {
        Some(container) => {
            let id = escaped(container.short_id().as_bytes());
            opened.container_name(&id).map_or(id.clone(), str::to_owned)
        }
        None => "host".into(),
    };
    let user = match process.uid {
        0 => "root".into(),
        u32::MAX => "-".into(),
        uid => uid.to_string(),
    };
    let started = match i64::try_from(process.start) {
        Ok(start) if start > 0 => time::short_clock(start, opened.context().zone()),
        _ => "before".into(),
    };
    Line {
        cells: vec![
            cut(format!("{branch}{command}").as_bytes(), 512),
            process.pid.to_string(),
            or_dash(process.ppid),
            user,
            threads.to_string(),
            container,
            started,
        ],
        label: format!("pid {}", process.pid),
        filter: format!("proc.pid = {}", process.pid),
        ..Line::default()
    }
}
