//! containerd's own API: every namespace, without Kubernetes' words.

use super::channel::{self, explain, found};
use super::{Notice, What};
use crate::files::from_spec;
use crate::protocol::Metadata;
use containerd_client::events;
use containerd_client::services::v1::containers_client::ContainersClient;
use containerd_client::services::v1::events_client::EventsClient;
use containerd_client::services::v1::images_client::ImagesClient;
use containerd_client::services::v1::namespaces_client::NamespacesClient;
use containerd_client::services::v1::tasks_client::TasksClient;
use containerd_client::services::v1::version_client::VersionClient;
use containerd_client::services::v1::{
    Container, GetContainerRequest, GetImageRequest, GetRequest, ListNamespacesRequest, SubscribeRequest,
};
use containerd_client::types::Envelope;
use futures_util::FutureExt;
use prost::Message;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;
use tonic::transport::Channel;
use tonic::{Status, Streaming};

/// Namespaces that are looked through.
const NAMESPACES_MAX: usize = 64;
/// How long a new container may take to be described.
const BEGUN_TIMEOUT: Duration = Duration::from_millis(500);
/// Docker's namespace: what is there has no name and no image, and Docker tells of it itself.
const OF_DOCKER: &str = "moby";
/// `containerd.v1.types.Status`: the first process has ended.
const STOPPED: i32 = 3;

type Subscription = Result<Box<Streaming<Envelope>>, Status>;

/// containerd answers to a subscription together with the first event, which may be tomorrow.
enum Events {
    Subscribing(Pin<Box<dyn Future<Output = Subscription> + Send>>),
    Subscribed(Box<Streaming<Envelope>>),
}

/// A connection.
pub(crate) struct Containerd {
    channel: Channel,
    events: Events,
    /// A container that was just made, of which the event tells too little.
    begun: Option<(Notice, String)>,
    pub(super) version: String,
}

impl Containerd {
    pub(super) async fn connect(path: &Path) -> Result<Containerd, String> {
        let channel = channel::connect(path).await?;
        let version = VersionClient::new(channel.clone())
            .version(())
            .await
            .map_err(|s| explain(&s))?;
        let topics = ["/containers/create", "/containers/delete", "/tasks/exit", "/tasks/oom"];
        let request = SubscribeRequest {
            filters: topics.iter().map(|t| format!("topic==\"{t}\"")).collect(),
        };
        let mut client = EventsClient::new(channel.clone());
        let mut subscribing: Pin<Box<dyn Future<Output = _> + Send>> =
            Box::pin(async move { Ok(Box::new(client.subscribe(request).await?.into_inner())) });
        // Goes on its way now, before anything is asked.
        let events = match (&mut subscribing).now_or_never() {
            Some(events) => Events::Subscribed(events.map_err(|s| explain(&s))?),
            None => Events::Subscribing(subscribing),
        };
        Ok(Containerd {
            channel,
            events,
            begun: None,
            version: version.into_inner().version,
        })
    }

    /// Looks in `namespace` first and then in all others.
    pub(super) async fn ask(&mut self, id: &str, namespace: Option<&str>) -> Result<Option<Metadata>, String> {
        if let Some(namespace) = namespace
            && let Some(known) = self.ask_in(id, namespace).await?
        {
            return Ok(Some(known));
        }
        let listed = NamespacesClient::new(self.channel.clone())
            .list(ListNamespacesRequest::default())
            .await
            .map_err(|s| explain(&s))?;
        for other in listed.into_inner().namespaces.into_iter().take(NAMESPACES_MAX) {
            if Some(other.name.as_str()) != namespace
                && other.name != OF_DOCKER
                && let Some(known) = self.ask_in(id, &other.name).await?
            {
                return Ok(Some(known));
            }
        }
        Ok(None)
    }

    async fn ask_in(&mut self, id: &str, namespace: &str) -> Result<Option<Metadata>, String> {
        let Some(get) = in_namespace(GetContainerRequest { id: id.into() }, namespace) else {
            return Ok(None);
        };
        let told = found(ContainersClient::new(self.channel.clone()).get(get).await)?;
        let Some(container) = told.and_then(|t| t.container) else {
            return Ok(None);
        };
        let image = container.image.clone();
        let mut metadata = from_container(container);
        if let Some(get) = in_namespace(GetImageRequest { name: image }, namespace) {
            let told = found(ImagesClient::new(self.channel.clone()).get(get).await)?;
            metadata.image_digest = told.and_then(|t| Some(t.image?.target?.digest));
        }
        let get = GetRequest {
            container_id: id.into(),
            ..GetRequest::default()
        };
        if let Some(get) = in_namespace(get, namespace) {
            let task = found(TasksClient::new(self.channel.clone()).get(get).await)?.and_then(|t| t.process);
            if let Some(task) = task.filter(|t| t.status == STOPPED) {
                metadata.finished = task.exited_at.and_then(|t| nanoseconds(t.seconds, t.nanos));
                metadata.exit_code = i32::try_from(task.exit_status).ok();
            }
        }
        Ok(Some(metadata))
    }

    pub(super) async fn next(&mut self) -> Result<Notice, String> {
        loop {
            if let Some((notice, namespace)) = &self.begun {
                let (id, namespace) = (notice.id.clone(), namespace.clone());
                // It may be gone in an instant: its labels are read now or never.
                let told = super::within(BEGUN_TIMEOUT, self.ask_in(&id, &namespace)).await;
                let Some((mut notice, _)) = self.begun.take() else {
                    continue;
                };
                if let (What::Begun(begun), Ok(Some(told))) = (&mut notice.what, told) {
                    begun.overlay(told);
                }
                return Ok(notice);
            }
            let events = match &mut self.events {
                Events::Subscribed(events) => events,
                Events::Subscribing(subscribing) => {
                    self.events = Events::Subscribed(subscribing.await.map_err(|s| explain(&s))?);
                    continue;
                }
            };
            let event = events.message().await.map_err(|s| explain(&s))?;
            let event = event.ok_or("it closed the connection")?;
            if event.namespace == OF_DOCKER {
                continue;
            }
            let Some(payload) = event.event else { continue };
            let Some(notice) = notice(&event.topic, &payload.value) else {
                continue;
            };
            if !matches!(notice.what, What::Begun(_)) {
                return Ok(notice);
            }
            self.begun = Some((notice, event.namespace));
        }
    }
}

fn in_namespace<T>(message: T, namespace: &str) -> Option<tonic::Request<T>> {
    let mut request = tonic::Request::new(message);
    let namespace = namespace.parse().ok()?;
    request.metadata_mut().insert("containerd-namespace", namespace);
    Some(request)
}

fn from_container(container: Container) -> Metadata {
    let spec = container.spec.map(|any| any.value).unwrap_or_default();
    let mut metadata = serde_json::from_slice(&spec)
        .map(|spec| from_spec(&spec))
        .unwrap_or_default();
    metadata.source = "containerd".into();
    if metadata.name.is_empty() {
        // nerdctl keeps the name in a label; a name is the id for those who gave none.
        let named = container.labels.get("nerdctl/name").cloned();
        metadata.name = named.unwrap_or(container.id);
    }
    if !container.image.is_empty() {
        metadata.image = container.image;
    }
    metadata.labels.extend(container.labels);
    metadata.created = container.created_at.and_then(|t| nanoseconds(t.seconds, t.nanos));
    metadata
}

fn nanoseconds(seconds: i64, nanoseconds: i32) -> Option<u64> {
    let seconds = u64::try_from(seconds).ok()?.checked_mul(1_000_000_000)?;
    let sum = seconds.checked_add(u64::try_from(nanoseconds).ok()?)?;
    Some(sum).filter(|ns| *ns != 0)
}

fn notice(topic: &str, payload: &[u8]) -> Option<Notice> {
    Some(match topic {
        "/containers/create" => {
            let event = events::ContainerCreate::decode(payload).ok()?;
            let begun = Metadata {
                source: "containerd".into(),
                image: event.image,
                ..Metadata::default()
            };
            Notice {
                id: event.id,
                what: What::Begun(Box::new(begun)),
            }
        }
        "/tasks/exit" => {
            let event = events::TaskExit::decode(payload).ok()?;
            // Others are of processes that were added by an exec.
            if event.id != event.container_id {
                return None;
            }
            let ended = Metadata {
                finished: event.exited_at.and_then(|t| nanoseconds(t.seconds, t.nanos)),
                exit_code: i32::try_from(event.exit_status).ok(),
                ..Metadata::default()
            };
            Notice {
                id: event.container_id,
                what: What::Ended(Box::new(ended)),
            }
        }
        "/tasks/oom" => Notice {
            id: events::TaskOom::decode(payload).ok()?.container_id,
            what: What::Changed(Box::new(Metadata {
                oom_killed: Some(true),
                ..Metadata::default()
            })),
        },
        "/containers/delete" => Notice {
            id: events::ContainerDelete::decode(payload).ok()?.id,
            what: What::Removed,
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exec_does_not_end_its_container() {
        let exit = |id: &str| {
            events::TaskExit {
                container_id: "c1".into(),
                id: id.into(),
                exit_status: 137,
                ..events::TaskExit::default()
            }
            .encode_to_vec()
        };
        assert!(notice("/tasks/exit", &exit("exec-1")).is_none());
        let What::Ended(ended) = notice("/tasks/exit", &exit("c1")).unwrap().what else {
            panic!()
        };
        assert_eq!(ended.exit_code, Some(137));
        assert!(notice("/tasks/exit", b"\xff\xff").is_none());
    }

    #[test]
    fn times_of_protobuf() {
        assert_eq!(nanoseconds(1, 5), Some(1_000_000_005));
        assert_eq!(nanoseconds(-62_135_596_800, 0), None);
        assert_eq!(nanoseconds(i64::MAX, 0), None);
    }
}
