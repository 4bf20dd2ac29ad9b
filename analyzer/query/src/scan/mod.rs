//! Reading the matching events of a trace, in order, skipping segments that cannot hold any.

mod prune;

use crate::Filter;
use crate::row::{EventRow, SegmentRows, TraceContext};
use afterimage_format::Error;
use afterimage_format::file::Trace;
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
    /// Events lost while recording, in all segments of the time asked for: what was lost may have matched.
    pub lost: u64,
    /// Damage met; the answer lacks what lay there.
    pub damage: Vec<Error>,
}

impl Outcome {
    /// Whether the answer may lack something: through damage, or losses while recording.
    pub fn is_incomplete(&self) -> bool {
        self.lost > 0 || !self.damage.is_empty()
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
    for (at, entry) in trace.segments().iter().enumerate() {
        if query.limit.is_some_and(|limit| outcome.matched >= limit) {
            break;
        }
        let zone = &entry.zone;
        let outside = query
            .from
            .is_some_and(|from| i128::from(zone.time_max) < i128::from(from))
            || query.to.is_some_and(|to| i128::from(zone.time_min) > i128::from(to));
        if !outside {
            outcome.lost += zone.loss_events;
        }
        let never = || {
            query
                .filter
                .is_some_and(|filter| verdict(filter.root(), zone, context) == Verdict::Never)
        };
        if outside || never() {
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
            break;
        }
    }
    outcome
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
