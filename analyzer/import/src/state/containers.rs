//! Containers: known from cgroups, and described by events with JSON.

use crate::limits::{MAX_CONTAINER_TEXT, MAX_CONTAINERS};
use afterimage_format::model::{Container, Mount, Runtime};
use hashbrown::HashMap;
use serde_json::Value;

/// All containers so far.
#[derive(Default)]
pub(crate) struct Containers {
    all: Vec<Container>,
    by_id: HashMap<String, usize>,
    bytes: usize,
    /// Containers, and descriptions of them, that were more than is kept.
    pub(crate) left_out: u64,
}

/// Digits of an id as people write it.
const SHORT: usize = 12;
/// Digits of a whole id.
const LONG: usize = 64;

impl Containers {
    /// All of them.
    pub(crate) fn all(&self) -> &[Container] {
        &self.all
    }

    /// The one with this key.
    pub(crate) fn get(&self, key: u64) -> Option<&Container> {
        self.all.get(usize::try_from(key).ok()?.checked_sub(1)?)
    }

    /// Notes an event of a container.
    pub(crate) fn seen(&mut self, key: u64, time: u64) {
        let at = usize::try_from(key).unwrap_or(usize::MAX).wrapping_sub(1);
        if let Some(container) = self.all.get_mut(at) {
            container.events += 1;
            if container.first == 0 || time < container.first {
                container.first = time;
            }
            container.last = container.last.max(time);
        }
    }

    /// The key of the container that these cgroups (`controller=path`, NUL between them) belong to; 0: the host.
    pub(crate) fn of_cgroups(&mut self, cgroups: &[u8]) -> u64 {
        for cgroup in cgroups.split(|byte| *byte == 0) {
            let path = cgroup.iter().position(|byte| *byte == b'=').map(|at| &cgroup[at + 1..]);
            if let Some((id, runtime)) = path.and_then(|path| std::str::from_utf8(path).ok()).and_then(id_of) {
                return self.key(id, runtime, path.unwrap_or_default());
            }
        }
        0
    }

    fn key(&mut self, id: &str, runtime: Runtime, path: &[u8]) -> u64 {
        if let Some(at) = self.by_id.get(short(id)) {
            let container = &mut self.all[*at];
            if container.full_id.len() < id.len() {
                container.full_id = id.to_owned();
            }
            if container.cgroup.is_empty() {
                container.cgroup = String::from_utf8_lossy(path).into_owned();
            }
            return *at as u64 + 1;
        }
        let container = Container {
            full_id: id.to_owned(),
            runtime,
            cgroup: String::from_utf8_lossy(path).into_owned(),
            ..Container::default()
        };
        self.add(short(id).to_owned(), container)
    }

    fn add(&mut self, id: String, mut container: Container) -> u64 {
        if self.all.len() >= MAX_CONTAINERS || id.is_empty() {
            self.left_out += 1;
            return 0;
        }
        container.key = self.all.len() as u64 + 1;
        self.by_id.insert(id, self.all.len());
        self.all.push(container);
        self.all.len() as u64
    }

    /// The key of the container with this id.
    pub(crate) fn of_id(&mut self, id: &str) -> u64 {
        if id.is_empty() {
            return 0;
        }
        match self.by_id.get(short(id)) {
            Some(at) => *at as u64 + 1,
            None => self.key(id, Runtime::Unknown, b""),
        }
    }

    /// What an old event tells of a container.
    pub(crate) fn describe(&mut self, id: &str, ty: u64, name: &str, image: &str) {
        let key = self.of_id(id);
        if let Some(container) = self.change(key, name.len() + image.len()) {
            container.runtime = runtime(ty);
            container.name = unless_empty(name);
            container.image = unless_empty(image);
        }
    }

    fn change(&mut self, key: u64, bytes: usize) -> Option<&mut Container> {
        if self.bytes + bytes > MAX_CONTAINER_TEXT {
            self.left_out += 1;
            return None;
        }
        let at = usize::try_from(key).ok()?.checked_sub(1)?;
        let container = self.all.get_mut(at)?;
        self.bytes += bytes;
        Some(container)
    }

    /// What an event with JSON tells of a container; its key, or 0 where it tells nothing.
    pub(crate) fn describe_json(&mut self, json: &[u8]) -> u64 {
        let Ok(root) = serde_json::from_slice::<Value>(json) else {
            return 0;
        };
        let told = &root["container"];
        let Some(id) = told["id"].as_str() else { return 0 };
        let key = self.of_id(id);
        let Some(container) = self.change(key, json.len()) else {
            return 0;
        };
        let text = |name: &str| told[name].as_str().and_then(unless_empty);
        if let Some(full) = text("full_id") {
            container.full_id = full;
        }
        if let Some(ty) = told["type"].as_u64() {
            container.runtime = runtime(ty);
        }
        container.name = text("name").or(container.name.take());
        container.image = text("image").or(container.image.take());
        container.labels = pairs(&told["labels"]);
        let label = |name: &str| {
            container
                .labels
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, v)| v.clone())
        };
        if let Some(pod) = label("io.kubernetes.pod.name") {
            let (namespace, uid) = (label("io.kubernetes.pod.namespace"), label("io.kubernetes.pod.uid"));
            container.pod = Some((namespace.unwrap_or_default(), pod, uid.unwrap_or_default()));
        }
        let more = &mut container.told;
        more.source = container.runtime.name().to_owned();
        more.image_id = text("imageid");
        more.image_digest = text("imagedigest");
        more.privileged = told["privileged"].as_bool();
        more.is_sandbox = told["is_pod_sandbox"].as_bool().unwrap_or(false);
        more.created = told["created_time"].as_u64().unwrap_or(0).saturating_mul(1_000_000_000);
        more.ips = told["ip"]
            .as_str()
            .filter(|ip| *ip != "0.0.0.0")
            .and_then(unless_empty)
            .into_iter()
            .collect();
        let env = told["env"].as_array().into_iter().flatten().filter_map(Value::as_str);
        // Names only: values may be secret.
        more.env = env
            .map(|one| one.split('=').next().unwrap_or_default().to_owned())
            .collect();
        more.mounts = told["Mounts"].as_array().into_iter().flatten().map(mount).collect();
        key
    }

    /// What an event with JSON tells of pods.
    pub(crate) fn describe_pods(&mut self, json: &[u8]) {
        let Ok(root) = serde_json::from_slice::<Value>(json) else {
            return;
        };
        if root["kind"].as_str() != Some("Pod") {
            return;
        }
        for item in root["items"].as_array().into_iter().flatten() {
            let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
            let pod = (text("namespace"), text("name"), text("uid"));
            let labels = pairs(&item["labels"]);
            let ids = ["containerStatuses", "initContainerStatuses", "containers"]
                .into_iter()
                .flat_map(|name| item[name].as_array().into_iter().flatten())
                .filter_map(|one| one.as_str().or_else(|| one["containerID"].as_str()));
            for id in ids {
                let id = id.rsplit("//").next().unwrap_or(id);
                let key = self.of_id(id);
                if let Some(container) = self.change(key, 256) {
                    container.pod = Some(pod.clone());
                    container.told.pod_labels.clone_from(&labels);
                    container.told.pod_ip = item["podIP"].as_str().and_then(unless_empty);
                }
            }
        }
    }

    /// Whether an address is that of one of the containers.
    pub(crate) fn has_ip(&self, key: u64, ip: &str) -> bool {
        let of = |container: &Container| container.told.ips.iter().any(|own| own == ip);
        match self.get(key) {
            Some(container) if !container.told.ips.is_empty() => of(container),
            Some(_) => self.all.iter().any(of),
            None => false,
        }
    }
}

fn short(id: &str) -> &str {
    if is_id(id) { &id[..SHORT] } else { id }
}

fn is_id(text: &str) -> bool {
    text.len() == LONG && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The container's id in the path of a cgroup, and the runtime that makes such paths.
fn id_of(path: &str) -> Option<(&str, Runtime)> {
    let last = path.rsplit('/').next()?;
    let last = last.strip_suffix(".scope").unwrap_or(last);
    let is_pod = path.contains("kubepods");
    for (prefix, runtime) in [
        ("docker-", Runtime::Docker),
        ("crio-", Runtime::CriO),
        ("cri-containerd-", Runtime::Cri),
        ("libpod-", Runtime::Podman),
        ("", if is_pod { Runtime::Cri } else { Runtime::Docker }),
    ] {
        if let Some(id) = last.strip_prefix(prefix).filter(|id| is_id(id)) {
            return Some((id, runtime));
        }
    }
    // `:cri-containerd:ID`
    if let Some(id) = last.rsplit(':').next().filter(|id| is_id(id)) {
        return Some((id, Runtime::Cri));
    }
    for mark in ["/lxc/", "/lxc.payload/", "/libvirt/lxc/", "/mesos/"] {
        if let Some((_, rest)) = path.split_once(mark) {
            let id = rest.split('/').next().filter(|id| !id.is_empty())?;
            return Some((id, Runtime::Unknown));
        }
    }
    None
}

/// The numbers that sysdig gives to runtimes.
fn runtime(ty: u64) -> Runtime {
    match ty {
        0 => Runtime::Docker,
        6 => Runtime::Cri,
        7 => Runtime::Containerd,
        8 => Runtime::CriO,
        11 => Runtime::Podman,
        _ => Runtime::Unknown,
    }
}

fn unless_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn pairs(value: &Value) -> Vec<(String, String)> {
    let pairs = value.as_object().into_iter().flatten();
    pairs
        .map(|(key, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (key.clone(), text)
        })
        .collect()
}

fn mount(value: &Value) -> Mount {
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    Mount {
        source: text("Source"),
        dest: text("Destination"),
        mode: text("Mode"),
        writable: value["RW"].as_bool().unwrap_or(false),
        propagation: text("Propagation"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_in_cgroups() {
        let id = "0123456789abcdef".repeat(4);
        for (path, runtime) in [
            (format!("/docker/{id}"), Runtime::Docker),
            (format!("/system.slice/docker-{id}.scope"), Runtime::Docker),
            (format!("/kubepods/besteffort/pod1/{id}"), Runtime::Cri),
            (format!("/kubepods.slice/crio-{id}.scope"), Runtime::CriO),
            (format!("/kubepods.slice/cri-containerd-{id}.scope"), Runtime::Cri),
            (format!("/machine.slice/libpod-{id}.scope"), Runtime::Podman),
            (format!("/system.slice:cri-containerd:{id}"), Runtime::Cri),
        ] {
            assert_eq!(id_of(&path), Some((id.as_str(), runtime)), "{path}");
        }
        assert_eq!(id_of("/user.slice"), None);
        assert_eq!(id_of("/lxc/web/x").map(|(id, _)| id), Some("web"));
        let mut all = Containers::default();
        let cgroups = format!("cpu=/\0memory=/docker/{id}");
        assert_eq!(all.of_cgroups(cgroups.as_bytes()), 1);
        let json = br#"{"container":{"id":"0123456789ab","type":6,"name":"web","image":"nginx:1","labels":{"io.kubernetes.pod.name":"p"}}}"#;
        assert_eq!(all.describe_json(json), 1);
        let web = all.get(1).unwrap();
        assert_eq!(web.short_id(), "0123456789ab");
        assert_eq!((web.name.as_deref(), web.runtime), (Some("web"), Runtime::Cri));
        assert_eq!(web.pod.as_ref().map(|pod| pod.1.as_str()), Some("p"));
        assert_eq!(
            (all.describe_json(b"{\"container\":["), all.describe_json(b"[]")),
            (0, 0)
        );
    }
}
