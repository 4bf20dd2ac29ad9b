//! How the recorder behaves when something is wrong: a clear word, a status, and no harm done.

mod support;

use afterimage_format::file::Trace;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use support::{Recording, can_record, capture, count, lost, workload};

fn record(args: &[&str], trace: &Path) -> Output {
    capture()
        .arg("record")
        .arg("-o")
        .arg(trace)
        .args(args)
        .output()
        .unwrap()
}

#[track_caller]
fn check(output: &Output, status: i32, said: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{stderr}");
    assert!(stderr.contains(said), "expected {said:?} in {stderr}");
}

#[test]
fn an_existing_file_is_not_overwritten() {
    if !can_record("an_existing_file_is_not_overwritten") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    std::fs::write(&path, "precious").unwrap();
    check(&record(&["--", "true"], &path), 1, "exists already");
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
    check(&record(&["--force", "--", "true"], &path), 0, "sealed");
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600,
        "traces are private"
    );
    check(
        &record(&["--", "true"], &dir.path().join("no/such/dir/t.scap")),
        1,
        "cannot create",
    );
}

#[test]
fn without_privilege_it_says_what_is_missing_and_leaves_nothing() {
    if !can_record("without_privilege_it_says_what_is_missing_and_leaves_nothing") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let open = |path: &Path| std::fs::set_permissions(path, PermissionsExt::from_mode(0o777)).unwrap();
    open(dir.path());
    // Where the build stands, another user may not be able to look.
    let copy = dir.path().join("capture");
    std::fs::copy(env!("CARGO_BIN_EXE_capture"), &copy).unwrap();
    open(&copy);
    let path = dir.path().join("t.scap");
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"])
        .arg(&copy);
    let output = command
        .arg("record")
        .arg("-o")
        .arg(&path)
        .args(["--", "true"])
        .output()
        .unwrap();
    check(&output, 1, "CAP_BPF");
    assert!(!path.exists(), "an empty file was left behind");
    let mut doctor = Command::new("setpriv");
    doctor
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"])
        .arg(&copy)
        .arg("doctor");
    let output = doctor.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("BLOCKED capabilities"),
        "{output:?}"
    );
}

#[test]
fn without_btf_it_says_so() {
    if !can_record("without_btf_it_says_so") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    // A kernel without BTF, as far as this process can see.
    let script = "mount -t tmpfs none /sys/kernel/btf && exec \"$@\"";
    let hidden = |args: &[&str]| {
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "sh", "-c", script, "sh", env!("CARGO_BIN_EXE_capture")])
            .args(args)
            .output()
            .unwrap()
    };
    check(
        &hidden(&["record", "-o", path.to_str().unwrap(), "--", "true"]),
        1,
        "CONFIG_DEBUG_INFO_BTF",
    );
    assert!(!path.exists());
    let doctor = hidden(&["doctor"]);
    assert_eq!(doctor.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&doctor.stdout).contains("BLOCKED cannot read /sys/kernel/btf/vmlinux"),
        "{doctor:?}"
    );
}

#[test]
fn the_doctor_finds_this_machine_well() {
    if !can_record("the_doctor_finds_this_machine_well") {
        return;
    }
    let output = capture().arg("doctor").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("This host can record."));
}

#[test]
fn a_command_that_does_not_exist_is_told_as_a_shell_would() {
    if !can_record("a_command_that_does_not_exist_is_told_as_a_shell_would") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    check(
        &record(&["--", "no-such-command"], &dir.path().join("t.scap")),
        127,
        "cannot execute no-such-command",
    );
    check(
        &record(&["--", "sh", "-c", "kill -TERM $$"], &dir.path().join("u.scap")),
        143,
        "sealed",
    );
}

#[test]
fn a_command_outlasts_its_recording() {
    if !can_record("a_command_outlasts_its_recording") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    check(
        &record(&["--duration", "100ms", "--", "sh", "-c", "sleep 0.6; exit 9"], &path),
        9,
        "sealed",
    );
    assert_eq!(
        Trace::open(&path).unwrap().summary().map(|s| s.reason.as_str()),
        Some("the time was up")
    );
}

#[test]
fn wrong_arguments_are_refused_before_anything_happens() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    for (args, said) in [
        (["--duration", "soon"], "expected a number"),
        (["--snaplen", "999999"], "999999"),
        (["--tag", "novalue"], "KEY=VALUE"),
    ] {
        check(&record(&args, &path), 2, said);
        assert!(!path.exists());
    }
}

#[test]
fn ctrl_c_seals_and_kill_leaves_what_was_written() {
    if !can_record("ctrl_c_seals_and_kill_leaves_what_was_written") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let busy = || {
        let until = std::time::Instant::now() + std::time::Duration::from_millis(1300);
        while std::time::Instant::now() < until {
            assert!(Command::new(workload()).arg("nothing").status().unwrap().success());
        }
    };
    let sealed = dir.path().join("sealed.scap");
    let recording = Recording::start(dir.path(), &sealed, &["--tag", "case=42"]);
    busy();
    let output = recording.seal();
    let trace = Trace::open(&sealed).unwrap();
    check(&output, if lost(&trace) == 0 { 0 } else { 3 }, "sealed");
    assert_eq!(trace.summary().map(|s| s.reason.as_str()), Some("signal 2"));
    assert_eq!(trace.header().tags, [("case".to_owned(), "42".to_owned())]);

    let torn = dir.path().join("torn.scap");
    let recording = Recording::start(dir.path(), &torn, &[]);
    busy();
    recording.signal(libc::SIGKILL);
    recording.wait();
    let trace = Trace::open(&torn).unwrap();
    assert!(trace.summary().is_none());
    assert!(
        count(&trace, "proc.name=workload") > 0 || lost(&trace) > 0,
        "closed segments are lost"
    );
}

#[test]
fn a_full_disk_leaves_a_sealed_file_that_says_so() {
    if !can_record("a_full_disk_leaves_a_sealed_file_that_says_so") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let disk = dir.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let mount = |args: &[&str]| Command::new("mount").args(args).arg(&disk).status().unwrap().success();
    if !mount(&["-t", "tmpfs", "-o", "size=16m", "tmpfs"]) {
        support::skip(
            "a_full_disk_leaves_a_sealed_file_that_says_so",
            "cannot mount a small tmpfs",
        );
        return;
    }
    let path = disk.join("t.scap");
    let target = dir.path().join("data");
    let work = [
        workload().to_str().unwrap().to_owned(),
        "write".into(),
        "67108864".into(),
        target.to_str().unwrap().into(),
    ];
    let mut args = vec!["--snaplen", "4096", "--min-free", "0", "--"];
    args.extend(work.iter().map(String::as_str));
    let output = record(&args, &path);
    let opened = Trace::open(&path).map(|trace| {
        let read = (0..trace.segment_count())
            .filter(|at| trace.check_segment(*at).is_ok())
            .count();
        (trace.summary().cloned(), lost(&trace), trace.damage().len(), read)
    });
    assert!(Command::new("umount").arg(&disk).status().unwrap().success());
    check(&output, 3, "No space left on device");
    let (summary, lost, damage, segments) = opened.unwrap();
    let summary = summary.expect("a sealed file");
    assert!(summary.reason.contains("No space left"), "{}", summary.reason);
    assert!(lost > 0 && damage == 0);
    assert!(segments > 0, "nothing of what fitted is there");
}
