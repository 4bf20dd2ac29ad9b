//! What stands out, and how many events there are of each stretch of time.

use super::findings::RULES;
use super::job::{Pace, Work};
use super::{Opened, text};
use crate::message::{Answer, Message};
use crate::state::{Finding, Histogram, Position};
use afterimage_query::aggregate::{Grouping, Groups, Measure, group};
use afterimage_query::scan::scan_several;
use afterimage_query::{EventRow, Filter, Format, Query};

/// Bytes of what a finding was about.
const LIMIT: usize = 200;
/// Times that are kept of a finding: one for each stretch of the histogram.
const MAX_TIMES: usize = Histogram::BARS;

/// What a segment has of a rule.
struct Seen {
    rule: usize,
    count: u64,
    first: Option<(Position, i64, String)>,
    times: Vec<i64>,
}

/// Reads everything once and sends what was found so far, again and again.
pub(super) fn look(work: &Work<'_>, query: &Query<'_>, send: &mut dyn FnMut(Message)) {
    let opened = work.opened;
    let rules: Vec<Option<Filter>> = RULES
        .iter()
        .map(|rule| {
            let text = match work.task.filter.as_str() {
                "" => rule.condition.to_owned(),
                filter => format!("({filter}) and ({})", rule.condition),
            };
            work.compile(&text).ok().flatten()
        })
        .collect();
    let (from, to) = opened.times_of(work.task.span);
    let mut histogram = Histogram::new(from, to);
    let step = histogram.step.max(1);
    let grouping = Grouping {
        keys: Vec::new(),
        every: Some(step),
        measures: vec![Measure::Count],
    };
    // The first query is about all that is selected, for the histogram.
    let queries: Vec<Query<'_>> = std::iter::once(work.query(query.filter))
        .chain(rules.iter().map(|filter| work.query(filter.as_ref())))
        .collect();
    let zone = opened.context().zone();
    let mut findings: Vec<Finding> = Vec::new();
    let mut pace = Pace::new();
    let outcome = scan_several(
        opened.trace(),
        opened.context(),
        &queries,
        |found| {
            let mut groups = Groups::default();
            let mut seen = Vec::new();
            for (number, hits) in found.hits() {
                let Some(rule) = number.checked_sub(1) else {
                    group(hits, &grouping, zone, &mut groups);
                    continue;
                };
                // A rule whose filter did not compile with the rest would find everything.
                if rules.get(rule).is_none_or(Option::is_none) {
                    continue;
                }
                let rows = hits.segment();
                let number = opened.segment_of(EventRow::new(rows, 0).num());
                let first = hits.rows().first().zip(number).map(|(row, segment)| {
                    let event = EventRow::new(rows, *row as usize);
                    let position = Position { segment, row: *row };
                    (position, event.time(), example(&event, rule, opened))
                });
                let mut times: Vec<i64> = Vec::new();
                for row in hits.rows() {
                    let time = EventRow::new(rows, *row as usize).time();
                    if times.last().is_none_or(|last| time / step != last / step) {
                        times.push(time);
                    }
                    if times.len() >= MAX_TIMES {
                        break;
                    }
                }
                seen.push(Seen {
                    rule,
                    count: hits.count(),
                    first,
                    times,
                });
            }
            (groups, seen)
        },
        |made| {
            let (groups, seen) = made.value;
            for (key, totals) in groups.iter() {
                let events = totals.first().map_or(0.0, |total| total.number()) as u64;
                histogram.spread(key.time, key.time, events);
            }
            for seen in seen {
                note(&mut findings, seen, work);
            }
            if pace.is_due() {
                send(work.message(answer(&findings, &histogram), None, false));
            }
            work.flow()
        },
    );
    work.end(answer(&findings, &histogram), &outcome, send);
}

fn answer(findings: &[Finding], histogram: &Histogram) -> Answer {
    let mut findings = findings.to_vec();
    findings.sort_by_key(|finding| (finding.rank, finding.time));
    Answer::Overview(findings, Some(histogram.counts.clone()))
}

/// Adds what a segment has to what is known.
fn note(findings: &mut Vec<Finding>, seen: Seen, work: &Work<'_>) {
    let Some(rule) = RULES.get(seen.rule) else { return };
    if let Some(known) = findings.iter_mut().find(|finding| finding.name == rule.name) {
        known.count = known.count.saturating_add(seen.count);
        known.times.extend(seen.times);
        known.times.truncate(MAX_TIMES);
        return;
    }
    let Some((first, time, example)) = seen.first else {
        return;
    };
    findings.push(Finding {
        name: rule.name.into(),
        technique: rule.technique.into(),
        rank: rule.rank,
        count: seen.count,
        first,
        time,
        clock: work.opened.clock(time),
        example,
        filter: rule.condition.into(),
        times: seen.times,
    });
}

/// What an event was about, in a few words.
fn example(event: &EventRow<'_>, rule: usize, opened: &Opened) -> String {
    let shows = RULES.get(rule).map_or(&[][..], |rule| rule.shows);
    let fields = shows.iter().filter_map(|name| Format::field(name).ok());
    let texts = fields.filter_map(|(def, arg)| text::field(event, def.id, &arg, LIMIT, opened));
    texts.collect::<Vec<_>>().join(": ")
}
