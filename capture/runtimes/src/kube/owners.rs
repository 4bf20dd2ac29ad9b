//! Who owns a pod: its controller, the controller of that, and so on.

use super::client::within;
use crate::protocol::Owner;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::api::{ApiResource, DynamicObject};
use kube::{Api, Client};
use std::collections::HashMap;

/// Longest chain.
const LONGEST: usize = 6;
/// Owners that are remembered.
const KNOWN_MAX: usize = 4096;
/// Bytes of a name.
const NAME_MAX: usize = 512;
/// Owners that have owners: kind, group, version, plural.
const MIDDLE: [(&str, &str, &str, &str); 3] = [
    ("ReplicaSet", "apps", "v1", "replicasets"),
    ("Job", "batch", "v1", "jobs"),
    ("ReplicationController", "", "v1", "replicationcontrollers"),
];

/// Chains that were asked for.
#[derive(Default)]
pub(super) struct Owners {
    /// The next owner, by the uid of the one below; or why it is not known.
    above: HashMap<String, Result<Option<OwnerReference>, String>>,
}

impl Owners {
    /// What could not be learnt may be learnt now.
    pub(super) fn try_again(&mut self) {
        self.above.retain(|_, above| above.is_ok());
    }

    /// The owners of a pod, the nearest first; and why the chain may go on, if it may.
    pub(super) async fn of(&mut self, client: &Client, pod: &ObjectMeta) -> (Vec<Owner>, String) {
        let namespace = pod.namespace.as_deref().unwrap_or_default();
        let mut owners: Vec<Owner> = Vec::new();
        let mut next = controller(pod);
        while let Some(at) = next {
            if owners.len() >= LONGEST || owners.iter().any(|owner| owner.uid == at.uid) {
                return (owners, "its owners go round in a circle, or are more than 6".to_owned());
            }
            owners.push(Owner {
                kind: short(&at.kind),
                name: short(&at.name),
                uid: short(&at.uid),
            });
            match self.above(client, namespace, &at).await {
                Ok(above) => next = above,
                Err(reason) => return (owners, reason),
            }
        }
        (owners, String::new())
    }

    async fn above(
        &mut self,
        client: &Client,
        namespace: &str,
        at: &OwnerReference,
    ) -> Result<Option<OwnerReference>, String> {
        let group = at.api_version.rsplit_once('/').map_or("", |(group, _)| group);
        let Some((kind, group, version, plural)) = MIDDLE.iter().find(|m| m.0 == at.kind && m.1 == group) else {
            return Ok(None);
        };
        if let Some(known) = self.above.get(&at.uid) {
            return known.clone();
        }
        let resource = ApiResource {
            group: (*group).to_owned(),
            version: (*version).to_owned(),
            api_version: at.api_version.clone(),
            kind: (*kind).to_owned(),
            plural: (*plural).to_owned(),
        };
        let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
        let above = match within(api.get_metadata_opt(&at.name)).await {
            // One of the same name may have taken its place.
            Ok(Some(found)) if found.metadata.uid.as_deref() == Some(&at.uid) => Ok(controller(&found.metadata)),
            Ok(_) => Err(format!("{plural} {}: it is gone", short(&at.name))),
            Err(reason) => Err(format!("{plural}: {reason}")),
        };
        if self.above.len() >= KNOWN_MAX {
            self.above.clear();
        }
        self.above.insert(at.uid.clone(), above.clone());
        above
    }
}

/// Who manages an object.
fn controller(of: &ObjectMeta) -> Option<OwnerReference> {
    let owners = of.owner_references.as_deref().unwrap_or_default();
    owners
        .iter()
        .find(|owner| owner.controller == Some(true))
        .or(owners.first())
        .cloned()
}

/// A name, of which a server that is none may make anything.
pub(super) fn short(name: &str) -> String {
    name[..name.floor_char_boundary(NAME_MAX.min(name.len()))].to_owned()
}
