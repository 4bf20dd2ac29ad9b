//! What Kubernetes' API server knows: who owns the pods of this node, and the labels of the node. It has a thread of its
//! own, so that whatever the server does, or a plugin that gets its credentials, nothing else waits.
//!
//! - `client`: how the server is reached, with bounds on what it answers.
//! - `watch`: pods as they come and go; `owners`: the chain above each.
//!
//! Only metadata is asked for: list and watch of pods, get of nodes, replica sets, jobs and replication controllers.

mod client;
mod owners;
mod watch;

pub use client::survey;

use crate::out::Out;
use std::path::PathBuf;

/// Where the API server is asked, and about which node.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The kubeconfig; `None`: what `KUBECONFIG` names, `~/.kube/config`, or else the pod's own service account.
    pub kubeconfig: Option<PathBuf>,
    /// Name of this node.
    pub node: String,
}

impl Settings {
    /// Whether anything here says how to reach an API server.
    pub fn is_configured(&self) -> bool {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let home = || std::env::var_os("HOME").map(PathBuf::from);
        self.kubeconfig.is_some()
            || set("KUBECONFIG")
            || set("KUBERNETES_SERVICE_HOST")
            || home().is_some_and(|home| home.join(".kube/config").exists())
    }
}

/// Tells what the API server knows until nobody listens.
pub(crate) fn run(settings: &Settings, out: &Out) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(2)
        .build();
    // Errors mean that the recorder is gone: that is how it ends.
    if let Ok(runtime) = runtime {
        let _ = runtime.block_on(watch::run(settings, out));
    }
}
