//! The sizes as tables.

use super::Sized;
use crate::bench::budget::{self, Goal};
use crate::bench::run::Recording;
use crate::bench::statistics::Summary;
use crate::bench::table::{row, table};
use crate::bench::workload::Workload;

/// Columns shown of each trace.
const LARGEST: usize = 8;

/// The report of a whole measurement.
pub(super) fn render(all: &[Sized]) -> String {
    let rounds = all.first().map_or(0, |one| one.recordings.len());
    let mut rows = vec![row([
        "workload",
        "events",
        "bytes per event",
        "lost events",
        "segments",
    ])];
    rows.extend(all.iter().map(sizes));
    let mut columns = vec![row(["workload", "column", "bytes per event"])];
    columns.extend(all.iter().flat_map(largest));
    let goals: Vec<Goal> = all.iter().flat_map(goals).collect();
    format!(
        "medians (and ranges) of {rounds} recordings of the whole machine; bytes are those of the whole file.\n\n\
         {}\nThe largest columns of the last recording of each:\n\n{}{}",
        table(&rows),
        table(&columns),
        budget::render(&goals)
    )
}

fn sizes(one: &Sized) -> Vec<String> {
    let cell = |value: fn(&Recording) -> f64, decimals| {
        let summary = Summary::of(one.recordings.iter().map(value));
        summary.map_or_else(String::new, |summary| summary.written(decimals))
    };
    row([
        one.workload.name().to_owned(),
        cell(|recording| recording.events as f64, 0),
        cell(bytes_per_event, 2),
        cell(|recording| recording.lost as f64, 0),
        cell(|recording| recording.segments as f64, 0),
    ])
}

fn bytes_per_event(recording: &Recording) -> f64 {
    recording.bytes as f64 / recording.events.max(1) as f64
}

fn largest(one: &Sized) -> impl Iterator<Item = Vec<String>> {
    let columns = one.columns.iter().take(LARGEST);
    columns.map(|column| {
        row([
            one.workload.name().to_owned(),
            column.name.clone(),
            format!("{:.3}", column.each),
        ])
    })
}

/// Nothing may be lost anywhere; how large an event may be is agreed for three workloads.
fn goals(one: &Sized) -> Vec<Goal> {
    let name = one.workload.name();
    let median = |value: fn(&Recording) -> f64| Summary::of(one.recordings.iter().map(value)).map(|all| all.median);
    let most = match one.workload {
        Workload::Files => Some(4.2),
        Workload::Http => Some(1.5),
        Workload::Exec => Some(3.0),
        _ => None,
    };
    let size = most
        .zip(median(bytes_per_event))
        .map(|(most, each)| Goal::new(format!("{name}: size of an event"), most, each, "bytes"));
    let lost =
        median(|recording| recording.lost as f64).map(|lost| Goal::new(format!("{name}: lost events"), 0.0, lost, ""));
    size.into_iter().chain(lost).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::bench::measure::Column;

    fn recording(events: u64, bytes: u64, lost: u64) -> Recording {
        Recording {
            start: Duration::ZERO,
            stop: Duration::ZERO,
            cpu: Duration::ZERO,
            peak_memory: 0,
            events,
            lost,
            bytes,
            segments: 4,
        }
    }

    fn column(number: usize) -> Column {
        Column {
            name: format!("column {number}"),
            each: 1.0 / number as f64,
        }
    }

    #[test]
    fn sizes_columns_and_goals_are_beside_each_other() {
        let all = [
            Sized {
                workload: Workload::Exec,
                recordings: vec![
                    recording(1000, 3100, 0),
                    recording(1000, 2900, 0),
                    recording(1000, 3600, 7),
                ],
                columns: (1..=10).map(column).collect(),
            },
            Sized {
                workload: Workload::Storm,
                recordings: vec![recording(500, 1000, 0)],
                columns: Vec::new(),
            },
        ];
        let report = render(&all);
        let lines: Vec<&str> = report.lines().filter(|line| line.starts_with('|')).collect();
        let cells = |line: &str| -> Vec<String> {
            let cells = line.trim_matches('|').split('|').map(str::trim);
            cells.map(str::to_owned).collect()
        };
        assert_eq!(
            cells(lines[2]),
            ["exec", "1000 (1000-1000)", "3.10 (2.90-3.60)", "0 (0-7)", "4 (4-4)"]
        );
        assert_eq!(cells(lines[3])[..3], ["storm", "500 (500-500)", "2.00 (2.00-2.00)"]);
        assert_eq!(cells(lines[6]), ["exec", "column 1", "1.000"]);
        let columns = lines.iter().filter(|line| line.contains("| column"));
        assert_eq!(columns.count(), LARGEST + 1, "with the head");
        let goals: Vec<Vec<String>> = lines[lines.len() - 3..].iter().map(|line| cells(line)).collect();
        assert_eq!(
            goals,
            [
                ["exec: size of an event", "at most 3 bytes", "3.10 bytes", "missed"],
                ["exec: lost events", "at most 0", "0.00", "met"],
                ["storm: lost events", "at most 0", "0.00", "met"],
            ]
        );
    }
}
