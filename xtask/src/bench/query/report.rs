//! Questions and what they took as tables.

use super::{Asked, Measured, Took};
use crate::bench::budget::{self, Goal};
use crate::bench::statistics::Summary;
use crate::bench::table::{row, table};

/// Resident memory that a question may take, MB.
const MEMORY: f64 = 64.0;

/// The report of a whole measurement.
pub(super) fn render(measured: &Measured) -> String {
    let mut rows = vec![row([
        "question",
        "analyze (ms)",
        "peak memory (MB)",
        "sysdig -r (ms)",
        "times as fast",
    ])];
    rows.extend(measured.asked.iter().map(cells));
    let peer = match measured.peer {
        Some((events, bytes)) => format!(
            "sysdig reads a capture of its own with {:.1} M events in {:.0} MB, one of the corpus over and over",
            events as f64 / 1e6,
            bytes as f64 / 1e6
        ),
        None => "sysdig was not there".to_owned(),
    };
    let rounds = measured.asked.first().map_or(0, |asked| asked.ours.len());
    format!(
        "{:.1} M events in {:.0} MB, copies of {} with later times; {peer}. Medians (and ranges) of {rounds} interleaved runs, each \
         a process of its own that finds the file in the page cache and writes to nowhere.\n\n{}{}",
        measured.events as f64 / 1e6,
        measured.bytes as f64 / 1e6,
        measured.name,
        table(&rows),
        budget::render(&goals(&measured.asked))
    )
}

fn milliseconds(all: &[Took]) -> Option<Summary> {
    Summary::of(all.iter().map(|took| took.milliseconds))
}

fn cells(asked: &Asked) -> Vec<String> {
    let written = |summary: Option<Summary>, decimals| summary.map_or_else(String::new, |all| all.written(decimals));
    row([
        asked.question.what.to_owned(),
        written(milliseconds(&asked.ours), 1),
        written(Summary::of(asked.ours.iter().map(|took| took.megabytes)), 0),
        written(milliseconds(&asked.peers), 0),
        written(ratio(asked), 0),
    ])
}

/// How many times as long sysdig took in the same round.
fn ratio(asked: &Asked) -> Option<Summary> {
    let pairs = asked.ours.iter().zip(&asked.peers);
    Summary::of(pairs.map(|(ours, peer)| peer.milliseconds / ours.milliseconds))
}

fn goals(all: &[Asked]) -> Vec<Goal> {
    let mut goals = Vec::new();
    for asked in all {
        let what = asked.question.what;
        if let Some(took) = milliseconds(&asked.ours) {
            goals.push(Goal::new(what, asked.question.most, took.median, "ms"));
        }
        if let (Some(least), Some(ratio)) = (asked.question.ratio, ratio(asked)) {
            // As a part of sysdig's time, so that less is better as in every other goal.
            goals.push(Goal::new(
                format!("{what}, part of sysdig's time"),
                100.0 / least,
                100.0 / ratio.median,
                "%",
            ));
        }
    }
    let most = all.iter().flat_map(|asked| &asked.ours).map(|took| took.megabytes);
    if let Some(most) = Summary::of(most) {
        goals.push(Goal::new("memory, the largest", MEMORY, most.most, "MB"));
    }
    goals
}
