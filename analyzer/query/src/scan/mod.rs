//! Reading the matching events of a trace, in order, skipping segments that cannot hold any.

mod prune;

use crate::Filter;
use crate::losses::losses;
use crate::row::{EventRow, SegmentRows, TraceContext};
use afterimage_format::Error;
use afterimage_format::file::{Group, Trace};
use afterimage_format::model::Loss;
use afterimage_format::segment::Zone;
use prune::{Verdict, verdict};
use std::ops::ControlFlow;

/// Which events are asked for.
#[derive(Default)]
pub struct Query<'f> {
    /// Those that pass this; all, if there is none.
    pub filter: Option<&'f Filter>,
    /// Not before this time, nanoseconds since 1970.
    pub from: Option<i64>,
    /// Not after this time.
    pub to: Option<i64>,
    /// At most so many.
    pub limit: Option<u64>,
}

/// What a scan did.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Events found.
    pub matched: u64,
    /// Segments that were read.
    pub segments_read: usize,
    /// Segments that were skipped by their zone maps.
    pub segments_skipped: usize,
    /// What was lost while recording in the time asked for, up to where the scan ended: it may have matched.
    pub losses: Vec<Loss>,
    /// Damage met; the answer lacks what lay there.
    pub damage: Vec<Error>,
}

impl Outcome {
    /// Whether the answer may lack something: through damage, or losses while recording.
    pub fn is_incomplete(&self) -> bool {
        !self.losses.is_empty() || !self.damage.is_empty()
    }
}

/// Calls `each` with every event that `query` asks for, in the order of the trace, until it breaks off.
///
/// Damage does not end the scan: see [`Outcome::damage`]. Damage outside of segments is in [`Trace::damage`].
pub fn scan(
    trace: &Trace,
    context: &TraceContext,
    query: &Query<'_>,
    mut each: impl FnMut(EventRow<'_>) -> ControlFlow<()>,
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut until = query.to;
    // End of the last segment that was looked at.
    let mut end = 0;
    'groups: for (number, group) in trace.groups().iter().enumerate() {
        if cannot_match(query, &zone_of(group), context) {
            outcome.segments_skipped += group.segments as usize;
            end = group.time_max;
            continue;
        }
        let entries = match trace.group_entries(number) {
            Ok(entries) => entries,
            Err(error) => {
                outcome.damage.push(error);
                continue;
            }
        };
        for (at, entry) in (trace.group_start(number)..).zip(entries.iter()) {
            if query.limit.is_some_and(|limit| outcome.matched >= limit) {
                until = earlier(until, end);
                break 'groups;
            }
            end = entry.zone.time_max;
            if cannot_match(query, &entry.zone, context) {
                outcome.segments_skipped += 1;
                continue;
            }
            outcome.segments_read += 1;
            let segment = match trace.segment(at) {
                Ok(segment) => segment,
                Err(error) => {
                    outcome.damage.push(error);
                    continue;
                }
            };
            let rows = SegmentRows::new(context, segment);
            let flow = scan_segment(&rows, query, &mut outcome.matched, &mut each);
            outcome.damage.extend(rows.take_damage());
            if flow.is_break() {
                until = earlier(until, end);
                break 'groups;
            }
        }
    }
    let losses = losses(trace, query.from, until);
    outcome.losses = losses.records;
    outcome.damage.extend(losses.damage);
    outcome
}

/// Whether no row of a segment, or group of segments, with this zone map can be asked for.
fn cannot_match(query: &Query<'_>, zone: &Zone, context: &TraceContext) -> bool {
    let before = |from| i128::from(zone.time_max) < i128::from(from);
    let after = |to| i128::from(zone.time_min) > i128::from(to);
    let never = |filter: &Filter| verdict(filter.root(), zone, context) == Verdict::Never;
    query.from.is_some_and(before) || query.to.is_some_and(after) || query.filter.is_some_and(never)
}

/// What a group of segments holds, as the zone map of one large segment.
fn zone_of(group: &Group) -> Zone {
    Zone {
        first_num: group.first_num,
        rows: u32::try_from(group.rows).unwrap_or(u32::MAX),
        time_min: group.time_min,
        time_max: group.time_max,
        kinds: group.kinds.clone(),
        containers: group.containers.clone(),
        ..Zone::default()
    }
}

/// The earlier of `until` and `end`.
fn earlier(until: Option<i64>, end: u64) -> Option<i64> {
    let end = i64::try_from(end).unwrap_or(i64::MAX);
    Some(until.map_or(end, |until| until.min(end)))
}

fn scan_segment(
    rows: &SegmentRows<'_>,
    query: &Query<'_>,
    matched: &mut u64,
    each: &mut impl FnMut(EventRow<'_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    for index in 0..rows.segment().rows() {
        let row = EventRow::new(rows, index);
        if (query.from.is_some() || query.to.is_some())
            && let time = row.time()
            && (query.from.is_some_and(|from| time < from) || query.to.is_some_and(|to| time > to))
        {
            continue;
        }
        if query.filter.is_some_and(|filter| !filter.matches(&row)) {
            continue;
        }
        *matched += 1;
        each(row)?;
        if query.limit.is_some_and(|limit| *matched >= limit) {
            return ControlFlow::Break(());
        }
    }
    ControlFlow::Continue(())
}
