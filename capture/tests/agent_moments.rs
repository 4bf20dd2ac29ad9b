//! Triggers at awkward moments: two at the same instant, some while the agent ends, some about who was just born.

mod support;

use serde_json::Value;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, Instant};
use support::agent::Agent;
use support::doors::{Doors, Wanted, falco};
use support::{Bundle, can_record, can_run_containers, count, http};

/// A container that goes on and on.
fn working(dir: &std::path::Path, what: &str) -> (String, Bundle) {
    // With an id as the runtimes give them, one that is there before the agent is known.
    let id = format!("{:08x}{:04x}{:052x}", std::process::id(), what.len(), 0);
    let script = "while :; do cat /proc/version; sleep 0.05; done";
    let bundle = Bundle::new(dir, &id, &["/bin/sh", "-c", script]);
    (id, bundle)
}

#[test]
fn two_triggers_at_the_same_instant_are_one_capture() {
    let name = "two_triggers_at_the_same_instant_are_one_capture";
    if !can_run_containers(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let doors = Doors::start(
        dir.path(),
        &Wanted {
            sources: &["falco"],
            captures: "post = '200ms'",
            ..Wanted::default()
        },
    );
    let (id, bundle) = working(dir.path(), "twice");
    let running = bundle.start(&id);
    running.wait_until_it_runs();
    std::thread::sleep(Duration::from_millis(200));
    for round in 0..8 {
        let start = Arc::new(Barrier::new(3));
        let answers: Vec<Value> = std::thread::scope(|scope| {
            let mut asking = Vec::new();
            // Two of one source with ids of their own, and a person.
            for who in 0..3 {
                let (start, doors, id) = (Arc::clone(&start), &doors, id.as_str());
                asking.push(scope.spawn(move || {
                    let alert = falco(&format!("{round}-{who}"), id, None).to_string();
                    start.wait();
                    match who {
                        2 => doors.agent.trigger(&["--container", id]),
                        _ => doors.post("falco", &alert).json(),
                    }
                }));
            }
            asking.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let new = answers.iter().filter(|answer| answer["result"] == "captured").count();
        let joined = answers.iter().filter(|answer| answer["result"] == "joined").count();
        assert_eq!((new, joined), (1, 2), "{answers:?}");
        assert!(
            answers.iter().all(|answer| answer["capture"] == answers[0]["capture"]),
            "{answers:?}"
        );
        let capture = answers[0]["capture"].as_str().unwrap();
        let summary = doors.agent.ended(capture);
        assert_eq!(
            (summary["result"].as_str(), summary["joined"].as_u64()),
            (Some("complete"), Some(2)),
            "{summary}"
        );
        assert_eq!(doors.agent.trace(capture).attachments().len(), 3);
    }
    assert_eq!(doors.agent.metric("captures_begun_total"), 8.0);
}

/// Whoever gets an id finds a sealed capture; the others are told to try again, or nobody is there any more.
#[test]
fn triggers_while_the_agent_ends_are_captured_or_refused() {
    let name = "triggers_while_the_agent_ends_are_captured_or_refused";
    if !can_run_containers(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (id, bundle) = working(dir.path(), "ending");
    let running = bundle.start(&id);
    running.wait_until_it_runs();
    for round in 0..4 {
        let mut doors = Doors::start(
            dir.path(),
            &Wanted {
                sources: &["falco"],
                captures: "post = '100ms'",
                http: "limits = { repeat_ms = 0 }",
                ..Wanted::default()
            },
        );
        std::thread::sleep(Duration::from_millis(300));
        let ended = AtomicBool::new(false);
        let answers: Mutex<Vec<(u16, Value)>> = Mutex::default();
        let (to, token, folder) = (doors.address(), doors.token.clone(), doors.agent.folder());
        let (status, took) = std::thread::scope(|scope| {
            for who in 0..4 {
                let (ended, answers, token, id, dir) = (&ended, &answers, token.as_str(), id.as_str(), dir.path());
                scope.spawn(move || {
                    for at in 0.. {
                        if ended.load(Ordering::Relaxed) {
                            return;
                        }
                        let answered = if who == 0 {
                            let output = support::agent::ask(dir, "trigger", &["--json", "--container", id]);
                            serde_json::from_slice(&output.stdout)
                                .ok()
                                .map(|answer: Value| (answer["status"].as_u64().unwrap_or(0) as u16, answer))
                        } else {
                            let alert = falco(&format!("{round}-{who}-{at}"), id, None).to_string();
                            let shown = format!("Bearer {token}");
                            let headers = [("authorization", &*shown)];
                            let answered = http::try_request(to, "POST", "/v1/falco", &headers, alert.as_bytes());
                            answered
                                .ok()
                                .map(|answer| (answer.status, serde_json::from_str(&answer.body).unwrap_or_default()))
                        };
                        answers.lock().unwrap().extend(answered);
                        // Below what one source may send.
                        std::thread::sleep(Duration::from_millis(80));
                    }
                });
            }
            std::thread::sleep(Duration::from_millis(400 + round * 37));
            let began = Instant::now();
            let status = doors.agent.stop();
            let took = began.elapsed();
            std::thread::sleep(Duration::from_millis(100));
            ended.store(true, Ordering::Relaxed);
            (status, took)
        });
        assert_eq!(status, Some(0), "{}", doors.agent.log());
        let answers = answers.into_inner().unwrap();
        let mut by_status = std::collections::BTreeMap::new();
        for (status, answer) in &answers {
            *by_status.entry(*status).or_insert(0) += 1;
            match status {
                202 => {
                    let capture = answer["capture"].as_str().unwrap();
                    let side = std::fs::read(folder.join(format!("{capture}.json"))).unwrap();
                    let summary: Value = serde_json::from_slice(&side).unwrap();
                    let result = summary["result"].as_str().unwrap();
                    assert!(
                        ["complete", "ended early"].contains(&result) && summary["sealed"] == true,
                        "{summary}"
                    );
                    assert!(folder.join(format!("{capture}.scap")).exists());
                }
                // The client says so where nobody listens any more.
                503 | 0 => assert!(answer["error"].is_string(), "{answer}"),
                _ => panic!("{status}: {answer}"),
            }
        }
        println!("round {round}: {by_status:?}, ended after {took:?}");
        assert!(by_status[&202] > 0 && took < Duration::from_secs(5), "{took:?}");
        let left = std::fs::read_dir(&folder)
            .unwrap()
            .flatten()
            .map(|entry| entry.file_name().into_string().unwrap());
        let left: Vec<String> = left
            .filter(|name| name.ends_with(".part") || name.ends_with(".new"))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// A container that crashes under attack comes again under its id: both its lives are in the capture, from their first calls.
#[test]
fn a_container_that_is_started_again_stays_in_its_capture() {
    let name = "a_container_that_is_started_again_stays_in_its_capture";
    if !can_run_containers(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let doors = Doors::start(
        dir.path(),
        &Wanted {
            recording: "kernel_ring = '64MiB'",
            sources: &["falco"],
            captures: "pre = '60s'\npost = '4s'",
            ..Wanted::default()
        },
    );
    let id = format!("{:08x}a9a1{:052x}", std::process::id(), 0);
    let script = "head -c 1 /data/life; cat /data/life; sleep 0.7; exec tail -f /data/life";
    let bundle = Bundle::new(dir.path(), &id, &["/bin/sh", "-c", script]);
    let live = |life: &str| {
        std::fs::write(bundle.data().join("life"), life).unwrap();
        let running = bundle.start(&id);
        running.wait_until_it_runs();
        running
    };
    let first = live("first");
    let capture = doors.captured("falco", &falco("one", &id[..12], None).to_string());
    drop(first);
    let second = live("second");
    let joined = doors.post("falco", &falco("two", &id[..12], None).to_string()).json();
    assert_eq!(
        (joined["result"].as_str(), &*capture),
        (Some("joined"), joined["capture"].as_str().unwrap())
    );
    let summary = doors.agent.ended(&capture);
    assert_eq!(summary["result"], "complete", "{summary}");
    drop(second);
    let trace = doors.agent.trace(&capture);
    let ran = "evt.type = execve and evt.dir = < and evt.rawres = 0 and proc.name =";
    for program in ["head", "cat", "sleep"] {
        assert_eq!(count(&trace, &format!("{ran} {program}")), 2, "{program}: {summary}");
    }
    assert_eq!(count(&trace, &format!("not container.full_id = {id}")), 0);
}

/// What an alert is about may have begun in the moment before.
#[test]
fn who_was_born_a_moment_ago_is_known() {
    if !can_record("who_was_born_a_moment_ago_is_known") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let agent = Agent::start(dir.path(), "[captures]\npre = '1s'\npost = '1ms'\n");
    for round in 0..20 {
        // A pause lets the recorder sleep for longer, at another point each time.
        std::thread::sleep(Duration::from_millis(10 + 7 * round));
        let mut born = Command::new("sleep").arg("60").spawn().unwrap();
        let answer = agent.trigger(&["--pid", &born.id().to_string()]);
        born.kill().unwrap();
        born.wait().unwrap();
        assert_eq!(answer["result"], "captured", "round {round}: {answer}");
        let summary = agent.ended(answer["capture"].as_str().unwrap());
        assert_eq!(summary["result"], "complete", "{summary}");
        assert!(summary["events"].as_u64() > Some(0), "{summary}");
    }
}
