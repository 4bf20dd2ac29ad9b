//! `analyze containers`

use crate::input::{Input, Zone};
use crate::json;
use crate::output::{rfc3339, shown_time, stdout};
use crate::status::Status;
use crate::table::aligned;
use afterimage_format::model::Container;
use afterimage_query::check::TimeZone;
use afterimage_query::losses;
use afterimage_query::output::escaped;
use afterimage_query::reconstruct::duration;
use anyhow::Result;
use serde::Serialize;
use std::io::Write as _;
use std::path::PathBuf;

/// List the containers of a trace
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Trace
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    zone: Zone,
}

/// A container for scripts.
#[derive(Serialize)]
pub(crate) struct Object {
    id: String,
    full_id: String,
    runtime: &'static str,
    name: Option<String>,
    image: Option<String>,
    pod: Option<String>,
    cgroup: String,
    created: Option<String>,
    deleted: Option<String>,
    first: Option<String>,
    last: Option<String>,
    events: u64,
}

impl Object {
    /// Of a container.
    pub(crate) fn of(container: &Container) -> Object {
        let pod = container.pod.as_ref().map(|(namespace, name, uid)| {
            if name.is_empty() {
                uid.clone()
            } else {
                format!("{namespace}/{name}")
            }
        });
        Object {
            id: container.short_id().to_string(),
            full_id: container.full_id.clone(),
            runtime: container.runtime.name(),
            name: container.name.clone(),
            image: container.image.clone(),
            pod,
            cgroup: container.cgroup.clone(),
            created: rfc3339(container.birth),
            deleted: rfc3339(container.death),
            first: rfc3339(container.first),
            last: rfc3339(container.last),
            events: container.events,
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<Status> {
    let input = Input::open(&args.file, args.zone.get())?;
    let containers = input.trace.containers();
    let mut out = stdout();
    if args.json {
        containers
            .iter()
            .try_for_each(|container| json::write_line(&mut out, &Object::of(container)))?;
    } else if containers.is_empty() {
        writeln!(out, "no containers")?;
    } else {
        for line in lines(&containers, args.zone.get()) {
            writeln!(out, "{line}")?;
        }
    }
    out.flush()?;
    let lost = losses(&input.trace, None, None);
    Ok(input.warn(&lost.records, &lost.damage))
}

/// A heading and a line for each container.
pub(crate) fn lines(containers: &[Container], zone: TimeZone) -> Vec<String> {
    let heading = ["ID", "RUNTIME", "NAME", "IMAGE", "EVENTS", "FIRST", "LAST", "LIFE"]
        .map(str::to_string)
        .to_vec();
    let or_dash = |text: &Option<String>| {
        text.as_ref()
            .map_or_else(|| "-".to_string(), |text| escaped(text.as_bytes()))
    };
    let row = |container: &Container| {
        vec![
            escaped(container.short_id().as_bytes()),
            container.runtime.name().to_string(),
            or_dash(&container.name),
            or_dash(&container.image),
            container.events.to_string(),
            shown_time(container.first, zone),
            shown_time(container.last, zone),
            life(container),
        ]
    };
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(containers.iter().map(row)).collect();
    aligned(&rows, &[4])
}

/// How long it lived, as far as the trace knows.
fn life(container: &Container) -> String {
    match (container.birth, container.death) {
        (0, 0) => "whole trace".to_string(),
        (0, _) => "was there before, deleted".to_string(),
        (_, 0) => "created, still there".to_string(),
        (birth, death) => duration(death.saturating_sub(birth)),
    }
}
