//! Times and memory of seeking as tables.

use anyhow::Result;

use super::{Grown, Measured};
use crate::bench::budget::{self, Goal};
use crate::bench::measure::Figures;
use crate::bench::statistics::Summary;
use crate::bench::table::{row, table};

/// Resident memory that a reader may take, MB.
const MEMORY: f64 = 64.0;

/// The report of a whole measurement.
///
/// # Errors
/// Where `measure` left a figure out.
pub(super) fn render(measured: &Measured) -> Result<String> {
    let Measured { small, large, .. } = measured;
    let rounds = large.windows.len();
    let mut windows = vec![row([
        "trace",
        "segments",
        "opened (ms)",
        "with one second read (ms)",
        "rows read",
        "peak memory (MB)",
    ])];
    windows.push(window(small)?);
    windows.push(window(large)?);
    let opened = ratio(small, large, "opened")?;
    let total = ratio(small, large, "total")?;
    let rest = rest(measured)?;
    let goals = goals(large, total, &rest)?;
    let mut whole = vec![row(["on the large trace", "time (ms)", "peak memory (MB)"])];
    whole.extend(rest.iter().map(Whole::cells));
    Ok(format!(
        "traces made of copies of {}, with later times and fresh ids; medians (and ranges) of {rounds} interleaved \
         runs, each a process of its own that finds the trace in the page cache.\n\n\
         Opening, and reading the times and results of one second near the end:\n\n{}\n\
         Large over small, of the two runs in each round: opening {}, with one second read {}.\n\n{}{}",
        measured.name,
        table(&windows),
        written(opened, 2),
        written(total, 2),
        table(&whole),
        budget::render(&goals)
    ))
}

fn window(grown: &Grown) -> Result<Vec<String>> {
    let cell = |name, scale, decimals| Ok::<_, anyhow::Error>(written(of(&grown.windows, name, scale)?, decimals));
    let once = |name| Ok::<_, anyhow::Error>(of(&grown.windows, name, 1.0)?.map_or(0.0, |all| all.median));
    Ok(row([
        megabytes(grown.bytes),
        format!("{:.0}", once("segments")?),
        cell("opened", 1.0, 2)?,
        cell("total", 1.0, 2)?,
        format!("{:.0}", once("rows")?),
        cell("resident", 1e-6, 1)?,
    ]))
}

/// Something that is asked of the whole of the large trace.
struct Whole {
    what: &'static str,
    milliseconds: Option<Summary>,
    megabytes: Option<Summary>,
}

impl Whole {
    fn cells(&self) -> Vec<String> {
        row([
            self.what.to_owned(),
            written(self.milliseconds, 1),
            written(self.megabytes, 1),
        ])
    }
}

fn rest(measured: &Measured) -> Result<[Whole; 2]> {
    let moments = &measured.moments;
    Ok([
        Whole {
            what: "full scan: times and results",
            milliseconds: of(&measured.scans, "total", 1.0)?,
            megabytes: of(&measured.scans, "resident", 1e-6)?,
        },
        Whole {
            what: "analyze ps --at its middle",
            milliseconds: Summary::of(moments.iter().map(|answer| answer.elapsed.as_secs_f64() * 1e3)),
            megabytes: Summary::of(moments.iter().map(|answer| answer.peak_memory as f64 / 1e6)),
        },
    ])
}

fn goals(large: &Grown, ratio: Option<Summary>, rest: &[Whole]) -> Result<Vec<Goal>> {
    let size = megabytes(large.bytes);
    let goal = |what: &str, most, measured: Option<Summary>, unit| {
        measured.map(|all| Goal::new(format!("{what}, {size}"), most, all.median, unit))
    };
    let mut goals = vec![
        goal("opening and one second", 15.0, of(&large.windows, "total", 1.0)?, "ms"),
        ratio.map(|ratio| Goal::new("the same, large over small", 1.3, ratio.median, "")),
        goal(
            "memory: one second",
            MEMORY,
            of(&large.windows, "resident", 1e-6)?,
            "MB",
        ),
    ];
    goals.extend(
        rest.iter()
            .map(|one| goal(&format!("memory: {}", one.what), MEMORY, one.megabytes, "MB")),
    );
    Ok(goals.into_iter().flatten().collect())
}

/// A figure of all runs, times `scale`.
fn of(runs: &[Figures], name: &str, scale: f64) -> Result<Option<Summary>> {
    let values: Vec<f64> = runs
        .iter()
        .map(|run| Ok(run.get(name)? * scale))
        .collect::<Result<_>>()?;
    Ok(Summary::of(values))
}

/// How often more the large trace took than the small one just before or after it.
fn ratio(small: &Grown, large: &Grown, name: &str) -> Result<Option<Summary>> {
    let pairs = small.windows.iter().zip(&large.windows);
    let ratios: Vec<f64> = pairs
        .map(|(small, large)| Ok(large.get(name)? / small.get(name)?))
        .collect::<Result<_>>()?;
    Ok(Summary::of(ratios))
}

fn written(summary: Option<Summary>, decimals: usize) -> String {
    summary.map_or_else(String::new, |summary| summary.written(decimals))
}

fn megabytes(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;
    use crate::bench::seek::Answer;

    fn grown(bytes: u64, windows: &[&str]) -> Grown {
        Grown {
            file: PathBuf::new(),
            bytes,
            windows: windows.iter().map(|said| Figures::parse(said).unwrap()).collect(),
        }
    }

    fn measured() -> Measured {
        Measured {
            name: "exec".to_owned(),
            small: grown(
                10_400_000,
                &[
                    "segments 50 opened 0.4 total 5 rows 9000 resident 9000000",
                    "segments 50 opened 0.5 total 6 rows 9000 resident 9500000",
                    "segments 50 opened 0.8 total 10 rows 9000 resident 9900000",
                ],
            ),
            large: grown(
                1_000_400_000,
                &[
                    "segments 5000 opened 0.6 total 6 rows 9000 resident 12000000",
                    "segments 5000 opened 1.0 total 9 rows 9000 resident 12000000",
                    "segments 5000 opened 0.8 total 10 rows 9000 resident 13000000",
                ],
            ),
            scans: vec![Figures::parse("segments 5000 total 1500.25 rows 1 resident 80000000").unwrap()],
            moments: vec![Answer {
                elapsed: Duration::from_millis(14),
                peak_memory: 20_000_000,
            }],
        }
    }

    #[test]
    fn small_and_large_are_beside_each_other() {
        let report = render(&measured()).unwrap();
        let expected = [
            "| 10 MB   | 50       | 0.50 (0.40-0.80) | 6.00 (5.00-10.00)         | 9000      | 9.5 (9.0-9.9)    |\n",
            "| 1000 MB | 5000     | 0.80 (0.60-1.00) | 9.00 (6.00-10.00)         | 9000      | 12.0 (12.0-13.0) |\n",
            "opening 1.50 (1.00-2.00), with one second read 1.20 (1.00-1.50).\n",
            "| full scan: times and results | 1500.2 (1500.2-1500.2) | 80.0 (80.0-80.0) |\n",
            "| analyze ps --at its middle   | 14.0 (14.0-14.0)       | 20.0 (20.0-20.0) |\n",
        ];
        for line in expected {
            assert!(report.contains(line), "{line}\nis not in\n{report}");
        }
    }

    #[test]
    fn goals_are_those_of_the_large_trace() {
        let report = render(&measured()).unwrap();
        let (_, goals) = report.split_once("### Budget\n").unwrap();
        let verdicts: Vec<(&str, &str)> = goals
            .lines()
            .skip(3)
            .filter_map(|line| {
                let mut cells = line.trim_matches('|').split('|').map(str::trim);
                Some((cells.next()?, cells.next_back()?))
            })
            .collect();
        assert_eq!(
            verdicts,
            [
                ("opening and one second, 1000 MB", "met"),
                ("the same, large over small", "met"),
                ("memory: one second, 1000 MB", "met"),
                ("memory: full scan: times and results, 1000 MB", "missed"),
                ("memory: analyze ps --at its middle, 1000 MB", "met"),
            ]
        );
    }
}
