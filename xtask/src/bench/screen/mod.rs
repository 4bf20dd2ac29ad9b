//! `cargo xtask bench screen`: how fast the terminal interface answers.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use portable_pty::CommandBuilder;

use super::document::Part;
use super::measure::Measure;
use super::query::counts;
use super::statistics::Summary;
use super::workload::Workload;
use super::{setup, traces};
use crate::interrupt;
use crate::terminal::Terminal;
use crate::workspace::{self, Profile, Programs};

/// Keys that are timed while work goes on.
const KEYS: usize = 20;

/// How to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// How often the interface is opened; medians are reported
    #[arg(long, default_value_t = 5)]
    repetitions: usize,
    /// A trace to grow instead of recording a mix of work
    #[arg(long, value_name = "FILE", conflicts_with = "scale")]
    trace: Option<PathBuf>,
    /// Events of the large trace
    #[arg(long, default_value_t = 16_000_000)]
    large: u64,
    /// Events of the very large one
    #[arg(long, default_value_t = 100_000_000)]
    huge: u64,
    /// Part of the work to record: 0.1 for a quick look
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// Keep the results in docs/benchmarks.md
    #[arg(long)]
    save: bool,
}

/// Something that is measured on a trace, and its goal.
struct Figure {
    what: &'static str,
    unit: &'static str,
    goal: f64,
    values: Vec<f64>,
}

/// Measures, prints, and keeps the results where that is asked for.
pub(super) fn run(root: &Path, options: &Options) -> Result<()> {
    setup::some_repetitions(options.repetitions)?;
    interrupt::watch();
    let scratch = setup::scratch()?;
    let measure = Measure::build(root)?;
    let programs = workspace::build_programs(root, Profile::Release)?;
    let trace = match &options.trace {
        Some(file) => traces::given(file)?,
        None => traces::record_one(root, Workload::Files, options.scale, scratch.path())?,
    };
    let mut report = format!(
        "medians of {} runs of `analyze FILE` at 120x40, on copies of {}.\n",
        options.repetitions, trace.name
    );
    for (name, wanted) in [("large", options.large), ("huge", options.huge)] {
        let file = scratch.path().join(format!("{name}.scap"));
        let events = grow(&measure, &programs, &trace.file, &file, wanted)?;
        let mut figures = figures();
        for round in 0..options.repetitions {
            interrupt::check()?;
            eprintln!("xtask: {events} events, round {} of {}", round + 1, options.repetitions);
            one(&programs.analyze, &file, events, &mut figures)?;
        }
        let _ = write!(
            report,
            "\n### {events} events\n\n| what | goal | median (range) | |\n|---|---|---|---|\n"
        );
        for figure in &figures {
            let Some(summary) = Summary::of(figure.values.iter().copied()) else {
                continue;
            };
            let met = if summary.median <= figure.goal { "met" } else { "missed" };
            let Figure { what, goal, unit, .. } = figure;
            let _ = writeln!(
                report,
                "| {what} | {goal:.0} {unit} | {} {unit} | {met} |",
                summary.written(1)
            );
        }
        std::fs::remove_file(&file)?;
    }
    Part::SCREEN.publish(root, &report, options.save)
}

/// Makes a trace of about so many events; gives how many they are.
fn grow(measure: &Measure, programs: &Programs, trace: &Path, file: &Path, wanted: u64) -> Result<u64> {
    let (events, bytes) = counts(&programs.info(trace)?)?;
    eprintln!("xtask: making a trace of {wanted} events");
    let size = bytes as f64 * wanted as f64 / events.max(1) as f64;
    measure.grow(trace, file, (size * 1.02) as u64 + 1)?;
    Ok(counts(&programs.info(file)?)?.0)
}

fn figures() -> Vec<Figure> {
    let figure = |what, unit, goal| Figure {
        what,
        unit,
        goal,
        values: Vec::new(),
    };
    vec![
        figure("first frame", "ms", 100.0),
        figure("a key while work goes on", "ms", 50.0),
        figure("all events, to the last row", "ms", 100.0),
        figure("first rows of a filter", "ms", 200.0),
        figure("a filter is given up", "ms", 50.0),
        figure("first rows of a view", "ms", 300.0),
        figure("peak memory", "MB", 150.0),
    ]
}

/// Opens the interface once, presses keys, and notes what that took.
fn one(analyze: &Path, file: &Path, events: u64, figures: &mut [Figure]) -> Result<()> {
    let mut command = CommandBuilder::new(analyze);
    command.arg(file);
    let mut terminal = Terminal::start(command, (120, 40))?;
    let mut note = |at: usize, value: f64| figures[at].values.push(value);
    let header = format!("{events} events");
    note(
        0,
        terminal.shows("the overview", |screen| {
            screen.contains("Overview") && screen.contains(&header)
        })?,
    );
    // The overview reads the whole trace: these keys are pressed meanwhile.
    let mut keys = Vec::new();
    for _ in 0..KEYS {
        keys.push(terminal.press("?", "the help", |screen| screen.contains("what they do"))?);
        keys.push(terminal.press("q", "the overview", |screen| !screen.contains("what they do"))?);
    }
    note(1, keys.into_iter().fold(0.0, f64::max));
    let last = format!("{events}/{events}");
    let number = format!("{events} ");
    note(
        2,
        terminal.press("EG", "the last row", |screen| {
            screen.contains(&last)
                && screen
                    .lines()
                    .skip(4)
                    .any(|line| line.trim_start().starts_with(&number))
        })?,
    );
    terminal.press("/", "the filter line", |screen| screen.contains("/ "))?;
    // All at once, as a paste: what is measured is the search, not the typing.
    let filter = "\x1b[200~fd.name contains etc and evt.latency >= 0\x1b[201~";
    let filter = if events > 50_000_000 {
        "\x1b[200~fd.name contains e\x1b[201~"
    } else {
        filter
    };
    note(
        3,
        terminal.press(filter, "rows that pass", |screen| {
            screen.contains("fd.name") && (screen.contains("1/") || screen.contains("no event passes"))
        })?,
    );
    note(
        4,
        terminal.press("\x1b", "all events again", |screen| {
            screen.contains(&last) || !screen.contains("/ fd.name")
        })?,
    );
    terminal.press("\x7f", "the overview", |screen| screen.contains("Overview"))?;
    note(
        5,
        terminal.press("v\r", "processes", |screen| {
            screen.contains("Processes") && screen.contains(" 1/")
        })?,
    );
    note(6, terminal.megabytes()?);
    Ok(())
}
