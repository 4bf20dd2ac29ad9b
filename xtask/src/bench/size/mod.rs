//! `cargo xtask bench size`: bytes per event of recorded workloads, and which columns take them.

mod report;

use std::path::Path;

use anyhow::Result;
use clap::Args;

use super::document::Part;
use super::measure::{Column, Measure};
use super::observer::Observer;
use super::rounds::turns;
use super::run::{Recording, Run};
use super::setup;
use super::workload::Workload;
use crate::interrupt;

/// How to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// Recordings of each workload; medians are reported
    #[arg(long, default_value_t = 3)]
    repetitions: usize,
    /// Only these workloads (default: files, http, exec, compile, storm)
    #[arg(long = "workload", value_enum)]
    workloads: Vec<Workload>,
    /// Part of the work to do: 0.1 for a quick look
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// Keep the results in docs/benchmarks.md
    #[arg(long)]
    save: bool,
}

/// The recordings of one workload.
struct Sized {
    workload: Workload,
    recordings: Vec<Recording>,
    /// Of the last recording, the largest first.
    columns: Vec<Column>,
}

/// Measures, prints, and keeps the results where that is asked for.
pub(super) fn run(root: &Path, options: &Options) -> Result<()> {
    setup::some_repetitions(options.repetitions)?;
    interrupt::watch();
    let workloads = Workload::or(&options.workloads, Workload::traced);
    let scratch = setup::scratch()?;
    let measure = Measure::build(root)?;
    let bench = setup::bench(root, &workloads, options.scale, scratch.path())?;
    let trace = scratch.path().join("bench.scap");
    let mut all: Vec<Sized> = workloads.iter().map(|&workload| Sized::new(workload)).collect();
    for (round, at) in turns(options.repetitions, all.len()) {
        interrupt::check()?;
        let one = &mut all[at];
        eprintln!(
            "xtask: recording {}, round {} of {}",
            one.workload.name(),
            round + 1,
            options.repetitions
        );
        let Run { recording, .. } = bench.record(one.workload, Observer::Capture, &trace)?;
        one.recordings.extend(recording);
        if round + 1 == options.repetitions {
            one.columns = measure.columns(&trace)?;
        }
    }
    Part::SIZE.publish(root, &report::render(&all), options.save)
}

impl Sized {
    fn new(workload: Workload) -> Self {
        Self {
            workload,
            recordings: Vec::new(),
            columns: Vec::new(),
        }
    }
}
