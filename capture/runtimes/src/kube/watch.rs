//! The pods of this node, as they come and go.

use super::Settings;
use super::client::{connect, explain, on_node, within};
use super::owners::{Owners, short};
use crate::api::Backoff;
use crate::out::Out;
use crate::protocol::{Cluster, PodOwners, Said};
use futures_util::{StreamExt, pin_mut};
use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{ListParams, WatchEvent, WatchParams};
use kube::{Api, Client};
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// Seconds that the server lets a watch go on.
const WATCH: u32 = 240;
/// A watch on which so long nothing came has lost its other end.
const SILENCE: Duration = Duration::from_secs(WATCH as u64 + 30);
/// A connection that holds for this long was a good one.
const GOOD: Duration = Duration::from_secs(5);
/// Pods of a page, and of a node.
const PAGE: u32 = 500;
const PODS_MAX: usize = 4096;
/// Bytes of the node's labels.
const LABELS_MAX: usize = 64 << 10;

/// Why a watch is over.
enum End {
    /// Nobody listens any more.
    Over(io::Error),
    /// In words.
    Trouble(String),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> End {
        End::Over(error)
    }
}

impl From<String> for End {
    fn from(reason: String) -> End {
        End::Trouble(reason)
    }
}

/// Connects, lists, watches; again and again, less and less often while it fails.
pub(super) async fn run(settings: &Settings, out: &Out) -> io::Result<()> {
    let mut backoff = Backoff::new();
    let mut owners = Owners::default();
    let mut cluster = Cluster {
        reason: "the API server has not answered yet".to_owned(),
        node: settings.node.clone(),
        ..Cluster::default()
    };
    out.say(&Said::Cluster(cluster.clone()))?;
    loop {
        let began = Instant::now();
        let mut turn = Turn {
            settings,
            out,
            owners: &mut owners,
            cluster: &mut cluster,
        };
        match turn.run().await {
            Err(End::Over(error)) => return Err(error),
            Err(End::Trouble(reason)) => {
                if cluster.reason != reason {
                    cluster.reason = reason;
                    out.say(&Said::Cluster(cluster.clone()))?;
                }
            }
            Ok(()) => {}
        }
        if began.elapsed() > GOOD {
            backoff.reset();
        }
        owners.try_again();
        tokio::time::sleep(backoff.wait()).await;
    }
}

struct Turn<'t> {
    settings: &'t Settings,
    out: &'t Out,
    owners: &'t mut Owners,
    cluster: &'t mut Cluster,
}

impl Turn<'_> {
    async fn run(&mut self) -> Result<(), End> {
        let client = connect(self.settings).await?;
        self.node(&client).await;
        let pods: Api<Pod> = Api::all(client.clone());
        let here = on_node(&self.settings.node);
        let mut page = ListParams::default().fields(&here).limit(PAGE);
        let (mut version, mut count) = (String::new(), 0);
        loop {
            let list = within(pods.list_metadata(&page)).await?;
            for pod in &list.items {
                self.pod(&client, &pod.metadata, false).await?;
            }
            count += list.items.len();
            version = list.metadata.resource_version.unwrap_or(version);
            match list
                .metadata
                .continue_
                .filter(|more| !more.is_empty() && count < PODS_MAX)
            {
                Some(more) => page = page.continue_token(&more),
                None => break,
            }
        }
        self.cluster.reason.clear();
        self.out.say(&Said::Cluster(self.cluster.clone()))?;
        loop {
            let watch = WatchParams::default().fields(&here).timeout(WATCH);
            let events = within(pods.watch_metadata(&watch, &version)).await?;
            pin_mut!(events);
            let began = Instant::now();
            loop {
                let event = match timeout(SILENCE, events.next()).await {
                    Ok(Some(event)) => event.map_err(|error| explain(&error))?,
                    Ok(None) => break,
                    Err(_) => return Err(End::Trouble("API server: its watch is silent".to_owned())),
                };
                let (pod, gone) = match event {
                    WatchEvent::Added(pod) | WatchEvent::Modified(pod) => (pod, false),
                    WatchEvent::Deleted(pod) => (pod, true),
                    WatchEvent::Bookmark(mark) => {
                        version = mark.metadata.resource_version;
                        continue;
                    }
                    // Too much has happened since: a new list says how it is now.
                    WatchEvent::Error(status) if status.code == 410 => return Ok(()),
                    WatchEvent::Error(status) => return Err(End::Trouble(explain(&kube::Error::Api(status)))),
                };
                self.pod(&client, &pod.metadata, gone).await?;
                version = pod.metadata.resource_version.unwrap_or(version);
            }
            if began.elapsed() < GOOD {
                return Err(End::Trouble("API server: it ends the watch at once".to_owned()));
            }
            self.node(&client).await;
            self.out.say(&Said::Cluster(self.cluster.clone()))?;
        }
    }

    /// Asks for the labels of the node.
    async fn node(&mut self, client: &Client) {
        let nodes: Api<Node> = Api::all(client.clone());
        match within(nodes.get_metadata_opt(&self.settings.node)).await {
            Ok(Some(node)) => {
                let labels = node.metadata.labels.unwrap_or_default();
                let mut left = LABELS_MAX;
                let fits = |(key, value): &(String, String)| {
                    let cost = key.len() + value.len() + 32;
                    let fits = cost <= left;
                    left -= if fits { cost } else { 0 };
                    fits
                };
                self.cluster.node_labels = labels.into_iter().filter(fits).collect::<BTreeMap<_, _>>();
                self.cluster.node_reason.clear();
            }
            Ok(None) => {
                self.cluster.node_reason = format!(
                    "API server: there is no node {}: give its name with --kube-node",
                    self.settings.node
                );
            }
            Err(reason) => self.cluster.node_reason = format!("nodes: {reason}"),
        }
    }

    async fn pod(&mut self, client: &Client, pod: &ObjectMeta, gone: bool) -> Result<(), End> {
        let (owners, reason) = self.owners.of(client, pod).await;
        let name = |name: &Option<String>| short(name.as_deref().unwrap_or_default());
        self.out.say(&Said::Pod(PodOwners {
            uid: name(&pod.uid),
            namespace: name(&pod.namespace),
            name: name(&pod.name),
            owners,
            reason,
            gone,
        }))?;
        Ok(())
    }
}
