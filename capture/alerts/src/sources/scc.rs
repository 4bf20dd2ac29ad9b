//! Google Security Command Center: `{notificationConfigName, finding, resource}`, or the same in the envelope of a Pub/Sub
//! push subscription. It names pods and containers, never a container's id.

use super::{Found, Reason, SELECTORS_MAX, json};
use crate::protocol::{Selector, Trigger};
use crate::time;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

pub(super) fn read(document: &Value) -> Result<Found, Reason> {
    json::object(document)?;
    let Some(message) = document.get("message") else {
        return notification(document);
    };
    let Some(data) = message.get("data").and_then(Value::as_str) else {
        let found = json::kind(message.get("data"));
        return Err(Reason::new(
            "message.data",
            format!("expected base64 of a notification, found {found}"),
        ));
    };
    let data = STANDARD
        .decode(data)
        .map_err(|error| Reason::new("message.data", format!("is no base64: {error}")))?;
    let inner = json::parse(&data).map_err(|reason| reason.within("message.data"))?;
    notification(&inner).map_err(|reason| reason.within("message.data"))
}

fn notification(document: &Value) -> Result<Found, Reason> {
    let finding = document.get("finding").unwrap_or(&Value::Null);
    if !finding.is_object() {
        let found = json::kind(document.get("finding"));
        return Err(Reason::new("finding", format!("expected an object, found {found}")));
    }
    let within = |reason: Reason| reason.within("finding");
    let name = json::needed(finding, "name", "the name of the finding").map_err(within)?;
    let title = json::needed(finding, "category", "the category of the finding").map_err(within)?;
    let state = json::text_at(finding, &["state"]);
    if state == "INACTIVE" || json::text_at(finding, &["mute"]) == "MUTED" {
        let mut found = Found::default();
        found.pass("inactive");
        return Ok(found);
    }
    let properties = finding.get("sourceProperties").unwrap_or(&Value::Null);
    let mut severity = json::text_at(finding, &["severity"]);
    if severity.is_empty() || severity == "SEVERITY_UNSPECIFIED" {
        severity = json::first_text(properties, &["SeverityLevel", "detectionPriority"]);
    }
    let at = json::text_at(finding, &["eventTime"]);
    Ok(Found::one(Trigger {
        // The same finding comes again with a later time when it happens again.
        id: format!("{name}/{at}"),
        title,
        severity_raw: severity,
        time: time::parse(&at),
        selectors: selectors(finding, properties),
        ..Trigger::default()
    }))
}

fn selectors(finding: &Value, properties: &Value) -> Vec<Selector> {
    let node = node(finding, properties);
    let mut all = Vec::new();
    for pod in json::list(json::path(finding, &["kubernetes", "pods"]))
        .iter()
        .take(SELECTORS_MAX)
    {
        let place = Selector {
            namespace: json::text_at(pod, &["ns"]),
            pod: json::text_at(pod, &["name"]),
            node: node.clone(),
            ..Selector::default()
        };
        let names = json::list(pod.get("containers"))
            .iter()
            .map(|container| json::text_at(container, &["name"]));
        let names: Vec<String> = names.filter(|name| !name.is_empty()).take(SELECTORS_MAX).collect();
        let named = names.into_iter().map(|container_name| Selector {
            container_name,
            ..place.clone()
        });
        let before = all.len();
        all.extend(named);
        if all.len() == before {
            all.push(place);
        }
    }
    if all.is_empty() {
        // Container Threat Detection's older place for it.
        all.push(Selector {
            container_name: json::text_at(properties, &["Container_Name"]),
            namespace: json::text_at(properties, &["Pod_Namespace"]),
            pod: json::text_at(properties, &["Pod_Name"]),
            node,
            ..Selector::default()
        });
    }
    all.retain(|selector| !selector.is_empty());
    all.truncate(SELECTORS_MAX);
    all
}

/// Nodes are named by the URL of their instance; the last part is the node's name.
fn node(finding: &Value, properties: &Value) -> String {
    let nodes = json::list(json::path(finding, &["kubernetes", "nodes"])).iter();
    let mut names: Vec<String> = nodes.map(|node| json::text_at(node, &["name"])).collect();
    names.push(json::text_at(properties, &["VM_Instance_Name"]));
    names.push(json::text_at(properties, &["properties", "instanceDetails"]));
    let named = names.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
    named.rsplit('/').next().unwrap_or_default().to_owned()
}
