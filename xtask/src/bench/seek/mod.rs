//! `cargo xtask bench seek`: a second near the end of a small and of a large trace, and all of the large one.

mod moment;
mod report;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Args;

use super::document::Part;
use super::measure::{Figures, Measure};
use super::rounds::turns;
use super::workload::Workload;
use super::{setup, traces};
use crate::interrupt;
use crate::workspace::{self, Profile};
use moment::Answer;

/// Size of the small trace in bytes.
const SMALL: u64 = 10_000_000;

/// How to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// Windows into each trace; medians are reported
    #[arg(long, default_value_t = 9)]
    repetitions: usize,
    /// A trace to grow instead of recording fork and exec
    #[arg(long, value_name = "FILE", conflicts_with = "scale")]
    trace: Option<PathBuf>,
    /// Size of the large trace in bytes; it is removed afterwards
    #[arg(long, value_name = "BYTES", default_value_t = 1_000_000_000)]
    large: u64,
    /// Part of the work to record: 0.1 for a quick look
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// Keep the results in docs/benchmarks.md
    #[arg(long)]
    save: bool,
}

/// A trace made of copies of another.
struct Grown {
    file: PathBuf,
    bytes: u64,
    /// Of `measure window`.
    windows: Vec<Figures>,
}

/// Everything that was measured.
struct Measured {
    /// Name of the trace that was grown.
    name: String,
    small: Grown,
    large: Grown,
    /// Of `measure scan`, on the large trace.
    scans: Vec<Figures>,
    /// Of `analyze ps --at`, in the middle of the large trace.
    moments: Vec<Answer>,
}

/// Measures, prints, and keeps the results where that is asked for.
pub(super) fn run(root: &Path, options: &Options) -> Result<()> {
    setup::some_repetitions(options.repetitions)?;
    if options.large <= SMALL {
        bail!("--large must be more than the small trace's {SMALL} bytes");
    }
    interrupt::watch();
    let scratch = setup::scratch()?;
    let measure = Measure::build(root)?;
    let programs = workspace::build_programs(root, Profile::Release)?;
    let trace = match &options.trace {
        Some(file) => traces::given(file)?,
        None => traces::record_one(root, Workload::Exec, options.scale, scratch.path())?,
    };
    let grow = |name: &str, bytes| Grown::make(&measure, &trace.file, &scratch.path().join(name), bytes);
    let mut grown = [grow("small.scap", SMALL)?, grow("large.scap", options.large)?];

    for (round, at) in turns(options.repetitions, grown.len()) {
        interrupt::check()?;
        if at == 0 {
            eprintln!("xtask: windows, round {} of {}", round + 1, options.repetitions);
        }
        let figures = measure.figures("window", &grown[at].file)?;
        grown[at].windows.push(figures);
    }
    let [small, large] = grown;
    let (mut scans, mut moments) = (Vec::new(), Vec::new());
    let middle = moment::middle(&programs.info(&large.file)?)?;
    for round in 0..options.repetitions {
        interrupt::check()?;
        eprintln!("xtask: full scan, round {} of {}", round + 1, options.repetitions);
        scans.push(measure.figures("scan", &large.file)?);
        moments.push(moment::processes(&programs.analyze, &large.file, &middle)?);
    }
    let measured = Measured {
        name: trace.name,
        small,
        large,
        scans,
        moments,
    };
    Part::SEEK.publish(root, &report::render(&measured)?, options.save)
}

impl Grown {
    fn make(measure: &Measure, trace: &Path, file: &Path, bytes: u64) -> Result<Self> {
        interrupt::check()?;
        eprintln!("xtask: making a trace of {} MB", bytes / 1_000_000);
        measure.grow(trace, file, bytes)?;
        Ok(Self {
            file: file.to_owned(),
            bytes: fs::metadata(file)?.len(),
            windows: Vec::new(),
        })
    }
}
