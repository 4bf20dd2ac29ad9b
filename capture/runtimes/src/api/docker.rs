//! The API of Docker, which Podman has, too.

use super::{Notice, What};
use crate::files::names_of;
use crate::protocol::{Metadata, Mount};
use crate::settings::{Kind, Socket};
use crate::time;
use bollard::errors::Error;
use bollard::models::{ContainerInspectResponse, EventMessage, MountPoint};
use bollard::query_parameters::EventsOptionsBuilder;
use futures_util::{Stream, StreamExt};
use std::collections::{BTreeMap, HashMap};
use std::pin::Pin;

/// Images of which the digest is remembered.
const IMAGES_MAX: usize = 256;
/// The client's own timeout, in seconds, also ends the stream of events where nothing happens; each call has another one.
const CLIENT_TIMEOUT: u64 = 24 * 3600;

/// A connection.
pub(crate) struct Docker {
    docker: bollard::Docker,
    events: Pin<Box<dyn Stream<Item = Result<EventMessage, Error>> + Send>>,
    digests: BTreeMap<String, Option<String>>,
    source: &'static str,
    pub(super) version: String,
}

impl Docker {
    /// Connects and agrees on a version. Events since `since` are repeated.
    pub(super) async fn connect(socket: &Socket, since: u64) -> Result<Docker, String> {
        let path = socket.path.to_str().ok_or("its path is no text")?;
        let docker = bollard::Docker::connect_with_unix(path, CLIENT_TIMEOUT, bollard::API_DEFAULT_VERSION)
            .map_err(|e| super::causes(&e))?
            .negotiate_version()
            .await
            .map_err(|e| super::causes(&e))?;
        let filters: HashMap<&str, Vec<&str>> = [("type", vec!["container"])].into();
        let options = EventsOptionsBuilder::new()
            .since(&since.to_string())
            .filters(&filters)
            .build();
        Ok(Docker {
            events: Box::pin(docker.events(Some(options))),
            version: format!("API {}", docker.client_version()),
            docker,
            digests: BTreeMap::new(),
            source: if socket.kind == Kind::Podman {
                "podman"
            } else {
                "docker"
            },
        })
    }

    pub(super) async fn ask(&mut self, id: &str) -> Result<Option<Metadata>, String> {
        if !id.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b)) {
            // It becomes a part of an address.
            return Ok(None);
        }
        let told = match self.docker.inspect_container(id, None).await {
            Ok(told) => told,
            Err(Error::DockerResponseServerError { status_code: 404, .. }) => return Ok(None),
            Err(e) => return Err(super::causes(&e)),
        };
        if told.id.as_deref().is_none_or(|full| full != id) {
            // A name or the beginning of an id is not what was asked for.
            return Ok(None);
        }
        let mut metadata = from_inspect(told, self.source);
        metadata.image_digest = self.digest(&metadata.image_id, &metadata.image).await;
        Ok(Some(metadata))
    }

    /// Digest of an image; one that was never in a registry has none.
    async fn digest(&mut self, image_id: &str, image: &str) -> Option<String> {
        if let Some(known) = self.digests.get(image_id) {
            return known.clone();
        }
        let told = self.docker.inspect_image(image_id).await.ok()?;
        let all = told.repo_digests.unwrap_or_default();
        let repository = image.rsplit_once(':').map_or(image, |(repository, _)| repository);
        let digest = all
            .iter()
            .find(|d| d.starts_with(repository))
            .or(all.first())
            .and_then(|d| Some(d.split_once('@')?.1.to_owned()));
        if self.digests.len() >= IMAGES_MAX {
            self.digests.clear();
        }
        self.digests.insert(image_id.to_owned(), digest.clone());
        digest
    }

    pub(super) async fn next(&mut self) -> Result<Notice, String> {
        loop {
            let event = self.events.next().await.ok_or("it closed the connection")?;
            match event {
                Ok(event) => {
                    if let Some(notice) = notice(event, self.source) {
                        return Ok(notice);
                    }
                }
                // One event of an unknown shape does not end the stream.
                Err(Error::JsonDataError { .. }) => (),
                Err(e) => return Err(super::causes(&e)),
            }
        }
    }
}

fn from_inspect(told: ContainerInspectResponse, source: &str) -> Metadata {
    let config = told.config.unwrap_or_default();
    let host = told.host_config.unwrap_or_default();
    let state = told.state.unwrap_or_default();
    let running = state.running == Some(true) || state.restarting == Some(true);
    let finished = state.finished_at.as_deref().and_then(time::parse).filter(|_| !running);
    let networks = told.network_settings.and_then(|n| n.networks).unwrap_or_default();
    let mut ips: Vec<String> = networks
        .into_values()
        .flat_map(|n| [n.ip_address, n.global_ipv6_address])
        .flatten()
        .filter(|ip| !ip.is_empty())
        .collect();
    ips.sort();
    Metadata {
        source: source.into(),
        name: told.name.unwrap_or_default().trim_start_matches('/').to_owned(),
        image: config.image.unwrap_or_default(),
        image_id: told.image.unwrap_or_default(),
        labels: config.labels.unwrap_or_default().into_iter().collect(),
        env_names: names_of(config.env.unwrap_or_default().iter().map(String::as_str)),
        mounts: told.mounts.unwrap_or_default().into_iter().map(mount).collect(),
        privileged: host.privileged,
        network_mode: host.network_mode,
        ips,
        created: told.created.as_deref().and_then(time::parse),
        started: state.started_at.as_deref().and_then(time::parse),
        finished,
        exit_code: finished.and(state.exit_code).and_then(|code| i32::try_from(code).ok()),
        oom_killed: state.oom_killed,
        restart_count: told.restart_count.and_then(|n| u32::try_from(n).ok()),
        ..Metadata::default()
    }
}

fn mount(told: MountPoint) -> Mount {
    Mount {
        source: told.source.unwrap_or_default(),
        destination: told.destination.unwrap_or_default(),
        mode: told.mode.unwrap_or_default(),
        rw: told.rw == Some(true),
        propagation: told.propagation.unwrap_or_default(),
    }
}

/// The attributes of an event are the labels, and beside them what belongs to the event.
fn notice(event: EventMessage, source: &str) -> Option<Notice> {
    let actor = event.actor?;
    let id = actor.id?;
    let mut labels: BTreeMap<String, String> = actor.attributes.unwrap_or_default().into_iter().collect();
    let at = event.time_nano.and_then(time::positive);
    let what = match event.action.as_deref()? {
        action @ ("create" | "start") => {
            let mut take = |name: &str| labels.remove(name).unwrap_or_default();
            let begun = Metadata {
                source: source.into(),
                name: take("name"),
                image: take("image"),
                created: at.filter(|_| action == "create"),
                started: at.filter(|_| action == "start"),
                ..Metadata::default()
            };
            // Podman's own attributes.
            labels.remove("containerExitCode");
            What::Begun(Box::new(Metadata { labels, ..begun }))
        }
        "die" | "died" => {
            let code = labels.get("exitCode").or(labels.get("containerExitCode"));
            What::Ended(Box::new(Metadata {
                finished: at,
                exit_code: code.and_then(|c| c.parse().ok()),
                ..Metadata::default()
            }))
        }
        "oom" => What::Changed(Box::new(Metadata {
            oom_killed: Some(true),
            ..Metadata::default()
        })),
        "destroy" | "remove" => What::Removed,
        _ => return None,
    };
    Some(Notice { id, what })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(event: serde_json::Value) -> Option<Notice> {
        notice(serde_json::from_value(event).unwrap(), "docker")
    }

    #[test]
    fn a_start_tells_name_image_and_labels() {
        let event = json!({"Type": "container", "Action": "start", "timeNano": 5, "Actor": {
            "ID": "12", "Attributes": {"name": "web", "image": "shop:1", "a": "b"}}});
        let notice = read(event).unwrap();
        let What::Begun(known) = notice.what else { panic!() };
        assert_eq!(
            (notice.id.as_str(), known.name.as_str(), known.image.as_str()),
            ("12", "web", "shop:1")
        );
        assert_eq!(known.labels.len(), 1);
        assert_eq!(known.started, Some(5));
    }

    #[test]
    fn an_end_tells_the_exit_code() {
        let event = json!({"Type": "container", "Action": "die", "timeNano": 7, "Actor": {
            "ID": "12", "Attributes": {"exitCode": "137"}}});
        let What::Ended(known) = read(event).unwrap().what else {
            panic!()
        };
        assert_eq!((known.exit_code, known.finished), (Some(137), Some(7)));
    }

    #[test]
    fn other_events_are_nothing() {
        assert!(read(json!({"Action": "exec_start: sh", "Actor": {"ID": "12"}})).is_none());
        assert!(read(json!({})).is_none());
    }
}
