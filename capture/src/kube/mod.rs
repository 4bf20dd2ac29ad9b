//! What Kubernetes' API server tells, by way of the helper: who owns pods, and who asked for what.
//!
//! - `owners`: what it knows of pods becomes part of their containers.
//! - `ties`: programs that were brought into containers, and the requests of the audit log that asked for them.

mod owners;
mod ties;

pub(crate) use owners::Owners;
pub(crate) use ties::{Process, Ties};

use afterimage_format::model::Container;
use afterimage_runtimes::Said;
use afterimage_runtimes::audit::Entry;

/// What the helper has said that is no answer about a container.
#[derive(Default)]
pub(crate) struct News {
    /// Entries of the audit log.
    pub(crate) entries: Vec<Entry>,
    /// Entries that could not be read.
    pub(crate) lost: u64,
}

impl News {
    /// Sorts what was said.
    pub(crate) fn sort(&mut self, said: Said, owners: &mut Owners) {
        match said {
            Said::Pod(pod) => owners.pod(pod),
            Said::Cluster(cluster) => owners.cluster(cluster),
            Said::Audit(entry) => self.entries.push(*entry),
            Said::AuditLost(lost) => self.lost += lost,
            Said::Answer(_) => {}
        }
    }
}

/// Namespace and name of the pod of a container, where both are known.
pub(crate) fn pod_of(container: &Container) -> Option<(&str, &str)> {
    let (namespace, name, _) = container.pod.as_ref()?;
    (!name.is_empty()).then_some((namespace.as_str(), name.as_str()))
}
