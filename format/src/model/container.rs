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
    /// What else the runtime told.
    pub told: Told,
    /// Processes that were in it, without those of the runtime's own.
    pub processes: u64,
    /// What Kubernetes told.
    pub kube: Kube,
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
    labels,
    told,
    processes,
    kube
});

/// What Kubernetes told of a container's pod, and who asked it for programs that ran in the container.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kube {
    /// Who owns the pod, the nearest first: a replica set, then its deployment.
    pub owners: Vec<Owner>,
    /// Name of the node; empty: not told.
    pub node: String,
    /// Labels of the node.
    pub node_labels: Vec<(String, String)>,
    /// Why owners or node are not known, as a sentence; empty: they are, or nobody was asked.
    pub missing: String,
    /// Programs that were brought into the container from outside, with the requests of the API server's audit log that
    /// asked for them. Empty where no audit log was read.
    pub execs: Vec<KubeExec>,
}
record!(Kube {
    owners,
    node,
    node_labels,
    missing,
    execs
});

/// An object of Kubernetes that owns another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Owner {
    /// `ReplicaSet`, `Deployment`, `Job`, …
    pub kind: String,
    /// Name, in the namespace of the pod.
    pub name: String,
    /// Unique id.
    pub uid: String,
}
record!(Owner { kind, name, uid });

/// A program that was brought into a container, and who asked Kubernetes for it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KubeExec {
    /// Process id in the initial pid namespace.
    pub pid: u32,
    /// Birth of the process, nanoseconds since the Unix epoch.
    pub start: u64,
    /// Why it is not known who asked for it, as a sentence; empty: the rest is known.
    pub missing: String,
    /// User, as the API server authenticated it.
    pub user: String,
    /// Groups of the user.
    pub groups: Vec<String>,
    /// Whom the user acted as; empty: as itself.
    pub impersonated: String,
    /// Where the request came from: the client first, then proxies.
    pub source_ips: Vec<String>,
    /// Id of the request in the audit log.
    pub audit_id: String,
    /// When the API server received the request, nanoseconds since the Unix epoch.
    pub time: u64,
    /// What was asked for, element by element.
    pub command: Vec<String>,
}
record!(KubeExec {
    pid,
    start,
    missing,
    user,
    groups,
    impersonated,
    source_ips,
    audit_id,
    time,
    command
});

/// What a runtime tells of a container beside its name, image, pod and labels.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// Who told it (`docker`, `containerd`, `cri`, `cri-o`, `podman`, `runc`, `crun`); empty: nobody.
    pub source: String,
    /// Why nothing, or not all, is known, as a sentence; empty: all is.
    pub missing: String,
    /// Id of the image: the digest of its configuration.
    pub image_id: Option<String>,
    /// Digest of the image as it was pulled.
    pub image_digest: Option<String>,
    /// Names of the variables in its environment, without their values.
    pub env: Vec<String>,
    /// What is mounted into it.
    pub mounts: Vec<Mount>,
    /// Whether it runs with all privileges.
    pub privileged: Option<bool>,
    /// Capabilities of its first process, such as `CAP_NET_RAW`.
    pub capabilities: Vec<String>,
    /// How it is connected, as the runtime calls it (`host`, `none`, `bridge`, …).
    pub network: Option<String>,
    /// Its addresses.
    pub ips: Vec<String>,
    /// When it was made, nanoseconds since the Unix epoch; 0: not told.
    pub created: u64,
    /// When its first process began; 0: not told.
    pub started: u64,
    /// When its first process ended; 0: not told.
    pub finished: u64,
    /// Exit status of its first process.
    pub exit_code: Option<u32>,
    /// Whether the kernel ended it because its memory was used up.
    pub oom_killed: Option<bool>,
    /// How often it has been started again.
    pub restarts: Option<u32>,
    /// Whether it only holds the namespaces of a pod.
    pub is_sandbox: bool,
    /// The container that holds the namespaces of its pod; empty: none.
    pub sandbox_id: String,
    /// Labels of its pod.
    pub pod_labels: Vec<(String, String)>,
    /// Address of its pod.
    pub pod_ip: Option<String>,
}
record!(Told {
    source,
    missing,
    image_id,
    image_digest,
    env,
    mounts,
    privileged,
    capabilities,
    network,
    ips,
    created,
    started,
    finished,
    exit_code,
    oom_killed,
    restarts,
    is_sandbox,
    sandbox_id,
    pod_labels,
    pod_ip
});

/// Something that is mounted into a container.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mount {
    /// Path on the host, or the name of what is mounted.
    pub source: String,
    /// Path in the container.
    pub dest: String,
    /// Mode as the runtime has it.
    pub mode: String,
    /// Whether it can be written to.
    pub writable: bool,
    /// How mounts below it spread (`rprivate`, …).
    pub propagation: String,
}
record!(Mount {
    source,
    dest,
    mode,
    writable,
    propagation
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
