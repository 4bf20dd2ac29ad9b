//! Alerts as sources send them: what is triggered, and for whom. Samples of our own first, then the corpus.

mod support;

use afterimage_alerts::protocol::{Selector, Trigger};
use afterimage_alerts::settings::{Kind, Mapping};
use afterimage_alerts::sources::{Found, read};
use base64::Engine;
use serde_json::{Value, json};
use support::payloads::{ALERTMANAGER, FALCO, GENERIC, GUARDDUTY, SCC};
use support::{corpus, skip};

fn mapping() -> Mapping {
    Mapping {
        alerts: "/events".to_owned(),
        title: "/what/name".to_owned(),
        severity: "/level".to_owned(),
        time: "/at".to_owned(),
        container_id: "/where/cid".to_owned(),
        pid: "/where/pid".to_owned(),
        pre_ms: "/pre".to_owned(),
        ..Mapping::default()
    }
}

fn found(kind: Kind, body: &str) -> Found {
    read(kind, Some(&mapping()), body.as_bytes()).unwrap_or_else(|reason| panic!("{reason}: {body}"))
}

fn one(kind: Kind, body: &Value) -> Trigger {
    let found = found(kind, &body.to_string());
    assert_eq!(found.triggers.len(), 1, "{found:?}");
    found.triggers.into_iter().next().unwrap()
}

/// A selector in one line: what is set, in the order of its fields.
fn line(selector: &Selector) -> String {
    let pid = selector.pid.map(|pid| pid.to_string()).unwrap_or_default();
    let all = [
        ("id", &selector.container_id),
        ("name", &selector.container_name),
        ("ns", &selector.namespace),
        ("pod", &selector.pod),
        ("uid", &selector.pod_uid),
        ("pid", &pid),
        ("node", &selector.node),
    ];
    let set = all.iter().filter(|(_, value)| !value.is_empty());
    set.map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join(" ")
}

fn lines(trigger: &Trigger) -> Vec<String> {
    trigger.selectors.iter().map(line).collect()
}

const AT: i64 = 1_767_323_045_000_000_000;

#[test]
fn every_source_says_who_is_meant() {
    let check = |kind, body: &str, expected: &[(&str, &str, Option<i64>, &[&str])]| {
        let found = found(kind, body);
        let seen: Vec<_> = found
            .triggers
            .iter()
            .map(|t| (&*t.title, &*t.severity_raw, t.time, lines(t)))
            .collect();
        let expected = expected.iter().map(|(title, severity, time, selectors)| {
            (
                *title,
                *severity,
                *time,
                selectors.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>(),
            )
        });
        assert_eq!(seen, expected.collect::<Vec<_>>());
    };
    check(
        Kind::Falco,
        FALCO,
        &[(
            "Terminal shell in container",
            "Warning",
            Some(AT + 678_901_234),
            &["id=3ad7b26ded6d name=web ns=shop pod=web-0 pid=4711 node=node-1"],
        )],
    );
    check(
        Kind::Alertmanager,
        ALERTMANAGER,
        &[
            ("Crash", "critical", Some(AT), &["name=web ns=shop pod=web-0"]),
            ("Crash", "critical", Some(AT + 1_000_000_000), &["ns=shop pod=web-1"]),
        ],
    );
    check(
        Kind::GuardDuty,
        GUARDDUTY,
        &[(
            "Execution:Runtime/NewBinaryExecuted",
            "5.0",
            Some(AT),
            &[
                "id=7f3c9d8e name=web ns=shop pod=web-0 uid=0c9d2f3e-1111-2222-3333-444455556666 pid=4711 node=ip-10-0-0-7.ec2.internal",
            ],
        )],
    );
    let selectors: &[&str] = &[
        "name=web ns=shop pod=web-0 node=gke-node-1",
        "name=side ns=shop pod=web-0 node=gke-node-1",
    ];
    check(
        Kind::Scc,
        SCC,
        &[("Added Binary Executed", "HIGH", Some(AT + 678_000_000), selectors)],
    );
    let data = base64::engine::general_purpose::STANDARD.encode(SCC);
    let push = json!({ "message": { "data": data, "messageId": "1" }, "subscription": "projects/p/subscriptions/s" });
    check(
        Kind::Scc,
        &push.to_string(),
        &[("Added Binary Executed", "HIGH", Some(AT + 678_000_000), selectors)],
    );
    check(
        Kind::Generic,
        GENERIC,
        &[("Odd", "9", Some(AT), &["id=abc pid=12"]), ("Odder", "low", None, &[])],
    );
    assert_eq!(found(Kind::Generic, GENERIC).triggers[1].pre, Some(5000));
    assert_eq!(found(Kind::Alertmanager, ALERTMANAGER).passed, ["resolved"]);
}

#[test]
fn falco_says_nothing_in_many_ways() {
    let check = |fields: Value, expected: &[&str]| {
        let event = json!({ "rule": "r", "output": "o", "priority": "Error", "output_fields": fields });
        assert_eq!(lines(&one(Kind::Falco, &event)), expected, "{event}");
    };
    check(json!(null), &[]);
    check(
        json!({ "container.id": "host", "container.name": "host", "proc.pid": 7 }),
        &["pid=7"],
    );
    check(
        json!({ "container.id": null, "k8s.pod.name": "", "k8s.ns.name": "<NA>" }),
        &[],
    );
    check(
        json!({ "container.id": "a1", "container.full_id": "a1b2" }),
        &["id=a1b2"],
    );
    check(
        json!({ "proc.pid": -1, "k8smeta.pod.name": "p", "k8smeta.ns.name": "n" }),
        &["ns=n pod=p"],
    );
    check(
        json!({ "ka.target.resource": "pods", "ka.target.namespace": "n", "ka.target.name": "p" }),
        &["ns=n pod=p"],
    );
    check(
        json!({ "ka.target.resource": "events", "ka.target.namespace": "n", "ka.target.name": "p" }),
        &[],
    );
    check(json!({ "container.id": ["x"], "proc.pid": {} }), &[]);
    // Only the kernel's own events are about the host that they come from.
    let of = |source: Value| {
        json!({ "rule": "r", "output": "o", "hostname": "node-1", "source": source,
            "output_fields": { "container.id": "host" } })
    };
    for source in [json!(null), json!(""), json!("syscall"), json!("Syscalls")] {
        assert_eq!(lines(&one(Kind::Falco, &of(source))), ["node=node-1"]);
    }
    for source in ["k8s_audit", "internal", "okta", "aws_cloudtrail", "github"] {
        assert_eq!(lines(&one(Kind::Falco, &of(source.into()))), [""; 0], "{source}");
    }
    let mut there = of("okta".into());
    let here = one(Kind::Falco, &there).id;
    there["hostname"] = "node-2".into();
    assert_ne!(one(Kind::Falco, &there).id, here);
    // Twice the same event is the same alert; another time is another one.
    let event = |time: &str| json!({ "rule": "r", "output": "o", "time": time });
    assert_eq!(one(Kind::Falco, &event("a")).id, one(Kind::Falco, &event("a")).id);
    assert_ne!(one(Kind::Falco, &event("a")).id, one(Kind::Falco, &event("b")).id);
    let two = json!([event("a"), event("b")]);
    assert_eq!(found(Kind::Falco, &two.to_string()).triggers.len(), 2);
}

#[test]
fn labels_of_prometheus_say_who_is_meant() {
    let check = |labels: Value, expected: &[&str]| {
        let body = json!({ "alerts": [{ "status": "firing", "labels": labels }] });
        assert_eq!(lines(&one(Kind::Alertmanager, &body)), expected, "{body}");
    };
    // kube-state-metrics measures pods of others; its own labels stand beside theirs.
    let own = json!({ "namespace": "monitoring", "pod": "kube-state-metrics-x", "container": "kube-state-metrics" });
    let with = |more: Value| {
        let mut labels = own.clone();
        labels
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        labels
    };
    check(
        own.clone(),
        &["name=kube-state-metrics ns=monitoring pod=kube-state-metrics-x"],
    );
    check(
        with(json!({ "exported_namespace": "shop", "exported_pod": "web-1" })),
        &["ns=shop pod=web-1"],
    );
    check(
        with(json!({ "exported_pod": "web-1", "exported_container": "web" })),
        &["name=web ns=monitoring pod=web-1"],
    );
    check(with(json!({ "exported_namespace": "shop" })), &["ns=shop"]);
    // cAdvisor: the container is in the path of its cgroup.
    let id = "0123456789abcdef".repeat(4);
    for path in [
        format!("/docker/{id}"),
        format!("/system.slice/docker-{id}.scope"),
        format!("/kubepods.slice/kubepods-pod1.slice/cri-containerd-{id}.scope"),
        format!("/kubepods.slice/crio-{id}.scope"),
        format!("/machine.slice/libpod-{id}.scope"),
    ] {
        check(json!({ "id": path }), &[&format!("id={id}")]);
        check(json!({ "id": path, "container_id": "docker://abc" }), &["id=abc"]);
    }
    for path in [
        id.clone(),
        "/".to_owned(),
        format!("/docker/{id}/init"),
        format!("/docker/{}", &id[1..]),
        format!("/docker/{id}0"),
    ] {
        check(json!({ "id": path, "instance": "node-1:9100" }), &["node=node-1"]);
    }
}

#[test]
fn guardduty_in_all_its_shapes() {
    let event: Value = serde_json::from_str(GUARDDUTY).unwrap();
    let finding = &event["detail"];
    let expected = one(Kind::GuardDuty, &event);
    assert_eq!(one(Kind::GuardDuty, finding), expected);
    assert_eq!(one(Kind::GuardDuty, &json!({ "Findings": [finding] })), expected);
    let mut twice = finding.clone();
    twice["resource"] = json!({ "ecsClusterDetails": { "taskDetails": { "containers": [
        { "containerRuntime": "docker", "id": "docker://aa", "name": "one" }, { "id": "bb", "name": "two" } ] } } });
    assert_eq!(
        lines(&one(Kind::GuardDuty, &twice)),
        ["id=aa name=one", "id=bb name=two", "pid=4711"]
    );
    twice["resource"] = json!({ "containerDetails": { "id": "cc", "name": "x" } });
    assert_eq!(lines(&one(Kind::GuardDuty, &twice)), ["id=cc name=x pid=4711"]);
    twice["resource"] = json!({ "kubernetesDetails": { "kubernetesWorkloadDetails": {
        "name": "web", "type": "deployments", "namespace": "shop" } } });
    assert_eq!(lines(&one(Kind::GuardDuty, &twice)), ["pid=4711"]);
    // An instance has several names. They are told where nothing else says who is meant.
    let named = |names: &[&str], resource: Value| {
        let interfaces: Vec<Value> = names.iter().map(|name| json!({ "privateDnsName": name })).collect();
        let mut finding = twice.clone();
        finding["resource"] = resource;
        finding["resource"]["instanceDetails"] = json!({ "instanceId": "i-1", "networkInterfaces": interfaces });
        finding
    };
    let process = named(&["a", "", "b", "a"], json!({}));
    assert_eq!(
        lines(&one(Kind::GuardDuty, &process)),
        ["pid=4711 node=a", "pid=4711 node=b", "pid=4711 node=i-1"]
    );
    let mut host = named(&["a"], json!({}));
    host["service"] = json!({});
    assert_eq!(lines(&one(Kind::GuardDuty, &host)), ["node=a", "node=i-1"]);
    let two = json!([{ "id": "aa", "name": "one" }, { "name": "two" }]);
    let task = named(
        &["a"],
        json!({ "ecsClusterDetails": { "taskDetails": { "containers": two } } }),
    );
    assert_eq!(
        lines(&one(Kind::GuardDuty, &task)),
        [
            "id=aa name=one node=a",
            "name=two node=a",
            "pid=4711 node=a",
            "name=two node=i-1",
            "pid=4711 node=i-1"
        ]
    );
    let names: Vec<String> = (0..500).map(|number| format!("n{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(one(Kind::GuardDuty, &named(&names, json!({}))).selectors.len(), 64);
    for (key, value, why) in [
        ("archived", json!(true), "inactive"),
        ("additionalInfo", json!({ "sample": true }), "sample"),
    ] {
        let mut quiet = event.clone();
        quiet["detail"]["service"][key] = value;
        assert_eq!(found(Kind::GuardDuty, &quiet.to_string()).passed, [why]);
    }
}

#[test]
fn what_is_no_alert_is_refused_with_a_reason() {
    let check = |kind, body: &str, expected: &str| {
        let reason = read(kind, Some(&mapping()), body.as_bytes())
            .expect_err(body)
            .to_string();
        assert!(reason.starts_with(expected), "{body}: {reason}");
    };
    for kind in [
        Kind::Falco,
        Kind::Alertmanager,
        Kind::GuardDuty,
        Kind::Scc,
        Kind::Generic,
    ] {
        check(kind, "", "the body is empty");
        check(kind, "{", "the body is no JSON: EOF while parsing an object at line 1");
        check(kind, &"[".repeat(10_000), "the body is no JSON: recursion limit");
        check(kind, &"[".repeat(100_000), "the body has more than 65536 values");
        assert!(read(kind, None, b"\xff\xfe").is_err());
        assert!(read(kind, None, b"42").is_err());
    }
    check(
        Kind::Falco,
        "{}",
        "rule: expected the name of the rule that fired, found nothing",
    );
    check(
        Kind::Falco,
        r#"{"rule":""}"#,
        "rule: expected the name of the rule that fired, found an empty text",
    );
    check(Kind::Falco, r#"{"rule":"r"}"#, "output_fields: expected the fields");
    check(
        Kind::Falco,
        r#"{"rule":"r","output_fields":[]}"#,
        "output_fields: expected an object, found a list",
    );
    check(Kind::Falco, r#"[{"rule":"r","output":"o"},{}]"#, "[1].rule: expected");
    check(Kind::Falco, "[]", "the list of alerts is empty");
    check(
        Kind::Alertmanager,
        r#"{"version":"3","alerts":[]}"#,
        "version: expected \"4\", found \"3\"",
    );
    check(
        Kind::Alertmanager,
        "{}",
        "alerts: expected a list of alerts, found nothing",
    );
    check(
        Kind::Alertmanager,
        r#"{"alerts":[{}]}"#,
        "alerts[0].labels: expected an object, found nothing",
    );
    check(
        Kind::Alertmanager,
        r#"{"alerts":[{"labels":{}}]}"#,
        "alerts[0].status: expected \"firing\"",
    );
    check(
        Kind::GuardDuty,
        r#"{"detail-type":"EC2 State","detail":{}}"#,
        "detail-type: expected \"GuardDuty Finding\"",
    );
    check(
        Kind::GuardDuty,
        r#"{"detail-type":"GuardDuty Finding","detail":{}}"#,
        "detail.id: expected the id",
    );
    check(
        Kind::GuardDuty,
        r#"{"Findings":[{"Id":"1"}]}"#,
        "Findings.[0].type: expected the type",
    );
    check(
        Kind::GuardDuty,
        r#"{"Records":[]}"#,
        "Records: this is what SNS hands to Lambda",
    );
    check(Kind::Scc, "{}", "finding: expected an object, found nothing");
    check(Kind::Scc, r#"{"finding":{"name":"n"}}"#, "finding.category: expected");
    check(Kind::Scc, r#"{"message":{"data":"*"}}"#, "message.data: is no base64");
    check(
        Kind::Scc,
        r#"{"message":{"data":"e30="}}"#,
        "message.data.finding: expected an object",
    );
    check(
        Kind::Generic,
        "{}",
        "/events: expected a list of alerts (mapping.alerts), found nothing",
    );
    check(
        Kind::Generic,
        r#"{"events":[{}]}"#,
        "/events.[0]./what/name: expected the name",
    );
}

#[test]
fn a_small_body_does_not_become_a_large_one() {
    let long = "n".repeat(2000);
    let container = json!({ "id": "x", "name": "y" });
    let workload = json!({ "name": long, "type": "pods", "namespace": long, "containers": vec![container; 10_000] });
    let finding = json!({ "id": "1", "type": "T",
        "resource": { "kubernetesDetails": { "kubernetesWorkloadDetails": workload } } });
    let trigger = one(Kind::GuardDuty, &finding);
    assert_eq!(trigger.selectors.len(), 64);
    assert_eq!(trigger.selectors[0].namespace.len(), 1024);
    let alert = json!({ "labels": {}, "status": "firing" });
    let many = json!({ "commonLabels": { "pod": long }, "alerts": vec![alert; 10_000] });
    let found = found(Kind::Alertmanager, &many.to_string());
    assert_eq!((found.triggers.len(), found.left_out), (1024, 8976));
}

fn documents(file: &str) -> Option<Vec<Value>> {
    let path = corpus(file)?;
    Some(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
}

#[test]
fn falco_of_the_corpus() {
    let (Some(events), Some(sidekick)) = (
        documents("falco-docs-json-events.json"),
        documents("falcosidekick-test-payloads.json"),
    ) else {
        return skip("falco_of_the_corpus", "no corpus beside the repository");
    };
    let mut seen = Vec::new();
    for event in events.iter().map(|document| &document["event"]) {
        let found = found(Kind::Falco, &event.to_string());
        let quiet = event["rule"].as_str().unwrap().ends_with("metrics snapshot") && event["source"] == "internal";
        assert_eq!(found.triggers.is_empty(), quiet, "{event}");
        seen.extend(
            found
                .triggers
                .iter()
                .map(|t| format!("{}: {} {}", t.title, t.severity_raw, lines(t).join(", "))),
        );
    }
    let expected = [
        "Disallowed K8s User: Warning ",
        "Disallowed K8s User: Warning ",
        "Attach/Exec Pod: Notice ns=hello-app pod=nginx-676b6c5bbc-4xc6t node=my-pool-1-node-921b61",
        "Fake rule: Error ",
        "Attach/Exec Pod: Notice ns=default pod=kubecon node=falco-k8saudit-eks-96d7f6f99-vwjgc",
        "Terminal shell in container: Notice id=5892b41bcf46 ns=default pod=alpine",
        "Contact K8S API Server From Container: Notice id=12fc4de5ccc3 ns=openfaas-fn pod=falco-pod-delete-7dc9f5fbb8-gbfk7",
        "Terminal shell in container: Notice id=f29b261f8831 ns=default pod=alpine",
        "Terminal shell in container: Notice id=788861c3cf83 ns=default pod=alpine-deployment-77789455d6-m7flp",
        "Terminal shell in container: Notice id=cbd3133ccac6 ns=default pod=alpine",
    ];
    assert_eq!(seen[..expected.len()], expected);
    // The rest are excerpts of metrics without their source.
    assert!(
        seen[expected.len()..]
            .iter()
            .all(|line| line.starts_with("Falco internal: metrics")),
        "{seen:?}"
    );
    let (good, bad): (Vec<_>, Vec<_>) = sidekick
        .iter()
        .partition(|document| document["json"].get("rule").is_some());
    assert_eq!((good.len(), bad.len()), (6, 4));
    for document in good {
        let trigger = one(Kind::Falco, &document["json"]);
        assert!(!trigger.title.is_empty() && !trigger.id.is_empty());
    }
    for document in bad {
        assert!(read(Kind::Falco, None, document["json"].to_string().as_bytes()).is_err());
    }
}

#[test]
fn clouds_of_the_corpus() {
    let (Some(stix), Some(panther), Some(alertmanager), Some(scc)) = (
        documents("guardduty-api-findings-stixshifter.json"),
        documents("guardduty-findings-panther.json"),
        corpus("alertmanager-webhook-prom_post_request.json"),
        corpus("gcp-scc"),
    ) else {
        return skip("clouds_of_the_corpus", "no corpus beside the repository");
    };
    let body = std::fs::read_to_string(alertmanager).unwrap();
    let alert = &found(Kind::Alertmanager, &body).triggers[0];
    assert_eq!(lines(alert), ["node=instance-with-hyphen_and_underscore"]);
    assert_eq!(
        (&*alert.title, alert.time),
        ("high_memory_load", Some(1_520_422_401_873_077_559))
    );

    for document in &panther {
        let found = found(Kind::GuardDuty, &document["finding"].to_string());
        assert_eq!(
            found.triggers.is_empty(),
            document["name"].as_str().unwrap().ends_with("Sample Data")
        );
    }
    let mut whole = 0;
    for document in &stix {
        // Some are parts of findings; with id and type they are whole.
        let mut finding = document["finding"].clone();
        let list = finding.get("Findings").is_some();
        let part = if list {
            &mut finding["Findings"][0]
        } else {
            &mut finding
        };
        whole += usize::from(part.get("Id").is_some());
        part["Id"] = "1".into();
        part["Type"] = "T".into();
        if let Some(info) = part
            .get_mut("Service")
            .and_then(|service| service.get_mut("AdditionalInfo"))
        {
            info["Value"] = "{}".into();
        }
        let trigger = one(Kind::GuardDuty, &finding);
        let text = finding.to_string();
        let expected: &[&str] = match () {
            () if text.contains("KubernetesWorkloadDetails") => {
                &["name=GeneratedFindingContainerName ns=GeneratedFindingKubernetesWorkloadNamespace"]
            }
            () if text.contains("EcsClusterDetails") => &["name=GeneratedFindingContainerName"],
            () if text.contains("RuntimeDetails") => &["pid=1234"],
            () if text.contains("ContainerDetails") => &["id=abcdefghijklmn name=GeneratedFindingContainerName"],
            () if text.contains("cp4s_proofpoint_development") => {
                &["node=ip-11-111-111-111.ec2.internal", "node=i-0bc12345678910"]
            }
            () if text.contains("cp4s-splunk") => &["node=ip-111-11-11-11.ec2.internal", "node=i-0999999999999999"],
            () if text.contains("GeneratedFindingPrivateDnsName") => {
                &["node=GeneratedFindingPrivateDnsName", "node=i-10000000"]
            }
            () => &[],
        };
        assert_eq!(lines(&trigger), expected, "{text}");
    }
    assert_eq!(whole, 5);
    let mut count = 0;
    for entry in std::fs::read_dir(scc).unwrap() {
        let path = entry.unwrap().path();
        let body = std::fs::read(&path).unwrap();
        let result = read(Kind::Scc, None, &body);
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        count += 1;
        if name == "bad_ip.json" {
            // An entry of Cloud Logging, no notification.
            assert_eq!(
                result.unwrap_err().to_string(),
                "finding: expected an object, found nothing"
            );
            continue;
        }
        let trigger = result.unwrap().triggers.remove(0);
        let node = if name == "bad_ip_scc-remediated.json" {
            vec!["node=bad-ip-caller"]
        } else {
            Vec::new()
        };
        assert_eq!(lines(&trigger), node, "{name}");
        // Two were made up to have happened in 1970.
        let made_up = name.starts_with("iam_anomalous") || name.starts_with("ssh_brute");
        assert!(trigger.time.is_some() || made_up, "{name}");
    }
    assert_eq!(count, 23);
}
