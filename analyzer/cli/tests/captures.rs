//! Captures of sysdig as input of every command, and `analyze convert`.

#[path = "../../import/tests/make/mod.rs"]
mod make;

use make::Capture;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

fn analyze(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_analyze"))
        .args(arguments)
        .current_dir(folder)
        .env("TZ", "UTC")
        .env("TMPDIR", folder)
        .output()
        .expect("analyze runs")
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let mut capture = Capture::new();
    capture.process(9, 42, 1, "one");
    let open: [&[u8]; 4] = [&3i64.to_le_bytes(), b"/etc/x\0", &[1, 0, 0, 0], &[0; 4]];
    for time in [2_000_000_000u64, 1_000_000_000, 1_000_000_000] {
        capture.event(time, 42, 2, &[]).event(time, 42, 3, &open);
    }
    fs::write(folder.path().join("a.scap"), &capture.0).expect("room on the disk");
    fs::write(folder.path().join("cut.scap"), &capture.0[..capture.0.len() - 5]).expect("room on the disk");
    folder
}

const COMMANDS: [&[&str]; 8] = [
    &["info"],
    &["ps"],
    &["files"],
    &["connections"],
    &["containers"],
    &["timeline"],
    &["attachments"],
    &["query"],
];

#[test]
fn every_command_opens_a_capture_and_leaves_nothing_behind() {
    let folder = folder();
    for command in COMMANDS {
        let done = analyze(folder.path(), &[command, &["a.scap"]].concat());
        let said = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(0), "{command:?}: {said}");
        assert!(said.is_empty(), "{command:?}: {said}");
    }
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 2);
}

#[test]
fn a_converted_capture_answers_as_the_original() {
    let folder = folder();
    let done = analyze(folder.path(), &["convert", "a.scap", "-o", "b.scap", "--to", "native"]);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let mode = fs::metadata(folder.path().join("b.scap"))
        .expect("the trace")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(analyze(folder.path(), &["verify", "b.scap"]).status.code(), Some(0));
    for arguments in [
        &[][..],
        &["-f", "evt.dir = <"],
        &["-f", "fd.name = /etc/x and proc.name = one"],
        &["--count"],
    ] {
        let of = |file: &str| analyze(folder.path(), &[&["query", file], arguments].concat()).stdout;
        let original = of("a.scap");
        assert!(!original.is_empty());
        assert_eq!(of("b.scap"), original, "{arguments:?}");
    }
    let info = analyze(folder.path(), &["info", "b.scap"]).stdout;
    let info = String::from_utf8_lossy(&info);
    assert!(
        info.contains("converted") && info.contains("from a.scap (6 events"),
        "{info}"
    );
    // It is not replaced unasked, and the capture itself never.
    assert_eq!(
        analyze(folder.path(), &["convert", "a.scap", "-o", "b.scap"])
            .status
            .code(),
        Some(1)
    );
    let forced = analyze(folder.path(), &["convert", "a.scap", "-o", "b.scap", "--force"]);
    assert_eq!(forced.status.code(), Some(0));
    let same = analyze(folder.path(), &["convert", "a.scap", "-o", "a.scap", "--force"]);
    assert_eq!(same.status.code(), Some(2));
    assert_eq!(
        analyze(folder.path(), &["convert", "b.scap", "-o", "c.scap"])
            .status
            .code(),
        Some(1)
    );
}

#[test]
fn a_damaged_capture_shows_what_comes_before_and_says_where() {
    let folder = folder();
    let done = analyze(folder.path(), &["query", "cut.scap", "--count"]);
    assert_eq!((done.status.code(), &done.stdout[..]), (Some(3), &b"5\n"[..]));
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(said.contains("the capture is damaged at byte"), "{said}");
    let converted = analyze(folder.path(), &["convert", "cut.scap", "-o", "d.scap"]);
    assert_eq!(converted.status.code(), Some(3));
    let done = analyze(folder.path(), &["query", "d.scap", "--count"]);
    assert_eq!((done.status.code(), &done.stdout[..]), (Some(3), &b"5\n"[..]));
}
