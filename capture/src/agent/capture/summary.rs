//! What is told of a capture: the containers in its seal, and its side-car.

use super::super::members::Members;
use super::super::select::World;
use super::super::sidecar::{self, Outcome};
use super::Capture;
use afterimage_format::file::Sealed;
use afterimage_format::model::Container;
use serde_json::{Value, json};

impl Capture {
    /// Its containers with what is known of them by now, counting what it has of them.
    pub(super) fn containers(&self, world: &World) -> Vec<Container> {
        let counted = self.copier.containers();
        let of = |container: &Container| match self.members {
            Members::Node => {
                let (_, events) = self.whole.iter().find(|(key, _)| *key == container.key)?;
                Some(Container {
                    events: *events,
                    first: container.first.max(self.counts.first),
                    last: container.last.min(self.counts.last),
                    ..container.clone()
                })
            }
            _ => counted
                .iter()
                .find(|counted| counted.key == container.key)
                .map(|counted| Container {
                    events: counted.events,
                    first: counted.first,
                    last: counted.last,
                    ..container.clone()
                }),
        };
        world.containers.iter().filter_map(of).collect()
    }

    /// The side-car.
    pub(super) fn summary(&self, outcome: Outcome, reason: &str, sealed: Option<Sealed>, world: &World) -> Value {
        let containers: Vec<Value> = self
            .members
            .containers(&world.containers)
            .into_iter()
            .map(container)
            .collect();
        let scope = match &self.members {
            Members::Node => json!({"kind": "node", "text": self.scope}),
            Members::Tree(tree) => {
                json!({"kind": "process", "text": self.scope, "pid": tree.pid, "containers": containers})
            }
            Members::Containers { .. } => json!({"kind": "containers", "text": self.scope, "containers": containers}),
        };
        json!({
            "capture": self.files.id,
            "capture_id": self.header.capture_uuid(),
            "host": self.header.host.hostname,
            "result": outcome.name(),
            "reason": reason,
            "note": self.note,
            "scope": scope,
            "from": sidecar::time(self.span.from),
            "to": sidecar::time(self.span.to),
            "first_event": sidecar::time(self.counts.first),
            "last_event": sidecar::time(self.counts.last),
            "events": self.counts.events,
            "losses": {"events": self.counts.lost, "records": self.counts.loss_records},
            "alerts": self.alerts,
            "joined": self.joined,
            "file": sealed.map(|_| self.files.trace()),
            "bytes": sealed.map_or(self.writer.bytes(), |sealed| sealed.bytes),
            "root": sealed.map(|sealed| sidecar::hex(&sealed.root)),
            "sealed": sealed.is_some(),
        })
    }
}

fn container(container: &Container) -> Value {
    let (namespace, pod, uid) = container.pod.clone().unwrap_or_default();
    json!({
        "id": container.short_id(),
        "full_id": container.full_id,
        "name": container.name,
        "image": container.image,
        "namespace": namespace,
        "pod": pod,
        "pod_uid": uid,
    })
}
