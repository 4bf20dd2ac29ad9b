//! A program in a real terminal: tmux types and looks.

use std::fs::OpenOptions;
use std::io::Write;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Nothing takes so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A tmux server of its own, with a shell in one window; gone when dropped.
pub(crate) struct Tmux {
    pub(crate) folder: tempfile::TempDir,
}

impl Tmux {
    /// Starts a shell at 80x24; nothing, with the reason said, where there is no tmux.
    pub(crate) fn start(test: &str) -> Option<Tmux> {
        if Command::new("tmux").arg("-V").output().is_err() {
            skipped(test, "tmux is not installed");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let tmux = Tmux { folder };
        tmux.run(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            "80",
            "-y",
            "24",
            "env PS1='$ ' LC_ALL=C.UTF-8 TZ=UTC sh",
        ]);
        tmux.wait_for("$");
        Some(tmux)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let socket = self.folder.path().join("tmux");
        let output = Command::new("tmux")
            .arg("-u")
            .arg("-S")
            .arg(socket)
            .args(arguments)
            .output()
            .expect("tmux runs");
        assert!(output.status.success(), "tmux {arguments:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    pub(crate) fn keys(&self, keys: &[&str]) {
        self.run(&[&["send-keys"], keys].concat());
    }

    /// Types a line at the shell.
    pub(crate) fn command(&self, line: &str) {
        self.run(&["send-keys", "-l", line]);
        self.keys(&["Enter"]);
    }

    pub(crate) fn screen(&self) -> String {
        self.run(&["capture-pane", "-p"])
    }

    /// Waits until the screen shows `text`.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) {
        self.wait_until(text, |screen| screen.contains(text));
    }

    #[track_caller]
    pub(crate) fn wait_until(&self, what: &str, holds: impl Fn(&str) -> bool) {
        let start = Instant::now();
        while !holds(&self.screen()) {
            assert!(start.elapsed() < PATIENCE, "never came: {what}\n{}", self.screen());
            sleep(Duration::from_millis(20));
        }
    }

    /// The terminal is as it was: main screen, cursor, echo and lines.
    #[track_caller]
    pub(crate) fn is_given_back(&self) {
        let flags = self.run(&["display-message", "-p", "#{alternate_on} #{cursor_flag}"]);
        assert_eq!(flags.trim(), "0 1", "alternate screen and cursor");
        self.command("stty -a | tr ' ' '\\n' | grep -c -x -e icanon -e echo -e isig");
        self.wait_until("icanon, echo and isig", |screen| screen.lines().any(|line| line == "3"));
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let socket = self.folder.path().join("tmux");
        let _ = Command::new("tmux").arg("-S").arg(socket).arg("kill-server").output();
    }
}

/// Says that a test is skipped, where it is counted.
pub(crate) fn skipped(test: &str, reason: &str) {
    let line = format!("SKIPPED: {test}: {reason}");
    println!("{line}");
    if let Some(log) = std::env::var_os("AFTERIMAGE_SKIP_LOG") {
        let log = OpenOptions::new().append(true).create(true).open(log);
        log.and_then(|mut log| writeln!(log, "{line}"))
            .expect("the log of skipped tests can be written");
    }
}
