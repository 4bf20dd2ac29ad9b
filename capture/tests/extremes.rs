//! Hosts and processes that are larger, longer or gone sooner than usual.

mod support;

use afterimage_format::file::Trace;
use afterimage_format::model::{EventFlags, Value};
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use support::{Recording, can_record, capture, count, lost, select, wait_for, workload};

/// The workload, once it has said that it is ready.
fn prepared(args: &[&str], uid: u32) -> Child {
    let mut command = Command::new(workload());
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).uid(uid);
    let mut child = command.spawn().unwrap();
    assert_eq!(child.stdout.as_mut().unwrap().read(&mut [0; 6]).unwrap(), 6);
    child
}

fn go_on(mut child: Child) {
    child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    assert!(child.wait().unwrap().success());
}

/// Looking at thousands of processes takes longer than the rings last, so it must not keep events waiting.
#[test]
fn a_crowd_at_the_start_does_not_cost_events() {
    if !can_record("a_crowd_at_the_start_does_not_cost_events") {
        return;
    }
    const CROWD: usize = 3000;
    // Nobody else's, so that what others do is not in the way.
    let uid = 54_321 + std::process::id() % 1000;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let crowd = prepared(&["crowd", &CROWD.to_string()], uid);
    let recording = Recording::start(dir.path(), &path, &["--user", &uid.to_string()]);
    // 10 MB of records, as soon as it records: more than both rings.
    let mut dd = Command::new("dd");
    dd.args(["if=/dev/zero", "of=/dev/null", "bs=1", "count=100000"])
        .stderr(Stdio::null())
        .uid(uid);
    assert!(dd.status().unwrap().success());
    std::thread::sleep(std::time::Duration::from_secs(6));
    let sealed = recording.seal();
    go_on(crowd);
    let trace = Trace::open(&path).unwrap();
    let (reads, lost) = (
        count(&trace, "evt.type=read and proc.name=dd and fd.name=/dev/zero"),
        lost(&trace),
    );
    assert!(
        reads == 100_000 || lost as usize >= 100_000 - reads,
        "{reads} reads, {lost} lost: {sealed:?}"
    );
    assert!(reads > 50_000, "{reads} reads only, {lost} lost");
    // They are all known in the end.
    let live = (0..trace.segment_count()).filter_map(|at| {
        let segment = trace.segment(at).unwrap();
        segment.zone().keyframe.then(|| {
            segment
                .live()
                .unwrap()
                .iter()
                .filter(|t| *t.comm == *b"workload")
                .count()
        })
    });
    assert_eq!(live.max(), Some(CROWD + 1));
}

#[test]
fn ten_thousand_descriptors_are_known() {
    if !can_record("ten_thousand_descriptors_are_known") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let process = prepared(&["opened", "10000"], 0);
    let pid = process.id().to_string();
    let recording = Recording::start(dir.path(), &path, &["--pid", &pid]);
    go_on(process);
    let sealed = recording.seal();
    assert!(sealed.status.success(), "{sealed:?}");
    let trace = Trace::open(&path).unwrap();
    assert_eq!(
        count(
            &trace,
            "evt.type=read and fd.num >= 10000 and fd.name=/dev/zero and evt.rawres=7"
        ),
        1
    );
    let began = afterimage_query::reconstruct::open_at(&trace, trace.segment(0).unwrap().zone().time_min);
    assert!(began.descriptors.len() >= 10_000, "{}", began.descriptors.len());
}

#[test]
fn the_longest_arguments_and_paths() {
    if !can_record("the_longest_arguments_and_paths") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let mut command = capture();
    command
        .arg("record")
        .arg("-o")
        .arg(&path)
        .arg("--")
        .arg(workload())
        .arg("big");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let trace = Trace::open(&path).unwrap();
    let executed = select(
        &trace,
        "evt.type=execve and proc.name=true and evt.rawres=0 and evt.dir=<",
        |row| {
            let thread = row.thread().unwrap();
            (thread.args.clone(), thread.args_truncated)
        },
    );
    assert_eq!(executed.len(), 1);
    let (args, truncated) = &executed[0];
    // As much as there is room for, and a mark where that is not all.
    assert!(
        args.len() >= 16_000 && args.iter().all(|b| *b == b'a' || *b == 0),
        "{}",
        args.len()
    );
    assert!(*truncated || args.len() == 15 * (128 << 10) - 1);
    let part = b"/\n\xff\x1b[31m'\"";
    let expected: Vec<u8> = part.iter().copied().cycle().take(4095).collect();
    let opened = select(&trace, "evt.type in (open, openat) and evt.failed=true", |row| {
        let segment = row.segment().segment();
        let at = row.kind().unwrap().param("name").unwrap();
        let name = match segment.arg(row.index(), at).unwrap() {
            Value::Bytes(name) => name.to_vec(),
            _ => Vec::new(),
        };
        (name, row.result(), row.flags().has(EventFlags::TRUNCATED))
    });
    let opened: Vec<_> = opened.into_iter().filter(|(name, ..)| name.starts_with(part)).collect();
    assert_eq!(opened.len(), 2, "{opened:?}");
    let (name, result, truncated) = &opened[0];
    assert_eq!((*result, *truncated), (Some(-i64::from(libc::ENOENT)), false));
    assert!(*name == expected, "{} bytes", name.len());
    let (name, result, truncated) = &opened[1];
    assert_eq!((*result, *truncated), (Some(-i64::from(libc::ENAMETOOLONG)), true));
    assert!(
        name.len() >= 4095
            && part
                .iter()
                .copied()
                .cycle()
                .take(5000)
                .collect::<Vec<u8>>()
                .starts_with(name)
    );
    // Nothing of it reaches a terminal raw.
    let shown = Command::new(env!("CARGO_BIN_EXE_capture"))
        .args(["doctor"])
        .output()
        .unwrap();
    assert!(!shown.stdout.contains(&0x1b));
}

/// Its processes and its cgroup go while the recorder looks at them.
#[test]
fn a_container_that_vanishes_during_the_snapshot() {
    let name = "a_container_that_vanishes_during_the_snapshot";
    if !can_record(name) {
        return;
    }
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    let root = mounts.lines().find(|line| line.contains(" cgroup2 "));
    let Some(root) = root.and_then(|line| line.split(' ').nth(1)) else {
        support::skip(name, "no cgroup v2");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    for round in 0..6 {
        let id = format!("afterimage-vanish-{}-{round}", std::process::id());
        let cgroup = std::path::Path::new(root).join(&id);
        std::fs::create_dir(&cgroup).unwrap();
        let mut crowd = Command::new("bash");
        let script = format!(
            "echo $$ >{}/cgroup.procs; exec {} crowd 300",
            cgroup.display(),
            workload().display()
        );
        let mut crowd = crowd
            .args(["-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        assert_eq!(crowd.stdout.as_mut().unwrap().read(&mut [0; 6]).unwrap(), 6);
        let path = dir.path().join(format!("{round}.scap"));
        let recorder = capture()
            .arg("record")
            .arg("-o")
            .arg(&path)
            .args(["--container", &id, "--duration", "700ms"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Earlier and later in its start.
        std::thread::sleep(std::time::Duration::from_millis(100 + 30 * round));
        crowd.kill().unwrap();
        crowd.wait().unwrap();
        wait_for("the cgroup to be empty", || std::fs::remove_dir(&cgroup).is_ok());
        let output = recorder.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        // Gone before it looked: it says so.
        let absent = output.status.code() == Some(1) && said.contains("no container called");
        assert!(output.status.success() || absent, "{said}");
        let trace = Trace::open(&path).unwrap();
        assert!(trace.summary().is_some() && trace.damage().is_empty());
        assert_eq!(count(&trace, &format!("not container.id = {id}")), 0);
    }
}

/// Lockdown as far as this process can see.
#[test]
fn the_doctor_knows_lockdown() {
    let name = "the_doctor_knows_lockdown";
    if !can_record(name) {
        return;
    }
    if !std::path::Path::new("/sys/kernel/security").is_dir() {
        support::skip(name, "no /sys/kernel/security");
        return;
    }
    let script = "mount -t tmpfs none /sys/kernel/security && echo 'none integrity [confidentiality]' >/sys/kernel/security/lockdown && exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args([
        "--mount",
        "sh",
        "-c",
        script,
        "sh",
        env!("CARGO_BIN_EXE_capture"),
        "doctor",
    ]);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(said.contains("BLOCKED kernel lockdown: `confidentiality`"), "{said}");
}
