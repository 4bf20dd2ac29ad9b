//! `[kubernetes]` of the agent: captures say who owns their pods and who asked for what was brought into them, as recordings do
//! (kube.rs).

#[path = "../runtimes/tests/support/mod.rs"]
mod daemons;
mod support;

use daemons::containerd::Containerd;
use daemons::kubelet::{Kubelet, pod};
use k8s_cri::v1::NamespaceMode;
use serde_json::json;
use std::io::Write;
use std::process::Command;
use std::time::Duration;
use support::agent::Agent;
use support::apiserver::{ApiServer, Mood, NODE, object};
use support::doors::{now, rfc3339};
use support::{can_run_containers, capture, count, has, wait_for};

/// An entry of the audit log as the API server writes it when the connection of an exec is there.
fn exec_entry(pod: &str, user: &str, command: &str) -> String {
    let time = rfc3339(now());
    json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Request", "auditID": format!("of-{user}"), "stage": "ResponseStarted",
        "requestURI": format!("/api/v1/namespaces/shop/pods/{pod}/exec?command=cat&command={command}&container=app"),
        "verb": "create", "user": {"username": user, "groups": ["dev"]}, "sourceIPs": ["10.0.0.7"], "userAgent": "kubectl/v1.33.1",
        "objectRef": {"resource": "pods", "namespace": "shop", "name": pod, "apiVersion": "v1", "subresource": "exec"},
        "responseStatus": {"metadata": {}, "code": 101}, "requestReceivedTimestamp": time, "stageTimestamp": time,
    })
    .to_string()
}

#[test]
fn captures_name_owners_and_users() {
    let name = "captures_name_owners_and_users";
    if !can_run_containers(name) || !has(name, "containerd") || !has(name, "ctr") {
        return;
    }
    let (group, pods) = ("afterimage-tests-agent-kube", ["front-0", "back-0"]);
    let containerd = Containerd::start(group);
    let mut kubelet = Kubelet::connect(containerd.place.path("c.sock"));
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("audit.log");
    std::fs::write(&log, "").unwrap();
    let uid = |pod: &str| format!("4b1d0000-agent-{pod}");
    let objects = pods.map(|pod| {
        object(
            "shop",
            pod,
            &uid(pod),
            Some(("apps/v1", "ReplicaSet", "web-7f", "rs-1")),
        )
    });
    let server = ApiServer::start(dir.path(), Mood::Good, objects.into());
    let config = format!(
        "runtimes = ['cri={}']\nkernel_ring = '64MiB'\n[kubernetes]\napi_server = '{}'\nnode = '{NODE}'\naudit = ['{}']\n\
         [captures]\npre = '60s'\npost = '1s'\n",
        containerd.place.text("c.sock"),
        server.kubeconfig().display(),
        log.display()
    );
    let agent = Agent::start(dir.path(), &config);
    let containers = pods.map(|pod_name| {
        let mut config = pod(NamespaceMode::Node);
        let metadata = config.metadata.as_mut().unwrap();
        (metadata.namespace, metadata.name, metadata.uid) = ("shop".into(), pod_name.into(), uid(pod_name));
        config.linux.as_mut().unwrap().cgroup_parent = format!("/{group}/kubepods/burstable/pod{}", uid(pod_name));
        let sandbox = kubelet.sandbox(&config);
        kubelet.container(&sandbox, &config, "app")
    });
    // Names and owners come when there is time.
    wait_for("the pods to be known", || {
        let known = pods
            .iter()
            .all(|pod| agent.trigger(&["--pod", &format!("shop/{pod}"), "--post", "1ms"])["ok"] == true);
        std::thread::sleep(Duration::from_millis(if known { 2000 } else { 500 }));
        known
    });
    for ((pod, id), (user, file)) in pods.iter().zip(&containers).zip([("alice", "uptime"), ("bob", "stat")]) {
        let mut file_of_log = std::fs::OpenOptions::new().append(true).open(&log).unwrap();
        writeln!(file_of_log, "{}", exec_entry(pod, user, &format!("/proc/{file}"))).unwrap();
        let args = ["tasks", "exec", "--exec-id", user, id, "cat", &format!("/proc/{file}")];
        assert!(containerd.ctr("k8s.io", &args).output().unwrap().status.success());
    }
    std::thread::sleep(Duration::from_millis(1500));
    let answer = agent.trigger(&["--pod", "shop/front-0"]);
    let capture = answer["capture"].as_str().unwrap_or_else(|| panic!("{answer}"));
    assert_eq!(agent.ended(capture)["result"], "complete");
    drop(kubelet);

    let trace = agent.trace(capture);
    let here = format!("container.full_id = {}", containers[0]);
    let owned = "k8s.deployment.name = web and k8s.rs.name = web-7f and k8s.node.name = node-1";
    let by_alice = "k8s.exec.user = alice and proc.cmdline = 'cat /proc/uptime'";
    let late = format!("{here} and {by_alice} and {owned}");
    assert!(count(&trace, &late) > 0, "{}", agent.log());
    // The entries about this pod, and nothing of those about the other one.
    assert_eq!(
        count(&trace, "evt.type = k8s_audit and ka.target.pod.name = front-0"),
        1
    );
    assert_eq!(count(&trace, "evt.type = k8s_audit"), 1);
    assert!(!support::holds(&trace, "bob") && !support::holds(&trace, "back-0"));
    let file = std::fs::read(agent.folder().join(format!("{capture}.scap"))).unwrap();
    let token = server.token.as_bytes();
    assert!(!file.windows(token.len()).any(|part| part == token));
}

/// What cannot be used is said with its key, also while another agent listens there.
#[test]
fn settings_of_kubernetes_are_checked() {
    let dir = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = format!("audit = ['webhook={}']\n", taken.local_addr().unwrap());
    for (text, said) in [
        (
            "api_server = '/nowhere/config'\n",
            &["api_server", "/nowhere/config"][..],
        ),
        ("audit = ['/nowhere/at/all.log']\n", &["`audit`", "/nowhere/at/all.log"]),
        (
            "audit = ['webhook=localhost']\n",
            &["`audit`", "localhost", "ADDRESS:PORT"],
        ),
        ("audit_token = '/nowhere/token'\n", &["`audit`", "/nowhere/token"]),
        (
            "audit = ['webhook=0']\naudit_cert = '/nowhere/cert'\n",
            &["`audit`", "key"],
        ),
        ("auditt = []\n", &["unknown field `auditt`", "`audit_token`"]),
        (taken.as_str(), &["the configuration is right"]),
    ] {
        let path = dir.path().join("agent.toml");
        std::fs::write(&path, format!("[kubernetes]\n{text}")).unwrap();
        let check: &mut Command = &mut capture();
        let output = check
            .args(["agent", "--check", "--config"])
            .arg(&path)
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(said.iter().all(|part| error.contains(part)), "{text}: {error}");
    }
}
