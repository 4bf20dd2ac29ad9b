//! `cargo xtask bench record`: what recording costs, as ratios of the same work with and without it.

mod machine;
mod observer;
mod report;
mod run;
mod statistics;
mod web;
pub(crate) mod workload;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};

use crate::workspace::{self, Profile};
use crate::{interrupt, process};
use observer::Observer;
use run::{Bench, Measured};
use workload::Workload;

/// What to measure.
#[derive(Subcommand)]
pub(crate) enum Action {
    /// Run the workloads interleaved without and with the recorder
    Record(Options),
}

/// How to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// Runs of each workload with each observer; medians are reported
    #[arg(long, default_value_t = 5)]
    repetitions: usize,
    /// Only these workloads (default: all)
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

/// Does what was asked.
pub(crate) fn run(root: &Path, action: &Action) -> Result<()> {
    match action {
        Action::Record(options) => record(root, options),
    }
}

fn record(root: &Path, options: &Options) -> Result<()> {
    if !process::is_root() {
        bail!("recording needs root: try `sudo -E cargo xtask bench record`");
    }
    if options.repetitions == 0 {
        bail!("--repetitions must be at least 1");
    }
    interrupt::watch();
    let workloads = if options.workloads.is_empty() {
        Workload::all()
    } else {
        options.workloads.clone()
    };
    let scratch = tempfile::Builder::new()
        .prefix("afterimage-bench-")
        .tempdir()
        .context("no temporary folder")?;
    let bench = Bench {
        programs: workspace::build_programs(root, Profile::Release)?,
        scratch: scratch.path().to_owned(),
        server: workloads
            .contains(&Workload::Http)
            .then(|| web::programs(root))
            .transpose()?,
        scale: options.scale,
    };
    if workloads.contains(&Workload::Files) {
        workload::make_files(&bench.files(), options.scale)?;
    }

    let observers = observer::available(options.peers);
    let measured = measure(&bench, &workloads, &observers, options.repetitions)?;
    let report = report::render(&measured, &machine::describe()?, &command_line());
    print!("{report}");
    if options.save {
        let file = root.join("docs/benchmarks.md");
        let before = fs::read_to_string(&file).unwrap_or_default();
        fs::write(&file, report::place(&before, &report))
            .with_context(|| format!("cannot write {}", file.display()))?;
        println!("\nxtask: saved in {}", file.display());
    }
    Ok(())
}

/// Runs everything; each round begins with another observer, so that none always finds the machine as another left it.
fn measure(bench: &Bench, workloads: &[Workload], observers: &[Observer], rounds: usize) -> Result<Vec<Measured>> {
    let mut measured = Vec::new();
    for &workload in workloads {
        let mut all: Vec<Measured> = observers
            .iter()
            .map(|&observer| Measured::new(workload, observer))
            .collect();
        // The first run of all finds cold caches, which is nobody's fault.
        bench.run(workload, Observer::Nobody)?;
        for round in 0..rounds {
            for turn in 0..observers.len() {
                interrupt::check()?;
                let one = &mut all[(round + turn) % observers.len()];
                eprintln!(
                    "xtask: {} {}, round {} of {rounds}",
                    workload.name(),
                    one.observer.name(),
                    round + 1
                );
                one.runs.push(bench.run(workload, one.observer)?);
            }
        }
        measured.append(&mut all);
    }
    Ok(measured)
}

/// The command as it was typed, without the path of this program.
fn command_line() -> String {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    format!("cargo xtask {}", arguments.join(" "))
}
