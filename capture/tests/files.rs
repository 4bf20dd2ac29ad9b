//! The files of a recording: rotated, signed, encrypted, with attachments, and never at the cost of a full disk.

mod support;

use afterimage_format::evidence::{Identity, PublicKey};
use afterimage_format::file::{Integrity, OpenOptions, Trace, verify};
use afterimage_format::model::action;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{Recording, can_record, capture, skip, workload};

/// Something that makes events for some seconds: `sh` that starts programs.
fn busy(seconds: f64) {
    let until = std::time::Instant::now() + std::time::Duration::from_secs_f64(seconds);
    while std::time::Instant::now() < until {
        assert!(Command::new(workload()).arg("nothing").status().unwrap().success());
    }
}

/// The traces in a folder, by name.
fn traces(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let is_trace = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.ends_with(".scap") && !name.starts_with("ready")
    };
    let mut found: Vec<PathBuf> = entries.filter(is_trace).collect();
    found.sort();
    found
}

#[test]
fn rotated_files_stand_alone_and_name_their_neighbours() {
    if !can_record("rotated_files_stand_alone_and_name_their_neighbours") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let args = ["--rotate", "1KiB", "--keep", "3"];
    let recording = Recording::start(dir.path(), &dir.path().join("t.scap"), &args);
    busy(7.5);
    let output = recording.seal();
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("the last of"),
        "{output:?}"
    );
    let files = traces(dir.path());
    assert_eq!(files.len(), 3, "{files:?}");
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    let mut next_num = None;
    let mut before: Option<Trace> = None;
    for path in &files {
        let trace = Trace::open(path).unwrap();
        let number = trace.header().series.number;
        assert!(number >= 2, "the first ones are deleted");
        assert_eq!(name(path), format!("t.{number:04}.scap"));
        assert!(verify(path, &[]).unwrap().is_intact());
        // It needs nothing of the others: its first segment is a keyframe.
        let first = trace.segment(0).unwrap();
        assert!(first.zone().keyframe && !first.live().unwrap().is_empty());
        if let Some(next_num) = next_num {
            assert_eq!(first.num(0), next_num, "events are numbered through");
        }
        let last = trace.segment(trace.segment_count() - 1).unwrap();
        next_num = Some(last.num(last.rows()));
        if let Some(before) = &before {
            assert_eq!(before.summary().unwrap().next_name, name(path));
            assert_eq!(Some(trace.header().series.previous), before.root());
            assert_eq!(trace.header().capture_id, before.header().capture_id);
        }
        drop((first, last));
        before = Some(trace);
    }
    assert_eq!(before.unwrap().summary().unwrap().next_name, "");
}

#[test]
fn a_time_rotates_as_well() {
    if !can_record("a_time_rotates_as_well") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let recording = Recording::start(dir.path(), &dir.path().join("t.scap"), &["--rotate", "1500ms"]);
    busy(9.5);
    recording.seal();
    let files = traces(dir.path());
    assert!(files.len() >= 2, "{files:?}");
    // A segment has a second; each file goes on until its time has come.
    for path in &files[..files.len() - 1] {
        let segments = Trace::open(path).unwrap().segment_count();
        assert!(segments >= 2, "{}: {segments}", path.display());
    }
}

#[test]
fn the_disk_keeps_its_floor() {
    if !can_record("the_disk_keeps_its_floor") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let disk = dir.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let mount = |args: &[&str]| Command::new("mount").args(args).arg(&disk).status().unwrap().success();
    if !mount(&["-t", "tmpfs", "-o", "size=16m", "tmpfs"]) {
        skip("the_disk_keeps_its_floor", "cannot mount a small tmpfs");
        return;
    }
    let path = disk.join("t.scap");
    let record = |floor: &str, bytes: &str| {
        let mut command = capture();
        command
            .args(["record", "--force", "--snaplen", "4096", "--min-free", floor, "-o"])
            .arg(&path);
        command
            .arg("--")
            .arg(workload())
            .args(["write", bytes])
            .arg(dir.path().join("data"));
        command.output().unwrap()
    };
    let refused = record("1GiB", "4096");
    let left = path.exists();
    let stopped = record("3MiB", "67108864");
    let opened = Trace::open(&path).map(|trace| (trace.summary().cloned(), trace.segment_count()));
    // SAFETY: all its fields are integers, for which zero is a value.
    let mut stat: libc::statvfs = unsafe { std::mem::zeroed() };
    let c_path = std::ffi::CString::new(disk.to_str().unwrap()).unwrap();
    // SAFETY: the path ends in NUL and `stat` is written by the call.
    assert_eq!(unsafe { libc::statvfs(c_path.as_ptr(), &mut stat) }, 0);
    let intact = verify(&path, &[]).map(|verdict| verdict.is_intact());
    assert!(Command::new("umount").arg(&disk).status().unwrap().success());

    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(!left, "a refused recording leaves nothing");
    assert_eq!(stopped.status.code(), Some(3), "{stopped:?}");
    let (summary, segments) = opened.unwrap();
    let reason = summary.unwrap().reason;
    assert!(reason.contains("free"), "{reason}");
    assert!(segments > 0 && intact.unwrap(), "{segments} segments");
    assert!(
        stat.f_bavail * stat.f_frsize >= 3 << 20,
        "{} bytes free",
        stat.f_bavail * stat.f_frsize
    );
}

#[test]
fn a_recording_is_signed_encrypted_and_carries_files() {
    if !can_record("a_recording_is_signed_encrypted_and_carries_files") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("key");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "night shift", "-f"])
        .arg(&key)
        .status();
    if !made.is_ok_and(|status| status.success()) {
        skip(
            "a_recording_is_signed_encrypted_and_carries_files",
            "ssh-keygen is not installed",
        );
        return;
    }
    let alert = dir.path().join("alert.json");
    std::fs::write(&alert, "{\"rule\": \"Terminal shell in container\"}").unwrap();
    let identity = Identity::generate();
    let path = dir.path().join("t.scap");
    let mut command = capture();
    command.args(["record", "--sync", "segment", "--sign-key"]).arg(&key);
    command
        .args(["--encrypt-to", &identity.recipient().to_string(), "--attach"])
        .arg(&alert);
    let output = command.arg("-o").arg(&path).args(["--", "true"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");

    let keys = PublicKey::read_all(&key.with_extension("pub")).unwrap();
    let verdict = verify(&path, &keys).unwrap();
    assert_eq!(verdict.integrity, Integrity::Intact);
    assert!(verdict.is_trusted() && verdict.encrypted);
    assert_eq!(verdict.signatures[0].comment, "night shift");
    let told = Trace::open(&path).map(|_| ()).unwrap_err().to_string();
    assert!(told.contains("--identity"), "{told}");
    let trace = Trace::open_with(
        &path,
        &OpenOptions {
            identities: vec![identity],
        },
    )
    .unwrap();
    let actions: Vec<&str> = trace.custody().iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, [action::CREATED, action::SEALED]);
    let attachment = &trace.attachments()[0];
    assert_eq!(attachment.name, "alert.json");
    assert_eq!(trace.attachment(attachment).unwrap(), std::fs::read(&alert).unwrap());
    assert!(trace.totals().events > 0);
    // Nothing of the content can be read in the file itself.
    let bytes = std::fs::read(&path).unwrap();
    assert!(!bytes.windows(14).any(|window| window == b"Terminal shell"));
}

#[test]
fn keys_that_do_not_fit_are_refused_before_anything_happens() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let wrong = dir.path().join("wrong");
    std::fs::write(&wrong, "not a key").unwrap();
    for (option, value, status, said) in [
        ("--sign-key", wrong.to_str().unwrap(), 1, "key"),
        ("--sign-key", "/no/such/key", 1, "/no/such/key"),
        ("--encrypt-to", "age1nonsense", 2, "recipient"),
        ("--attach", "/no/such/file", 1, "/no/such/file"),
        ("--rotate", "10", 2, "100MiB"),
        ("--keep", "3", 2, "--rotate"),
        ("--sync", "sometimes", 2, "segment"),
    ] {
        let output = capture()
            .args(["record", option, value, "-o"])
            .arg(&path)
            .args(["--", "true"])
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{option}: {stderr}");
        assert!(stderr.contains(said), "{option}: {stderr}");
        assert!(!path.exists());
    }
}
