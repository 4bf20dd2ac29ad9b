//! What `analyze files` and `analyze connections` share: descriptors that were open at a moment.

use super::moment::MomentArgs;
use crate::json;
use crate::output::{counted, stdout};
use crate::status::Status;
use crate::table::aligned;
use afterimage_format::model::{Descriptor, Thread};
use afterimage_query::output::escaped;
use afterimage_query::reconstruct::{OpenDescriptor, open_at};
use anyhow::Result;
use serde::Serialize;
use std::io::Write as _;

/// Which descriptors are asked for.
#[derive(clap::Args)]
pub(crate) struct DescriptorArgs {
    #[command(flatten)]
    moment: MomentArgs,
    /// Only this process: its id on the host, or its name. May be given several times
    #[arg(long, value_name = "PID|NAME")]
    process: Vec<String>,
}

/// How descriptors of one sort are listed.
pub(crate) struct Listing<O> {
    /// What one of them is called.
    pub(crate) noun: &'static str,
    /// Which descriptors it is about.
    pub(crate) has: fn(&OpenDescriptor) -> bool,
    /// Headings behind PID, PROCESS, CONTAINER and FD.
    pub(crate) columns: &'static [&'static str],
    /// The cells below them.
    pub(crate) cells: fn(&Descriptor) -> Vec<String>,
    /// Keys of the JSON object behind those of [`Object`].
    pub(crate) object: fn(&Descriptor) -> O,
}

/// A descriptor for scripts.
#[derive(Serialize)]
struct Object<O> {
    pid: u32,
    process: Option<String>,
    container_id: Option<String>,
    container_name: Option<String>,
    fd: i32,
    #[serde(flatten)]
    more: O,
}

pub(crate) fn run<O: Serialize>(args: &DescriptorArgs, listing: &Listing<O>) -> Result<Status> {
    let moment = args.moment.open()?;
    let open = open_at(&moment.input.trace, moment.time);
    let listed: Vec<(&OpenDescriptor, Option<&Thread>)> = open
        .descriptors
        .iter()
        .filter(|open| (listing.has)(open))
        .map(|descriptor| (descriptor, open.process(descriptor.pid)))
        .filter(|(descriptor, process)| args.wants(descriptor.pid, *process))
        .filter(|(_, process)| moment.wants(process.map(|process| process.container)))
        .collect();
    let mut out = stdout();
    if args.moment.json {
        for (open, process) in &listed {
            let container = process.and_then(|process| moment.input.context.container(process.container));
            let known = container.map(|container| container.short_id().to_string());
            let host = || {
                process
                    .filter(|process| process.container == 0)
                    .map(|_| "host".to_string())
            };
            let object = Object {
                pid: open.pid,
                process: process.map(|process| json::text(&process.comm)),
                container_id: known.or_else(host),
                container_name: container.and_then(|container| container.name.clone()),
                fd: open.fd,
                more: (listing.object)(&open.descriptor),
            };
            json::write_line(&mut out, &object)?;
        }
    } else {
        writeln!(
            out,
            "{} at {}",
            counted(listed.len() as u64, listing.noun),
            moment.shown()
        )?;
        let heading = ["PID", "PROCESS", "CONTAINER", "FD"].iter().chain(listing.columns);
        let heading = heading.map(|title| (*title).to_string()).collect();
        let rows = listed.iter().map(|(open, process)| {
            let unknown = || "?".to_string();
            let mut row = vec![
                open.pid.to_string(),
                process.map_or_else(unknown, |process| escaped(&process.comm)),
                process.map_or_else(unknown, |process| moment.container(process.container)),
                open.fd.to_string(),
            ];
            row.extend((listing.cells)(&open.descriptor));
            row
        });
        let rows: Vec<Vec<String>> = std::iter::once(heading).chain(rows).collect();
        for line in aligned(&rows, &[0, 3]) {
            writeln!(out, "{line}")?;
        }
    }
    out.flush()?;
    Ok(moment.warn(open.damage))
}

impl DescriptorArgs {
    fn wants(&self, pid: u32, process: Option<&Thread>) -> bool {
        let is = |wanted: &String| {
            wanted.parse() == Ok(pid) || process.is_some_and(|process| *process.comm == *wanted.as_bytes())
        };
        self.process.is_empty() || self.process.iter().any(is)
    }
}

/// Captured text for a cell.
pub(crate) fn or_dash(text: &[u8]) -> String {
    if text.is_empty() {
        "-".to_string()
    } else {
        escaped(text)
    }
}
