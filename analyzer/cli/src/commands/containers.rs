//! `analyze containers`

use crate::input::{Input, Zone};
use crate::json;
use crate::output::{rfc3339, shown_time, stdout};
use crate::status::Status;
use crate::table::aligned;
use afterimage_format::model::{Container, KubeExec, Mount};
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
    owners: Vec<Owner>,
    node: Option<String>,
    node_labels: BTreeMap<String, String>,
    kube_missing: Option<String>,
    execs: Vec<Exec>,
}

/// Who owns the pod of a container.
#[derive(Serialize)]
struct Owner {
    kind: String,
    name: String,
    uid: String,
}

/// What was brought into a container, and who asked Kubernetes for it.
#[derive(Serialize)]
struct Exec {
    pid: u32,
    start: Option<String>,
    user: Option<String>,
    groups: Vec<String>,
    impersonated: Option<String>,
    source_ips: Vec<String>,
    audit_id: Option<String>,
    time: Option<String>,
    command: Vec<String>,
    missing: Option<String>,
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
        let kube = &container.kube;
        let exec = |exec: &KubeExec| Exec {
            pid: exec.pid,
            start: rfc3339(exec.start),
            user: given(&exec.user),
            groups: exec.groups.clone(),
            impersonated: given(&exec.impersonated),
            source_ips: exec.source_ips.clone(),
            audit_id: given(&exec.audit_id),
            time: rfc3339(exec.time),
            command: exec.command.clone(),
            missing: given(&exec.missing),
        };
        let owners = kube.owners.iter().map(|owner| Owner {
            kind: owner.kind.clone(),
            name: owner.name.clone(),
            uid: owner.uid.clone(),
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
            owners: owners.collect(),
            node: given(&kube.node),
            node_labels: kube.node_labels.iter().cloned().collect(),
            kube_missing: given(&kube.missing),
            execs: kube.execs.iter().map(exec).collect(),
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
        for line in containers
            .iter()
            .flat_map(|container| kubernetes(container, args.zone.get()))
        {
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

/// What Kubernetes told of a container: who owns it, and who brought something into it.
fn kubernetes(container: &Container, zone: TimeZone) -> Vec<String> {
    let kube = &container.kube;
    let id = escaped(container.short_id().as_bytes());
    let mut out = Vec::new();
    if !kube.owners.is_empty() {
        let owners = kube
            .owners
            .iter()
            .map(|owner| escaped(format!("{} {}", owner.kind, owner.name).as_bytes()));
        let owners: Vec<String> = owners.collect();
        let node = match kube.node.as_str() {
            "" => String::new(),
            node => format!(", on node {}", escaped(node.as_bytes())),
        };
        out.push(format!("{id} of {}{node}", owners.join(" of ")));
    }
    if !kube.missing.is_empty() {
        out.push(format!(
            "{id} owners or node not known: {}",
            escaped(kube.missing.as_bytes())
        ));
    }
    for exec in &kube.execs {
        let time = shown_time(exec.start, zone);
        out.push(if exec.missing.is_empty() {
            let from = exec
                .source_ips
                .first()
                .map_or(String::new(), |ip| format!(" from {}", escaped(ip.as_bytes())));
            let user = escaped(exec.user.as_bytes());
            let as_whom = match exec.impersonated.as_str() {
                "" => String::new(),
                other => format!(" as {}", escaped(other.as_bytes())),
            };
            let command = escaped(exec.command.join(" ").as_bytes());
            format!(
                "{id} {time} exec by {user}{as_whom}{from}: {command} (process {})",
                exec.pid
            )
        } else {
            format!(
                "{id} {time} exec, process {}: {}",
                exec.pid,
                escaped(exec.missing.as_bytes())
            )
        });
    }
    out
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

#[cfg(test)]
mod tests {
    use super::*;
    use afterimage_format::model::{Kube, Owner as Above};

    #[test]
    fn what_kubernetes_told_is_said_and_escaped() {
        let owner = |kind: &str, name: &str| Above {
            kind: kind.into(),
            name: name.into(),
            uid: "u".into(),
        };
        let container = Container {
            full_id: "web".into(),
            kube: Kube {
                owners: vec![owner("ReplicaSet", "web-7f"), owner("Deployment", "web")],
                node: "n\u{1b}1".into(),
                missing: "nodes: 403".into(),
                execs: vec![
                    KubeExec {
                        pid: 7,
                        start: 1_000_000_000,
                        user: "alice".into(),
                        impersonated: "admin".into(),
                        source_ips: vec!["10.0.0.7".into(), "10.0.0.1".into()],
                        command: vec!["sh".into(), "-c".into(), "id".into()],
                        ..KubeExec::default()
                    },
                    KubeExec {
                        pid: 8,
                        start: 2_000_000_000,
                        missing: "two users".into(),
                        ..KubeExec::default()
                    },
                ],
                ..Kube::default()
            },
            ..Container::default()
        };
        let lines = kubernetes(&container, TimeZone::Utc);
        assert_eq!(lines[0], "web of ReplicaSet web-7f of Deployment web, on node n\\x1b1");
        assert_eq!(lines[1], "web owners or node not known: nodes: 403");
        assert!(
            lines[2].ends_with("exec by alice as admin from 10.0.0.7: sh -c id (process 7)"),
            "{lines:?}"
        );
        assert!(lines[3].ends_with("exec, process 8: two users"), "{lines:?}");
        assert_eq!(kubernetes(&Container::default(), TimeZone::Utc), Vec::<String>::new());
    }
}
