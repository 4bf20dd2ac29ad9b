//! `cargo xtask test`: everything that decides whether a change is good, in one command.
//!
//! Tests that need root say so themselves: one that cannot run prints `SKIPPED: name: reason`, appends the same line to
//! the file named by [`skipped::VARIABLE`], and is counted here as skipped, although its runner saw it return in peace.

mod kaitai;
mod results;
mod skipped;

use std::fmt::Display;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::packages::{self, Need};
use crate::{fuzz, process, tidy, vm, workspace};
use results::Tally;

/// What builds and tests take: container runtimes, a peer that reads its own captures, something to run in it, a terminal to type into, namespaces; and what the reader
/// made from docs/format.md alone is written in.
const PACKAGES: [Need; 17] = [
    workspace::CAPTURE_NEEDS,
    Need::program("containerd", "containerd"),
    Need::program("dockerd", "docker.io"),
    Need::program("podman", "podman"),
    Need::program("crun", "crun"),
    Need::program("iptables", "iptables"),
    Need::package("containernetworking-plugins"),
    Need::program("runc", "runc"),
    Need::program("busybox", "busybox-static"),
    Need::program("tmux", "tmux"),
    Need::program("ip", "iproute2"),
    Need::program("python3", "python3"),
    Need::program("zstd", "zstd"),
    Need::program("ssh-keygen", "openssh-client"),
    Need::program("openssl", "openssl"),
    Need::program("curl", "curl"),
    Need::program("sysdig", "sysdig"),
];

/// Runs the checks and the tests, prints what failed and what was skipped, and ends with one line of numbers.
pub(crate) fn run(root: &Path) -> Result<ExitCode> {
    if process::is_root() {
        packages::ensure(&PACKAGES, "the tests")?;
    }
    kaitai::install(root);
    let skip_log = workspace::target_dir(root).join("skipped-tests.log");
    skipped::start(&skip_log)?;

    let mut all = Tally::default();
    let mut failed = Vec::new();
    for (name, check) in CHECKS {
        println!("\nxtask: {name}");
        let outcome = check(root);
        all.count(outcome.is_ok());
        if let Err(error) = outcome {
            println!("xtask: {name}: {error:#}");
            failed.push(name.to_owned());
        }
    }
    let tests = if has_nextest() { NEXTEST } else { CARGO_TEST };
    for runner in [tests, DOC_TEST] {
        println!("\nxtask: {}", runner.name);
        let tally = runner.run(root, &skip_log)?;
        if tally.failed > 0 {
            failed.push(runner.name.to_owned());
        }
        all.add(tally);
    }
    println!("\nxtask: other kernels");
    if let Err(error) = run_vm(root, &skip_log, &mut all, &mut failed) {
        println!("xtask: other kernels: {error:#}");
        all.count(false);
        failed.push("other kernels".to_owned());
    }
    println!("\nxtask: fuzz, {} seconds a target", fuzz::SECONDS_IN_TEST);
    if let Err(error) = run_fuzz(root, &skip_log, &mut all, &mut failed) {
        println!("xtask: fuzz: {error:#}");
        all.count(false);
        failed.push("fuzz".to_owned());
    }
    let skipped = skipped::read(&skip_log)?;
    all.move_to_skipped(skipped.len());

    list("skipped, because this machine or user does not allow them", &skipped);
    list("failed", &failed);
    println!("\n{all}");
    Ok(if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Each fuzz target counts as one check.
fn run_fuzz(root: &Path, skip_log: &Path, all: &mut Tally, failed: &mut Vec<String>) -> Result<()> {
    match fuzz::check(root)? {
        Ok(targets) => {
            for (target, passed) in targets {
                all.count(passed);
                if !passed {
                    failed.push(target.to_owned());
                }
            }
        }
        Err(reason) => {
            for target in fuzz::TARGETS {
                // Those in the log are moved from the passed ones to the skipped ones.
                all.count(true);
                skipped::add(skip_log, &format!("fuzz {target}"), &reason)?;
            }
        }
    }
    Ok(())
}

/// Each test on each kernel counts.
fn run_vm(root: &Path, skip_log: &Path, all: &mut Tally, failed: &mut Vec<String>) -> Result<()> {
    match vm::check(root)? {
        Ok(results) => {
            for result in results {
                // Those in the log are moved from the passed ones to the skipped ones.
                all.count(result.outcome != vm::Outcome::Failed);
                match result.outcome {
                    vm::Outcome::Passed => {}
                    vm::Outcome::Failed => failed.push(result.name),
                    vm::Outcome::Skipped(reason) => skipped::add(skip_log, &result.name, &reason)?,
                }
            }
        }
        Err(reason) => {
            for kernel in vm::kernels() {
                all.count(true);
                skipped::add(skip_log, &format!("vm {kernel}"), &reason)?;
            }
        }
    }
    Ok(())
}

fn list(title: &str, entries: &[impl Display]) {
    if !entries.is_empty() {
        println!("\n{title}:");
    }
    for entry in entries {
        println!("  {entry}");
    }
}

/// A check that is not a test, and counts as one.
type Check = fn(&Path) -> Result<()>;

const CHECKS: [(&str, Check); 4] = [
    ("format", |root| {
        process::run(&mut cargo(root, &["fmt", "--all", "--check"]))?;
        let fuzz = ["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"];
        process::run(&mut cargo(root, &fuzz))
    }),
    ("lints", |root| {
        process::run(&mut cargo(
            root,
            &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"],
        ))
    }),
    ("tidy", tidy::run),
    ("build", |root| {
        process::run(&mut cargo(root, &["build", "--workspace"]))
    }),
];

/// A program that runs tests, and how to read what it says.
struct Runner {
    name: &'static str,
    arguments: &'static [&'static str],
    read: fn(&str) -> Tally,
}

impl Runner {
    fn run(&self, root: &Path, skip_log: &Path) -> Result<Tally> {
        let mut command = cargo(root, self.arguments);
        command.env(skipped::VARIABLE, skip_log);
        let (status, said) = process::run_and_keep(&mut command)?;
        let mut tally = (self.read)(&said);
        if !status.success() {
            // A runner that fails without naming a failed test did not get as far as running them.
            tally.failed = tally.failed.max(1);
        }
        Ok(tally)
    }
}

const NEXTEST: Runner = Runner {
    name: "tests",
    arguments: &["nextest", "run", "--workspace", "--no-fail-fast"],
    read: results::nextest,
};

const CARGO_TEST: Runner = Runner {
    name: "tests",
    arguments: &["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"],
    read: results::cargo_test,
};

const DOC_TEST: Runner = Runner {
    name: "doc tests",
    arguments: &["test", "--workspace", "--doc", "--no-fail-fast"],
    read: results::cargo_test,
};

fn cargo(root: &Path, arguments: &[&str]) -> Command {
    let mut cargo = workspace::cargo();
    cargo.current_dir(root).args(arguments);
    cargo
}

fn has_nextest() -> bool {
    process::run_quietly(workspace::cargo().args(["nextest", "--version"])).is_ok()
}
