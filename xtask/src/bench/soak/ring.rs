//! `cargo xtask bench ring`: how far back a ring goes, by what is recorded.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use clap::Args;

use super::kind::Kind;
use super::prepare;
use super::watch::{Seen, Watch};
use crate::bench::document::Part;
use crate::bench::setup;
use crate::bench::table::{row, table};
use crate::interrupt;

/// What is measured: kinds of load at recorded calls a second. Programs cannot be started as often.
const LOADS: [(Kind, &[f64]); 4] = [
    (Kind::Files, &[1e3, 20e3, 200e3]),
    (Kind::Http, &[1e3, 20e3, 200e3]),
    (Kind::Mixed, &[1e3, 20e3, 200e3]),
    (Kind::Exec, &[1e3, 20e3]),
];
/// Nothing leaves a ring of so many bytes meanwhile.
const MEMORY: u64 = 1 << 30;
/// Rings whose span is computed, in MiB.
const RINGS: [u64; 2] = [64, 256];
/// Seconds at the beginning that do not count: the first segments have names and addresses that later ones refer to.
const BEGINNING: f64 = 5.0;

/// How to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// Seconds of each load
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u64).range(10..))]
    seconds: u64,
    /// A recorder to measure instead of building this one
    #[arg(long, value_name = "FILE", conflicts_with = "save")]
    recorder: Option<PathBuf>,
    /// Keep the results in docs/benchmarks.md
    #[arg(long)]
    save: bool,
}

/// Measures, prints, and keeps the results where that is asked for.
pub(in super::super) fn run(root: &Path, options: &Options) -> Result<()> {
    let scratch = setup::scratch()?;
    let capture = prepare(root, options.recorder.as_deref(), scratch.path())?;
    let mut rows = vec![row([
        "load",
        "events/s",
        "bytes of the ring per event",
        "per second",
        "resident per byte",
        "of 64 MiB",
        "of 256 MiB",
    ])];
    for (kind, rates) in LOADS {
        for &rate in rates {
            let watch = Watch {
                kind,
                rate,
                memory: MEMORY,
                time: Duration::from_secs(options.seconds),
            };
            let folder = scratch.path().join(format!("{}-{rate}", kind.name()));
            let seen = watch.run(&capture, &folder)?;
            interrupt::check()?;
            rows.push(cells(kind, &Grown::of(&seen)));
        }
    }
    let report = format!(
        "an agent with its default configuration and each load for {} s. How far back a ring goes is computed from the \
         bytes that it grew by in a second, what a segment takes beside its own bytes among them; `time` of `[ring]`, 5 \
         minutes by default, is another limit. `resident per byte` says what a byte of the ring takes in memory.\n\n{}",
        options.seconds,
        table(&rows)
    );
    Part::RING.publish(root, &report, options.save)
}

/// What a ring grew by.
#[derive(Debug, PartialEq)]
struct Grown {
    seconds: f64,
    events: f64,
    bytes: f64,
    resident: f64,
}

impl Grown {
    fn of(seen: &Seen) -> Self {
        let mut after = seen.samples.iter().skip_while(|sample| sample.at < BEGINNING);
        let first = after.next().copied().unwrap_or_default();
        let last = after.last().copied().unwrap_or(first);
        let growth = |from: u64, to: u64| to.saturating_sub(from) as f64;
        Self {
            seconds: (last.at - first.at).max(1e-9),
            events: growth(first.metrics.events, last.metrics.events),
            bytes: growth(first.metrics.ring, last.metrics.ring),
            resident: growth(first.usage.resident, last.usage.resident),
        }
    }

    /// How far back so many MiB go.
    fn span(&self, mebibytes: u64) -> String {
        let seconds = (mebibytes << 20) as f64 * self.seconds / self.bytes.max(1.0);
        match seconds {
            ..120.0 => format!("{seconds:.0} s"),
            120.0..7200.0 => format!("{:.0} min", seconds / 60.0),
            _ => format!("{:.1} h", seconds / 3600.0),
        }
    }
}

fn cells(kind: Kind, grown: &Grown) -> Vec<String> {
    // Of little it cannot be told: segments that are being filled and encoded come and go.
    let resident = if grown.bytes > 4e6 {
        format!("{:.2}", grown.resident / grown.bytes)
    } else {
        String::new()
    };
    row([
        kind.name().to_owned(),
        format!("{:.0}", grown.events / grown.seconds),
        format!("{:.2}", grown.bytes / grown.events.max(1.0)),
        format!("{:.1} KB", grown.bytes / grown.seconds / 1e3),
        resident,
        grown.span(RINGS[0]),
        grown.span(RINGS[1]),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_in_what_people_say() {
        let grown = |bytes: f64| Grown {
            seconds: 20.0,
            events: 1e6,
            bytes,
            resident: bytes,
        };
        assert_eq!(grown(f64::from(20 << 20)).span(64), "64 s");
        assert_eq!(grown(f64::from(2 << 20)).span(64), "11 min");
        assert_eq!(grown(f64::from(1 << 18)).span(256), "5.7 h");
    }
}
