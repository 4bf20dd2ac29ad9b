//! `cargo xtask bench record`: what recording costs, as ratios of the same work with and without it.

use std::path::Path;

use anyhow::Result;
use clap::Args;

use super::document::Part;
use super::observer::{self, Observer};
use super::report;
use super::rounds::turns;
use super::run::{Bench, Measured};
use super::setup;
use super::workload::Workload;
use crate::interrupt;

/// How to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// Runs of each workload with each observer; medians are reported
    #[arg(long, default_value_t = 5)]
    repetitions: usize,
    /// Only these workloads (default: those of the performance notes)
    #[arg(long = "workload", value_enum)]
    workloads: Vec<Workload>,
    /// Also run under strace and perf, where they are installed
    #[arg(long)]
    peers: bool,
    /// Part of the work to do: 0.1 for a quick look
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// Keep the results in docs/benchmarks.md
    #[arg(long)]
    save: bool,
}

/// Measures, prints, and keeps the results where that is asked for.
pub(super) fn run(root: &Path, options: &Options) -> Result<()> {
    setup::some_repetitions(options.repetitions)?;
    interrupt::watch();
    let workloads = Workload::or(&options.workloads, Workload::recorded);
    let scratch = setup::scratch()?;
    let bench = setup::bench(root, &workloads, options.scale, scratch.path())?;
    let observers = observer::available(options.peers);
    let measured = measure(&bench, &workloads, &observers, options.repetitions)?;
    Part::RECORD.publish(root, &report::render(&measured), options.save)
}

/// Runs everything.
fn measure(bench: &Bench, workloads: &[Workload], observers: &[Observer], rounds: usize) -> Result<Vec<Measured>> {
    let mut measured = Vec::new();
    for &workload in workloads {
        let mut all: Vec<Measured> = observers
            .iter()
            .filter(|observer| observer.fits(workload))
            .map(|&observer| Measured::new(workload, observer))
            .collect();
        // What is only to show losses takes long enough to show them in one round.
        let rounds = if workload.is_for_losses() { 1 } else { rounds };
        if !workload.is_for_losses() {
            // The first run of all finds cold caches, which is nobody's fault.
            bench.run(workload, Observer::Nobody)?;
        }
        for (round, at) in turns(rounds, all.len()) {
            interrupt::check()?;
            let one = &mut all[at];
            eprintln!(
                "xtask: {} {}, round {} of {rounds}",
                workload.name(),
                one.observer.name(),
                round + 1
            );
            one.runs.push(bench.run(workload, one.observer)?);
        }
        measured.append(&mut all);
    }
    Ok(measured)
}
