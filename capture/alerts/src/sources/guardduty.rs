//! AWS GuardDuty: EventBridge events (`detail` is the finding), answers of the API (`Findings`), findings themselves. Names
//! begin with a small letter in events and with a capital one in the API.

use super::{Found, Reason, SELECTORS_MAX, each, json};
use crate::protocol::{Selector, Trigger};
use crate::time;
use serde_json::Value;

pub(super) fn read(document: &Value) -> Result<Found, Reason> {
    if json::get(document, "Records").is_some() {
        return Err(Reason::new(
            "Records",
            "this is what SNS hands to Lambda; expected what it posts to HTTPS subscribers",
        ));
    }
    if let Some(detail) = json::get(document, "detail") {
        let kind = json::text_at(document, &["detail-type"]);
        if kind != "GuardDuty Finding" {
            let message = format!(
                "expected \"GuardDuty Finding\", found {:?}",
                kind.chars().take(64).collect::<String>()
            );
            return Err(Reason::new("detail-type", message));
        }
        return one(detail).map_err(|reason| reason.within("detail"));
    }
    if let Some(findings) = json::get(document, "findings") {
        return each(findings, one).map_err(|reason| reason.within("Findings"));
    }
    each(document, one)
}

fn one(finding: &Value) -> Result<Found, Reason> {
    json::object(finding)?;
    let id = json::needed(finding, "id", "the id of the finding")?;
    let title = json::needed(
        finding,
        "type",
        "the type of the finding, like Execution:Runtime/NewBinaryExecuted",
    )?;
    let service = json::get(finding, "service").unwrap_or(&Value::Null);
    if json::text_at(service, &["archived"]) == "true" || is_true(json::get(service, "archived")) {
        let mut found = Found::default();
        found.pass("inactive");
        return Ok(found);
    }
    if is_sample(service) {
        let mut found = Found::default();
        found.pass("sample");
        return Ok(found);
    }
    let updated = json::first_text(finding, &["updatedAt", "createdAt"]);
    let seen = json::get(service, "eventLastSeen").or_else(|| json::get(finding, "updatedAt"));
    Ok(Found::one(Trigger {
        // What goes on comes again with the same id and a later time.
        id: format!("{id}/{updated}"),
        title,
        severity_raw: json::text_at(finding, &["severity"]),
        time: time::of(seen),
        selectors: selectors(json::get(finding, "resource").unwrap_or(&Value::Null), service),
        ..Trigger::default()
    }))
}

fn is_true(value: Option<&Value>) -> bool {
    matches!(value, Some(Value::Bool(true)))
}

/// `additionalInfo` is an object in events, and JSON in a text in the API.
fn is_sample(service: &Value) -> bool {
    let info = json::get(service, "additionalInfo").unwrap_or(&Value::Null);
    let text = json::get(info, "value").and_then(Value::as_str).unwrap_or_default();
    let within: Value = serde_json::from_str(text).unwrap_or_default();
    is_true(json::get(info, "sample")) || is_true(json::get(&within, "sample"))
}

fn selectors(resource: &Value, service: &Value) -> Vec<Selector> {
    let mut nodes = nodes(resource).into_iter();
    let node = nodes.next().unwrap_or_default();
    let mut all = Vec::new();
    let workload = json::path(resource, &["kubernetesDetails", "kubernetesWorkloadDetails"]).unwrap_or(&Value::Null);
    // Of a Deployment, the name is no pod's.
    let is_pod = json::text_at(workload, &["type"])
        .to_ascii_lowercase()
        .starts_with("pod");
    let of_pod = |name: &str| {
        if is_pod {
            json::text_at(workload, &[name])
        } else {
            String::new()
        }
    };
    let pod = Selector {
        namespace: json::text_at(workload, &["namespace"]),
        pod: of_pod("name"),
        pod_uid: of_pod("uid"),
        node: node.clone(),
        ..Selector::default()
    };
    let containers = json::list(json::get(workload, "containers")).iter().take(SELECTORS_MAX);
    all.extend(containers.map(|container| with_container(&pod, container)));
    // Without containers and pod, a namespace alone would mean everything in it.
    if all.is_empty() && !(pod.pod.is_empty() && pod.pod_uid.is_empty()) {
        all.push(pod);
    }
    let host = Selector {
        node: node.clone(),
        ..Selector::default()
    };
    let tasks = json::path(resource, &["ecsClusterDetails", "taskDetails", "containers"]);
    all.extend(
        json::list(tasks)
            .iter()
            .take(SELECTORS_MAX)
            .map(|container| with_container(&host, container)),
    );
    if let Some(container) = json::get(resource, "containerDetails") {
        all.push(with_container(&host, container));
    }
    all.retain(|selector| selector.namespace.len() + selector.container_id.len() + selector.container_name.len() > 0);
    let pid = json::pid(json::path(service, &["runtimeDetails", "process", "pid"]));
    match (&mut all[..], pid) {
        // It runs in the one container that is meant.
        ([one], pid) => one.pid = pid,
        (several, Some(pid)) => {
            let is_empty = several.is_empty();
            let process = Selector { pid: Some(pid), ..host };
            all.insert(if is_empty { 0 } else { all.len() }, process);
        }
        ([], None) if !node.is_empty() => all.push(host),
        _ => {}
    }
    // Where the node decides whether somebody is meant, any of its names may be the one that is known there.
    let by_node: Vec<Selector> = all.iter().filter(|selector| rests_on_node(selector)).cloned().collect();
    let more = nodes.flat_map(|node| {
        by_node.iter().map(move |selector| Selector {
            node: node.clone(),
            ..selector.clone()
        })
    });
    let room = SELECTORS_MAX.saturating_sub(all.len());
    all.extend(more.take(room));
    all
}

/// Whether what a selector says is only of one node: a process, a container's name, or the node itself.
fn rests_on_node(selector: &Selector) -> bool {
    selector.container_id.is_empty() && selector.pod.is_empty() && selector.pod_uid.is_empty()
}

fn with_container(place: &Selector, container: &Value) -> Selector {
    Selector {
        container_id: json::container_id(json::text_at(container, &["id"])),
        container_name: json::text_at(container, &["name"]),
        ..place.clone()
    }
}

/// What the instance is called: EKS names nodes after its private name, of which it has one for each interface; settings may
/// have its id.
fn nodes(resource: &Value) -> Vec<String> {
    let instance = json::get(resource, "instanceDetails").unwrap_or(&Value::Null);
    let interfaces = json::list(json::get(instance, "networkInterfaces")).iter();
    let private = interfaces.map(|interface| json::text_at(interface, &["privateDnsName"]));
    let mut names: Vec<String> = Vec::new();
    for name in private.chain([json::text_at(instance, &["instanceId"])]) {
        if !name.is_empty() && !names.contains(&name) && names.len() < SELECTORS_MAX {
            names.push(name);
        }
    }
    names
}
