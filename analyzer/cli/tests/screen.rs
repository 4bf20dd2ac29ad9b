//! `analyze FILE` in a real terminal: the sample incident, captures of sysdig, files that are damaged or deleted.

#[path = "../../import/tests/make/mod.rs"]
mod make;
#[path = "../../tui/tests/tmux/mod.rs"]
mod tmux;

use make::Capture;
use std::fs;
use std::path::{Path, PathBuf};
use tmux::Tmux;

fn open(tmux: &Tmux, file: &Path) {
    tmux.run(&["resize-window", "-x", "120", "-y", "40"]);
    tmux.command(&format!(
        "{} {}; echo status $?",
        env!("CARGO_BIN_EXE_analyze"),
        file.display()
    ));
}

fn incident() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/incident.scap")
}

/// A capture with so many opens of files.
fn capture(events: u64) -> Capture {
    let mut capture = Capture::new();
    capture.process(9, 42, 1, "one");
    let open: [&[u8]; 4] = [&3i64.to_le_bytes(), b"/etc/x\0", &[1, 0, 0, 0], &[0; 4]];
    for at in 0..events / 2 {
        let time = 1_000_000_000 + at * 1000;
        capture.event(time, 42, 2, &[]).event(time, 42, 3, &open);
    }
    capture
}

#[test]
fn from_the_first_screen_to_the_cause() {
    let Some(tmux) = Tmux::start("from_the_first_screen_to_the_cause") else {
        return;
    };
    open(&tmux, &incident());
    tmux.wait_for("shell started by a server");
    tmux.wait_for("secrets read");
    tmux.keys(&["Enter"]);
    tmux.wait_for("1/8");
    tmux.keys(&["End", "w"]);
    tmux.wait_for("entry");
    tmux.wait_for("received");
    tmux.keys(&["BSpace", "F2", "c"]);
    tmux.wait_for("views");
    tmux.keys(&["Enter"]);
    tmux.wait_for("Containers");
    tmux.keys(&["q"]);
    tmux.wait_for("status 0");
    tmux.is_given_back();
}

#[test]
fn a_capture_is_looked_at_while_it_is_imported() {
    let Some(tmux) = Tmux::start("a_capture_is_looked_at_while_it_is_imported") else {
        return;
    };
    let file = tmux.folder.path().join("sysdig.scap");
    fs::write(&file, &capture(2_000_000).0).expect("room on the disk");
    open(&tmux, &file);
    tmux.wait_for("Overview");
    tmux.keys(&["E"]);
    tmux.wait_for("/etc/x");
    tmux.wait_for("sealed");
    tmux.keys(&["G"]);
    tmux.wait_for("2000000/2000000");
    tmux.keys(&["q"]);
    tmux.wait_for("status 0");
}

#[test]
fn what_is_damaged_or_gone_is_shown_as_far_as_it_goes() {
    let Some(tmux) = Tmux::start("what_is_damaged_or_gone_is_shown_as_far_as_it_goes") else {
        return;
    };
    let file = tmux.folder.path().join("cut.scap");
    let whole = capture(1000).0;
    fs::write(&file, &whole[..whole.len() - 7]).expect("room on the disk");
    open(&tmux, &file);
    tmux.wait_for("DAMAGED");
    tmux.keys(&["E"]);
    tmux.wait_for("/etc/x");
    tmux.keys(&["q"]);
    tmux.wait_for("status 0");
    tmux.command("clear");

    let file = tmux.folder.path().join("gone.scap");
    fs::copy(incident(), &file).expect("room on the disk");
    open(&tmux, &file);
    tmux.wait_for("3053 events");
    fs::remove_file(&file).expect("it was there");
    tmux.keys(&["E", "G"]);
    tmux.wait_for("3053/3053");
    tmux.keys(&["q"]);
    tmux.wait_for("status 0");
    tmux.is_given_back();
}
