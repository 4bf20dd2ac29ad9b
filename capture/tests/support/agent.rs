//! A running agent.

use super::{capture, wait_for};
use afterimage_format::file::Trace;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// An agent, killed when this is dropped.
pub(crate) struct Agent {
    child: Child,
    dir: PathBuf,
}

impl Agent {
    /// Starts one with this configuration beside socket and folder, and waits until it records. See [`write_config`].
    pub(crate) fn start(dir: &Path, config: &str) -> Agent {
        Agent::start_with(dir, config, |_| {})
    }

    /// The same, where more has to be said about the process.
    pub(crate) fn start_with(dir: &Path, config: &str, prepare: impl FnOnce(&mut Command)) -> Agent {
        let agent = Agent::spawn(dir, config, prepare);
        agent.wait_until_ready();
        agent
    }

    /// One that may not have begun to record.
    pub(crate) fn spawn(dir: &Path, config: &str, prepare: impl FnOnce(&mut Command)) -> Agent {
        write_config(dir, config);
        let _ = std::fs::remove_file(dir.join("ready"));
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(dir.join("log"))
            .unwrap();
        let mut command = capture();
        command
            .args(["agent", "--config"])
            .arg(dir.join("agent.toml"))
            .arg("--ready-file")
            .arg(dir.join("ready"))
            .stderr(log)
            .stdin(Stdio::null());
        prepare(&mut command);
        Agent {
            child: command.spawn().unwrap(),
            dir: dir.to_owned(),
        }
    }

    fn wait_until_ready(&self) {
        wait_for("the agent to record", || {
            assert!(
                Path::new(&format!("/proc/{}/exe", self.pid())).exists(),
                "the agent ended early: {}",
                self.log()
            );
            self.dir.join("ready").exists()
        });
    }

    /// The folder that it was started in.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.dir.join("captures")
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }

    pub(crate) fn signal(&self, signal: i32) {
        // SAFETY: kill has no memory effects; the child has not been waited for.
        assert_eq!(unsafe { libc::kill(self.child.id() as i32, signal) }, 0);
    }

    /// SIGTERM, then its exit status.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        self.signal(libc::SIGTERM);
        self.child.wait().unwrap().code()
    }

    /// As in a crash.
    pub(crate) fn kill(&mut self) {
        self.signal(libc::SIGKILL);
        self.child.wait().unwrap();
    }

    /// `capture WHAT --socket … ARGS`
    pub(crate) fn ask(&self, what: &str, args: &[&str]) -> Output {
        ask(&self.dir, what, args)
    }

    /// `capture trigger --json`
    pub(crate) fn trigger(&self, args: &[&str]) -> Value {
        let mut all = vec!["--json"];
        all.extend(args);
        let output = self.ask("trigger", &all);
        let text = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    }

    /// The side-car of a capture once it has ended.
    pub(crate) fn ended(&self, id: &str) -> Value {
        let path = self.folder().join(format!("{id}.json"));
        let read = || -> Option<Value> { serde_json::from_slice(&std::fs::read(&path).ok()?).ok() };
        wait_for("the capture to end", || {
            read().is_some_and(|summary| summary["result"] != "running")
        });
        read().unwrap()
    }

    /// A sealed capture.
    pub(crate) fn trace(&self, id: &str) -> Trace {
        Trace::open(&self.folder().join(format!("{id}.scap"))).unwrap()
    }

    /// The value of a metric, with its labels.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let output = self.ask("status", &["--metrics"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(&format!("afterimage_{name} ")));
        line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn ask(dir: &Path, what: &str, args: &[&str]) -> Output {
    let mut command: Command = capture();
    command.arg(what).arg("--socket").arg(dir.join("s")).args(args);
    command.output().unwrap()
}

/// Writes what `Agent::start` would. Lines before the first section are `[recording]`'s.
pub(crate) fn write_config(dir: &Path, config: &str) {
    let (socket, folder) = (dir.join("s"), dir.join("captures"));
    let first = if config.starts_with('[') {
        Some(0)
    } else {
        config.find("\n[").map(|at| at + 1)
    };
    let (recording, config) = config.split_at(first.unwrap_or(0));
    let parts = config.split_once("[captures]\n");
    let (before, captures) = parts.unwrap_or((config, ""));
    // The section is begun already.
    let before = before.strip_prefix("[trigger.socket]\n").unwrap_or(before);
    let runtimes = if recording.contains("runtimes") {
        ""
    } else {
        "runtimes = ['none']\n"
    };
    let mode = if config.contains("#on-demand") {
        "on-demand"
    } else {
        "flight"
    };
    let text = format!(
        "[recording]\n{runtimes}{recording}mode = '{mode}'\n[trigger.socket]\npath = '{}'\n{before}\n[captures]\nfolder = '{}'\n{captures}",
        socket.display(),
        folder.display()
    );
    std::fs::write(dir.join("agent.toml"), text).unwrap();
}
