//! What recorder and helper say to each other. Plain data: the asynchronous world does not show here.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is asked for: recorder to helper, one JSON object a line.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Question {
    /// The recorder's own number for the container; comes back in every answer.
    pub key: u64,
    /// Full id, or the name of a bare runc container.
    pub id: String,
    /// What the cgroup path looks like: docker, containerd, cri, cri-o, podman, runc or unknown.
    pub runtime: String,
    /// Cgroup path.
    pub cgroup: String,
    /// A process of the container, as the host numbers it.
    pub pid: Option<u32>,
}

/// What is answered: helper to recorder, one JSON object a line. Each answer replaces the one before it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Answer {
    /// As in the question.
    pub key: u64,
    /// What is known so far.
    pub metadata: Option<Metadata>,
    /// Why there is nothing, or not everything; empty: nothing is known to be missing.
    pub reason: String,
    /// Nothing more will come.
    pub last: bool,
}

/// What the helper says: one JSON object a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// To a question.
    Answer(Box<Answer>),
    /// What Kubernetes' API server knows of a pod of this node; replaces what was said of it before.
    Pod(PodOwners),
    /// How it goes with the API server, and what it knows of this node; replaces what was said before.
    Cluster(Cluster),
    /// An entry of the API server's audit log.
    Audit(Box<crate::audit::Entry>),
    /// So many entries of it could not be read.
    AuditLost(u64),
}

/// Who owns a pod.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PodOwners {
    /// Uid of the pod.
    pub uid: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The nearest first.
    pub owners: Vec<Owner>,
    /// Why the chain may go on; empty: it does not.
    pub reason: String,
    /// The pod is gone. What was known of it stays true.
    pub gone: bool,
}

/// An object of Kubernetes that owns another.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Owner {
    /// `ReplicaSet`, `Deployment`, …
    pub kind: String,
    /// Name.
    pub name: String,
    /// Uid.
    pub uid: String,
}

/// What is known of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Cluster {
    /// Why pods are not known; empty: they are.
    pub reason: String,
    /// Name of this node.
    pub node: String,
    /// Its labels.
    pub node_labels: BTreeMap<String, String>,
    /// Why the labels are not known; empty: they are.
    pub node_reason: String,
}

/// What is known about one container. An empty string or list: not known, or there is none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Metadata {
    /// Who said it: docker, podman, containerd, cri, cri-o, runc or crun.
    pub source: String,
    /// Name.
    pub name: String,
    /// Image as the user named it.
    pub image: String,
    /// Image id of the runtime.
    pub image_id: String,
    /// Digest of the image's manifest, `sha256:…`.
    pub image_digest: Option<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Names of environment variables. Values never leave this crate.
    pub env_names: Vec<String>,
    /// Mounts.
    pub mounts: Vec<Mount>,
    /// Whether it is as good as root on the host.
    pub privileged: Option<bool>,
    /// Capabilities of its bounding set.
    pub capabilities: Vec<String>,
    /// Docker and Podman: bridge, host, none, …
    pub network_mode: Option<String>,
    /// Its addresses.
    pub ips: Vec<String>,
    /// Nanoseconds since the Unix epoch.
    pub created: Option<u64>,
    /// Nanoseconds since the Unix epoch.
    pub started: Option<u64>,
    /// Nanoseconds since the Unix epoch; `None`: runs, or nobody saw its end.
    pub finished: Option<u64>,
    /// Exit status.
    pub exit_code: Option<i32>,
    /// Whether it ran out of memory.
    pub oom_killed: Option<bool>,
    /// How often its runtime restarted it.
    pub restart_count: Option<u32>,
    /// Its pod.
    pub pod: Option<Pod>,
    /// Whether it is the sandbox of a pod (pause).
    pub is_sandbox: bool,
}

/// What a container sees of the host or of a volume.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Mount {
    /// Path on the host, or the kind of file system.
    pub source: String,
    /// Path in the container.
    pub destination: String,
    /// Options as the runtime has them.
    pub mode: String,
    /// Whether it can be written to.
    pub rw: bool,
    /// Propagation: private, rslave, rshared, …; empty: not told.
    pub propagation: String,
}

/// A pod of Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Pod {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Uid.
    pub uid: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Id of its sandbox.
    pub sandbox_id: String,
    /// Its address; none with the host's network.
    pub ip: Option<String>,
}

impl Metadata {
    /// Takes what `over` says; where it says nothing, what was known stays.
    pub(crate) fn overlay(&mut self, over: Metadata) {
        text(&mut self.source, over.source);
        text(&mut self.name, over.name);
        text(&mut self.image, over.image);
        text(&mut self.image_id, over.image_id);
        option(&mut self.image_digest, over.image_digest);
        self.labels.extend(over.labels);
        list(&mut self.env_names, over.env_names);
        list(&mut self.mounts, over.mounts);
        option(&mut self.privileged, over.privileged);
        list(&mut self.capabilities, over.capabilities);
        option(&mut self.network_mode, over.network_mode);
        list(&mut self.ips, over.ips);
        option(&mut self.created, over.created);
        option(&mut self.started, over.started);
        option(&mut self.finished, over.finished);
        option(&mut self.exit_code, over.exit_code);
        // A container that ran out of memory did so, whoever has not heard of it.
        if self.oom_killed != Some(true) {
            option(&mut self.oom_killed, over.oom_killed);
        }
        option(&mut self.restart_count, over.restart_count);
        match (&mut self.pod, over.pod) {
            (Some(pod), Some(over)) => pod.overlay(over),
            (pod, over) => option(pod, over),
        }
        self.is_sandbox |= over.is_sandbox;
    }
}

impl Pod {
    fn overlay(&mut self, over: Pod) {
        text(&mut self.namespace, over.namespace);
        text(&mut self.name, over.name);
        text(&mut self.uid, over.uid);
        self.labels.extend(over.labels);
        text(&mut self.sandbox_id, over.sandbox_id);
        option(&mut self.ip, over.ip);
    }
}

fn text(old: &mut String, new: String) {
    if !new.is_empty() {
        *old = new;
    }
}

fn list<T>(old: &mut Vec<T>, new: Vec<T>) {
    if !new.is_empty() {
        *old = new;
    }
}

fn option<T>(old: &mut Option<T>, new: Option<T>) {
    if new.is_some() {
        *old = new;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_stays() {
        let mut known = Metadata {
            name: "a".into(),
            image: "old".into(),
            oom_killed: Some(true),
            pod: Some(Pod {
                uid: "u".into(),
                ..Pod::default()
            }),
            ..Metadata::default()
        };
        known.overlay(Metadata {
            image: "new".into(),
            oom_killed: Some(false),
            pod: Some(Pod {
                name: "p".into(),
                ..Pod::default()
            }),
            ..Metadata::default()
        });
        assert_eq!((known.name.as_str(), known.image.as_str()), ("a", "new"));
        assert_eq!(known.oom_killed, Some(true));
        let pod = known.pod.unwrap();
        assert_eq!((pod.uid.as_str(), pod.name.as_str()), ("u", "p"));
    }

    #[test]
    fn an_older_recorder_may_say_less() {
        let question: Question = serde_json::from_str(r#"{"key":7,"id":"x","later":[1]}"#).unwrap();
        assert_eq!((question.key, question.pid), (7, None));
    }
}
