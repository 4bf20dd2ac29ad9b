//! `cargo xtask bench encode` and `decode`: processor time from event to compressed column, and back.

mod report;

use std::path::Path;

use anyhow::Result;
use clap::Args;

use super::document::Part;
use super::measure::{Figures, Measure};
use super::rounds::turns;
use super::{setup, traces};
use crate::interrupt;

/// How to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// Runs over each trace; medians are reported
    #[arg(long, default_value_t = 5)]
    repetitions: usize,
    #[command(flatten)]
    traces: traces::Sources,
    /// Keep the results in docs/benchmarks.md
    #[arg(long)]
    save: bool,
}

/// Which way.
#[derive(Clone, Copy)]
pub(crate) enum Direction {
    /// Events to bytes.
    Encode,
    /// Bytes to events.
    Decode,
}

/// The runs over one trace.
struct Measured {
    name: String,
    runs: Vec<Figures>,
}

/// Measures, prints, and keeps the results where that is asked for.
pub(super) fn run(root: &Path, direction: Direction, options: &Options) -> Result<()> {
    setup::some_repetitions(options.repetitions)?;
    interrupt::watch();
    let scratch = setup::scratch()?;
    let measure = Measure::build(root)?;
    let traces = options.traces.gather(root, scratch.path())?;
    let mut all: Vec<Measured> = traces
        .iter()
        .map(|trace| Measured {
            name: trace.name.clone(),
            runs: Vec::new(),
        })
        .collect();
    for (round, at) in turns(options.repetitions, traces.len()) {
        interrupt::check()?;
        eprintln!(
            "xtask: {} {}, round {} of {}",
            direction.name(),
            traces[at].name,
            round + 1,
            options.repetitions
        );
        all[at].runs.push(measure.figures(direction.name(), &traces[at].file)?);
    }
    let part = match direction {
        Direction::Encode => Part::ENCODE,
        Direction::Decode => Part::DECODE,
    };
    part.publish(root, &report::render(direction, &all)?, options.save)
}

impl Direction {
    /// As `measure` calls it.
    fn name(self) -> &'static str {
        match self {
            Direction::Encode => "encode",
            Direction::Decode => "decode",
        }
    }
}
