//! What a soak has shown, as text.

use super::watch::{Sample, Seen, Watch};
use crate::bench::budget::{self, Goal};
use crate::bench::table::{row, table};

/// Microseconds of the recorder's processor time for an event.
const RECORDER_CPU: f64 = 0.22;
/// Resident bytes beside the ring.
const BESIDE_THE_RING: f64 = 48e6;
/// Bytes that memory may grow by once the ring is full: segments come and go, of half a megabyte each.
const GROWTH: f64 = 2e6;
/// Part of the rate that may be missing.
const MISSING: f64 = 1.0;
/// Lines about the course of it.
const PARTS: usize = 10;

/// What is read from the samples.
#[derive(Debug, PartialEq)]
struct Figures {
    seconds: f64,
    /// Calls of all kinds, and those that are to be recorded, those of the programs that were started among them.
    made: f64,
    selected: f64,
    events: f64,
    lost: f64,
    cpu: f64,
    stored: f64,
    written: f64,
    /// Seconds after which something left the ring, and mean resident bytes of the first and last tenth from then on.
    full: Option<(f64, f64, f64)>,
}

impl Figures {
    fn of(seen: &Seen) -> Self {
        let first = seen.samples.first().copied().unwrap_or_default();
        let last = seen.samples.last().copied().unwrap_or_default();
        let end = &seen.end;
        let programs = |sample: &Sample| (sample.done.programs - first.done.programs) * seen.each_program;
        let selected = |sample: &Sample| (sample.done.selected - first.done.selected + programs(sample)) as f64;
        let of_end = |of: fn(&Sample) -> u64| of(end).saturating_sub(of(&first)) as f64;
        // Of what has come into it since the agent started something is not there any more.
        let full = seen
            .samples
            .iter()
            .position(|sample| sample.metrics.ring < sample.metrics.encoded);
        let full = full.and_then(|at| {
            let since = &seen.samples[at..];
            let tenth = since.len() / 10;
            let mean = |of: &[Sample]| {
                let sum: f64 = of.iter().map(|sample| sample.usage.resident as f64).sum();
                (!of.is_empty()).then_some(sum / of.len() as f64)
            };
            Some((
                since[0].at,
                mean(&since[..tenth])?,
                mean(&since[since.len() - tenth..])?,
            ))
        });
        Self {
            seconds: last.at - first.at,
            made: (last.done.made - first.done.made) as f64 + programs(&last) as f64,
            selected: selected(&last),
            events: of_end(|sample| sample.metrics.events),
            lost: of_end(|sample| sample.metrics.lost),
            cpu: end.usage.cpu - first.usage.cpu,
            stored: of_end(|sample| sample.usage.stored),
            written: of_end(|sample| sample.usage.written),
            full,
        }
    }
}

/// Course, figures, budget.
pub(super) fn render(watch: &Watch, seen: &Seen) -> String {
    let figures = Figures::of(seen);
    let mut text = format!(
        "`capture agent` in flight with its default configuration, scope limited to the load: {:.0} recorded calls a \
         second of the kind {}, in 2 processes with 2 threads each, for {:.0} s{}; ring of {} MiB; a look each second.\n\n",
        watch.rate,
        watch.kind.name(),
        figures.seconds,
        if seen.interrupted { ", interrupted" } else { "" },
        watch.memory >> 20
    );
    text.push_str(&course(&seen.samples));
    text.push('\n');
    text.push_str(&table(&rows(seen, &figures)));
    text.push_str(&budget::render_measured(&goals(watch, seen, &figures)));
    text
}

fn megabytes(bytes: f64) -> String {
    format!("{:.1} MB", bytes / 1e6)
}

/// A line for each tenth.
fn course(samples: &[Sample]) -> String {
    let mut rows = vec![row([
        "until",
        "calls/s",
        "events/s",
        "lost",
        "ring",
        "goes back",
        "resident",
        "all, shared divided",
        "CPU",
        "CPU per event",
    ])];
    let parts = PARTS.min(samples.len().saturating_sub(1));
    let at = |part: usize| samples[part * (samples.len() - 1) / parts];
    for part in 0..parts {
        let (from, to) = (at(part), at(part + 1));
        let seconds = (to.at - from.at).max(1e-9);
        let events = (to.metrics.events - from.metrics.events) as f64;
        let cpu = to.usage.cpu - from.usage.cpu;
        rows.push(row([
            format!("{:.0} s", to.at),
            format!("{:.0}", (to.done.made - from.done.made) as f64 / seconds),
            format!("{:.0}", events / seconds),
            format!("{}", to.metrics.lost - from.metrics.lost),
            megabytes(to.metrics.ring as f64),
            format!("{:.0} s", to.metrics.span),
            megabytes(to.usage.resident as f64),
            megabytes(to.usage.proportional as f64),
            format!("{:.1} %", cpu / seconds * 100.0),
            format!("{:.3} us", cpu * 1e6 / events.max(1.0)),
        ]));
    }
    table(&rows)
}

fn rows(seen: &Seen, figures: &Figures) -> Vec<Vec<String>> {
    let first = seen.samples.first().copied().unwrap_or_default();
    let mut rows = vec![
        row(["what", "measured"]),
        row([
            "calls of the load".to_owned(),
            format!("{:.0} ({:.0}/s)", figures.made, figures.made / figures.seconds),
        ]),
        row([
            "of them recorded by the profile".to_owned(),
            format!("{:.0} ({:.0}/s)", figures.selected, figures.selected / figures.seconds),
        ]),
        row([
            "events recorded, after the load had stopped".to_owned(),
            format!("{:.0}, lost {:.0}", figures.events, figures.lost),
        ]),
        row([
            "calls to be recorded by then".to_owned(),
            format!("{:.0}", expected(seen)),
        ]),
    ];
    if seen.each_program > 0 {
        let programs = seen.end.done.programs - first.done.programs;
        rows.push(row([
            "programs started".to_owned(),
            format!("{programs}, {} events each", seen.each_program),
        ]));
    }
    rows.push(row([
        "encoded bytes per event".to_owned(),
        format!(
            "{:.2}",
            (seen.end.metrics.encoded - first.metrics.encoded) as f64 / figures.events.max(1.0)
        ),
    ]));
    rows.push(row([
        "recorder's CPU".to_owned(),
        format!(
            "{:.1} s, {:.1} % of one",
            figures.cpu,
            figures.cpu / figures.seconds * 100.0
        ),
    ]));
    if let Some(kernel) = &seen.kernel {
        rows.push(row([
            "programs in the kernel, while it counted that".to_owned(),
            format!(
                "{:.0} ns per run, {:.3} us per recorded call, {:.1} % of one CPU",
                kernel.nanoseconds as f64 / kernel.runs as f64,
                kernel.nanoseconds as f64 / 1e3 / kernel.selected.max(1) as f64,
                kernel.nanoseconds as f64 / 1e7 / kernel.seconds
            ),
        ]));
    }
    rows.push(row([
        "resident before the load".to_owned(),
        megabytes(first.usage.resident as f64),
    ]));
    if let Some((at, early, late)) = figures.full {
        rows.push(row(["the ring was full after".to_owned(), format!("{at:.0} s")]));
        rows.push(row([
            "resident from then on, first and last tenth".to_owned(),
            format!("{}, {}", megabytes(early), megabytes(late)),
        ]));
    }
    rows.push(row([
        "resident at the end, at the peak".to_owned(),
        format!(
            "{}, {}",
            megabytes(seen.end.usage.resident as f64),
            megabytes(seen.end.usage.peak as f64)
        ),
    ]));
    rows.push(row([
        "all processes at the end, shared pages divided".to_owned(),
        format!(
            "{} of {}",
            megabytes(seen.end.usage.proportional as f64),
            seen.end.usage.processes
        ),
    ]));
    rows.push(row([
        "written: to storage, to sockets and pipes".to_owned(),
        format!("{:.0} bytes, {}", figures.stored, megabytes(figures.written)),
    ]));
    rows
}

/// Calls that are to be recorded until the end.
fn expected(seen: &Seen) -> f64 {
    let first = seen.samples.first().copied().unwrap_or_default();
    let done = seen.end.done;
    let programs = done.programs - first.done.programs;
    (done.selected - first.done.selected + programs * seen.each_program) as f64
}

fn goals(watch: &Watch, seen: &Seen, figures: &Figures) -> Vec<Goal> {
    let missing = (1.0 - figures.selected / figures.seconds.max(1e-9) / watch.rate) * 100.0;
    let unaccounted = (expected(seen) - figures.events - figures.lost).abs();
    let mut goals = vec![
        Goal::new("missing of the rate", MISSING, missing.max(0.0), "%"),
        Goal::new("lost events", 0.0, figures.lost, ""),
        Goal::new("calls neither recorded nor counted, or too many", 0.0, unaccounted, ""),
        Goal::new(
            "recorder CPU for an event",
            RECORDER_CPU,
            figures.cpu * 1e6 / figures.events.max(1.0),
            "us",
        ),
        Goal::new(
            "peak memory: ring and 48 MB",
            ((watch.memory as f64 + BESIDE_THE_RING) / 1e5).round() / 10.0,
            seen.end.usage.peak as f64 / 1e6,
            "MB",
        ),
    ];
    if let Some((_, early, late)) = figures.full {
        let growth = (late - early).max(0.0);
        goals.push(Goal::new(
            "memory grown since the ring was full",
            GROWTH / 1e6,
            growth / 1e6,
            "MB",
        ));
    }
    goals.push(Goal::new("bytes written to storage", 0.0, figures.stored, ""));
    goals
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::agent::{Metrics, Usage};
    use super::super::counts::Done;
    use super::super::kind::Kind;
    use super::*;

    /// A hundred calls a second, of which the ring keeps the last 20 seconds.
    fn sample(at: u64, resident: u64) -> Sample {
        Sample {
            at: at as f64,
            metrics: Metrics {
                events: at * 102,
                lost: 0,
                encoded: at * 400,
                ring: (at * 400).min(8000),
                span: at.min(20) as f64,
            },
            usage: Usage {
                resident,
                peak: 40_000_000,
                cpu: at as f64 / 100.0,
                ..Usage::default()
            },
            done: Done {
                made: at * 120,
                selected: at * 100,
                programs: at,
            },
        }
    }

    fn seen() -> Seen {
        let growing = |at: u64| 30_000_000 + at.min(20) * 100_000;
        Seen {
            samples: (0..=120).map(|at| sample(at, growing(at))).collect(),
            end: sample(120, 32_000_000),
            each_program: 2,
            ..Seen::default()
        }
    }

    #[test]
    fn memory_is_compared_from_when_the_ring_is_full() {
        let figures = Figures::of(&seen());
        assert_eq!(figures.full, Some((21.0, 32e6, 32e6)));
        assert_eq!((figures.selected, figures.events), (120.0 * 102.0, 120.0 * 102.0));
    }

    #[test]
    fn a_report_says_what_is_met() {
        let watch = Watch {
            kind: Kind::Mixed,
            rate: 102.0,
            memory: 1 << 20,
            time: Duration::from_secs(120),
        };
        let text = render(&watch, &seen());
        let lines = |what: &str| text.lines().filter(|line| line.ends_with(what)).count();
        // Ten milliseconds for 102 events are too much.
        assert_eq!((lines("| met    |"), lines("| missed |")), (6, 1), "{text}");
        assert_eq!(text.matches("goes back").count(), 1);
        let nothing = Seen {
            samples: vec![Sample::default()],
            ..Seen::default()
        };
        assert!(render(&watch, &nothing).contains("Budget"));
    }
}
