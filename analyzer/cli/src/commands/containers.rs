//! `analyze containers`

use crate::input::{Input, Zone};
use crate::json;
use crate::output::{rfc3339, shown_time, stdout};
use crate::status::Status;
use crate::table::aligned;
use afterimage_format::model::{Container, Mount};
use afterimage_query::check::TimeZone;
use afterimage_query::losses;
use afterimage_query::output::escaped;
use afterimage_query::reconstruct::duration;
use anyhow::Result;
use serde::Serialize;
use std::collections::BTreeMap;
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
    image_id: Option<String>,
    image_digest: Option<String>,
    pod: Option<Pod>,
    labels: BTreeMap<String, String>,
    env: Vec<String>,
    mounts: Vec<Mounted>,
    privileged: Option<bool>,
    capabilities: Vec<String>,
    network: Option<String>,
    ips: Vec<String>,
    restarts: Option<u32>,
    sandbox: bool,
    source: Option<String>,
    missing: Option<String>,
    cgroup: String,
    created: Option<String>,
    deleted: Option<String>,
    runtime_created: Option<String>,
    started: Option<String>,
    finished: Option<String>,
    exit_code: Option<u32>,
    oom_killed: Option<bool>,
    first: Option<String>,
    last: Option<String>,
    processes: u64,
    events: u64,
}

/// The pod of a container.
#[derive(Serialize)]
struct Pod {
    namespace: String,
    name: String,
    uid: String,
    labels: BTreeMap<String, String>,
    sandbox_id: Option<String>,
    ip: Option<String>,
}

/// A mount of a container.
#[derive(Serialize)]
struct Mounted {
    source: String,
    dest: String,
    mode: String,
    writable: bool,
    propagation: String,
}

impl Object {
    /// Of a container.
    pub(crate) fn of(container: &Container) -> Object {
        let told = &container.told;
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let pod = container.pod.as_ref().map(|(namespace, name, uid)| Pod {
            namespace: namespace.clone(),
            name: name.clone(),
            uid: uid.clone(),
            labels: told.pod_labels.iter().cloned().collect(),
            sandbox_id: given(&told.sandbox_id),
            ip: told.pod_ip.clone(),
        });
        let mounted = |mount: &Mount| Mounted {
            source: mount.source.clone(),
            dest: mount.dest.clone(),
            mode: mount.mode.clone(),
            writable: mount.writable,
            propagation: mount.propagation.clone(),
        };
        Object {
            id: container.short_id().to_string(),
            full_id: container.full_id.clone(),
            runtime: container.runtime.name(),
            name: container.name.clone(),
            image: container.image.clone(),
            image_id: told.image_id.clone(),
            image_digest: told.image_digest.clone(),
            pod,
            labels: container.labels.iter().cloned().collect(),
            env: told.env.clone(),
            mounts: told.mounts.iter().map(mounted).collect(),
            privileged: told.privileged,
            capabilities: told.capabilities.clone(),
            network: told.network.clone(),
            ips: told.ips.clone(),
            restarts: told.restarts,
            sandbox: told.is_sandbox,
            source: given(&told.source),
            missing: given(&told.missing),
            cgroup: container.cgroup.clone(),
            created: rfc3339(container.birth),
            deleted: rfc3339(container.death),
            runtime_created: rfc3339(told.created),
            started: rfc3339(told.started),
            finished: rfc3339(told.finished),
            exit_code: told.exit_code,
            oom_killed: told.oom_killed,
            first: rfc3339(container.first),
            last: rfc3339(container.last),
            processes: container.processes,
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
    let heading = [
        "ID",
        "RUNTIME",
        "NAME",
        "IMAGE",
        "POD",
        "PROCESSES",
        "EVENTS",
        "FIRST",
        "LAST",
        "LIFE",
        "END",
    ]
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
            pod(container),
            container.processes.to_string(),
            container.events.to_string(),
            shown_time(container.first, zone),
            shown_time(container.last, zone),
            life(container),
            end(container),
        ]
    };
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(containers.iter().map(row)).collect();
    aligned(&rows, &[5, 6])
}

/// Namespace and name of its pod, or what is known of it.
fn pod(container: &Container) -> String {
    match &container.pod {
        None => "-".to_string(),
        Some((_, name, uid)) if name.is_empty() => escaped(uid.as_bytes()),
        Some((namespace, name, _)) => format!("{}/{}", escaped(namespace.as_bytes()), escaped(name.as_bytes())),
    }
}

/// How it ended, as its runtime says.
fn end(container: &Container) -> String {
    match (container.told.oom_killed, container.told.exit_code) {
        (Some(true), _) => "out of memory".to_string(),
        (_, Some(code)) => format!("exit {code}"),
        _ => "-".to_string(),
    }
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
