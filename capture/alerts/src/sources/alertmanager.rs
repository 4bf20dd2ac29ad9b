//! Prometheus Alertmanager's webhook, version 4. One request has the alerts of a group: each that fires is a trigger.

use super::{ALERTS_MAX, Found, Reason, json, made_id};
use crate::protocol::{Selector, Trigger};
use crate::time;
use serde_json::Value;

pub(super) fn read(document: &Value) -> Result<Found, Reason> {
    json::object(document)?;
    let version = json::text_at(document, &["version"]);
    if !version.is_empty() && version != "4" {
        return Err(Reason::new(
            "version",
            format!("expected \"4\", found {:?}", shortened(&version)),
        ));
    }
    let Some(Value::Array(alerts)) = document.get("alerts") else {
        let found = json::kind(document.get("alerts"));
        return Err(Reason::new(
            "alerts",
            format!("expected a list of alerts, found {found}"),
        ));
    };
    if alerts.is_empty() {
        return Err(Reason::new("alerts", "expected at least one alert"));
    }
    let group_status = json::text_at(document, &["status"]);
    let common = document.get("commonLabels").unwrap_or(&Value::Null);
    let mut found = Found::default();
    for (at, alert) in alerts.iter().enumerate() {
        if found.triggers.len() >= ALERTS_MAX {
            found.left_out = alerts.len() - at;
            break;
        }
        let labels = alert.get("labels");
        let Some(labels) = labels.filter(|labels| labels.is_object()) else {
            let message = format!("expected an object, found {}", json::kind(labels));
            return Err(Reason::new(format!("alerts[{at}].labels"), message));
        };
        let mut status = json::text_at(alert, &["status"]);
        if status.is_empty() {
            status = group_status.clone();
        }
        match &*status {
            "firing" => found.triggers.push(firing(alert, labels, common)),
            "resolved" => found.pass("resolved"),
            other => {
                let message = format!("expected \"firing\" or \"resolved\", found {:?}", shortened(other));
                return Err(Reason::new(format!("alerts[{at}].status"), message));
            }
        }
    }
    Ok(found)
}

fn shortened(text: &str) -> String {
    text.chars().take(32).collect()
}

/// The container of a cgroup's path, which is cAdvisor's label `id`: `/docker/ID`, `/system.slice/docker-ID.scope`,
/// `/kubepods.slice/…/cri-containerd-ID.scope`.
fn id_of_cgroup(path: &str) -> Option<String> {
    let last = path.strip_prefix('/')?.rsplit('/').next()?;
    let mut words = last.split(|c: char| !c.is_ascii_hexdigit());
    words.find(|word| word.len() == 64).map(str::to_owned)
}

fn firing(alert: &Value, labels: &Value, common: &Value) -> Trigger {
    let label = |names: &[&str]| {
        let own = json::first_text(labels, names);
        if own.is_empty() {
            json::first_text(common, names)
        } else {
            own
        }
    };
    // What Prometheus renamed (exported_) is what the alert is about; the bare labels are who measured it, also those that had
    // no need to be renamed. A namespace is left alone: it is the only one there is.
    let exported = ["exported_namespace", "exported_pod", "exported_container"];
    let is_measured = exported.iter().any(|name| !label(&[name]).is_empty());
    // The names with underscores are those of Falco's fields, as Falcosidekick sends them to Alertmanager.
    let (pods, containers): (&[&str], &[&str]) = match is_measured {
        true => (&["exported_pod"], &["exported_container"]),
        false => (&["pod", "pod_name", "k8s_pod_name"], &["container", "container_name"]),
    };
    let pod = label(pods);
    let namespace = label(&["exported_namespace", "namespace", "k8s_ns_name"]);
    let mut container = label(containers);
    // The pause container stands for the whole pod.
    if container == "POD" || container == "host" {
        container.clear();
    }
    let mut id = json::container_id(label(&["container_id"]));
    if id.is_empty() {
        id = id_of_cgroup(&label(&["id"])).unwrap_or_default();
    }
    let mut selector = Selector {
        container_id: id,
        container_name: container,
        namespace,
        pod,
        pod_uid: label(&["pod_uid"]),
        pid: json::pid(json::get(labels, "pid").or_else(|| json::get(labels, "proc_pid"))),
        node: label(&["node", "nodename", "hostname"]),
    };
    if selector.is_empty() {
        // Only if nothing else is known: the instance is whoever was asked, for cluster metrics some pod.
        let instance = label(&["instance"]);
        let host = instance
            .rsplit_once(':')
            .filter(|(_, port)| port.parse::<u16>().is_ok());
        selector.node = host.map_or(instance.as_str(), |(host, _)| host).to_owned();
    }
    let started = json::text_at(alert, &["startsAt"]);
    let mut fingerprint = json::text_at(alert, &["fingerprint"]);
    if fingerprint.is_empty() {
        fingerprint = made_id([&*labels.to_string()]);
    }
    Trigger {
        id: format!("{fingerprint}/{started}"),
        title: Some(label(&["alertname", "rule"]))
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| "alert".to_owned()),
        severity_raw: label(&["severity", "priority"]),
        time: time::parse(&started),
        selectors: Vec::from_iter((!selector.is_empty()).then_some(selector)),
        ..Trigger::default()
    }
}
