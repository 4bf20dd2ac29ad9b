//! Any JSON: the settings say where things are.

use super::{Found, Reason, each, json, made_id};
use crate::protocol::{Selector, Trigger};
use crate::settings::Mapping;
use crate::time;
use serde_json::Value;

pub(super) fn read(document: &Value, mapping: &Mapping) -> Result<Found, Reason> {
    if mapping.alerts.is_empty() {
        return one(document, mapping);
    }
    let alerts = document.pointer(&mapping.alerts);
    match alerts {
        Some(list @ Value::Array(_)) => {
            each(list, |alert| one(alert, mapping)).map_err(|reason| reason.within(&mapping.alerts))
        }
        other => {
            let message = format!(
                "expected a list of alerts (mapping.alerts), found {}",
                json::kind(other)
            );
            Err(Reason::new(&mapping.alerts, message))
        }
    }
}

fn one(alert: &Value, mapping: &Mapping) -> Result<Found, Reason> {
    let at = |pointer: &str| {
        if pointer.is_empty() {
            None
        } else {
            alert.pointer(pointer)
        }
    };
    let text = |pointer: &str| json::text(at(pointer));
    if !mapping.only_if.is_empty() {
        let value = match at(&mapping.only_if) {
            Some(Value::Bool(value)) => value.to_string(),
            other => json::text(other),
        };
        if value != mapping.equals {
            let mut found = Found::default();
            found.pass("inactive");
            return Ok(found);
        }
    }
    let title = text(&mapping.title);
    if title.is_empty() {
        let found = json::kind(at(&mapping.title));
        return Err(Reason::new(
            &mapping.title,
            format!("expected the name of the alert (mapping.title), found {found}"),
        ));
    }
    let selector = Selector {
        container_id: json::container_id(text(&mapping.container_id)),
        container_name: text(&mapping.container_name),
        namespace: text(&mapping.namespace),
        pod: text(&mapping.pod),
        pod_uid: text(&mapping.pod_uid),
        pid: json::pid(at(&mapping.pid)),
        node: text(&mapping.node),
    };
    let mut id = text(&mapping.id);
    if id.is_empty() {
        id = made_id([&*alert.to_string()]);
    }
    let milliseconds = |pointer: &str| text(pointer).parse().ok();
    Ok(Found::one(Trigger {
        id,
        title,
        severity_raw: text(&mapping.severity),
        time: time::of(at(&mapping.time)),
        selectors: Vec::from_iter((!selector.is_empty()).then_some(selector)),
        pre: milliseconds(&mapping.pre_ms),
        post: milliseconds(&mapping.post_ms),
        ..Trigger::default()
    }))
}
