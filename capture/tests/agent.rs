//! `capture agent`: alerts become captures that begin before them, and that have nothing of others.

mod support;

use afterimage_format::file::{Trace, verify};
use std::process::Command;
use std::time::{Duration, Instant};
use support::agent::Agent;
use support::{Bundle, Running, can_record, can_run_containers, count, holds, select, wait_for};

const SHORT: &str = "[captures]\npre = '60s'\npost = '500ms'\n";

/// The alert comes when its container is gone; agent_attack.rs has one that comes much later.
#[test]
fn a_capture_begins_before_its_alert_and_is_the_containers_alone() {
    let name = "a_capture_begins_before_its_alert_and_is_the_containers_alone";
    if !can_run_containers(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("key");
    assert!(
        Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(&key)
            .status()
            .unwrap()
            .success()
    );
    let config = format!("{SHORT}sign_key = '{}'\n", key.display());
    let agent = Agent::start(dir.path(), &config);
    let id = format!("afterimage-attacked-{}", std::process::id());
    let other_id = format!("afterimage-tenant-{}", std::process::id());
    let bundle = Bundle::new(
        dir.path(),
        &id,
        &[
            "/bin/sh",
            "-c",
            "cat /data/inside-marker; sleep 0.3; head -c 1 /proc/version",
        ],
    );
    let other = Bundle::new(
        dir.path(),
        &other_id,
        &["/bin/sh", "-c", "while :; do cat /data/outsidemarker; sleep 0.02; done"],
    );
    for (bundle, file) in [(&bundle, "inside-marker"), (&other, "outsidemarker")] {
        std::fs::write(bundle.data().join(file), file).unwrap();
    }
    let tenant = other.start(&other_id);
    assert!(bundle.run(&id).status.success());
    std::thread::sleep(Duration::from_secs(1));
    let answer = agent.trigger(&["--container", &id, "--reason", "Terminal shell in container"]);
    assert!(answer["ok"] == true && answer["joined"] == false, "{answer}");
    let capture = answer["capture"].as_str().unwrap();
    let summary = agent.ended(capture);
    drop(tenant);

    assert_eq!(summary["result"], "complete", "{summary}");
    let trace = agent.trace(capture);
    // From its first call, which is runc's as it becomes the container's program, to its last.
    let names = select(&trace, "evt.type = execve and evt.dir = < and evt.rawres = 0", |row| {
        String::from_utf8_lossy(&row.thread().unwrap().comm).into_owned()
    });
    assert_eq!(names, ["sh", "cat", "sleep", "head"]);
    assert_eq!(count(&trace, "evt.type = procexit and proc.name = sh"), 1);
    assert_eq!(count(&trace, &format!("not container.id = {id}")), 0);
    assert!(count(&trace, "fd.name endswith inside-marker and evt.type = read") > 0);
    assert!(holds(&trace, "inside-marker"));
    for others in ["outsidemarker", other_id.as_str(), "agent_tests"] {
        assert!(!holds(&trace, others), "the capture holds {others}");
    }
    // The alert is in it.
    let attached = trace.attachments().to_vec();
    assert_eq!(attached.len(), 1, "{attached:?}");
    let alert = trace.attachment(&attached[0]).unwrap();
    assert!(String::from_utf8_lossy(&alert).contains("Terminal shell in container"));
    assert_eq!(summary["events"], trace.totals().events);
    assert_eq!(summary["alerts"][0]["title"], "Terminal shell in container");
    let verdict = verify(&agent.folder().join(format!("{capture}.scap")), &[]).unwrap();
    assert!(verdict.is_intact() && trace.signatures().len() == 1 && trace.signatures()[0].valid);
    assert_eq!(summary["root"].as_str().unwrap().len(), 64);
    // As it is listed and fetched.
    let listed = agent.ask("captures", &["--json"]);
    assert!(String::from_utf8_lossy(&listed.stdout).contains(capture));
    let copy = dir.path().join("copy.scap");
    assert!(
        agent
            .ask("captures", &["fetch", capture, "-o", copy.to_str().unwrap()])
            .status
            .success()
    );
    assert!(verify(&copy, &[]).unwrap().is_intact());
}

/// Half a second after its time a capture can be read; also one of the whole node.
#[test]
fn captures_are_ready_soon_after_their_time() {
    if !can_record("captures_are_ready_soon_after_their_time") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let agent = Agent::start(dir.path(), SHORT);
    let mut slowest = Duration::ZERO;
    for round in 0..6 {
        assert!(Command::new("true").status().unwrap().success());
        let began = Instant::now();
        let pid = std::process::id().to_string();
        let scope = if round % 2 == 0 {
            vec!["--node"]
        } else {
            vec!["--pid", &pid]
        };
        let answer = agent.trigger(&scope);
        let post = began.elapsed() + Duration::from_millis(500);
        let capture = answer["capture"].as_str().unwrap();
        assert!(Command::new("true").status().unwrap().success());
        let summary = agent.ended(capture);
        slowest = slowest.max(began.elapsed().saturating_sub(post));
        assert_eq!(summary["result"], "complete");
        let trace = agent.trace(capture);
        assert!(
            count(&trace, "evt.type = execve and evt.dir = < and proc.name = true") >= 1,
            "round {round}"
        );
        assert!(
            trace.segment(0).unwrap().zone().keyframe || round % 2 == 1,
            "round {round}"
        );
    }
    println!("slowest: {slowest:?} after its time");
    assert!(slowest < Duration::from_millis(500), "{slowest:?}");
}

#[test]
fn many_alerts_are_one_capture_for_each_container() {
    let name = "many_alerts_are_one_capture_for_each_container";
    if !can_run_containers(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let agent = Agent::start(dir.path(), "[captures]\npre = '60s'\npost = '2s'\n");
    let ids: Vec<String> = (0..10)
        .map(|at| format!("afterimage-many{at}-{}", std::process::id()))
        .collect();
    let bundles: Vec<Bundle> = ids
        .iter()
        .map(|id| {
            let script = format!("for i in $(seq 20); do cat /data/{id}; sleep 0.1; done");
            let bundle = Bundle::new(dir.path(), id, &["/bin/sh", "-c", &script]);
            std::fs::write(bundle.data().join(id), id).unwrap();
            bundle
        })
        .collect();
    let mut running: Vec<Running<'_>> = bundles.iter().zip(&ids).map(|(bundle, id)| bundle.start(id)).collect();
    wait_for("all containers", || {
        bundles
            .iter()
            .zip(&ids)
            .all(|(bundle, id)| bundle.runc(&["state", id]).output().unwrap().status.success())
    });
    std::thread::sleep(Duration::from_millis(500));
    let began = Instant::now();
    let asking: Vec<_> = (0..50)
        .map(|at| {
            let (dir, id) = (dir.path().to_owned(), ids[at % 10].clone());
            std::thread::spawn(move || {
                let output = support::agent::ask(&dir, "trigger", &["--json", "--container", &id]);
                let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
                (
                    id,
                    answer["capture"]
                        .as_str()
                        .unwrap_or_else(|| panic!("{answer}"))
                        .to_owned(),
                )
            })
        })
        .collect();
    let mut captures: Vec<(String, String)> = asking.into_iter().map(|asked| asked.join().unwrap()).collect();
    println!("50 answers after {:?}", began.elapsed());
    captures.sort();
    captures.dedup();
    assert_eq!(captures.len(), 10, "{captures:?}");
    running.iter_mut().for_each(Running::wait);
    for (id, capture) in &captures {
        let summary = agent.ended(capture);
        assert_eq!(
            (summary["result"].as_str(), summary["joined"].as_u64()),
            (Some("complete"), Some(4)),
            "{summary}"
        );
        let trace = agent.trace(capture);
        assert_eq!(count(&trace, &format!("not container.id = {id}")), 0);
        assert_eq!(
            count(&trace, "evt.type = execve and evt.dir = < and proc.name = cat"),
            20
        );
        assert!(
            ids.iter().all(|other| other == id || !holds(&trace, other)),
            "{id} has something of others"
        );
        assert_eq!(trace.attachments().len(), 5);
    }
    assert_eq!(agent.metric("captures_total{result=\"complete\"}"), 10.0);
    assert_eq!(
        agent.metric("triggers_total{source=\"socket\",result=\"joined\"}"),
        40.0
    );
}

#[test]
fn duplicates_extend_a_capture_within_its_maximum() {
    if !can_record("duplicates_extend_a_capture_within_its_maximum") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let agent = Agent::start(dir.path(), "[captures]\npost = '1s'\nmax_extension = '1s'\n");
    let pid = std::process::id().to_string();
    let ask = || agent.trigger(&["--pid", &pid, "--id", "one"]);
    let began = Instant::now();
    let first = ask();
    while began.elapsed() < Duration::from_millis(1800) {
        std::thread::sleep(Duration::from_millis(300));
        let again = ask();
        assert!(
            again["joined"] == true && again["capture"] == first["capture"],
            "{again}"
        );
    }
    let summary = agent.ended(first["capture"].as_str().unwrap());
    let took = began.elapsed();
    assert!(
        took > Duration::from_millis(1900) && took < Duration::from_millis(2700),
        "{took:?}"
    );
    assert_eq!(summary["alerts"].as_array().unwrap().len(), 1, "{summary}");
    // The same alert again, when it is over, is none.
    let late = ask();
    assert_eq!(
        (late["result"].as_str(), &late["capture"]),
        (Some("repeated"), &first["capture"]),
        "{late}"
    );
}

#[test]
fn what_is_not_known_falls_back_as_configured() {
    if !can_record("what_is_not_known_falls_back_as_configured") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let agent = Agent::start(dir.path(), SHORT);
    let refused = agent.trigger(&["--container", "no-such-container"]);
    assert!(refused["ok"] == false && refused["status"] == 404, "{refused}");
    assert!(refused["error"].as_str().unwrap().contains("no-such-container"));
    // The same agent, told otherwise while it runs: the ring stays.
    assert!(Command::new("true").status().unwrap().success());
    std::thread::sleep(Duration::from_millis(1200));
    let before = agent.metric("ring_segments");
    support::agent::write_config(dir.path(), &format!("{SHORT}fallback = 'node'\n"));
    agent.signal(libc::SIGHUP);
    wait_for("the configuration", || agent.metric("reloads_total") == 1.0);
    assert!(agent.metric("ring_segments") >= before && before > 0.0);
    let answer = agent.trigger(&["--container", "no-such-container"]);
    assert!(
        answer["scope"] == "node" && answer["note"].as_str().unwrap().contains("no-such-container"),
        "{answer}"
    );
    let summary = agent.ended(answer["capture"].as_str().unwrap());
    assert!(summary["note"].as_str().unwrap().contains("whole node"));
    assert!(count(&agent.trace(answer["capture"].as_str().unwrap()), "proc.name = true") > 0);
    // A configuration with an error changes nothing.
    support::agent::write_config(dir.path(), "[captures]\npre = 'soon'\n");
    agent.signal(libc::SIGHUP);
    wait_for("the complaint", || agent.log().contains("the old one stays"));
    assert_eq!(agent.trigger(&["--container", "nobody"])["scope"], "node");
}

#[test]
fn signals_capture_the_node_and_end_what_is_under_way() {
    if !can_record("signals_capture_the_node_and_end_what_is_under_way") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut agent = Agent::start(dir.path(), "[captures]\npost = '60s'\n");
    assert!(Command::new("true").status().unwrap().success());
    agent.signal(libc::SIGUSR1);
    let list = || {
        std::fs::read_dir(agent.folder())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect::<Vec<_>>()
    };
    wait_for("a capture", || !list().is_empty());
    assert!(Command::new("true").status().unwrap().success());
    let folder = agent.folder();
    assert_eq!(agent.stop(), Some(0), "{}", agent.log());
    let summary: serde_json::Value = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
        .unwrap();
    assert_eq!(
        (summary["result"].as_str(), summary["sealed"].as_bool()),
        (Some("ended early"), Some(true)),
        "{summary}"
    );
    let trace = Trace::open(summary["file"].as_str().unwrap().as_ref()).unwrap();
    assert_eq!(
        count(&trace, "evt.type = execve and evt.dir = < and proc.name = true"),
        2
    );
    assert!(trace.summary().unwrap().reason.contains("told to end"));
    assert!(!dir.path().join("s").exists(), "the socket was left behind");
}

#[test]
fn a_condition_captures_the_container_of_its_event() {
    let name = "a_condition_captures_the_container_of_its_event";
    if !can_run_containers(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let id = format!("afterimage-watched-{}", std::process::id());
    // Other tests run containers at the same time.
    let condition = format!(
        "[[trigger.filter]]\nname = 'head in a container'\n\
        condition = 'evt.type = execve and proc.name = head and container.id = {id}'\ncooldown = '1h'\n"
    );
    let agent = Agent::start(dir.path(), &format!("{condition}{SHORT}"));
    let bundle = Bundle::new(
        dir.path(),
        &id,
        &[
            "/bin/sh",
            "-c",
            "cat /proc/version; head -c 1 /proc/version; head -c 1 /proc/version; sleep 1.5; head -c 1 /proc/version",
        ],
    );
    assert!(
        Command::new("head")
            .args(["-c", "0", "/proc/version"])
            .status()
            .unwrap()
            .success()
    );
    assert!(bundle.run(&id).status.success());
    wait_for("a capture", || {
        agent.metric("captures_total{result=\"complete\"}") > 0.0
    });
    assert_eq!(agent.metric("captures_begun_total"), 1.0);
    let listed = agent.ask("captures", &["--json"]);
    let summary: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(summary["alerts"][0]["source"], "filter");
    assert_eq!(summary["alerts"][0]["title"], "head in a container");
    let trace = agent.trace(summary["capture"].as_str().unwrap());
    assert!(count(&trace, "evt.type = execve and proc.name = cat") > 0);
    assert_eq!(count(&trace, &format!("not container.id = {id}")), 0);
}

/// A hit of which nothing came does not count for the cooldown: whoever fills the places could otherwise hide behind it.
#[test]
fn a_hit_that_was_refused_is_captured_later() {
    let name = "a_hit_that_was_refused_is_captured_later";
    if !can_run_containers(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let id = format!("afterimage-refused-{}", std::process::id());
    let config = format!(
        "[[trigger.filter]]\nname = 'head in a container'\n\
        condition = 'evt.type = execve and proc.name = head and container.id = {id}'\ncooldown = '1h'\n\
        [captures]\nat_once = 1\npost = '200ms'\n"
    );
    let agent = Agent::start(dir.path(), &config);
    let own = std::process::id().to_string();
    let script = "while :; do head -c 1 /proc/version; sleep 0.2; done";
    let bundle = Bundle::new(dir.path(), &id, &["/bin/sh", "-c", script]);
    // Longer than any machine takes to start the container.
    assert_eq!(agent.trigger(&["--pid", &own, "--post", "10s"])["ok"], true);
    let running = bundle.start(&id);
    wait_for("the hit to be refused", || {
        agent.log().contains("a trigger was refused")
    });
    wait_for("its capture", || agent.metric("captures_begun_total") == 2.0);
    drop(running);
}

/// Nothing is recorded until somebody asks, and nothing any more when it is captured; then the next may ask.
#[test]
fn an_agent_on_demand_records_when_it_is_asked_to() {
    let name = "an_agent_on_demand_records_when_it_is_asked_to";
    if !can_record(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut agent = Agent::start(dir.path(), "[recording.scope]\n[captures]\npost = '1s'\n#on-demand\n");
    let pid = std::process::id().to_string();
    for round in 0..2 {
        wait_for("the socket", || {
            agent
                .ask("status", &[])
                .stdout
                .windows(18)
                .any(|part| part == b"\"recording\": false")
        });
        let answer = agent.trigger(&["--pid", &pid]);
        assert!(answer["ok"] == true, "{answer}");
        assert!(Command::new("true").status().unwrap().success());
        let capture = answer["capture"].as_str().unwrap();
        assert_eq!(agent.ended(capture)["result"], "complete", "round {round}");
        assert!(count(&agent.trace(capture), "proc.name = true") > 0, "round {round}");
        wait_for("the end of it", || {
            agent.log().matches("nothing more to capture").count() == round + 1
        });
    }
    assert_eq!(agent.stop(), Some(0), "{}", agent.log());
}
