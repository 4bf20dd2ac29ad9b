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
    /// An empty program where every call returns: what no recorder can be cheaper than here.
    Hook,
    /// `capture record` of the whole machine.
    Capture,
    /// The same with `--latency`: for traces that are read, not for what recording costs.
    Timed,
    /// `capture record` of other calls than those of the workload.
    OtherCalls,
    /// `capture record` of a container in which nothing runs.
    Elsewhere,
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
            Observer::Hook => "empty program",
            Observer::Capture => "capture",
            Observer::Timed => "capture --latency",
            Observer::OtherCalls => "other calls",
            Observer::Elsewhere => "elsewhere",
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

    /// How the recorder is told; `None` where it is not the one who looks on.
    pub(crate) fn recorder(self) -> Option<&'static [&'static str]> {
        match self {
            Observer::Capture | Observer::Elsewhere => Some(&["--profile", "full"]),
            Observer::Timed => Some(&["--profile", "full", "--latency"]),
            Observer::OtherCalls => Some(&["--profile", "network"]),
            Observer::Nobody | Observer::Hook | Observer::Strace | Observer::Perf => None,
        }
    }

    /// Whether it says something about this workload. Calls that are not selected are compared one by one.
    pub(crate) fn fits(self, workload: Workload) -> bool {
        match self {
            Observer::Capture => true,
            Observer::Timed => false,
            _ if workload.is_for_losses() => false,
            Observer::OtherCalls | Observer::Elsewhere => workload == Workload::Getpid,
            Observer::Nobody | Observer::Hook | Observer::Strace | Observer::Perf => true,
        }
    }

    /// For a peer: a command that runs `work` under it and writes to `output`.
    pub(crate) fn around(self, work: Command, output: &Path) -> Command {
        let mut command = match self {
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
            _ => return work,
        };
        command.arg(work.get_program()).args(work.get_args());
        command
    }
}

/// Nobody, an empty program, `capture` in its ways, and the peers that are installed.
pub(crate) fn available(peers: bool) -> Vec<Observer> {
    let mut observers = vec![
        Observer::Nobody,
        Observer::Capture,
        Observer::Hook,
        Observer::OtherCalls,
        Observer::Elsewhere,
    ];
    for (peer, program) in [(Observer::Strace, "strace"), (Observer::Perf, "perf")] {
        if peers && process::find(program).is_some() {
            observers.push(peer);
        } else if peers {
            eprintln!("xtask: {program} is not installed, so it is left out");
        }
    }
    observers
}
