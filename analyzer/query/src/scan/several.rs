//! Several queries answered in one pass.

use super::plan::Plan;
use super::{Feed, Hits, Made, Next, Outcome, Query, cannot_match, earlier, parallel, select};
use crate::row::{SegmentRows, TraceContext};
use afterimage_format::file::Trace;
use afterimage_format::segment::Decoded;
use std::ops::ControlFlow;

/// What several queries find in one segment.
pub struct Found<'q, 's> {
    segment: &'q SegmentRows<'s>,
    hits: Vec<(usize, Hits<'q, 's>)>,
}

impl<'q, 's> Found<'q, 's> {
    /// The segment.
    pub fn segment(&self) -> &'q SegmentRows<'s> {
        self.segment
    }

    /// What each query finds, by its number; those that find nothing are not among them.
    pub fn hits(&self) -> &[(usize, Hits<'q, 's>)] {
        &self.hits
    }

    /// Rows with the numbers of the queries that find them, in the order of the trace.
    pub fn rows(&self) -> Vec<(u32, usize)> {
        let of = |(number, hits): &(usize, Hits<'q, 's>)| hits.rows().iter().map(|row| (*row, *number)).collect();
        let mut rows: Vec<(u32, usize)> = self.hits.iter().flat_map(|hits| -> Vec<_> { of(hits) }).collect();
        rows.sort_unstable();
        rows
    }
}

/// Reads the segments that one of `queries` asks for, each once, with all CPUs: `work` makes something of what is found in
/// each, and `each` gets what was made in the order of the trace, until it breaks off. An event that several queries find
/// counts once for each. The losses are those of the time that the first query asks for.
pub fn scan_several<T: Send>(
    trace: &Trace,
    context: &TraceContext,
    queries: &[Query<'_>],
    work: impl Fn(&Found<'_, '_>) -> T + Sync,
    mut each: impl FnMut(Made<T>) -> ControlFlow<()>,
) -> Outcome {
    let plans: Vec<Plan<'_>> = queries.iter().map(|query| Plan::of(query.filter)).collect();
    let mut outcome = Outcome::default();
    let mut until = queries.first().and_then(|query| query.to);
    let read = |next: &Next, _: &mut dyn FnMut(())| {
        let segment = match trace.segment(next.segment) {
            Ok(segment) => segment,
            Err(error) => return (None, Some(error), Decoded::default()),
        };
        let rows = SegmentRows::new(context, segment).behind(super::before(trace, next.segment));
        let mut hits = Vec::new();
        for (number, (query, plan)) in queries.iter().zip(&plans).enumerate() {
            if cannot_match(query, rows.segment().zone(), context) {
                continue;
            }
            let limit = super::left(query, 0);
            let of = Hits::of(&rows, select::select(plan, &rows), query, limit);
            if of.count() > 0 {
                hits.push((number, of));
            }
        }
        let matched = hits.iter().map(|(_, hits)| hits.count()).sum();
        let value = work(&Found { segment: &rows, hits });
        (
            Some(Made { value, matched }),
            rows.take_damage(),
            rows.segment().decoded(),
        )
    };
    let feed = parallel::in_order(
        Feed::new(trace, context, queries),
        read,
        |()| ControlFlow::Continue(()),
        |next, (made, damage, decoded)| {
            queries
                .first()
                .into_iter()
                .for_each(|query| super::tell(query, next.segment));
            outcome.note(damage, decoded);
            let Some(made) = made else {
                return ControlFlow::Continue(());
            };
            outcome.matched += made.matched;
            let flow = each(made);
            if flow.is_break() {
                until = earlier(until, next.end);
            }
            flow
        },
    );
    feed.finish(&mut outcome, until);
    outcome
}
