//! `cargo xtask fuzz`: the targets of `fuzz/`, built with a sanitizer and run for a bounded time.

mod run;
mod toolchain;

use std::num::NonZero;
use std::path::Path;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;

use crate::workspace;
use run::Outcome;
use toolchain::Toolchain;

/// The targets, by name of their program in `fuzz/fuzz_targets/`. The slower ones first: they are run side by side.
pub(crate) const TARGETS: [&str; 7] = ["recover", "scan", "open", "verify", "import", "filter", "round_trip"];

/// How long each target runs in `cargo xtask test`.
pub(crate) const SECONDS_IN_TEST: u64 = 40;

/// What to run.
#[derive(Args)]
pub(crate) struct Options {
    /// Seconds for each target
    #[arg(long, default_value_t = SECONDS_IN_TEST)]
    seconds: u64,
    /// One target alone
    #[arg(long, value_parser = TARGETS)]
    target: Option<String>,
}

/// Runs the targets that are asked for; an error names those that found something.
pub(crate) fn run(root: &Path, options: &Options) -> Result<()> {
    let targets: Vec<&str> = match &options.target {
        Some(target) => vec![target],
        None => TARGETS.to_vec(),
    };
    let toolchain = match toolchain::find(root)? {
        Ok(toolchain) => toolchain,
        Err(reason) => bail!("{reason}"),
    };
    let outcomes = run_all(root, &toolchain, &targets, Duration::from_secs(options.seconds))?;
    let found: Vec<&str> = outcomes.iter().filter(|o| !o.passed).map(|o| o.target).collect();
    if !found.is_empty() {
        bail!("found something: {}", found.join(", "));
    }
    Ok(())
}

/// Runs all targets as checks: name and whether it passed, or why none can be built here.
pub(crate) fn check(root: &Path) -> Result<Result<Vec<(&'static str, bool)>, String>> {
    let toolchain = match toolchain::find(root)? {
        Ok(toolchain) => toolchain,
        Err(reason) => return Ok(Err(reason)),
    };
    let time = Duration::from_secs(SECONDS_IN_TEST);
    let outcomes = run_all(root, &toolchain, &TARGETS, time)?;
    Ok(Ok(outcomes.iter().map(|o| (o.target, o.passed)).collect()))
}

fn run_all<'t>(root: &Path, toolchain: &Toolchain, targets: &[&'t str], time: Duration) -> Result<Vec<Outcome<'t>>> {
    let folder = workspace::target_dir(root).join("fuzz");
    println!("xtask: building the fuzz targets with {}", toolchain.name());
    toolchain.build(root, &folder)?;
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let waiting = Mutex::new(targets.iter());
    let next = || waiting.lock().ok()?.next().copied();
    let worker = || {
        let mut outcomes = Vec::new();
        while let Some(target) = next() {
            outcomes.push(run::target(root, &folder, &toolchain.host, target, time)?);
        }
        Ok(outcomes)
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..cores.min(targets.len())).map(|_| scope.spawn(worker)).collect();
        let mut all = Vec::new();
        for worker in workers {
            let outcomes: Result<Vec<Outcome>> = worker.join().unwrap_or_else(|_| bail!("a worker panicked"));
            all.extend(outcomes?);
        }
        Ok(all)
    })
}
