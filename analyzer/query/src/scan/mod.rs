//! Reading the matching events of a trace, in order, skipping segments that cannot hold any.

mod hits;
mod mask;
mod numbers;
mod parallel;
mod plan;
mod prune;
mod select;
mod several;
mod texts;

pub use hits::Hits;
pub use plan::describe;
pub use several::{Found, scan_several};

use crate::Filter;
use crate::losses::losses;
use crate::row::{EventRow, SegmentRows, TraceContext};
use afterimage_format::Error;
use afterimage_format::file::{Group, IndexEntry, Trace};
use afterimage_format::model::Loss;
use afterimage_format::segment::{Decoded, Place, Zone};
use plan::Plan;
use prune::{Verdict, verdict};
use std::cell::Cell;
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

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
    /// Who is told how far the scan has come.
    pub progress: Option<&'f dyn Progress>,
}

/// Told how far a scan has come.
pub trait Progress: Sync {
    /// So many segments of the trace, from its first on, are done or were skipped.
    fn segments(&self, done: usize);
    /// The scan is over.
    fn done(&self);
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
    /// What of the segments that were read was decoded.
    pub decoded: Decoded,
}

impl Outcome {
    /// Whether the answer may lack something: through damage, or losses while recording.
    pub fn is_incomplete(&self) -> bool {
        !self.losses.is_empty() || !self.damage.is_empty()
    }

    fn note(&mut self, damage: Option<Error>, decoded: Decoded) {
        self.damage.extend(damage);
        self.decoded.rows += decoded.rows;
        self.decoded.columns += decoded.columns;
        self.decoded.all_columns += decoded.all_columns;
        self.decoded.bytes += decoded.bytes;
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
    let mut scanner = Scanner::new(trace, context, query);
    let mut matched = 0;
    let mut work = |hits: &Hits<'_, '_>| {
        for row in hits.rows() {
            matched += 1;
            each(EventRow::new(hits.segment(), *row as usize))?;
        }
        ControlFlow::Continue(())
    };
    let mut flow = Some(ControlFlow::Continue(()));
    while flow.is_some_and(|flow| flow.is_continue()) {
        flow = scanner.next_segment(&mut work);
    }
    Outcome {
        matched,
        ..scanner.finish()
    }
}

/// Reads the segments that a query asks for, one after the other, when it is told to.
pub struct Scanner<'a> {
    query: &'a Query<'a>,
    plan: Plan<'a>,
    feed: Feed<'a>,
    outcome: Outcome,
    until: Option<i64>,
}

impl<'a> Scanner<'a> {
    /// Before the first segment.
    pub fn new(trace: &'a Trace, context: &'a TraceContext, query: &'a Query<'a>) -> Scanner<'a> {
        Scanner {
            query,
            plan: Plan::of(query.filter),
            feed: Feed::new(trace, context, std::slice::from_ref(query)),
            outcome: Outcome::default(),
            until: query.to,
        }
    }

    /// Has `work` done with the hits of the next segment that can be read; nothing behind the last one, or once the limit of
    /// the query is reached.
    pub fn next_segment<T>(&mut self, work: impl FnOnce(&Hits<'_, '_>) -> T) -> Option<T> {
        let mut work = Some(work);
        while left(self.query, self.outcome.matched) > 0 {
            let next = self.feed.next()?;
            let left = left(self.query, self.outcome.matched);
            let (trace, context) = (self.feed.trace, self.feed.context);
            let made = read(trace, context, self.query, &self.plan, next.segment, left, |hits| {
                work.take().map(|work| (work(hits), hits.count()))
            });
            self.until = earlier(self.query.to, next.end);
            self.outcome.note(made.damage, made.decoded);
            tell(self.query, next.segment);
            if let Some((value, matched)) = made.value.flatten() {
                self.outcome.matched += matched;
                return Some(value);
            }
        }
        None
    }

    /// What was done.
    pub fn finish(mut self) -> Outcome {
        let ended = self.feed.group == self.feed.trace.groups().len() && self.feed.entries.is_empty();
        let until = if ended { self.query.to } else { self.until };
        self.feed.finish(&mut self.outcome, until);
        self.outcome
    }
}

/// Reads the segments that `query` asks for with all CPUs: `work` gives piece by piece what it makes of the hits of each, so
/// that the first piece is there early and none has to be kept long. `each` gets them in the order of the trace, until it
/// breaks off. The limit of `query` holds for each segment by itself; who wants so many in all breaks off.
pub fn scan_pieces<T: Send>(
    trace: &Trace,
    context: &TraceContext,
    query: &Query<'_>,
    work: impl Fn(&Hits<'_, '_>, &mut dyn FnMut(T)) + Sync,
    mut each: impl FnMut(T) -> ControlFlow<()>,
) -> Outcome {
    let plan = Plan::of(query.filter);
    let mut outcome = Outcome::default();
    let mut until = query.to;
    let limit = left(query, 0);
    let (ends, broken) = (Cell::new(0), Cell::new(false));
    let feed = parallel::in_order(
        Feed::new(trace, context, std::slice::from_ref(query)),
        |next: &Next, piece: &mut dyn FnMut((u64, T))| {
            read(trace, context, query, &plan, next.segment, limit, |hits| {
                work(hits, &mut |made| piece((next.end, made)));
                hits.count()
            })
        },
        |(end, made)| {
            ends.set(end);
            let flow = each(made);
            broken.set(flow.is_break());
            flow
        },
        |next, made| {
            tell(query, next.segment);
            outcome.note(made.damage, made.decoded);
            outcome.matched += made.value.unwrap_or(0);
            ControlFlow::Continue(())
        },
    );
    if broken.get() {
        until = earlier(until, ends.get());
    }
    feed.finish(&mut outcome, until);
    outcome
}

/// Reads the segments that `query` asks for, and decodes what `prepare` looks at, with all CPUs: `each` gets them with the
/// places of their hits, in the order of the trace, until it breaks off.
pub(crate) fn scan_places(
    trace: &Trace,
    context: &TraceContext,
    query: &Query<'_>,
    prepare: impl Fn(&SegmentRows<'_>, &[Place]) + Sync,
    mut each: impl FnMut(&SegmentRows<'_>, &[Place]) -> ControlFlow<()>,
) -> Outcome {
    let plan = Plan::of(query.filter);
    let mut outcome = Outcome::default();
    let mut until = query.to;
    // Those that are done with: who decoded them takes their memory for the next ones.
    let spent = Mutex::new(Vec::new());
    let open = |next: &Next, _: &mut dyn FnMut(())| {
        let done = spent.lock().unwrap_or_else(PoisonError::into_inner).pop();
        drop::<Option<SegmentRows<'_>>>(done);
        let segment = trace.segment(next.segment)?;
        let rows = SegmentRows::new(context, segment).behind(before(trace, next.segment));
        let passes = select::select(&plan, &rows);
        let places = Hits::of(&rows, passes, query, left(query, 0)).places();
        if !places.is_empty() {
            prepare(&rows, &places);
        }
        Ok((rows, places))
    };
    let feed = parallel::in_order(
        Feed::new(trace, context, std::slice::from_ref(query)),
        open,
        |()| ControlFlow::Continue(()),
        |next, opened: Result<(SegmentRows<'_>, Vec<Place>), Error>| {
            tell(query, next.segment);
            let (rows, mut places) = match opened {
                Ok(opened) => opened,
                Err(error) => {
                    outcome.note(Some(error), Decoded::default());
                    return ControlFlow::Continue(());
                }
            };
            places.truncate(left(query, outcome.matched));
            outcome.matched += places.len() as u64;
            let mut flow = each(&rows, &places);
            outcome.note(rows.take_damage(), rows.segment().decoded());
            spent.lock().unwrap_or_else(PoisonError::into_inner).push(rows);
            if left(query, outcome.matched) == 0 {
                flow = ControlFlow::Break(());
            }
            if flow.is_break() {
                until = earlier(query.to, next.end);
            }
            flow
        },
    );
    feed.finish(&mut outcome, until);
    outcome
}

/// Reads the segments that `query` asks for with all CPUs, in any order: each thread begins with `start` and has `work` add
/// to it what it makes of the hits of a segment. What the threads made, in no order.
pub fn scan_fold<A: Send>(
    trace: &Trace,
    context: &TraceContext,
    query: &Query<'_>,
    start: impl Fn() -> A + Sync,
    work: impl Fn(&Hits<'_, '_>, &mut A) + Sync,
) -> (Vec<A>, Outcome) {
    let plan = Plan::of(query.filter);
    let feed = Mutex::new(Feed::new(trace, context, std::slice::from_ref(query)));
    let next = || feed.lock().unwrap_or_else(PoisonError::into_inner).next();
    let made = parallel::each_thread(|| {
        let (mut made, mut outcome) = (start(), Outcome::default());
        while let Some(next) = next() {
            let read = read(trace, context, query, &plan, next.segment, left(query, 0), |hits| {
                work(hits, &mut made);
                hits.count()
            });
            tell(query, next.segment);
            outcome.note(read.damage, read.decoded);
            outcome.matched += read.value.unwrap_or(0);
        }
        (made, outcome)
    });
    let mut whole = Outcome::default();
    let mut all = Vec::new();
    for (made, outcome) in made {
        all.push(made);
        whole.matched += outcome.matched;
        whole.note(None, outcome.decoded);
        whole.damage.extend(outcome.damage);
    }
    let feed = feed.into_inner().unwrap_or_else(PoisonError::into_inner);
    feed.finish(&mut whole, query.to);
    (all, whole)
}

/// How many events `query` finds, with what is told of the rest. Where all of a segment is asked for, it is not read.
pub fn count(trace: &Trace, context: &TraceContext, query: &Query<'_>) -> Outcome {
    let is_all = query.filter.is_none() && query.from.is_none() && query.to.is_none();
    if is_all {
        let mut outcome = Outcome {
            matched: trace.totals().events,
            ..Outcome::default()
        };
        Feed::new(trace, context, std::slice::from_ref(query)).finish(&mut outcome, None);
        return outcome;
    }
    scan_fold(trace, context, query, || (), |_, ()| {}).1
}

fn tell(query: &Query<'_>, segment: usize) {
    if let Some(progress) = query.progress {
        progress.segments(segment + 1);
    }
}

/// What was made of a segment.
pub struct Made<T> {
    /// By the one who asked.
    pub value: T,
    /// Of so many events.
    pub matched: u64,
}

/// How many events may still be found.
fn left(query: &Query<'_>, matched: u64) -> usize {
    let left = query.limit.map_or(u64::MAX, |limit| limit.saturating_sub(matched));
    usize::try_from(left).unwrap_or(usize::MAX)
}

/// What reading a segment came to.
struct Read<T> {
    /// Nothing where it could not be opened.
    value: Option<T>,
    damage: Option<Error>,
    decoded: Decoded,
}

/// Opens a segment, finds what passes, at most `limit` events, and has `work` done with it.
fn read<T>(
    trace: &Trace,
    context: &TraceContext,
    query: &Query<'_>,
    plan: &Plan<'_>,
    at: usize,
    limit: usize,
    work: impl FnOnce(&Hits<'_, '_>) -> T,
) -> Read<T> {
    let segment = match trace.segment(at) {
        Ok(segment) => segment,
        Err(error) => {
            return Read {
                value: None,
                damage: Some(error),
                decoded: Decoded::default(),
            };
        }
    };
    let rows = SegmentRows::new(context, segment).behind(before(trace, at));
    let hits = Hits::of(&rows, select::select(plan, &rows), query, limit);
    let value = Some(work(&hits));
    Read {
        value,
        damage: rows.take_damage(),
        decoded: rows.segment().decoded(),
    }
}

/// Finds what passes in one segment that need not be in a trace, at most `limit` events; `None`: its zone map says that
/// nothing does.
pub fn search<'q, 's>(segment: &'q SegmentRows<'s>, filter: &Filter, limit: usize) -> Option<Hits<'q, 's>> {
    if verdict(filter.root(), segment.segment().zone(), segment.context()) == Verdict::Never {
        return None;
    }
    let passes = select::select(&Plan::of(Some(filter)), segment);
    Some(Hits::of(segment, passes, &Query::default(), limit))
}

/// When the last event before a segment happened.
fn before(trace: &Trace, at: usize) -> Option<i64> {
    let entry = trace.entry(at.checked_sub(1)?).ok()?;
    i64::try_from(entry.zone.time_max).ok()
}

/// A segment to read.
struct Next {
    segment: usize,
    /// When its last event was.
    end: u64,
}

/// The segments that may hold what one of the queries asks for, one after the other.
struct Feed<'a> {
    trace: &'a Trace,
    context: &'a TraceContext,
    queries: &'a [Query<'a>],
    group: usize,
    entries: VecDeque<(usize, Arc<IndexEntry>)>,
    read: usize,
    skipped: usize,
    damage: Vec<Error>,
}

impl<'a> Feed<'a> {
    fn new(trace: &'a Trace, context: &'a TraceContext, queries: &'a [Query<'a>]) -> Feed<'a> {
        Feed {
            trace,
            context,
            queries,
            group: 0,
            entries: VecDeque::new(),
            read: 0,
            skipped: 0,
            damage: Vec::new(),
        }
    }

    fn finish(self, outcome: &mut Outcome, until: Option<i64>) {
        self.queries
            .iter()
            .filter_map(|query| query.progress)
            .for_each(Progress::done);
        outcome.segments_read = self.read;
        outcome.segments_skipped = self.skipped;
        outcome.damage.extend(self.damage);
        let from = self.queries.first().and_then(|query| query.from);
        let losses = losses(self.trace, from, until);
        outcome.losses = losses.records;
        outcome.damage.extend(losses.damage);
    }

    /// Whether none of the queries asks for anything of this.
    fn nothing_in(&self, zone: &Zone) -> bool {
        self.queries.iter().all(|query| cannot_match(query, zone, self.context))
    }
}

impl Iterator for Feed<'_> {
    type Item = Next;

    fn next(&mut self) -> Option<Next> {
        if self.queries.iter().all(|query| query.limit == Some(0)) {
            return None;
        }
        loop {
            while let Some((segment, entry)) = self.entries.pop_front() {
                if self.nothing_in(&entry.zone) {
                    self.skipped += 1;
                    continue;
                }
                self.read += 1;
                let end = entry.zone.time_max;
                return Some(Next { segment, end });
            }
            let number = self.group;
            let group = self.trace.groups().get(number)?;
            self.group += 1;
            if self.nothing_in(&zone_of(group)) {
                self.skipped += group.segments as usize;
                continue;
            }
            match self.trace.group_entries(number) {
                Ok(entries) => {
                    let first = self.trace.group_start(number);
                    self.entries.extend((first..).zip(entries.iter().cloned()));
                }
                Err(error) => self.damage.push(error),
            }
        }
    }
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
