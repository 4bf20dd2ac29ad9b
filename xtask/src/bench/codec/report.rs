//! Nanoseconds per event as a table.

use anyhow::Result;

use super::{Direction, Measured};
use crate::bench::budget::{self, Goal};
use crate::bench::statistics::Summary;
use crate::bench::table::table;

/// One step, or one thing that is read.
struct Figure {
    /// As `measure` calls it.
    name: &'static str,
    heading: &'static str,
    /// Nanoseconds per event that it may take.
    most: Option<f64>,
}

const fn figure(name: &'static str, heading: &'static str, most: Option<f64>) -> Figure {
    Figure { name, heading, most }
}

const ENCODE: &[Figure] = &[
    figure("push", "push", None),
    figure("close", "close", None),
    figure("encode", "encode", None),
    figure("total", "total", Some(180.0)),
];

const DECODE: &[Figure] = &[
    figure("open", "open", None),
    figure("results", "one numeric column", Some(2.0)),
    figure("times", "times", None),
    figure("everything", "everything", Some(30.0)),
];

/// The report of a whole measurement.
///
/// # Errors
/// Where `measure` left a figure out.
pub(super) fn render(direction: Direction, all: &[Measured]) -> Result<String> {
    let figures = match direction {
        Direction::Encode => ENCODE,
        Direction::Decode => DECODE,
    };
    let head = ["trace", "events"].into_iter().chain(figures.iter().map(|f| f.heading));
    let mut rows = vec![head.map(str::to_owned).collect()];
    let mut goals = Vec::new();
    for one in all {
        let mut cells = vec![one.name.clone()];
        cells.extend(summary(one, "events")?.map(|events| format!("{:.0}", events.median)));
        for figure in figures {
            let Some(each) = summary(one, figure.name)? else {
                continue;
            };
            cells.push(each.written(2));
            if let Some(most) = figure.most {
                goals.push(Goal::new(
                    format!("{}: {}", one.name, figure.heading),
                    most,
                    each.median,
                    "ns",
                ));
            }
        }
        rows.push(cells);
    }
    let rounds = all.first().map_or(0, |one| one.runs.len());
    Ok(format!(
        "nanoseconds of processor time per event, on one core; medians (and ranges) of {rounds} interleaved runs, each \
         of them the median of five passes.\n\n{}{}",
        table(&rows),
        budget::render(&goals)
    ))
}

fn summary(one: &Measured, name: &str) -> Result<Option<Summary>> {
    let values: Vec<f64> = one.runs.iter().map(|run| run.get(name)).collect::<Result<_>>()?;
    Ok(Summary::of(values))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::measure::Figures;

    fn measured(name: &str, runs: &[&str]) -> Measured {
        Measured {
            name: name.to_owned(),
            runs: runs.iter().map(|said| Figures::parse(said).unwrap()).collect(),
        }
    }

    #[test]
    fn each_trace_has_its_figures_and_its_goals() {
        let all = [measured(
            "files",
            &[
                "events 100 push 50 close 20 encode 90 total 160 bytes 3.9",
                "events 100 push 55.5 close 22 encode 100 total 177.5 bytes 3.9",
                "events 100 push 60 close 30 encode 100 total 190 bytes 3.9",
            ],
        )];
        let report = render(Direction::Encode, &all).unwrap();
        assert!(report.contains("of 3 interleaved runs"), "{report}");
        assert!(
            report.contains(
                "| files | 100    | 55.50 (50.00-60.00) | 22.00 (20.00-30.00) | 100.00 (90.00-100.00) | \
                 177.50 (160.00-190.00) |\n"
            ),
            "{report}"
        );
        assert!(
            report.contains("| files: total | at most 180 ns | 177.50 ns | met |\n"),
            "{report}"
        );
    }

    #[test]
    fn decoding_has_two_goals() {
        let all = [measured(
            "http",
            &["events 9 open 0.1 results 2.5 times 1 everything 25"],
        )];
        let report = render(Direction::Decode, &all).unwrap();
        assert!(
            report.contains("| http: one numeric column | at most 2 ns  | 2.50 ns  | missed |\n"),
            "{report}"
        );
        assert!(
            report.contains("| http: everything         | at most 30 ns | 25.00 ns | met    |\n"),
            "{report}"
        );
    }

    #[test]
    fn a_figure_that_is_missing_is_an_error() {
        let all = [measured("http", &["events 9 open 0.1 times 1 everything 25"])];
        assert!(render(Direction::Decode, &all).is_err());
    }
}
