//! Kubernetes' runtime interface (CRI), of containerd and CRI-O: the kubelet's view, with the labels of pods.
//!
//! Its stream of events is off almost everywhere, so containers that run are looked at again and again, less and less
//! often while nothing happens.

use super::channel::{self, explain, found};
use super::{Notice, What};
use crate::files::from_spec;
use crate::protocol::{Metadata, Mount, Pod};
use crate::settings::{Kind, Socket};
use crate::time::positive;
use k8s_cri::v1::image_service_client::ImageServiceClient;
use k8s_cri::v1::runtime_service_client::RuntimeServiceClient;
use k8s_cri::v1::{
    ContainerFilter, ContainerState, ContainerStatus, ContainerStatusRequest, ImageSpec, ImageStatusRequest,
    ListContainersRequest, MountPropagation, PodSandboxState, PodSandboxStatus, PodSandboxStatusRequest,
    VersionRequest,
};
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;
use tokio::time::Instant;
use tonic::transport::Channel;

const OFTEN: Duration = Duration::from_secs(1);
const SELDOM: Duration = Duration::from_secs(10);
/// A list that takes longer than this is asked for later.
const LIST_TIMEOUT: Duration = Duration::from_secs(2);
/// Bytes of an answer: lists are long where many containers were.
const LIST_BYTES: usize = 16 << 20;
/// Containers that are followed.
const FOLLOWED_MAX: usize = 4096;

/// A connection.
pub(crate) struct Cri {
    runtime: RuntimeServiceClient<Channel>,
    images: ImageServiceClient<Channel>,
    source: &'static str,
    /// Containers that ran when they were asked about.
    followed: BTreeSet<String>,
    notices: VecDeque<Notice>,
    next_look: Instant,
    pause: Duration,
    pub(super) version: String,
}

impl Cri {
    pub(super) async fn connect(socket: &Socket) -> Result<Cri, String> {
        let channel = channel::connect(&socket.path).await?;
        let mut runtime = RuntimeServiceClient::new(channel.clone()).max_decoding_message_size(LIST_BYTES);
        let version = runtime
            .version(VersionRequest::default())
            .await
            .map_err(|s| explain(&s))?
            .into_inner();
        Ok(Cri {
            runtime,
            images: ImageServiceClient::new(channel),
            source: if socket.kind == Kind::CriO { "cri-o" } else { "cri" },
            followed: BTreeSet::new(),
            notices: VecDeque::new(),
            next_look: Instant::now(),
            pause: OFTEN,
            version: format!("{} {}", version.runtime_name, version.runtime_version),
        })
    }

    pub(super) async fn ask(&mut self, id: &str) -> Result<Option<Metadata>, String> {
        let request = ContainerStatusRequest {
            container_id: id.into(),
            verbose: true,
        };
        let Some(told) = found(self.runtime.container_status(request).await)? else {
            return self.ask_sandbox(id).await;
        };
        let Some(status) = told.status.filter(|s| s.id == id) else {
            return Ok(None);
        };
        // With `verbose` comes JSON of the runtime's own; both runtimes put the OCI description there.
        let info: serde_json::Value = told
            .info
            .get("info")
            .and_then(|json| serde_json::from_str(json).ok())
            .unwrap_or_default();
        let mut metadata = from_spec(&info["runtimeSpec"]);
        let running = status.state == ContainerState::ContainerRunning as i32
            || status.state == ContainerState::ContainerCreated as i32;
        let image = status.image.as_ref().map(|i| i.image.clone()).unwrap_or_default();
        metadata.overlay(from_status(status, self.source));
        if metadata.image_digest.is_none() {
            self.digest(&mut metadata, image).await;
        }
        let sandbox = self.sandbox_of(id, &info).await?;
        if let Some(pod) = self.pod(&sandbox).await? {
            metadata.ips = pod.ip.iter().cloned().collect();
            metadata.overlay(Metadata {
                pod: Some(pod),
                ..Metadata::default()
            });
        }
        if running {
            self.follow(id);
        }
        Ok(Some(metadata))
    }

    async fn ask_sandbox(&mut self, id: &str) -> Result<Option<Metadata>, String> {
        let Some((status, info)) = self.sandbox(id).await? else {
            return Ok(None);
        };
        let mut metadata = from_spec(&info["runtimeSpec"]);
        metadata.overlay(Metadata {
            source: self.source.into(),
            image: info["image"].as_str().unwrap_or_default().to_owned(),
            labels: status.labels.clone().into_iter().collect(),
            created: positive(status.created_at),
            is_sandbox: true,
            ..Metadata::default()
        });
        if status.state != PodSandboxState::SandboxReady as i32 {
            // When it ended is not told; that it did keeps it from being followed.
            self.notices.push_back(Notice {
                id: id.into(),
                what: What::Removed,
            });
        }
        let pod = pod(status);
        metadata.ips = pod.ip.iter().cloned().collect();
        metadata.pod = Some(pod);
        Ok(Some(metadata))
    }

    /// Status of a sandbox, and the runtime's own JSON about it.
    async fn sandbox(&mut self, id: &str) -> Result<Option<(PodSandboxStatus, serde_json::Value)>, String> {
        let request = PodSandboxStatusRequest {
            pod_sandbox_id: id.into(),
            verbose: true,
        };
        let told = found(self.runtime.pod_sandbox_status(request).await)?;
        Ok(told.and_then(|told| {
            let info = told.info.get("info").and_then(|json| serde_json::from_str(json).ok());
            Some((told.status.filter(|s| s.id == id)?, info.unwrap_or_default()))
        }))
    }

    async fn pod(&mut self, sandbox: &str) -> Result<Option<Pod>, String> {
        if sandbox.is_empty() {
            return Ok(None);
        }
        Ok(self.sandbox(sandbox).await?.map(|(status, _)| pod(status)))
    }

    /// The status does not name the sandbox; the list does.
    async fn sandbox_of(&mut self, id: &str, info: &serde_json::Value) -> Result<String, String> {
        if let Some(sandbox) = info["sandboxID"].as_str() {
            return Ok(sandbox.to_owned());
        }
        let filter = ContainerFilter {
            id: id.into(),
            ..ContainerFilter::default()
        };
        let told = found(self.runtime.list_containers(list(Some(filter))).await)?;
        let all = told.map(|t| t.containers).unwrap_or_default();
        Ok(all
            .into_iter()
            .find(|c| c.id == id)
            .map(|c| c.pod_sandbox_id)
            .unwrap_or_default())
    }

    /// The status names an image by its id where it was not pulled by digest.
    async fn digest(&mut self, metadata: &mut Metadata, image: String) {
        let spec = ImageSpec {
            image,
            ..ImageSpec::default()
        };
        let request = ImageStatusRequest {
            image: Some(spec),
            verbose: false,
        };
        let Ok(Some(told)) = found(self.images.image_status(request).await) else {
            return;
        };
        if let Some(image) = told.image {
            let digest = image.repo_digests.iter().find_map(|d| d.split_once('@'));
            metadata.image_digest = digest.map(|(_, digest)| digest.to_owned());
            metadata.image_id = image.id;
        }
    }

    fn follow(&mut self, id: &str) {
        if self.followed.len() < FOLLOWED_MAX {
            self.followed.insert(id.to_owned());
            self.pause = OFTEN;
            self.next_look = self.next_look.min(Instant::now() + OFTEN);
        }
    }

    pub(super) async fn next(&mut self) -> Result<Notice, String> {
        loop {
            if let Some(notice) = self.notices.pop_front() {
                return Ok(notice);
            }
            if self.followed.is_empty() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep_until(self.next_look).await;
            let told = super::within(LIST_TIMEOUT, async {
                found(self.runtime.list_containers(list(None)).await)
            });
            let containers = told.await?.map(|t| t.containers).unwrap_or_default();
            let running: BTreeSet<&str> = containers
                .iter()
                .filter(|c| c.state != ContainerState::ContainerExited as i32)
                .map(|c| c.id.as_str())
                .collect();
            let known: BTreeSet<&str> = containers.iter().map(|c| c.id.as_str()).collect();
            let (stay, over): (BTreeSet<String>, BTreeSet<String>) = std::mem::take(&mut self.followed)
                .into_iter()
                .partition(|id| running.contains(id.as_str()));
            self.pause = if over.is_empty() {
                (self.pause * 2).min(SELDOM)
            } else {
                OFTEN
            };
            self.notices.extend(over.into_iter().map(|id| Notice {
                what: if known.contains(id.as_str()) {
                    What::Ended(Box::default())
                } else {
                    What::Removed
                },
                id,
            }));
            self.followed = stay;
            self.next_look = Instant::now() + self.pause;
        }
    }
}

fn list(filter: Option<ContainerFilter>) -> ListContainersRequest {
    ListContainersRequest { filter }
}

fn from_status(status: ContainerStatus, source: &str) -> Metadata {
    let exited = status.state == ContainerState::ContainerExited as i32;
    let about = status.metadata.unwrap_or_default();
    let (image_id, image_digest) = match status.image_ref.split_once('@') {
        Some((_, digest)) => (status.image_id, Some(digest.to_owned())),
        None => (status.image_ref, None),
    };
    // The kubelet counts restarts here; what it has not written, the runtime calls the attempt.
    let restarts = status.annotations.get("io.kubernetes.container.restartCount");
    Metadata {
        source: source.into(),
        name: about.name,
        image: status.image.map(|i| i.image).unwrap_or_default(),
        image_id,
        image_digest,
        labels: status.labels.into_iter().collect(),
        mounts: status.mounts.into_iter().map(mount).collect(),
        created: positive(status.created_at),
        started: positive(status.started_at),
        finished: positive(status.finished_at).filter(|_| exited),
        exit_code: exited.then_some(status.exit_code),
        oom_killed: exited.then_some(status.reason == "OOMKilled"),
        restart_count: restarts.and_then(|n| n.parse().ok()).or(Some(about.attempt)),
        ..Metadata::default()
    }
}

fn mount(told: k8s_cri::v1::Mount) -> Mount {
    let propagation = match MountPropagation::try_from(told.propagation) {
        Ok(MountPropagation::PropagationHostToContainer) => "rslave",
        Ok(MountPropagation::PropagationBidirectional) => "rshared",
        _ => "rprivate",
    };
    Mount {
        source: told.host_path,
        destination: told.container_path,
        mode: if told.readonly { "ro" } else { "rw" }.into(),
        rw: !told.readonly,
        propagation: propagation.into(),
    }
}

fn pod(status: PodSandboxStatus) -> Pod {
    let about = status.metadata.unwrap_or_default();
    Pod {
        namespace: about.namespace,
        name: about.name,
        uid: about.uid,
        labels: status.labels.into_iter().collect(),
        sandbox_id: status.id,
        ip: status.network.map(|n| n.ip).filter(|ip| !ip.is_empty()),
    }
}
