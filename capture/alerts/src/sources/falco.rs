//! Falco's `http_output` and Falcosidekick's webhook: the same object, the latter with `uuid`. A list of them is read, too.

use super::{Found, Reason, each, json, made_id};
use crate::protocol::{Selector, Trigger};
use crate::time;
use serde_json::Value;

pub(super) fn read(document: &Value) -> Result<Found, Reason> {
    each(document, one)
}

fn one(event: &Value) -> Result<Found, Reason> {
    json::object(event)?;
    let rule = json::needed(event, "rule", "the name of the rule that fired")?;
    let fields = json::get(event, "output_fields");
    if let Some(other) = fields.filter(|fields| !fields.is_object() && !fields.is_null()) {
        let message = format!("expected an object, found {}", json::kind(Some(other)));
        return Err(Reason::new("output_fields", message));
    }
    // Anything with a "rule" is not yet an alert of Falco's.
    let output = json::text_at(event, &["output"]);
    let priority = json::text_at(event, &["priority"]);
    if fields.is_none() && output.is_empty() {
        return Err(Reason::new(
            "output_fields",
            "expected the fields of the event, or at least output; found neither",
        ));
    }
    if json::text_at(event, &["source"]) == "internal" && rule.ends_with("metrics snapshot") {
        let mut found = Found::default();
        found.pass("inactive");
        return Ok(found);
    }
    let fields = fields.unwrap_or(&Value::Null);
    let written = json::text_at(event, &["time"]);
    let time = time::of(json::get(event, "time")).or_else(|| time::of(json::get(fields, "evt.time")));
    let selector = selector(event, fields);
    let mut id = json::text_at(event, &["uuid"]);
    if id.is_empty() {
        let when = if written.is_empty() {
            json::text_at(fields, &["evt.time"])
        } else {
            written
        };
        id = made_id([&*rule, &*output, &*when, &*selector.container_id, &*selector.node]);
    }
    Ok(Found::one(Trigger {
        id,
        title: rule,
        severity_raw: priority,
        time,
        selectors: Vec::from_iter(means_someone(event, &selector).then_some(selector)),
        ..Trigger::default()
    }))
}

/// Whether somebody is meant. A host alone is, where its kernel saw the event: of the audit log and of plugins it is only where
/// they run.
fn means_someone(event: &Value, selector: &Selector) -> bool {
    let source = json::text_at(event, &["source"]).to_ascii_lowercase();
    let is_of_kernel = matches!(&*source, "" | "syscall" | "syscalls");
    let more = Selector {
        node: String::new(),
        ..selector.clone()
    };
    !more.is_empty() || is_of_kernel && !selector.is_empty()
}

fn selector(event: &Value, fields: &Value) -> Selector {
    let first = |names: &[&str]| json::first_text(fields, names);
    let mut node = json::text_at(event, &["hostname"]);
    if node.is_empty() {
        node = first(&["k8s.node.name", "evt.hostname"]);
    }
    // Events of the audit log are about what was asked for; the plugin has no container.
    let target = match &*first(&["ka.target.resource"]) {
        "pods" => (first(&["ka.target.namespace"]), first(&["ka.target.name"])),
        _ => Default::default(),
    };
    let or = |text: String, other: String| if text.is_empty() { other } else { text };
    let mut id = json::container_id(first(&["container.full_id"]));
    if id.is_empty() {
        id = json::container_id(first(&["container.id"]));
    }
    Selector {
        container_id: id,
        container_name: Some(first(&["container.name"]))
            .filter(|name| name != "host")
            .unwrap_or_default(),
        namespace: or(first(&["k8s.ns.name", "k8smeta.ns.name"]), target.0),
        pod: or(first(&["k8s.pod.name", "k8smeta.pod.name"]), target.1),
        pod_uid: first(&["k8s.pod.uid", "k8smeta.pod.uid"]),
        pid: json::pid(json::get(fields, "proc.pid")),
        node,
    }
}
