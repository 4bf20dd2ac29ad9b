//! Alerts that name pods, as Alertmanager and Security Command Center send them, about pods as a kubelet makes them.

#[path = "../runtimes/tests/support/mod.rs"]
mod daemons;
mod support;

use base64::Engine as _;
use daemons::containerd::Containerd;
use daemons::kubelet::{Kubelet, pod};
use k8s_cri::v1::NamespaceMode;
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use std::time::Duration;
use support::doors::{Doors, Wanted, corpus, now, rfc3339};
use support::{can_run_containers, count, holds, skip, wait_for};

const NAMESPACE: &str = "afterimage-shop";

/// A pod: its name, and its containers with their ids.
struct Made {
    name: &'static str,
    containers: Vec<(&'static str, String)>,
}

fn make(kubelet: &mut Kubelet, group: &str, name: &'static str) -> Made {
    let mut config = pod(NamespaceMode::Node);
    let metadata = config.metadata.as_mut().unwrap();
    (metadata.namespace, metadata.name, metadata.uid) = (NAMESPACE.into(), name.into(), format!("uid-of-{name}"));
    config.linux.as_mut().unwrap().cgroup_parent = format!("/{group}/kubepods/burstable/poduid-of-{name}");
    let sandbox = kubelet.sandbox(&config);
    let one = |name| (name, kubelet.container(&sandbox, &config, name));
    Made {
        name,
        containers: ["app", "side"].map(one).into(),
    }
}

/// A notification of the corpus that names containers of a pod; none: the whole pod.
fn notification(sample: &Value, pod: &str, containers: &[&str]) -> Value {
    let mut notification = sample.clone();
    let containers: Vec<Value> = containers
        .iter()
        .map(|name| json!({"name": name, "uri": "i", "imageId": ""}))
        .collect();
    notification["finding"]["kubernetes"] =
        json!({"pods": [{"ns": NAMESPACE, "name": pod, "labels": [], "containers": containers}]});
    notification["finding"]["eventTime"] = rfc3339(now()).into();
    notification
}

#[test]
fn alerts_that_name_pods_capture_their_containers() {
    let name = "alerts_that_name_pods_capture_their_containers";
    let there =
        ["containerd", "ctr"].map(|program| Command::new(program).arg("--version").stdout(Stdio::null()).status());
    if !can_run_containers(name) || !there.iter().all(Result::is_ok) && !skip(name, "containerd is not installed") {
        return;
    }
    let (Some(alertmanager), Some(scc)) = (
        corpus("alertmanager-webhook-prom_post_request.json"),
        corpus("gcp-scc/bad_ip_scc-remediated.json"),
    ) else {
        skip(name, "no corpus beside the repository");
        return;
    };
    let group = "afterimage-tests-agent-pods";
    let containerd = Containerd::start(group);
    let mut kubelet = Kubelet::connect(containerd.place.path("c.sock"));
    let dir = tempfile::tempdir().unwrap();
    let doors = Doors::start(
        dir.path(),
        &Wanted {
            recording: &format!(
                "runtimes = ['cri={}']\nkernel_ring = '64MiB'",
                containerd.place.text("c.sock")
            ),
            sources: &["alertmanager", "scc"],
            captures: "pre = '60s'\npost = '1s'",
            ..Wanted::default()
        },
    );
    let pods = ["alertmanager-0", "finding-0", "pushed-0", "bystander-0"].map(|name| make(&mut kubelet, group, name));
    let exec = |round: u32| {
        for (name, id) in pods
            .iter()
            .flat_map(|pod| pod.containers.iter().map(move |(_, id)| (pod.name, id)))
        {
            let mut command = containerd.ctr(
                "k8s.io",
                &["tasks", "exec", "--exec-id", &format!("e{round}"), id, "cat"],
            );
            // It is not there; that the call is recorded is what counts.
            let _ = command.arg(format!("/{name}-own")).output().unwrap();
        }
    };
    exec(0);

    let mut alert = alertmanager;
    let labels = &mut alert["alerts"][0]["labels"];
    (labels["namespace"], labels["pod"], labels["container"]) =
        (NAMESPACE.into(), "alertmanager-0".into(), "app".into());
    alert["alerts"][0]["startsAt"] = rfc3339(now()).into();
    let found = notification(&scc, "finding-0", &["side"]);
    let inner = notification(&scc, "pushed-0", &[]);
    let data = base64::engine::general_purpose::STANDARD.encode(inner.to_string());
    let pushed = json!({"message": {"data": data, "messageId": "1"}, "subscription": "projects/p/subscriptions/s"});
    let cases = [
        ("alertmanager", alert.to_string(), &pods[0], &["app"][..]),
        ("scc", found.to_string(), &pods[1], &["side"]),
        ("scc", pushed.to_string(), &pods[2], &["app", "side"]),
    ];
    // Names come when containerd has time.
    let mut ids = Vec::new();
    for (source, body, pod, _) in &cases {
        wait_for("the names of the pod", || {
            let response = doors.post(source, body);
            if response.status == 404 {
                std::thread::sleep(Duration::from_millis(1100));
                return false;
            }
            assert_eq!(response.status, 202, "{}: {response:?}", pod.name);
            ids.push(response.json()["capture"].as_str().unwrap().to_owned());
            true
        });
    }
    exec(1);
    for ((_, body, pod, containers), id) in cases.iter().zip(&ids) {
        let summary = doors.agent.ended(id);
        assert_eq!(summary["result"], "complete", "{summary}");
        let of = |name: &str| pod.containers.iter().find(|(of, _)| *of == name).unwrap().1.clone();
        let mut expected: Vec<String> = containers.iter().map(|name| of(name)).collect();
        expected.sort();
        let scope = summary["scope"]["containers"].as_array().unwrap();
        let mut meant: Vec<String> = scope
            .iter()
            .map(|one| one["full_id"].as_str().unwrap().to_owned())
            .collect();
        meant.sort();
        // The pause container is of the pod, too, where the whole pod is meant.
        if containers.len() > 1 {
            assert!(expected.iter().all(|id| meant.contains(id)), "{summary}");
        } else {
            assert_eq!(meant, expected, "{summary}");
        }
        let trace = doors.agent.trace(id);
        for id in &expected {
            let own = format!("container.full_id = {id} and evt.type = execve and proc.name = cat");
            assert!(count(&trace, &own) > 0, "{}: {id}", pod.name);
        }
        assert_eq!(
            count(&trace, &format!("not container.full_id in ({})", meant.join(", "))),
            0,
            "{}",
            pod.name
        );
        for other in pods.iter().filter(|other| other.name != pod.name) {
            assert!(
                !holds(&trace, &format!("{}-own", other.name)),
                "{} has something of {}",
                pod.name,
                other.name
            );
        }
        let attached = trace.attachments().to_vec();
        assert_eq!(
            (attached.len(), trace.attachment(&attached[0]).unwrap()),
            (1, body.as_bytes().to_vec())
        );
    }
    assert_eq!(doors.agent.metric("captures_begun_total"), 3.0);
    drop(kubelet);
}
