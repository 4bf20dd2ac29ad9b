//! What the API server knows of pods becomes part of their containers.

use afterimage_format::model::{Container, Kube, Owner};
use afterimage_runtimes::{Cluster, PodOwners};
use hashbrown::HashMap;
use std::time::{Duration, Instant};

/// How often containers are gone through at most: a server may tell of pods without end.
const EVERY: Duration = Duration::from_secs(1);
/// Pods that are remembered.
const PODS_MAX: usize = 8192;
/// Bytes of owners and labels of all containers.
const ALL: usize = 8 << 20;
/// Why something is left out.
const FULL: &str = "owners and labels of the node were left out: those of all containers take more than 8 MiB";

/// What has been told so far.
pub(crate) struct Owners {
    /// By uid; `None`: nobody is asked.
    pods: Option<HashMap<String, PodOwners>>,
    /// Uids by namespace and name.
    names: HashMap<String, String>,
    cluster: Cluster,
    left: usize,
    /// Something has come that containers do not have yet.
    news: bool,
    told: Option<Instant>,
}

fn place(namespace: &str, name: &str) -> String {
    format!("{namespace}/{name}")
}

impl Owners {
    /// `asked`: whether there is an API server that is asked.
    pub(crate) fn new(asked: bool) -> Owners {
        Owners {
            pods: asked.then(HashMap::new),
            names: HashMap::new(),
            cluster: Cluster {
                reason: "the API server has not answered yet".to_owned(),
                ..Cluster::default()
            },
            left: ALL,
            news: false,
            told: None,
        }
    }

    /// A pod was told of.
    pub(super) fn pod(&mut self, pod: PodOwners) {
        let Some(pods) = &mut self.pods else { return };
        if pods.len() >= PODS_MAX {
            pods.retain(|_, pod| !pod.gone);
            self.names.retain(|_, uid| pods.contains_key(uid));
        }
        if pods.len() < PODS_MAX || pods.contains_key(&pod.uid) {
            self.names.insert(place(&pod.namespace, &pod.name), pod.uid.clone());
            pods.insert(pod.uid.clone(), pod);
            self.news = true;
        }
    }

    /// The cluster was told of.
    pub(super) fn cluster(&mut self, cluster: Cluster) {
        self.cluster = cluster;
        self.news = true;
    }

    /// Nobody is asked any more.
    pub(crate) fn end(&mut self, reason: &str) {
        reason.clone_into(&mut self.cluster.reason);
        self.news = true;
    }

    /// Puts what is new into the containers, not too often; `now`: whenever it was done last.
    pub(crate) fn tell_all<'c>(&mut self, now: bool, containers: impl Iterator<Item = &'c mut Container>) {
        if self.news && (now || self.told.is_none_or(|at| at.elapsed() > EVERY)) {
            self.news = false;
            self.told = Some(Instant::now());
            containers.for_each(|container| self.tell(container));
        }
    }

    /// Puts what is known into a container of a pod. What was known before stays where nothing new is.
    pub(crate) fn tell(&mut self, container: &mut Container) {
        let (Some(pods), Some((namespace, name, uid))) = (&self.pods, &mut container.pod) else {
            return;
        };
        // What the kubelet makes of a file has a uid of its own in the cgroup.
        let by_name = || {
            pods.values()
                .find(|pod| !name.is_empty() && pod.name == *name && pod.namespace == *namespace)
        };
        let found = pods.get(uid.as_str()).or_else(by_name);
        let before = size(&container.kube);
        let kube = &mut container.kube;
        match found {
            Some(pod) => {
                if name.is_empty() {
                    (*namespace, *name) = (pod.namespace.clone(), pod.name.clone());
                }
                let owner = |owner: &afterimage_runtimes::Owner| Owner {
                    kind: owner.kind.clone(),
                    name: owner.name.clone(),
                    uid: owner.uid.clone(),
                };
                kube.owners = pod.owners.iter().map(owner).collect();
                kube.node = self.cluster.node.clone();
                kube.node_labels.clear();
                let labels = self.cluster.node_labels.iter();
                let cost: usize = labels.clone().map(|(key, value)| key.len() + value.len() + 48).sum();
                let fits = size(kube) + cost <= self.left + before;
                kube.node_labels = labels
                    .filter(|_| fits)
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect();
                let full = if fits { "" } else { FULL };
                let reasons = [pod.reason.as_str(), self.cluster.node_reason.as_str(), full];
                kube.missing = reasons
                    .into_iter()
                    .filter(|reason| !reason.is_empty())
                    .collect::<Vec<_>>()
                    .join("; ");
            }
            None if !kube.owners.is_empty() => {}
            None if !self.cluster.reason.is_empty() => kube.missing.clone_from(&self.cluster.reason),
            None => kube.missing = format!("API server: it knows no such pod on node {}", self.cluster.node),
        }
        self.left += before;
        if size(kube) > self.left {
            (kube.owners, kube.node_labels) = (Vec::new(), Vec::new());
            FULL.clone_into(&mut kube.missing);
        }
        self.left = self.left.saturating_sub(size(kube));
    }
}

/// About how many bytes it takes.
fn size(kube: &Kube) -> usize {
    let owners = kube
        .owners
        .iter()
        .map(|o| o.kind.len() + o.name.len() + o.uid.len() + 72);
    let labels = kube.node_labels.iter().map(|(key, value)| key.len() + value.len() + 48);
    owners.chain(labels).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(name: &str, uid: &str) -> Container {
        Container {
            pod: Some((
                if name.is_empty() { "" } else { "shop" }.into(),
                name.into(),
                uid.into(),
            )),
            ..Container::default()
        }
    }

    fn told() -> Owners {
        let mut owners = Owners::new(true);
        owners.pod(PodOwners {
            uid: "u1".into(),
            namespace: "shop".into(),
            name: "web-0".into(),
            owners: vec![afterimage_runtimes::Owner {
                kind: "StatefulSet".into(),
                name: "web".into(),
                uid: "s1".into(),
            }],
            ..PodOwners::default()
        });
        owners.cluster(Cluster {
            node: "n1".into(),
            node_labels: [("zone".to_owned(), "a".to_owned())].into(),
            ..Cluster::default()
        });
        owners
    }

    #[test]
    fn pods_are_found_by_uid_or_name() {
        let mut owners = told();
        for (name, uid) in [("web-0", "u1"), ("", "u1"), ("web-0", "hash of a file")] {
            let mut container = container(name, uid);
            owners.tell(&mut container);
            assert_eq!(container.kube.owners[0].name, "web", "{name} {uid}");
            assert_eq!(
                (container.kube.node.as_str(), container.kube.missing.as_str()),
                ("n1", "")
            );
            assert_eq!(container.pod.as_ref().map(|pod| pod.1.as_str()), Some("web-0"));
        }
        let mut other = container("db-0", "u2");
        owners.tell(&mut other);
        assert!(other.kube.missing.contains("no such pod on node n1") && other.kube.node.is_empty());
        let mut none = Container::default();
        owners.tell(&mut none);
        assert_eq!(none.kube, Kube::default());
    }

    #[test]
    fn a_server_that_is_silent_is_the_reason_and_nobody_is_none() {
        let mut web = container("web-0", "u1");
        Owners::new(true).tell(&mut web);
        assert!(web.kube.missing.contains("not answered yet"));
        // What was known stays.
        told().tell(&mut web);
        let mut later = Owners::new(true);
        later.tell(&mut web);
        assert_eq!((web.kube.owners.len(), web.kube.missing.as_str()), (1, ""));
        let mut web = container("web-0", "u1");
        Owners::new(false).tell(&mut web);
        assert_eq!(web.kube, Kube::default());
    }

    #[test]
    fn there_is_an_end_to_labels() {
        let mut owners = told();
        owners.cluster.node_labels.insert("x".into(), "y".repeat(3 << 20));
        let mut all: Vec<Container> = (0..4).map(|_| container("web-0", "u1")).collect();
        for _ in 0..3 {
            all.iter_mut().for_each(|container| owners.tell(container));
        }
        let kept = all.iter().filter(|container| container.kube.missing.is_empty()).count();
        assert!((1..3).contains(&kept) && all[3].kube.missing == FULL, "{kept}");
    }
}
