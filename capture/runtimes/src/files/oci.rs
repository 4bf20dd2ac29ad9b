//! The description of a container that runtimes agree on (OCI runtime specification, `config.json`), and what Kubernetes'
//! runtimes note in its annotations.

use crate::protocol::{Metadata, Mount, Pod};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a `config.json` says. A part of an unexpected shape counts as missing; the rest stays.
pub(crate) fn from_spec(spec: &Value) -> Metadata {
    let process = &spec["process"];
    let mut metadata = Metadata {
        env_names: names_of(strings(&process["env"])),
        mounts: list(&spec["mounts"])
            .iter()
            .filter(|m| is_telling(m))
            .map(mount)
            .collect(),
        capabilities: strings(&process["capabilities"]["bounding"])
            .map(str::to_owned)
            .collect(),
        privileged: spec.get("linux").map(|linux| is_privileged(process, linux)),
        ..Metadata::default()
    };
    annotate(&mut metadata, &spec["annotations"]);
    metadata
}

/// Names of variables written `NAME=value`.
pub(crate) fn names_of<'a>(variables: impl Iterator<Item = &'a str>) -> Vec<String> {
    variables
        .filter_map(|v| Some(v.split_once('=')?.0.to_owned()))
        .filter(|name| !name.is_empty())
        .collect()
}

/// The specification has no word for it. Privileged containers of every runtime have these in common: mounting and
/// loading modules are allowed, nothing of /proc is hidden, every device is allowed.
fn is_privileged(process: &Value, linux: &Value) -> bool {
    let capabilities: Vec<&str> = strings(&process["capabilities"]["bounding"]).collect();
    let every_device = list(&linux["resources"]["devices"]).iter().any(|rule| {
        rule["allow"] == true
            && rule["access"] == "rwm"
            && matches!(rule["type"].as_str(), None | Some("a"))
            && rule["major"].as_i64().is_none_or(|n| n < 0)
    });
    ["CAP_SYS_ADMIN", "CAP_SYS_MODULE"]
        .iter()
        .all(|c| capabilities.contains(c))
        && list(&linux["maskedPaths"]).is_empty()
        && every_device
}

/// Every container has the kernel's own file systems and a `/dev`; the rest is worth telling.
fn is_telling(mount: &Value) -> bool {
    match mount["type"].as_str() {
        Some("proc" | "sysfs" | "devpts" | "mqueue" | "cgroup" | "cgroup2") => false,
        Some("tmpfs") => !mount["destination"].as_str().is_some_and(|d| d.starts_with("/dev")),
        _ => mount.is_object(),
    }
}

fn mount(mount: &Value) -> Mount {
    let options: Vec<&str> = strings(&mount["options"]).collect();
    let propagation = options.iter().find(|o| {
        matches!(
            **o,
            "private" | "rprivate" | "slave" | "rslave" | "shared" | "rshared" | "unbindable" | "runbindable"
        )
    });
    Mount {
        source: text(&mount["source"]),
        destination: text(&mount["destination"]),
        mode: options.join(","),
        rw: !options.contains(&"ro"),
        propagation: propagation.map(|p| (*p).to_owned()).unwrap_or_default(),
    }
}

/// containerd writes `io.kubernetes.cri.*`, CRI-O `io.kubernetes.cri-o.*` and the kubelet's own labels.
fn annotate(metadata: &mut Metadata, annotations: &Value) {
    let get = |key: &str| text(&annotations[key]);
    let either = |a: &str, b: &str| Some(get(a)).filter(|t| !t.is_empty()).unwrap_or_else(|| get(b));
    let kind = either("io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType");
    if kind.is_empty() {
        if annotations["io.container.manager"] == "libpod" {
            metadata.source = "podman".into();
        }
        return;
    }
    let of_crio = !annotations["io.kubernetes.cri-o.ContainerType"].is_null();
    metadata.source = if of_crio { "cri-o" } else { "cri" }.into();
    metadata.is_sandbox = kind == "sandbox";
    metadata.name = either("io.kubernetes.cri.container-name", "io.kubernetes.container.name");
    metadata.image = either("io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ImageName");
    let labels: BTreeMap<String, String> = annotations["io.kubernetes.cri-o.Labels"]
        .as_str()
        .and_then(|json| serde_json::from_str(json).ok())
        .unwrap_or_default();
    let pod_labels = if metadata.is_sandbox {
        labels.clone()
    } else {
        BTreeMap::new()
    };
    metadata.labels = labels;
    metadata.pod = Some(Pod {
        namespace: either("io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"),
        name: either("io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name"),
        uid: either("io.kubernetes.cri.sandbox-uid", "io.kubernetes.pod.uid"),
        labels: pod_labels,
        sandbox_id: either("io.kubernetes.cri.sandbox-id", "io.kubernetes.cri-o.SandboxID"),
        ip: None,
    });
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

pub(super) fn strings(value: &Value) -> impl Iterator<Item = &str> {
    list(value).iter().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_of_variables_but_no_values() {
        let found = from_spec(&json!({"process": {"env": ["PATH=/bin", "TOKEN=secret=1", "=x", "bare", 5]}}));
        assert_eq!(found.env_names, ["PATH", "TOKEN"]);
        assert!(!serde_json::to_string(&found).unwrap().contains("secret"));
    }

    #[test]
    fn mounts_and_rights() {
        let found = from_spec(&json!({
            "process": {"capabilities": {"bounding": ["CAP_CHOWN"]}},
            "linux": {"maskedPaths": ["/proc/kcore"]},
            "mounts": [
                {"destination": "/data", "source": "/srv", "type": "bind", "options": ["rbind", "rslave", "ro"]},
                {"destination": "/proc", "source": "proc", "type": "proc"},
                "garbage",
            ],
        }));
        assert_eq!(found.privileged, Some(false));
        assert_eq!(found.capabilities, ["CAP_CHOWN"]);
        let mount = &found.mounts[0];
        assert_eq!((mount.rw, mount.propagation.as_str()), (false, "rslave"));
        assert_eq!(mount.mode, "rbind,rslave,ro");
        assert_eq!(found.mounts.len(), 1);
    }

    #[test]
    fn everything_allowed_is_privileged() {
        let caps = ["CAP_SYS_ADMIN", "CAP_SYS_MODULE"];
        let check = |devices: Value, expected: bool| {
            let found = from_spec(&json!({
                "process": {"capabilities": {"bounding": caps}},
                "linux": {"resources": {"devices": devices}},
            }));
            assert_eq!(found.privileged, Some(expected));
        };
        check(json!([{"allow": true, "access": "rwm"}]), true);
        check(json!([{"allow": false, "access": "rwm"}]), false);
        check(
            json!([{"allow": true, "access": "rwm", "type": "c", "major": 1}]),
            false,
        );
    }

    #[test]
    fn pods_of_containerd_and_crio() {
        let found = from_spec(&json!({"annotations": {
            "io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.container-name": "app",
            "io.kubernetes.cri.image-name": "docker.io/library/app:1", "io.kubernetes.cri.sandbox-id": "5a",
            "io.kubernetes.cri.sandbox-name": "web-0", "io.kubernetes.cri.sandbox-namespace": "shop",
        }}));
        let pod = found.pod.unwrap();
        assert_eq!((found.source.as_str(), found.name.as_str()), ("cri", "app"));
        assert_eq!((pod.namespace.as_str(), pod.name.as_str()), ("shop", "web-0"));
        assert!(!found.is_sandbox);

        let found = from_spec(&json!({"annotations": {
            "io.kubernetes.cri-o.ContainerType": "sandbox", "io.kubernetes.pod.name": "web-0",
            "io.kubernetes.pod.uid": "u-1", "io.kubernetes.cri-o.Labels": "{\"app\":\"shop\"}",
        }}));
        let pod = found.pod.unwrap();
        assert_eq!((found.source.as_str(), found.is_sandbox), ("cri-o", true));
        assert_eq!((pod.uid.as_str(), pod.labels["app"].as_str()), ("u-1", "shop"));
    }
}
