//! The interface in a real terminal: tmux types and looks.

mod sample;
mod tmux;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};
use tmux::{PATIENCE, Tmux};

/// A trace with a short story.
fn story(tmux: &Tmux) -> PathBuf {
    let path = tmux.folder.path().join("story.scap");
    sample::story(&path);
    path
}

/// The example, which stands beside this test's own binary.
fn example() -> PathBuf {
    let this = std::env::current_exe().expect("a path");
    let target = this.parent().and_then(Path::parent).expect("deps/ is in a folder");
    let example = target.join("examples/open");
    assert!(
        example.exists(),
        "run `cargo build -p afterimage-tui --example open` first"
    );
    example
}

fn command(trace: &Path) -> String {
    format!("{} {}; echo status $?", example().display(), trace.display())
}

#[test]
fn a_person_looks_around_and_leaves() {
    let Some(tmux) = Tmux::start("a_person_looks_around_and_leaves") else {
        return;
    };
    tmux.command(&command(&story(&tmux)));
    tmux.wait_for("Overview");
    tmux.wait_for("7 LOST");
    tmux.keys(&["E"]);
    tmux.wait_for("/etc/");
    tmux.keys(&["Down", "Enter"]);
    tmux.wait_for("data as text");
    tmux.keys(&["Tab", "Down", "Down", "Down", "Tab"]);
    tmux.wait_for("\\x1b[31mred\\x07");
    tmux.keys(&["/"]);
    tmux.run(&["send-keys", "-l", "proc.nam = sh"]);
    tmux.wait_for("did you mean `proc.name`?");
    tmux.keys(&["C-u"]);
    tmux.run(&["send-keys", "-l", "evt.type = execve"]);
    tmux.wait_for("1/1");
    tmux.keys(&["Enter"]);
    tmux.wait_until("the other events are gone", |screen| {
        !screen.contains("openat") && screen.contains("execve")
    });
    tmux.run(&["resize-window", "-x", "120", "-y", "40"]);
    tmux.wait_for("/usr/bin/id args=id -u");
    tmux.keys(&["BSpace"]);
    tmux.wait_for("Overview");
    tmux.keys(&["F2", "Enter"]);
    tmux.wait_for("Processes");
    tmux.keys(&["Enter"]);
    tmux.wait_for("pid ");
    tmux.keys(&["q"]);
    tmux.wait_for("status 0");
    tmux.is_given_back();
}

#[test]
fn a_long_trace_is_searched_and_jumped_through() {
    let Some(tmux) = Tmux::start("a_long_trace_is_searched_and_jumped_through") else {
        return;
    };
    let path = tmux.folder.path().join("long.scap");
    sample::long(&path, 20, 10_000);
    tmux.command(&command(&path));
    tmux.wait_for("200000 events");
    tmux.keys(&["E"]);
    tmux.wait_for("1/200000");
    tmux.keys(&["G"]);
    tmux.wait_for("200000/200000");
    tmux.wait_for("read ");
    tmux.keys(&["BSpace", "F2"]);
    tmux.wait_for("views");
    tmux.keys(&["c", "Enter"]);
    tmux.wait_for(" 1/2");
    tmux.keys(&["Down", "F6"]);
    tmux.wait_for("id host");
    tmux.wait_until("every tenth event", |screen| {
        screen.lines().any(|line| line.ends_with(" 1/20000"))
    });
    tmux.keys(&["q"]);
    tmux.wait_for("status 0");
}

#[test]
fn bookmarks_and_notes_stay_beside_the_trace() {
    let Some(tmux) = Tmux::start("bookmarks_and_notes_stay_beside_the_trace") else {
        return;
    };
    let path = tmux.folder.path().join("alerted.scap");
    sample::alerted(&path);
    tmux.command(&command(&path));
    tmux.wait_for("marks");
    tmux.keys(&["E", "Down", "b"]);
    tmux.wait_for("◆");
    tmux.keys(&["End", "B"]);
    tmux.wait_for("note: ");
    tmux.run(&["send-keys", "-l", "look at cron"]);
    tmux.keys(&["Enter"]);
    tmux.wait_for("¶");
    tmux.keys(&["q"]);
    tmux.wait_for("status 0");
    let notes = std::fs::read_to_string(tmux.folder.path().join("alerted.scap.notes.json")).expect("the notes");
    assert!(notes.contains("\"note\": \"look at cron\""), "{notes}");
    tmux.command("clear");
    tmux.command(&command(&path));
    tmux.wait_for("Overview");
    tmux.keys(&["m"]);
    tmux.wait_for("look at cron");
    tmux.wait_for("Survey: id ran in web");
    tmux.keys(&["End", "Up", "Up", "Enter"]);
    tmux.wait_until("the event of the note", |screen| {
        screen.contains("Events") && screen.contains("/7")
    });
    tmux.keys(&["q"]);
    tmux.wait_for("status 0");
    tmux.is_given_back();
}

#[test]
fn events_are_exported() {
    let Some(tmux) = Tmux::start("events_are_exported") else {
        return;
    };
    let path = tmux.folder.path().join("long.scap");
    sample::long(&path, 4, 10_000);
    tmux.command(&command(&path));
    tmux.wait_for("Overview");
    tmux.keys(&["E", "/"]);
    tmux.run(&["send-keys", "-l", "evt.type = read"]);
    tmux.keys(&["Enter"]);
    tmux.wait_for("1/4000");
    let written = tmux.folder.path().join("reads.jsonl");
    tmux.keys(&["x", "J", "Enter", "C-u"]);
    tmux.run(&["send-keys", "-l", &written.display().to_string()]);
    tmux.keys(&["Enter"]);
    tmux.wait_for("4000 events in ");
    let lines = std::fs::read_to_string(&written).expect("the export");
    assert_eq!(lines.lines().count(), 4000);
    tmux.keys(&["q"]);
    tmux.wait_for("status 0");
}

#[test]
fn what_is_copied_is_in_the_clipboard() {
    let Some(tmux) = Tmux::start("what_is_copied_is_in_the_clipboard") else {
        return;
    };
    tmux.run(&["set", "-g", "set-clipboard", "on"]);
    let trace = story(&tmux);
    tmux.command(&command(&trace));
    tmux.wait_for("Overview");
    tmux.keys(&["E", "/"]);
    tmux.run(&["send-keys", "-l", "evt.type = read"]);
    tmux.keys(&["Enter", "y", "C", "Enter"]);
    tmux.wait_for("copied ");
    let expected = format!("analyze query {} -f 'evt.type = read'", trace.display());
    let start = Instant::now();
    while !tmux.run(&["list-buffers"]).contains("buffer") {
        assert!(start.elapsed() < PATIENCE, "the terminal got nothing");
        sleep(Duration::from_millis(20));
    }
    assert_eq!(tmux.run(&["show-buffer"]), expected);
    tmux.keys(&["q"]);
    tmux.wait_for("status 0");
}

#[test]
fn words_are_found_in_a_long_trace() {
    let Some(tmux) = Tmux::start("words_are_found_in_a_long_trace") else {
        return;
    };
    let path = tmux.folder.path().join("long.scap");
    sample::long(&path, 20, 10_000);
    tmux.command(&command(&path));
    tmux.wait_for("200000 events");
    tmux.keys(&["E", "C-f"]);
    tmux.run(&["send-keys", "-l", "/DATA/199999"]);
    tmux.keys(&["Enter"]);
    tmux.wait_for("199999/200000");
    tmux.keys(&["n"]);
    tmux.wait_for("no more rows");
    tmux.keys(&["q"]);
    tmux.wait_for("status 0");
}

#[test]
fn the_configuration_and_the_mouse_count() {
    let Some(tmux) = Tmux::start("the_configuration_and_the_mouse_count") else {
        return;
    };
    let trace = story(&tmux);
    let folder = tmux.folder.path().join("afterimage");
    std::fs::create_dir(&folder).expect("a folder");
    let text = "start = \"events\"\n[keys]\nquit = [\"Q\"]\nfly = [\"f\"]\n";
    std::fs::write(folder.join("analyze.toml"), text).expect("a file");
    let configured = format!("XDG_CONFIG_HOME={} {}", tmux.folder.path().display(), command(&trace));
    tmux.command(&configured);
    tmux.wait_for("analyze.toml:4: keys: there is no");
    tmux.wait_for("1/7");
    // The wheel, as xterm tells it: three lines down.
    tmux.run(&[
        "send-keys",
        "-H",
        "1b",
        "5b",
        "3c",
        "36",
        "35",
        "3b",
        "35",
        "3b",
        "38",
        "4d",
    ]);
    tmux.wait_for("4/7");
    // A click on the second row.
    tmux.run(&["send-keys", "-H", "1b", "5b", "3c", "30", "3b", "35", "3b", "36", "4d"]);
    tmux.wait_for("2/7");
    tmux.keys(&["q", "Down"]);
    tmux.wait_for("3/7");
    tmux.keys(&["Q"]);
    tmux.wait_for("status 0");
    tmux.is_given_back();
}

#[test]
fn signals_give_the_terminal_back() {
    let Some(tmux) = Tmux::start("signals_give_the_terminal_back") else {
        return;
    };
    let trace = story(&tmux);
    for (signal, status) in [("TERM", 143), ("INT", 130), ("HUP", 129)] {
        tmux.command("clear");
        tmux.command(&format!("{} {}", example().display(), trace.display()));
        tmux.wait_for("Overview");
        let shell = tmux.run(&["display-message", "-p", "#{pane_pid}"]);
        let children = format!("/proc/{0}/task/{0}/children", shell.trim());
        let child = std::fs::read_to_string(&children).expect("the shell's children");
        let killed = Command::new("kill")
            .arg(format!("-{signal}"))
            .arg(child.trim())
            .status();
        assert!(killed.expect("kill runs").success());
        tmux.wait_until("the main screen", |screen| !screen.contains("Overview"));
        // Until it is gone, it would take what is typed next.
        tmux.wait_until("the shell alone", |_| {
            std::fs::read_to_string(&children).is_ok_and(|children| children.trim().is_empty())
        });
        tmux.command("echo status $?");
        tmux.wait_for(&format!("status {status}"));
        tmux.is_given_back();
    }
}

#[test]
fn a_panic_gives_the_terminal_back_and_is_seen() {
    let Some(tmux) = Tmux::start("a_panic_gives_the_terminal_back_and_is_seen") else {
        return;
    };
    let trace = story(&tmux);
    let example = example();
    tmux.command(&format!(
        "{} {} --panic-after 500; echo status $?",
        example.display(),
        trace.display()
    ));
    tmux.wait_for("status 1");
    let screen = tmux.screen();
    assert!(screen.contains("on purpose") && screen.contains("a defect"), "{screen}");
    tmux.is_given_back();
}

#[test]
fn what_is_no_trace_is_said_on_the_main_screen() {
    let Some(tmux) = Tmux::start("what_is_no_trace_is_said_on_the_main_screen") else {
        return;
    };
    tmux.command(&command(&tmux.folder.path().join("absent")));
    tmux.wait_for("cannot open");
    tmux.wait_for("status 1");
    tmux.is_given_back();
}

#[test]
fn without_a_terminal_there_is_advice() {
    let output = Command::new(example())
        .arg("absent")
        .output()
        .expect("the example runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && error.contains("analyze query"), "{error}");
}

#[test]
fn a_trace_is_followed_while_it_is_written_and_sealed() {
    let Some(tmux) = Tmux::start("a_trace_is_followed_while_it_is_written_and_sealed") else {
        return;
    };
    let path = tmux.folder.path().join("growing.scap");
    let written = path.clone();
    let writer = std::thread::spawn(move || sample::growing(&written, 8, Duration::from_millis(700)));
    let start = Instant::now();
    while !std::fs::metadata(&path).is_ok_and(|file| file.len() > 1000) {
        assert!(start.elapsed() < PATIENCE, "nothing was written");
        sleep(Duration::from_millis(20));
    }
    tmux.command(&format!("{} {} --follow", example().display(), path.display()));
    tmux.wait_for("being recorded");
    tmux.keys(&["E", "G"]);
    tmux.wait_until("more than at first", |screen| {
        screen.contains("40/40") || screen.contains("60/60")
    });
    tmux.wait_for("80/80");
    tmux.wait_for("sealed");
    writer.join().expect("the trace was written");
    tmux.keys(&["q"]);
}

#[test]
fn a_session_is_replayed_in_a_terminal() {
    let Some(tmux) = Tmux::start("a_session_is_replayed_in_a_terminal") else {
        return;
    };
    let path = tmux.folder.path().join("session.scap");
    sample::session(&path);
    tmux.command(&command(&path));
    tmux.wait_for("Overview");
    tmux.keys(&["r"]);
    tmux.wait_for("web      root");
    tmux.keys(&["Enter"]);
    tmux.wait_for("web$");
    tmux.wait_for("red and plain");
    tmux.wait_for("paused");
    tmux.keys(&["w"]);
    tmux.wait_for("Why");
    tmux.keys(&["q"]);
    tmux.wait_for("status 0");
    tmux.is_given_back();
}
