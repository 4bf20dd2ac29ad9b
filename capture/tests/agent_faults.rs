//! `capture agent` when something goes wrong: it is killed, the disk is full, there is too much.

mod support;

use afterimage_format::file::{Trace, verify};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use support::agent::Agent;
use support::{can_record, count, lost, skip, workload};

fn work(time: Duration) {
    let until = Instant::now() + time;
    while Instant::now() < until {
        assert!(Command::new("true").status().unwrap().success());
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn sidecar(folder: &Path, id: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join(format!("{id}.json"))).unwrap()).unwrap()
}

/// A disk that is soon full; it is gone when this is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(name: &str, folder: &Path, size: &str) -> Option<SmallDisk> {
        std::fs::create_dir(folder).unwrap();
        let options = ["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"];
        let mounted = Command::new("mount").args(options).arg(folder).status();
        if !mounted.is_ok_and(|status| status.success()) {
            skip(name, "cannot mount a small tmpfs");
            return None;
        }
        Some(SmallDisk(folder.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Killed at any moment during captures: what was begun is recovered when the next one starts, sealed and marked.
#[test]
fn captures_of_a_killed_agent_are_recovered() {
    if !can_record("captures_of_a_killed_agent_are_recovered") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let config = "[captures]\npost = '60s'\n[retention]\nmin_free = '0'\n";
    let pid = std::process::id().to_string();
    let mut left: Vec<String> = Vec::new();
    for round in 0..10u64 {
        let mut agent = Agent::start(dir.path(), config);
        for id in &left {
            let summary = sidecar(&agent.folder(), id);
            assert_eq!(
                (summary["result"].as_str(), summary["sealed"].as_bool()),
                (Some("interrupted"), Some(true)),
                "{summary}"
            );
            let path = agent.folder().join(format!("{id}.scap"));
            assert!(verify(&path, &[]).unwrap().is_intact(), "{summary}");
            let trace = Trace::open(&path).unwrap();
            assert_eq!(summary["events"], trace.totals().events);
            assert_eq!(trace.attachments().len(), 1, "the alert is lost");
            assert!(!agent.folder().join(format!("{id}.scap.part")).exists());
        }
        work(Duration::from_millis(100));
        let captures = [agent.trigger(&["--node"]), agent.trigger(&["--pid", &pid])];
        left = captures
            .iter()
            .map(|answer| answer["capture"].as_str().unwrap().to_owned())
            .collect();
        // From before anything was written to in the middle of it.
        work(Duration::from_millis(1 + round * 311));
        agent.kill();
        assert!(
            left.iter()
                .all(|id| agent.folder().join(format!("{id}.scap.part")).exists())
        );
        if round == 9 {
            let agent = Agent::start(dir.path(), config);
            // After three seconds what came first has been written, whoever was captured.
            for id in &left {
                let trace = agent.trace(id);
                assert!(
                    count(&trace, "evt.type = execve and evt.dir = < and proc.name = true") > 20,
                    "{id}"
                );
                assert!(trace.custody().iter().any(|entry| entry.action == "recovered"));
            }
            assert_eq!(
                agent
                    .ask("captures", &["--json"])
                    .stdout
                    .iter()
                    .filter(|byte| **byte == b'\n')
                    .count(),
                20
            );
        }
    }
}

/// A disk that fills up: what fitted is sealed and says so, recording goes on, and the next alert is told why not.
#[test]
fn a_full_disk_ends_a_capture_and_not_the_agent() {
    let name = "a_full_disk_ends_a_capture_and_not_the_agent";
    if !can_record(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let disk = dir.path().join("captures");
    let Some(_mounted) = SmallDisk::mount(name, &disk, "4m") else {
        return;
    };
    let config = "[captures]\npost = '60s'\nmax_size = '1GiB'\n[retention]\nmin_free = '0'\n";
    let agent = Agent::start(dir.path(), config);
    let capture = agent.trigger(&["--node"]);
    let id = capture["capture"].as_str().unwrap().to_owned();
    // More than fits, whatever it compresses to.
    let noise = workload().with_file_name("transport");
    let until = Instant::now() + Duration::from_secs(40);
    while sidecar(&disk, &id)["result"] == "running" && Instant::now() < until {
        assert!(
            Command::new(&noise)
                .args(["stream", "200000", "80"])
                .status()
                .unwrap()
                .success()
        );
        std::fs::write(dir.path().join("data"), random(1 << 20)).unwrap();
        let args = ["if=data", "of=/dev/null", "bs=64", "status=none"];
        assert!(
            Command::new("dd")
                .args(args)
                .current_dir(dir.path())
                .status()
                .unwrap()
                .success()
        );
    }
    let summary = sidecar(&disk, &id);
    let events = agent.metric("events_total");
    std::fs::write(disk.join("rest"), vec![0; 4 << 20]).unwrap_or(());
    let refused = agent.trigger(&["--node"]);
    work(Duration::from_millis(1500));
    let recorded = agent.metric("events_total") - events;
    let full = agent.metric("captures_total{result=\"disk full\"}");
    let checked = Trace::open(&disk.join(format!("{id}.scap"))).map(|trace| {
        let sound = (0..trace.segment_count()).all(|at| trace.check_segment(at).is_ok());
        (trace.summary().cloned(), lost(&trace), sound, trace.segment_count())
    });
    // Room again: the next one is as any other.
    let _ = std::fs::remove_file(disk.join("rest"));
    let _ = std::fs::remove_file(disk.join(format!("{id}.scap")));
    let again = agent.trigger(&["--node", "--post", "100ms"]);
    let ended = again["capture"].as_str().map(|id| agent.ended(id));
    drop(agent);
    assert_eq!(
        (summary["result"].as_str(), summary["sealed"].as_bool()),
        (Some("disk full"), Some(true)),
        "{summary}"
    );
    let (sealed, lost, sound, segments) = checked.unwrap();
    assert!(sealed.unwrap().reason.contains("No space left") && lost > 0 && sound && segments > 0);
    assert_eq!(refused["status"], 507, "{refused}");
    assert!(recorded > 0.0, "recording has stopped");
    assert_eq!(full, 1.0);
    assert!(again["ok"] == true && ended.unwrap()["sealed"] == true, "{again}");
}

/// What was taken and could not be written is counted, also where it had not come to the file yet.
#[test]
fn what_a_full_disk_has_no_room_for_is_counted() {
    let name = "what_a_full_disk_has_no_room_for_is_counted";
    if !can_record(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let disk = dir.path().join("captures");
    let Some(_mounted) = SmallDisk::mount(name, &disk, "8m") else {
        return;
    };
    let config = "[captures]\npre = '1ms'\npost = '60s'\n[retention]\nmin_free = '0'\n";
    let agent = Agent::start(dir.path(), config);
    let own = std::process::id().to_string();
    let capture = agent.trigger(&["--pid", &own]);
    let id = capture["capture"].as_str().unwrap();
    let rest = disk.join("rest");
    assert!(std::fs::write(&rest, vec![1; 8 << 20]).is_err());
    // Room that was reserved ahead goes first: more than that, whatever it compresses to.
    let data = dir.path().join("data");
    std::fs::write(&data, random(4 << 20)).unwrap();
    let mut reads = 0;
    let until = Instant::now() + Duration::from_secs(40);
    let summary = loop {
        let summary = sidecar(&disk, id);
        if summary["result"] != "running" || Instant::now() >= until {
            break summary;
        }
        let args = ["of=/dev/null", "bs=64", "status=none", "if=data"];
        let copied = Command::new("dd").args(args).current_dir(dir.path()).status();
        assert!(copied.unwrap().success());
        reads += 65_536;
    };
    let counted = Trace::open(&disk.join(format!("{id}.scap"))).map(|trace| (trace.totals().events, lost(&trace)));
    drop(agent);
    assert_eq!(summary["result"], "disk full", "{summary}");
    let (events, lost) = counted.unwrap();
    // Of the last two the end may have come first.
    assert!(
        lost > 0 && events + lost > reads - 2 * 65_536,
        "{events} and {lost} of {reads}"
    );
    assert_eq!(summary["losses"]["events"], lost, "{summary}");
}

/// A further alert is in the side-car at once: who is told of a capture that was recovered learns of it, too.
#[test]
fn an_alert_that_joins_is_known_after_a_kill() {
    if !can_record("an_alert_that_joins_is_known_after_a_kill") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let config = "[captures]\npost = '60s'\n";
    let own = std::process::id().to_string();
    let mut agent = Agent::start(dir.path(), config);
    let first = agent.trigger(&["--pid", &own, "--reason", "first"]);
    let id = first["capture"].as_str().unwrap();
    let to = sidecar(&agent.folder(), id)["to"].clone();
    let second = agent.trigger(&["--pid", &own, "--reason", "second", "--post", "90s"]);
    assert_eq!(
        (&second["capture"], &second["joined"]),
        (&first["capture"], &true.into())
    );
    agent.kill();
    let agent = Agent::start(dir.path(), config);
    let summary = sidecar(&agent.folder(), id);
    assert_eq!(summary["result"], "interrupted", "{summary}");
    assert_eq!(
        (summary["alerts"].as_array().unwrap().len(), &summary["joined"]),
        (2, &1.into())
    );
    assert!(summary["to"].as_str() > to.as_str(), "{summary}");
}

/// A side-car that cannot be written is written later; until then the agent knows what became of the capture.
#[test]
fn a_side_car_that_cannot_be_written_is_written_later() {
    if !can_record("a_side_car_that_cannot_be_written_is_written_later") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let agent = Agent::start(dir.path(), "[captures]\npost = '500ms'\n");
    let own = std::process::id().to_string();
    let capture = agent.trigger(&["--pid", &own]);
    let id = capture["capture"].as_str().unwrap();
    // Where the next one is prepared.
    let obstacle = agent.folder().join(format!("{id}.json.new"));
    std::fs::create_dir(&obstacle).unwrap();
    support::wait_for("the agent to complain", || agent.log().contains("it is tried again"));
    assert_eq!(sidecar(&agent.folder(), id)["result"], "running");
    let known = agent.ask("captures", &["--json"]);
    let known: Value = serde_json::from_slice(&known.stdout).unwrap();
    assert_eq!(
        (&known["result"], &known["sealed"]),
        (&"complete".into(), &true.into()),
        "{known}"
    );
    std::fs::remove_dir(&obstacle).unwrap();
    assert_eq!(agent.ended(id)["result"], "complete");
}

/// The ring on disk is written again once that can be done, and a capture over the time when it could not says what it lacks.
#[test]
fn the_ring_on_disk_goes_on_when_there_is_room_again() {
    let name = "the_ring_on_disk_goes_on_when_there_is_room_again";
    if !can_record(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let disk = dir.path().join("ring");
    let Some(_mounted) = SmallDisk::mount(name, &disk, "96m") else {
        return;
    };
    let config = format!(
        "[ring]\ntime = '1s'\n[ring.disk]\nfolder = '{}'\nsize = '64MiB'\n[captures]\npre = '2m'\npost = '100ms'\n\
         [retention]\nmin_free = '0'\n",
        disk.display()
    );
    let agent = Agent::start(dir.path(), &config);
    // Until the disk has failed, or has not any more; then for longer than the memory goes back.
    let until = |failed: f64| {
        support::wait_for("the ring on disk", || {
            work(Duration::from_millis(200));
            agent.metric("ring_disk_failed") == failed
        });
        work(Duration::from_millis(2500));
    };
    work(Duration::from_millis(2500));
    let rest = disk.join("rest");
    assert!(std::fs::write(&rest, vec![1; 96 << 20]).is_err());
    // Room that was reserved ahead goes first.
    let noise = workload().with_file_name("transport");
    let made = Command::new(noise).args(["stream", "500000", "80"]).status();
    assert!(made.unwrap().success());
    until(1.0);
    std::fs::remove_file(&rest).unwrap();
    until(0.0);
    let answer = agent.trigger(&["--node"]);
    let id = answer["capture"].as_str().unwrap();
    let summary = agent.ended(id);
    let trace = agent.trace(id);
    let log = agent.log();
    drop(agent);
    assert_eq!(summary["result"], "complete", "{summary}");
    assert!(log.contains("the ring on disk has failed") && log.contains("the ring on disk goes on"));
    let zones = trace.entries_between(0, u64::MAX).map(|(_, entry)| entry.unwrap());
    let nums: Vec<(u64, u64)> = zones
        .map(|entry| (entry.zone.first_num, u64::from(entry.zone.rows)))
        .collect();
    let holes = nums.windows(2).map(|pair| pair[1].0 - (pair[0].0 + pair[0].1));
    let holes: Vec<u64> = holes.filter(|missing| *missing > 0).collect();
    let told: Vec<u64> = trace.summary().unwrap().losses.iter().map(|loss| loss.events).collect();
    assert_eq!((holes.len(), &holes), (1, &told), "{nums:?}");
    assert!(summary["losses"]["events"].as_u64() >= Some(holes[0]), "{summary}");
}

fn random(bytes: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..bytes).map(|_| next()).collect()
}

/// The oldest leave, and what has reached its size ends.
#[test]
fn limits_of_one_capture_and_of_all() {
    if !can_record("limits_of_one_capture_and_of_all") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let config =
        "[captures]\npost = '100ms'\nmax_size = '200KiB'\nat_once = 1\n[retention]\nfiles = 2\nmin_free = '0'\n";
    let agent = Agent::start(dir.path(), config);
    let mut ids = Vec::new();
    // Of this process alone: what else the machine does may be more than a capture is allowed.
    let own = std::process::id().to_string();
    for _ in 0..4 {
        work(Duration::from_millis(50));
        let id = agent.trigger(&["--pid", &own])["capture"].as_str().unwrap().to_owned();
        assert_eq!(agent.ended(&id)["result"], "complete");
        ids.push(id);
    }
    support::wait_for("the oldest to leave", || {
        !agent.folder().join(format!("{}.scap", ids[1])).exists()
    });
    assert!(!agent.folder().join(format!("{}.json", ids[0])).exists());
    assert!(agent.folder().join(format!("{}.scap", ids[3])).exists());
    let large = agent.trigger(&["--pid", &own, "--post", "60s"]);
    let second = agent.trigger(&["--pid", "1"]);
    assert_eq!(second["status"], 503, "{second}");
    let id = large["capture"].as_str().unwrap();
    let noise = workload().with_file_name("transport");
    while sidecar(&agent.folder(), id)["result"] == "running" {
        assert!(
            Command::new(&noise)
                .args(["stream", "100000", "80"])
                .status()
                .unwrap()
                .success()
        );
    }
    let summary = sidecar(&agent.folder(), id);
    assert_eq!(
        (summary["result"].as_str(), summary["sealed"].as_bool()),
        (Some("limit reached"), Some(true)),
        "{summary}"
    );
}
