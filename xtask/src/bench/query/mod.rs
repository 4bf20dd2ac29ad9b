//! `cargo xtask bench query`: what people ask of a large trace, beside sysdig on a capture with as many events.

mod peer;
mod questions;
mod report;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};
use chrono::DateTime;
use clap::Args;
use serde_json::Value;

use super::document::Part;
use super::measure::Measure;
use super::rounds::turns;
use super::workload::Workload;
use super::{setup, traces};
use crate::workspace::{self, Profile};
use crate::{ended, interrupt, process};
use questions::Question;

/// How to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// How often each question is asked; medians are reported
    #[arg(long, default_value_t = 5)]
    repetitions: usize,
    /// A trace to grow instead of recording reads of files
    #[arg(long, value_name = "FILE", conflicts_with = "scale")]
    trace: Option<PathBuf>,
    /// How many events the large trace has at least; it is removed afterwards
    #[arg(long, default_value_t = 16_000_000)]
    events: u64,
    /// Part of the work to record: 0.1 for a quick look
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// Keep the results in docs/benchmarks.md
    #[arg(long)]
    save: bool,
}

/// What an answer took.
#[derive(Clone, Copy)]
struct Took {
    milliseconds: f64,
    /// Largest resident memory.
    megabytes: f64,
}

/// A question, and what its answers took.
struct Asked {
    question: Question,
    ours: Vec<Took>,
    /// Of sysdig, where it is there.
    peers: Vec<Took>,
}

/// Everything that was measured.
struct Measured {
    /// Name of the trace that was grown.
    name: String,
    events: u64,
    bytes: u64,
    /// Events and bytes of the capture that sysdig reads.
    peer: Option<(u64, u64)>,
    asked: Vec<Asked>,
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
        None => traces::record_timed(root, Workload::Files, options.scale, scratch.path())?,
    };
    let large = scratch.path().join("large.scap");
    let (events, bytes) = counts(&programs.info(&trace.file)?)?;
    eprintln!("xtask: making a trace of {} events", options.events);
    // A little more: the last copy may be cut.
    let wanted = bytes as f64 * options.events as f64 / events.max(1) as f64;
    measure.grow(&trace.file, &large, (wanted * 1.02) as u64 + 1)?;
    let info = programs.info(&large)?;
    let (events, bytes) = counts(&info)?;
    let peer = peer::prepare(root, scratch.path(), events)?;
    let questions = questions::all(&window(&info)?, &scratch.path().join("copy.scap"));
    let mut asked: Vec<Asked> = questions
        .into_iter()
        .map(|question| Asked {
            question,
            ours: Vec::new(),
            peers: Vec::new(),
        })
        .collect();
    for (round, at) in turns(options.repetitions, asked.len()) {
        interrupt::check()?;
        if at == 0 {
            eprintln!("xtask: round {} of {}", round + 1, options.repetitions);
        }
        let one = &mut asked[at];
        let mut ours = Command::new(&programs.analyze);
        ours.arg("query").arg(&large).args(&one.question.ours);
        one.ours.push(took(&mut ours)?);
        if let (Some(peer), Some(args)) = (&peer, &one.question.sysdig) {
            let mut sysdig = Command::new("sysdig");
            sysdig.arg("-r").arg(&peer.file).args(args);
            one.peers.push(took(&mut sysdig)?);
        }
    }
    let measured = Measured {
        name: trace.name,
        events,
        bytes,
        peer: peer.map(|peer| (peer.events, peer.bytes)),
        asked,
    };
    Part::QUERY.publish(root, &report::render(&measured), options.save)
}

/// Events and bytes, from what `analyze info` says.
pub(super) fn counts(info: &Value) -> Result<(u64, u64)> {
    let number = |pointer: &str| {
        let number = info.pointer(pointer).and_then(Value::as_u64);
        number.with_context(|| format!("no number at {pointer} in {info}"))
    };
    Ok((number("/events")?, number("/bytes")?))
}

/// One second near the end.
fn window(info: &Value) -> Result<[String; 2]> {
    let end = info.pointer("/end").and_then(Value::as_str);
    let end = end.with_context(|| format!("no end in {info}"))?;
    let end = DateTime::parse_from_rfc3339(end).with_context(|| format!("not a time: {end:?}"))?;
    let before = |milliseconds| (end - chrono::Duration::milliseconds(milliseconds)).to_rfc3339();
    Ok([before(2000), before(1000)])
}

/// Runs a question whose answer is thrown away.
fn took(command: &mut Command) -> Result<Took> {
    let start = Instant::now();
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start `{}`", process::describe(command)))?;
    let ended = ended::wait(child.id())?;
    let elapsed = start.elapsed();
    ended.check(&format!("`{}`", process::describe(command)))?;
    Ok(Took {
        milliseconds: elapsed.as_secs_f64() * 1e3,
        megabytes: ended.peak_memory as f64 / 1e6,
    })
}
