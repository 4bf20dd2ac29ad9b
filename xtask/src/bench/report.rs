//! What recording costs, as a table.

use std::fmt::Write;

use super::budget;
use super::goals;
use super::observer::Observer;
use super::run::{Measured, Recording, Run};
use super::statistics::Summary;
use super::table::table;
use super::workload::Workload;

const HEAD: [&str; 10] = [
    "workload",
    "observer",
    "median (range)",
    "slowdown",
    "added per call",
    "events",
    "lost",
    "bytes per event",
    "recorder CPU per event",
    "peak memory",
];

/// The report of a whole measurement.
pub(crate) fn render(measured: &[Measured]) -> String {
    let rounds = measured.first().map_or(0, |one| one.runs.len());
    let mut text = format!(
        "medians of {rounds} interleaved rounds, recording all calls of the whole machine, everything included.\n\n\
         `empty program` is a program of two instructions where each call returns: what any recorder costs at least on \
         this machine. `other calls` and `elsewhere` are recordings that select none of the calls. `mixed` and `bursts` \
         are to show losses, in one round.\n\n"
    );
    let mut rows = vec![HEAD.map(str::to_owned).to_vec()];
    rows.extend(measured.iter().map(|one| row(one, baseline(measured, one.workload))));
    text.push_str(&table(&rows));
    if let Some(line) = start_and_stop(measured) {
        let _ = writeln!(text, "\n{line}");
    }
    for one in measured.iter().filter(|one| one.workload == Workload::Mixed) {
        let reached = seconds_per_operation(&one.runs).map_or(0.0, f64::recip);
        let _ = writeln!(
            text,
            "\nThe workload mixed reached {:.2} million calls a second.",
            reached / 1e6
        );
    }
    text.push_str(&budget::render(&goals::of(measured)));
    text
}

/// Seconds for an operation of a workload with nobody looking on.
pub(super) fn baseline(measured: &[Measured], workload: Workload) -> Option<f64> {
    let alone = measured
        .iter()
        .find(|one| one.workload == workload && one.observer == Observer::Nobody)?;
    seconds_per_operation(&alone.runs)
}

/// The median.
pub(super) fn seconds_per_operation(runs: &[Run]) -> Option<f64> {
    Summary::of(runs.iter().map(|run| run.elapsed.as_secs_f64() / run.operations as f64)).map(|each| each.median)
}

fn row(one: &Measured, baseline: Option<f64>) -> Vec<String> {
    let time = Summary::of(one.runs.iter().map(|run| run.elapsed.as_secs_f64()));
    let each = seconds_per_operation(&one.runs).zip(baseline.filter(|_| one.observer != Observer::Nobody));
    let slowdown = each.map(|(with, alone)| format!("{:+.1} %", (with / alone - 1.0) * 100.0));
    let is_calls = matches!(one.workload, Workload::Getpid | Workload::TwoGetpid);
    let added = each
        .filter(|_| is_calls)
        .map(|(with, alone)| format!("{:.0} ns", (with - alone) * 1e9));
    vec![
        one.workload.name().to_owned(),
        one.observer.name().to_owned(),
        time.map_or_else(String::new, |time| {
            format!("{:.3} s ({:.3}-{:.3})", time.median, time.least, time.most)
        }),
        slowdown.unwrap_or_default(),
        added.unwrap_or_default(),
        of_recordings(
            one,
            |recording| recording.events as f64,
            |events| format!("{events:.0}"),
        ),
        of_recordings(
            one,
            |recording| lost_share(recording) * 100.0,
            |share| format!("{share:.2} %"),
        ),
        of_recordings(
            one,
            |recording| recording.bytes as f64 / events(recording),
            |bytes| format!("{bytes:.2}"),
        ),
        of_recordings(
            one,
            |recording| recording.cpu.as_secs_f64() / events(recording) * 1e6,
            |cpu| format!("{cpu:.3} us"),
        ),
        of_recordings(
            one,
            |recording| recording.peak_memory as f64 / 1e6,
            |memory| format!("{memory:.0} MB"),
        ),
    ]
}

/// The median of something about each recording, written; empty where nothing was recorded.
fn of_recordings(one: &Measured, value: fn(&Recording) -> f64, write: fn(f64) -> String) -> String {
    let values = one.runs.iter().filter_map(|run| run.recording.as_ref()).map(value);
    Summary::of(values).map_or_else(String::new, |summary| write(summary.median))
}

fn events(recording: &Recording) -> f64 {
    recording.events.max(1) as f64
}

fn lost_share(recording: &Recording) -> f64 {
    recording.lost as f64 / (recording.lost + recording.events).max(1) as f64
}

fn start_and_stop(measured: &[Measured]) -> Option<String> {
    let recordings = || {
        measured
            .iter()
            .flat_map(|one| &one.runs)
            .filter_map(|run| run.recording.as_ref())
    };
    let start = Summary::of(recordings().map(|recording| recording.start.as_secs_f64() * 1e3))?;
    let stop = Summary::of(recordings().map(|recording| recording.stop.as_secs_f64() * 1e3))?;
    Some(format!(
        "Over all recordings: start to ready {:.0} ms (at most {:.0}), stop to sealed file {:.0} ms (at most {:.0}).",
        start.median, start.most, stop.median, stop.most
    ))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn run(milliseconds: u64, recording: Option<Recording>) -> Run {
        Run {
            elapsed: Duration::from_millis(milliseconds),
            operations: 1_000_000,
            recording,
        }
    }

    fn recording() -> Recording {
        Recording {
            start: Duration::from_millis(150),
            stop: Duration::from_millis(40),
            cpu: Duration::from_millis(200),
            peak_memory: 40_000_000,
            events: 1_000_000,
            lost: 0,
            bytes: 4_200_000,
            segments: 10,
        }
    }

    #[test]
    fn ratios_are_against_the_same_work_alone() {
        let of = |observer, runs| Measured {
            workload: Workload::Getpid,
            observer,
            runs,
        };
        let measured = [
            of(Observer::Nobody, vec![run(100, None), run(90, None), run(130, None)]),
            of(
                Observer::Capture,
                vec![
                    run(150, Some(recording())),
                    run(140, Some(recording())),
                    run(160, Some(recording())),
                ],
            ),
        ];
        let report = render(&measured);
        let lines: Vec<Vec<&str>> = report
            .lines()
            .filter(|line| line.starts_with("| getpid"))
            .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
            .collect();
        assert_eq!(
            lines[0],
            [
                "getpid",
                "no recorder",
                "0.100 s (0.090-0.130)",
                "",
                "",
                "",
                "",
                "",
                "",
                ""
            ]
        );
        assert_eq!(
            lines[1],
            [
                "getpid",
                "capture",
                "0.150 s (0.140-0.160)",
                "+50.0 %",
                "50 ns",
                "1000000",
                "0.00 %",
                "4.20",
                "0.200 us",
                "40 MB"
            ]
        );
        assert!(report.contains("start to ready 150 ms (at most 150), stop to sealed file 40 ms"));
    }
}
