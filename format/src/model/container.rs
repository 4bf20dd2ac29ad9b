//! Containers, known from their cgroup first and from their runtime later.

use crate::meta::{codes, record};

/// Which runtime's path style a cgroup path has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Runtime {
    /// Bare runc, crun or another runtime that uses the id as the path.
    Runc,
    /// Docker.
    Docker,
    /// containerd without Kubernetes (`ctr`, nerdctl).
    Containerd,
    /// containerd under Kubernetes (CRI).
    Cri,
    /// CRI-O.
    CriO,
    /// Podman and libpod.
    Podman,
    /// A cgroup in scope whose style is not known.
    #[default]
    Unknown,
}
codes!(Runtime { Runc = 0, Docker = 1, Containerd = 2, Cri = 3, CriO = 4, Podman = 5, Unknown = 6 } else |_| Runtime::Unknown);

impl Runtime {
    /// The name that `container.type` shows.
    pub fn name(self) -> &'static str {
        match self {
            Runtime::Runc => "runc",
            Runtime::Docker => "docker",
            Runtime::Containerd => "containerd",
            Runtime::Cri => "cri",
            Runtime::CriO => "cri-o",
            Runtime::Podman => "podman",
            Runtime::Unknown => "unknown",
        }
    }
}

/// One container. The fields from `name` on come from the runtime and may arrive after the events or never.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Container {
    /// Unique in one capture and never reused, although the kernel reuses cgroup ids. Never 0.
    pub key: u64,
    /// Full id as the runtime has it (64 hexadecimal digits, or the name for bare runc).
    pub full_id: String,
    /// Which runtime.
    pub runtime: Runtime,
    /// Cgroup v2 id (inode of its directory).
    pub cgroup_id: u64,
    /// Cgroup path below the hierarchy's root.
    pub cgroup: String,
    /// When its cgroup was made, nanoseconds since the Unix epoch; 0: before the capture began.
    pub birth: u64,
    /// When its cgroup was removed; 0: still there when this was written.
    pub death: u64,
    /// First and last event, nanoseconds since the Unix epoch; 0: none.
    pub first: u64,
    /// See `first`.
    pub last: u64,
    /// Events so far.
    pub events: u64,
    /// Name.
    pub name: Option<String>,
    /// Image with tag.
    pub image: Option<String>,
    /// Pod (namespace, name, uid) where the path or the runtime says so.
    pub pod: Option<(String, String, String)>,
    /// Labels.
    pub labels: Vec<(String, String)>,
}
record!(Container {
    key,
    full_id,
    runtime,
    cgroup_id,
    cgroup,
    birth,
    death,
    first,
    last,
    events,
    name,
    image,
    pod,
    labels
});

impl Container {
    /// The short id of `container.id`: the first 12 characters of a 64-digit id, or the whole of another one.
    pub fn short_id(&self) -> &str {
        let id = self.full_id.as_str();
        if id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit()) {
            &id[..12]
        } else {
            id
        }
    }
}
