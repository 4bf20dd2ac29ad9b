//! Runtimes that do not answer, while alerts name what only they know.

mod support;

use serde_json::json;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::doors::{Doors, Wanted};
use support::{Bundle, can_run_containers, count, wait_for};

/// A daemon that takes connections and never says anything.
fn mute(path: &std::path::Path) -> Arc<Mutex<Vec<UnixStream>>> {
    let listener = UnixListener::bind(path).unwrap();
    let open = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&open);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            keep.lock().unwrap().push(stream);
        }
    });
    open
}

#[test]
fn runtimes_that_do_not_answer_hold_nothing_up() {
    let name = "runtimes_that_do_not_answer_hold_nothing_up";
    if !can_run_containers(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let sockets = ["containerd", "docker", "cri"].map(|kind| (kind, dir.path().join(format!("{kind}.sock"))));
    let asked: Vec<_> = sockets.iter().map(|(_, path)| mute(path)).collect();
    let list: Vec<String> = sockets
        .iter()
        .map(|(kind, path)| format!("'{kind}={}'", path.display()))
        .collect();
    let doors = Doors::start(
        dir.path(),
        &Wanted {
            recording: &format!("runtimes = [{}]\nkernel_ring = '64MiB'", list.join(", ")),
            sources: &["falco", "alertmanager"],
            captures: "pre = '60s'\npost = '500ms'",
            ..Wanted::default()
        },
    );
    let made = |at: u64| {
        let id = format!("{:08x}{at:04x}{:052x}", std::process::id(), 0x3_073);
        let script = "while :; do cat /proc/version; sleep 0.05; done";
        (Bundle::new(dir.path(), &id, &["/bin/sh", "-c", script]), id)
    };
    let check = |how: &str, at: u64, id: &str| {
        // A name that only a runtime could tell of: refused at once, with what is missing.
        let alert = json!({"version": "4", "status": "firing", "groupLabels": {}, "commonLabels": {}, "alerts": [{
            "status": "firing", "startsAt": "2026-01-01T00:00:00Z", "fingerprint": format!("f{at}"),
            "labels": {"alertname": "Crash", "namespace": "shop", "pod": "web-0", "container": "web"}}]});
        let began = Instant::now();
        let response = doors.post("alertmanager", &alert.to_string());
        let took = began.elapsed();
        println!(
            "{how}: a name was answered {} after {took:?}: {}",
            response.status, response.body
        );
        assert_eq!(response.status, 404);
        assert!(
            response
                .body
                .contains("container called web, namespace shop, pod web-0"),
            "{response:?}"
        );
        assert!(took < Duration::from_secs(4), "{took:?}");
        // The container itself, whatever Falco thinks its pod is.
        let alert = json!({"uuid": format!("u{at}"), "rule": "Terminal shell in container", "output": "o", "priority": "Error",
            "output_fields": {"container.id": &id[..12], "container.name": "web", "k8s.ns.name": "shop", "k8s.pod.name": "web-0"}});
        let events = doors.agent.metric("events_total");
        let began = Instant::now();
        let capture = doors.captured("falco", &alert.to_string());
        println!("{how}: an id was answered after {:?}", began.elapsed());
        assert!(began.elapsed() < Duration::from_secs(4));
        let summary = doors.agent.ended(&capture);
        assert_eq!(summary["result"], "complete", "{summary}");
        let trace = doors.agent.trace(&capture);
        assert!(
            count(&trace, "evt.type = execve and evt.dir = < and proc.name = cat") > 3,
            "{how}"
        );
        let untold = "not everything is known: ";
        // Who is not there at all has no containers to tell of.
        assert!(how == "removed" || response.body.contains(untold), "{response:?}");
        assert_eq!(count(&trace, &format!("not container.full_id = {id}")), 0);
        assert!(
            doors.agent.metric("events_total") > events,
            "{how}: nothing is recorded any more"
        );
    };
    let (bundle, id) = made(0);
    let first = bundle.start(&id);
    first.wait_until_it_runs();
    wait_for("a question", || {
        asked.iter().any(|open| !open.lock().unwrap().is_empty())
    });
    check("mute", 0, &id);
    // They are gone altogether, and a container begins that they will never tell of.
    for (_, path) in &sockets {
        std::fs::remove_file(path).unwrap();
    }
    asked.iter().for_each(|open| open.lock().unwrap().clear());
    let (bundle, id) = made(1);
    let second = bundle.start(&id);
    second.wait_until_it_runs();
    std::thread::sleep(Duration::from_secs(1));
    check("removed", 1, &id);
    assert_eq!(doors.agent.metric("events_lost_total"), 0.0);
}
