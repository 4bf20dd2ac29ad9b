//! Alerts as the sources send them, about containers that run: each gets the capture of the container that it names.

mod support;

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::Duration;
use support::doors::{Doors, Wanted, corpus, now, rfc3339};
use support::provider::{Provider, TOPIC};
use support::{Bundle, Running, can_record, can_run_containers, count, holds, skip, wait_for};

/// A container that reads a file of its own again and again, with an id as the runtimes give them.
struct Victim {
    name: &'static str,
    id: String,
    bundle: Bundle,
}

impl Victim {
    fn new(dir: &std::path::Path, at: usize, name: &'static str) -> Victim {
        let id = format!("{:08x}{at:04x}{:052x}", std::process::id(), 0xa7_ae57);
        let script =
            format!("while :; do cat /data/{name}-own; [ -e /data/go ] && head -c 1 /data/{name}-own; sleep 0.1; done");
        let bundle = Bundle::new(dir, &id, &["/bin/sh", "-c", &script]);
        std::fs::write(bundle.data().join(format!("{name}-own")), name).unwrap();
        Victim { name, id, bundle }
    }
}

/// A finding of the corpus in the event that EventBridge makes of it.
fn finding(findings: &[Value], kubernetes: &Value, id: &str, container: &str) -> Value {
    let mut detail = findings[1]["finding"].clone();
    let mut resource = kubernetes["finding"]["Resource"].clone();
    resource["KubernetesDetails"]["KubernetesWorkloadDetails"]["Containers"][0]["Id"] =
        format!("containerd://{container}").into();
    detail["resource"] = resource;
    detail["id"] = id.into();
    detail["service"]["eventLastSeen"] = rfc3339(now()).into();
    json!({"version": "0", "id": id, "detail-type": "GuardDuty Finding", "source": "aws.guardduty", "account": "123456789012",
        "time": rfc3339(now()), "region": "us-east-1", "resources": [], "detail": detail})
}

fn documents(file: &str) -> Option<Vec<Value>> {
    Some(corpus(file)?.as_array()?.clone())
}

const NAMES: [&str; 8] = [
    "falco",
    "sidekick",
    "guardduty",
    "sns1",
    "sns2",
    "generic",
    "socket",
    "filter",
];

#[test]
fn every_source_captures_the_container_that_it_names() {
    let name = "every_source_captures_the_container_that_it_names";
    if !can_run_containers(name) {
        return;
    }
    let (Some(falco), Some(sidekick), Some(panther), Some(stix), Some(signed)) = (
        documents("falco-docs-json-events.json"),
        documents("falcosidekick-test-payloads.json"),
        documents("guardduty-findings-panther.json"),
        documents("guardduty-api-findings-stixshifter.json"),
        documents("sns-signed-messages.json"),
    ) else {
        skip(name, "no corpus beside the repository");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let Some(provider) = Provider::start(dir.path()) else {
        skip(name, "no openssl, or no port 443 for the stand-in of SNS");
        return;
    };
    let victims: BTreeMap<&str, Victim> = NAMES
        .iter()
        .enumerate()
        .map(|(at, name)| (*name, Victim::new(dir.path(), at, name)))
        .collect();
    let token = dir.path().join("token");
    let mut topics: Vec<&str> = signed
        .iter()
        .filter_map(|message| message["TopicArn"].as_str())
        .collect();
    topics.push(TOPIC);
    let more = format!(
        "[[source]]\nname = 'sidekick'\nkind = 'falco'\nauth = {{ token_file = '{0}' }}\n\
         [[source]]\nname = 'sns'\nkind = 'guardduty'\nauth = {{ sns_topics = {topics:?} }}\n\
         [[source]]\nkind = 'generic'\nauth = {{ token_file = '{0}' }}\n[source.mapping]\ntitle = '/what'\n\
         container_id = '/where/cid'\ntime = '/at'\npost_ms = '/post'\n\
         [[trigger.filter]]\nname = 'head'\ncondition = 'proc.name = head and container.full_id = {1}'\ncooldown = '1h'\n",
        token.display(),
        victims["filter"].id
    );
    let doors = Doors::start_with(
        dir.path(),
        &Wanted {
            sources: &["falco", "guardduty"],
            more: &more,
            captures: "pre = '60s'\npost = '1s'",
            ..Wanted::default()
        },
        |command| provider.lead(command),
    );
    let running: Vec<Running<'_>> = victims.values().map(|victim| victim.bundle.start(&victim.id)).collect();
    running.iter().for_each(Running::wait_until_it_runs);
    std::thread::sleep(Duration::from_millis(500));

    // What is no message of the provider's own leads to nothing, and nobody is asked for it.
    let post_sns = |envelope: &Value| {
        support::http::request(doors.address(), "POST", "/v1/sns", &[], envelope.to_string().as_bytes())
    };
    let mut strange = provider.message("SubscriptionConfirmation", "2", "You have chosen to subscribe");
    strange["SubscribeURL"] =
        format!("https://evil.example/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=x").into();
    provider.sign(&mut strange);
    // Whoever has kept an old message, with a signature that is right, gets nowhere.
    for old in &signed {
        let response = post_sns(old);
        assert!(
            response.status == 403 && response.body.contains("Timestamp: is not of the last hour"),
            "{response:?}"
        );
    }
    assert!(provider.asked().is_empty(), "{:?}", provider.asked());
    assert_eq!(post_sns(&strange).status, 403);
    let confirmed = post_sns(&provider.message("SubscriptionConfirmation", "2", "You have chosen to subscribe"));
    assert_eq!(
        (confirmed.status, confirmed.json()["subscription"].as_str()),
        (200, Some("subscribed"))
    );
    let asked = provider.asked();
    assert!(
        asked.len() == 2
            && asked[0].starts_with("GET /SimpleNotificationService-1.pem ")
            && asked[1].starts_with(&format!("GET /?Action=ConfirmSubscription&TopicArn={TOPIC}&")),
        "{asked:?}"
    );

    let mut sent: BTreeMap<&str, (String, String)> = BTreeMap::new();
    let id = |name: &str| victims[name].id.as_str();
    let event = |name: &str| finding(&panther, &stix[4], name, id(name));
    // Falco says the first twelve digits, and what it thinks the pod is called, which nobody here knows.
    let mut alert = falco[5]["event"].clone();
    alert["output_fields"]["container.id"] = id("falco")[..12].into();
    alert["time"] = rfc3339(now()).into();
    sent.insert("falco", (alert.to_string(), String::new()));
    let mut alert = sidekick[5]["json"].clone();
    alert["output_fields"]["container.id"] = id("sidekick")[..12].into();
    alert["uuid"] = "5a5c1c3d-8e6c-4a3b-9f1d-2b1f5b0c7a11".into();
    alert["time"] = rfc3339(now()).into();
    sent.insert("sidekick", (alert.to_string(), String::new()));
    sent.insert("guardduty", (event("guardduty").to_string(), String::new()));
    let alert =
        json!({"what": "odd", "at": now(), "where": {"cid": format!("docker://{}", id("generic"))}, "post": 700});
    sent.insert("generic", (alert.to_string(), String::new()));
    for (source, (body, capture)) in &mut sent {
        *capture = doors.captured(source, body);
    }
    for (name, version) in [("sns1", "1"), ("sns2", "2")] {
        let envelope = provider.message("Notification", version, &event(name).to_string());
        let mut changed = envelope.clone();
        changed["Message"] = envelope["Message"]
            .as_str()
            .unwrap()
            .replacen("us-east-1", "us-east-2", 1)
            .into();
        let refused = post_sns(&changed);
        assert!(
            refused.status == 403 && refused.body.contains("signature"),
            "{refused:?}"
        );
        let response = post_sns(&envelope);
        assert_eq!(response.status, 202, "{response:?}");
        let capture = response.json()["capture"].as_str().unwrap().to_owned();
        sent.insert(name, (envelope.to_string(), capture));
    }
    assert_eq!(provider.asked().len(), 2, "one certificate is fetched once");
    let answer = doors.agent.trigger(&["--container", id("socket"), "--reason", "odd"]);
    sent.insert(
        "socket",
        (String::new(), answer["capture"].as_str().unwrap().to_owned()),
    );
    std::fs::write(victims["filter"].bundle.data().join("go"), "").unwrap();
    let of_filter = || -> Option<String> {
        let listed = doors.agent.ask("captures", &["--json"]);
        let all = String::from_utf8_lossy(&listed.stdout).into_owned();
        let all = all.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut found = all.filter(|summary| summary["alerts"][0]["source"] == "filter");
        found.next()?["capture"].as_str().map(str::to_owned)
    };
    wait_for("the condition", || of_filter().is_some());
    sent.insert("filter", (String::new(), of_filter().unwrap()));

    for (name, (body, capture)) in &sent {
        let summary = doors.agent.ended(capture);
        assert_eq!(summary["result"], "complete", "{name}: {summary}");
        let source = if name.starts_with("sns") { "sns" } else { name };
        assert_eq!(summary["alerts"][0]["source"], *source, "{summary}");
        assert_eq!(summary["scope"]["containers"].as_array().unwrap().len(), 1, "{summary}");
        assert_eq!(
            summary["scope"]["containers"][0]["full_id"], *victims[name].id,
            "{summary}"
        );
        let trace = doors.agent.trace(capture);
        assert_eq!(
            count(&trace, &format!("not container.full_id = {}", victims[name].id)),
            0
        );
        assert!(
            count(&trace, &format!("evt.type = read and fd.name = /data/{name}-own")) > 5,
            "{name}"
        );
        for other in victims.values().filter(|other| other.name != *name) {
            assert!(
                !holds(&trace, &format!("{}-own", other.name)) && !holds(&trace, &other.id),
                "{name}: {}",
                other.name
            );
        }
        let attached = trace.attachments().to_vec();
        assert_eq!(attached.len(), 1, "{name}");
        if !body.is_empty() {
            assert_eq!(
                trace.attachment(&attached[0]).unwrap(),
                body.as_bytes(),
                "{name}: as it came"
            );
        }
    }
    assert_eq!(doors.agent.metric("captures_begun_total"), NAMES.len() as f64);
    // The node, by a signal: everybody.
    doors.agent.signal(libc::SIGUSR1);
    wait_for("the node", || {
        doors.agent.metric("captures_total{result=\"complete\"}") == NAMES.len() as f64 + 1.0
    });
    assert_eq!(
        doors
            .agent
            .metric("triggers_total{source=\"signal\",result=\"captured\"}"),
        1.0
    );
    let newest = std::fs::read_dir(doors.agent.folder())
        .unwrap()
        .flatten()
        .map(|entry| entry.path());
    let newest = newest
        .filter(|path| path.extension().is_some_and(|kind| kind == "scap"))
        .max()
        .unwrap();
    let trace = afterimage_format::file::Trace::open(&newest).unwrap();
    assert!(
        victims
            .values()
            .all(|victim| holds(&trace, &format!("{}-own", victim.name)))
    );
}

/// Alerts about the host name a process: it is captured with what it starts, and nobody else.
#[test]
fn alerts_about_the_host_capture_the_process_that_they_name() {
    let name = "alerts_about_the_host_capture_the_process_that_they_name";
    if !can_record(name) {
        return;
    }
    let (Some(falco), Some(panther), Some(stix)) = (
        documents("falco-docs-json-events.json"),
        documents("guardduty-findings-panther.json"),
        documents("guardduty-api-findings-stixshifter.json"),
    ) else {
        skip(name, "no corpus beside the repository");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let doors = Doors::start(
        dir.path(),
        &Wanted {
            recording: "kernel_ring = '64MiB'",
            sources: &["falco", "guardduty"],
            captures: "pre = '60s'\npost = '1s'",
            ..Wanted::default()
        },
    );
    let work = |mark: &str| {
        let file = dir.path().join(format!("{mark}-own"));
        std::fs::write(&file, mark).unwrap();
        let script = format!("while :; do cat {}; sleep 0.1; done", file.display());
        let mut command = Command::new("sh");
        Worker(command.args(["-c", &script]).stdout(Stdio::null()).spawn().unwrap())
    };
    let (meant, other) = (work("meant"), work("bystander"));
    std::thread::sleep(Duration::from_millis(500));
    let mut alert = falco[5]["event"].clone();
    alert["time"] = rfc3339(now()).into();
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    // A process of another node has nothing to do with what has its number here.
    let mut elsewhere = alert.clone();
    elsewhere["uuid"] = "of another node".into();
    elsewhere["hostname"] = "elsewhere".into();
    elsewhere["output_fields"] = json!({"container.id": "host", "container.name": "host", "proc.pid": meant.0.id()});
    let refused = doors.post("falco", &elsewhere.to_string());
    assert_eq!(refused.status, 404, "{refused:?}");
    alert["hostname"] = host.trim().into();
    alert["output_fields"] = json!({"container.id": "host", "container.name": "host", "proc.pid": meant.0.id(),
        "k8s.ns.name": null, "k8s.pod.name": null});
    let capture = doors.captured("falco", &alert.to_string());
    let mut event = finding(&panther, &stix[4], "on the host", "");
    event["detail"]["resource"] = json!({"resourceType": "Instance"});
    event["detail"]["service"]["runtimeDetails"] = stix[6]["finding"]["Service"]["RuntimeDetails"].clone();
    event["detail"]["service"]["runtimeDetails"]["Process"]["Pid"] = meant.0.id().into();
    assert_eq!(
        doors.captured("guardduty", &event.to_string()),
        capture,
        "the same process"
    );
    let summary = doors.agent.ended(&capture);
    assert_eq!(
        (summary["result"].as_str(), &summary["scope"]["pid"]),
        (Some("complete"), &meant.0.id().into()),
        "{summary}"
    );
    let trace = doors.agent.trace(&capture);
    assert!(
        count(&trace, "evt.type = execve and evt.dir = < and proc.name = cat") > 5,
        "{summary}"
    );
    let tree = format!("proc.pid = {0} or proc.ppid = {0}", meant.0.id());
    assert_eq!(count(&trace, &format!("not ({tree})")), 0);
    assert!(holds(&trace, "meant-own") && !holds(&trace, "bystander-own"));
    assert_eq!(trace.attachments().len(), 2);
    drop(other);
}

/// A process that ends when this is dropped.
struct Worker(std::process::Child);

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
