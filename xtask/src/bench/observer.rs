//! Who looks on while the work is done.

use std::path::Path;
use std::process::Command;

use super::workload::Workload;
use crate::process;

/// A recorder, or nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Observer {
    /// The work alone: what the others are compared with.
    Nobody,
    /// `capture record` of the whole machine.
    Capture,
    /// strace of the workload's processes.
    Strace,
    /// perf, recording every system call's exit on the whole machine.
    Perf,
}

impl Observer {
    /// Its name in the report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Observer::Nobody => "no recorder",
            Observer::Capture => "capture",
            Observer::Strace => "strace",
            Observer::Perf => "perf",
        }
    }

    /// Part of the work that it looks at; ratios are of the time for one operation.
    pub(crate) fn share(self, workload: Workload) -> f64 {
        match (self, workload) {
            // Stops the process twice for each call: millions of them would take minutes and tell nothing more.
            (Observer::Strace, Workload::Getpid | Workload::TwoGetpid | Workload::Http) => 0.02,
            _ => 1.0,
        }
    }

    /// For a peer: a command that runs `work` under it and writes to `output`.
    pub(crate) fn around(self, work: Command, output: &Path) -> Command {
        let mut command = match self {
            Observer::Nobody | Observer::Capture => return work,
            Observer::Strace => {
                let mut strace = Command::new("strace");
                strace.args(["-f", "-qq", "-o"]).arg(output);
                strace
            }
            Observer::Perf => {
                let mut perf = Command::new("perf");
                perf.args(["record", "-q", "-a", "-e", "raw_syscalls:sys_exit", "-o"])
                    .arg(output)
                    .arg("--");
                perf
            }
        };
        command.arg(work.get_program()).args(work.get_args());
        command
    }
}

/// Nobody and `capture`, and the peers that are installed.
pub(crate) fn available(peers: bool) -> Vec<Observer> {
    let mut observers = vec![Observer::Nobody, Observer::Capture];
    for (peer, program) in [(Observer::Strace, "strace"), (Observer::Perf, "perf")] {
        if peers && process::find(program).is_some() {
            observers.push(peer);
        } else if peers {
            eprintln!("xtask: {program} is not installed, so it is left out");
        }
    }
    observers
}
