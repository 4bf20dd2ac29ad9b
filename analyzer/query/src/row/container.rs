//! `container` and `k8s`.

use crate::eval::{Glob, Value};
use crate::fields::{ContainerField, FieldArg, K8sField};
use afterimage_format::model::{Container, KubeExec, Mount, Owner, Thread};

/// A field of a container at a time, nanoseconds since 1970; no container is the host.
pub(crate) fn container_field<'c>(
    container: Option<&'c Container>,
    field: ContainerField,
    arg: &FieldArg,
    time: i64,
) -> Value<'c> {
    use ContainerField as F;
    let Some(container) = container else {
        return match field {
            F::Id | F::FullId | F::Name | F::Type => Value::str("host"),
            _ => Value::Missing,
        };
    };
    let image = container.image.as_deref();
    let told = &container.told;
    match field {
        F::Id => Value::str(container.short_id()),
        F::FullId => Value::str(&container.full_id),
        F::Name => text(container.name.as_deref()),
        F::Image => text(image),
        F::ImageRepository => text(image.map(|image| split_image(image).0)),
        F::ImageTag => text(image.and_then(|image| split_image(image).1)),
        F::ImageId => text(told.image_id.as_deref()),
        F::ImageDigest => text(told.image_digest.as_deref()),
        F::Type => Value::str(container.runtime.name()),
        F::Privileged => told.privileged.map_or(Value::Missing, Value::Bool),
        F::Label => pair(&container.labels, arg),
        F::Labels => pairs(&container.labels),
        F::Env => words(&told.env),
        F::Capabilities => words(&told.capabilities),
        F::Network => text(told.network.as_deref()),
        F::Ip => text(told.ips.first().map(String::as_str)),
        F::Mounts => mounts(&told.mounts),
        F::Mount => mount(&told.mounts, arg, By::Source).map_or(Value::Missing, |found| Value::owned(joined(found))),
        F::MountSource => text(mount(&told.mounts, arg, By::Dest).map(|found| found.source.as_str())),
        F::MountDest => text(mount(&told.mounts, arg, By::Source).map(|found| found.dest.as_str())),
        F::MountMode => text(mount(&told.mounts, arg, By::Source).map(|found| found.mode.as_str())),
        F::MountRdwr => text(mount(&told.mounts, arg, By::Source).map(read_write)),
        F::MountPropagation => text(mount(&told.mounts, arg, By::Source).map(|found| found.propagation.as_str())),
        F::StartTs => match start(container) {
            0 => Value::Missing,
            start => Value::Uint(start),
        },
        F::Duration => match i64::try_from(start(container)) {
            Ok(start) if start > 0 => Value::Int(time.saturating_sub(start)),
            _ => Value::Missing,
        },
        F::Healthcheck | F::LivenessProbe | F::ReadinessProbe | F::CniJson => Value::Missing,
        F::ExitCode => told
            .exit_code
            .map_or(Value::Missing, |code| Value::Uint(u64::from(code))),
        F::OomKilled => told.oom_killed.map_or(Value::Missing, Value::Bool),
        F::Restarts => told
            .restarts
            .map_or(Value::Missing, |times| Value::Uint(u64::from(times))),
        // Of the thread, see `entry`.
        F::Entry => Value::Missing,
        F::Missing => super::unless_empty(told.missing.as_bytes()),
    }
}

/// A field of the pod that a container belongs to.
pub(crate) fn pod_field<'c>(container: Option<&'c Container>, field: K8sField, arg: &FieldArg) -> Value<'c> {
    let Some((container, (namespace, name, uid))) = container.and_then(|c| Some((c, c.pod.as_ref()?))) else {
        return Value::Missing;
    };
    let told = &container.told;
    match field {
        K8sField::NsName => super::unless_empty(namespace.as_bytes()),
        K8sField::PodName => super::unless_empty(name.as_bytes()),
        K8sField::PodUid | K8sField::PodId => super::unless_empty(uid.as_bytes()),
        K8sField::PodSandboxId => super::unless_empty(short(&told.sandbox_id).as_bytes()),
        K8sField::PodFullSandboxId => super::unless_empty(told.sandbox_id.as_bytes()),
        K8sField::PodLabel => pair(&told.pod_labels, arg),
        K8sField::PodLabels => pairs(&told.pod_labels),
        K8sField::PodIp => text(told.pod_ip.as_deref()),
        K8sField::Owners => {
            let all = container.kube.owners.iter();
            let all: Vec<String> = all.map(|owner| format!("{}/{}", owner.kind, owner.name)).collect();
            if all.is_empty() {
                Value::Missing
            } else {
                Value::owned(all.join(","))
            }
        }
        K8sField::NodeName => super::unless_empty(container.kube.node.as_bytes()),
        K8sField::NodeLabel => pair(&container.kube.node_labels, arg),
        K8sField::NodeLabels => pairs(&container.kube.node_labels),
        K8sField::Missing => super::unless_empty(container.kube.missing.as_bytes()),
        // Of the process, see `exec_field`.
        field if field.is_of_process() => Value::Missing,
        field => owner(&container.kube.owners, field),
    }
}

/// A field of the owner of a pod.
fn owner(owners: &[Owner], field: K8sField) -> Value<'_> {
    use K8sField as F;
    let (kind, is_name) = match field {
        F::RsName => ("ReplicaSet", true),
        F::RsId => ("ReplicaSet", false),
        F::DeploymentName => ("Deployment", true),
        F::DeploymentId => ("Deployment", false),
        F::RcName => ("ReplicationController", true),
        F::RcId => ("ReplicationController", false),
        F::StatefulSetName => ("StatefulSet", true),
        F::StatefulSetId => ("StatefulSet", false),
        F::DaemonSetName => ("DaemonSet", true),
        F::DaemonSetId => ("DaemonSet", false),
        F::JobName => ("Job", true),
        F::JobId => ("Job", false),
        F::CronJobName => ("CronJob", true),
        F::CronJobId => ("CronJob", false),
        _ => return Value::Missing,
    };
    let found = owners.iter().find(|owner| owner.kind == kind);
    found.map_or(Value::Missing, |owner| {
        let text = if is_name { &owner.name } else { &owner.uid };
        super::unless_empty(text.as_bytes())
    })
}

/// A field of the request for the program from which a thread descends in its container.
pub(crate) fn exec_field<'c>(exec: Option<&'c KubeExec>, field: K8sField) -> Value<'c> {
    use K8sField as F;
    let list = |texts: &'c [String]| match texts {
        [] => Value::Missing,
        texts => Value::List(texts.iter().map(Value::str).collect()),
    };
    let Some(exec) = exec else { return Value::Missing };
    match field {
        F::ExecUser => super::unless_empty(exec.user.as_bytes()),
        F::ExecGroups => list(&exec.groups),
        F::ExecImpuser => super::unless_empty(exec.impersonated.as_bytes()),
        F::ExecSourceIps => list(&exec.source_ips),
        F::ExecAuditId => super::unless_empty(exec.audit_id.as_bytes()),
        F::ExecTime if exec.time == 0 => Value::Missing,
        F::ExecTime => Value::Uint(exec.time),
        F::ExecCommand => words(&exec.command),
        F::ExecMissing => super::unless_empty(exec.missing.as_bytes()),
        _ => Value::Missing,
    }
}

/// The request for the program from which a thread descends in its container.
pub(crate) fn exec_of<'c, 's>(
    container: &'c Container,
    thread: &'s Thread,
    ancestors: impl Iterator<Item = &'s Thread>,
) -> Option<&'c KubeExec> {
    if container.kube.execs.is_empty() || thread.container != container.key {
        return None;
    }
    let inside = ancestors.take_while(|above| above.container == thread.container && !above.is_container_runtime());
    let top = inside.last().unwrap_or(thread);
    // A thread may be younger than its process; an earlier process of this number is not meant.
    let of_process = container
        .kube
        .execs
        .iter()
        .filter(|exec| exec.pid == top.pid && exec.start <= top.start);
    of_process.max_by_key(|exec| exec.start)
}

/// How a thread came to be in its container: its first process has number 1 there, and others came by a way of their own.
pub(crate) fn entry<'s>(thread: &'s Thread, ancestors: impl Iterator<Item = &'s Thread>) -> Value<'s> {
    if thread.container == 0 || thread.vpid == 0 {
        return Value::Missing;
    }
    if thread.is_container_runtime() {
        return Value::str("init");
    }
    let inside = ancestors.take_while(|above| above.container == thread.container && !above.is_container_runtime());
    let top = inside.last().unwrap_or(thread);
    Value::str(if top.vpid == 1 { "main" } else { "exec" })
}

fn text(text: Option<&str>) -> Value<'_> {
    text.map_or(Value::Missing, Value::str)
}

/// When a container started, nanoseconds since 1970; 0: not known.
fn start(container: &Container) -> u64 {
    match container.told.started {
        0 => container.birth,
        started => started,
    }
}

/// An id as people write it.
fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// The value of the label that the argument names.
fn pair<'c>(pairs: &'c [(String, String)], arg: &FieldArg) -> Value<'c> {
    let FieldArg::Name(key) = arg else {
        return Value::Missing;
    };
    let found = pairs.iter().find(|(name, _)| name == key);
    text(found.map(|(_, value)| value.as_str()))
}

fn pairs(pairs: &[(String, String)]) -> Value<'static> {
    if pairs.is_empty() {
        return Value::Missing;
    }
    let all: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}:{value}")).collect();
    Value::owned(all.join(","))
}

fn words(words: &[String]) -> Value<'static> {
    if words.is_empty() {
        return Value::Missing;
    }
    Value::owned(words.join(" "))
}

/// What the argument of a mount's field names, where it is no number.
#[derive(Clone, Copy)]
enum By {
    Source,
    Dest,
}

/// The mount with this number, or the first whose path matches.
fn mount<'c>(mounts: &'c [Mount], arg: &FieldArg, by: By) -> Option<&'c Mount> {
    let key = match arg {
        FieldArg::Name(key) => key,
        FieldArg::Index(at) => return mounts.get(*at as usize),
        FieldArg::None => return None,
    };
    if let Ok(at) = key.parse::<usize>() {
        return mounts.get(at);
    }
    let glob = Glob::new(key.as_bytes(), false);
    mounts.iter().find(|mount| {
        glob.matches(match by {
            By::Source => mount.source.as_bytes(),
            By::Dest => mount.dest.as_bytes(),
        })
    })
}

fn read_write(mount: &Mount) -> &'static str {
    if mount.writable { "true" } else { "false" }
}

/// A mount as sysdig writes it.
fn joined(mount: &Mount) -> String {
    let Mount {
        source,
        dest,
        mode,
        propagation,
        ..
    } = mount;
    format!("{source}:{dest}:{mode}:{}:{propagation}", read_write(mount))
}

fn mounts(mounts: &[Mount]) -> Value<'static> {
    if mounts.is_empty() {
        return Value::Missing;
    }
    let all: Vec<String> = mounts.iter().map(joined).collect();
    Value::owned(all.join(" "))
}

/// Repository and tag of `registry:5000/name:tag@digest`.
pub(super) fn split_image(image: &str) -> (&str, Option<&str>) {
    let image = image.split_once('@').map_or(image, |(name, _)| name);
    match image.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
        _ => (image, None),
    }
}

#[cfg(test)]
mod tests {
    use super::split_image;

    #[test]
    fn images_are_split() {
        for (image, expected) in [
            ("nginx", ("nginx", None)),
            ("nginx:1.25", ("nginx", Some("1.25"))),
            ("registry:5000/team/app", ("registry:5000/team/app", None)),
            ("registry:5000/team/app:2", ("registry:5000/team/app", Some("2"))),
            ("app:2@sha256:00ff", ("app", Some("2"))),
        ] {
            assert_eq!(split_image(image), expected);
        }
    }
}
