//! For how long a descriptor was the same thing: numbers of descriptors and pairs of addresses are used again.

use super::{Followed, Span, Target};
use crate::position::Position;
use crate::row::{EventRow, TraceContext};
use crate::scan::{Query, Scanner};
use crate::{Filter, Hits};
use afterimage_format::file::Trace;
use afterimage_format::model::{Category, Kind};
use afterimage_format::segment::{FdState, Segment};
use std::ops::ControlFlow;

/// Until when, and since when, the target of the event at `at` was what it was then. Nothing once `cancelled` says so, which
/// is asked for every segment that is read. Damage, and what the trace does not know, leave the span open.
///
/// A descriptor is followed from its opening (or the fork that the process got it by) to its closing, a connection from its
/// connect or accept to the next connection between the same addresses. Files, pipes and terminals by name have no bound.
pub fn lifetime(
    trace: &Trace,
    context: &TraceContext,
    target: Target,
    at: Position,
    cancelled: &dyn Fn() -> bool,
) -> Option<Followed> {
    let span = match &target {
        Target::Descriptor { pid, fd } => {
            let place = Place {
                pid: *pid,
                fd: i32::try_from(*fd).ok()?,
            };
            Span {
                first: place.begin(trace, at, cancelled)?,
                last: place.end(trace, at, cancelled)?,
            }
        }
        Target::Connection(_) => connection(trace, context, &target, at, cancelled)?,
        Target::Server(_) | Target::Name(_) => Span::default(),
    };
    Some(Followed { target, span })
}

/// A place in the descriptor table of a process.
struct Place {
    pid: u32,
    fd: i32,
}

/// What a change means for a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    /// From this row on it is something else, or what it is now has begun with this row.
    Begins,
    /// This row is the last one.
    Ends,
}

impl Place {
    /// The event with which it became what it is at `at`. The inner value is missing where the trace does not show it.
    fn begin(&self, trace: &Trace, at: Position, cancelled: &dyn Fn() -> bool) -> Option<Option<(u64, i64)>> {
        for number in (0..=at.segment).rev() {
            if cancelled() {
                return None;
            }
            let Ok(segment) = trace.segment(number) else { continue };
            let until = if number == at.segment { at.row } else { usize::MAX };
            let changes = self.changes(&segment);
            let found = changes.iter().rev().find(|(row, change)| match change {
                Change::Begins => *row <= until,
                // What ends with the event itself is what it is about.
                Change::Ends => *row < until,
            });
            if let Some((row, change)) = found {
                return Some(event(&segment, row + usize::from(*change == Change::Ends)));
            }
        }
        Some(None)
    }

    /// The last event before it became something else.
    fn end(&self, trace: &Trace, at: Position, cancelled: &dyn Fn() -> bool) -> Option<Option<(u64, i64)>> {
        for number in at.segment..trace.segment_count() {
            if cancelled() {
                return None;
            }
            let Ok(segment) = trace.segment(number) else { continue };
            let after = (number == at.segment).then_some(at.row);
            let changes = self.changes(&segment);
            let found = changes.iter().find(|(row, change)| match change {
                Change::Begins => after.is_none_or(|after| *row > after),
                Change::Ends => after.is_none_or(|after| *row >= after),
            });
            match found {
                Some((row, Change::Ends)) => return Some(event(&segment, *row)),
                // The last event before this one, which may be the last of another segment: its number is enough.
                Some((row, Change::Begins)) => {
                    let last = event(&segment, *row);
                    return Some(last.map(|(number, time)| (number.saturating_sub(1), time)));
                }
                None => {}
            }
        }
        Some(None)
    }

    /// Rows of a segment at which the place became something else, in order. What cannot be read shows none.
    fn changes(&self, segment: &Segment<'_>) -> Vec<(usize, Change)> {
        let mut all = Vec::new();
        for change in segment.fd_changes().unwrap_or_default() {
            let Some(row) = change.row.filter(|_| change.process == self.pid) else {
                continue;
            };
            let row = row as usize;
            match change.state {
                FdState::Open(_) if change.fd == self.fd => {
                    let kind = segment.kind(row).ok();
                    if !kind.is_some_and(only_tells_more) {
                        all.push((row, Change::Begins));
                    }
                }
                FdState::Closed if change.fd == self.fd => all.push((row, Change::Ends)),
                FdState::CopyOf(_) => all.push((row, Change::Begins)),
                FdState::Ended => all.push((row, Change::Ends)),
                FdState::Open(_) | FdState::Closed => {}
            }
        }
        all
    }
}

/// Whether events of this kind leave another name behind a number of the same open file: a socket that was connected is
/// still the same socket.
fn only_tells_more(kind: &Kind) -> bool {
    let name = kind.name.as_str();
    matches!(kind.category, Category::IoRead | Category::IoWrite)
        || matches!(
            name,
            "connect" | "bind" | "listen" | "getsockname" | "getpeername" | "shutdown"
        )
        || name.starts_with("send")
        || name.starts_with("recv")
}

/// Number and time of a row; of the last one where it lies behind the segment.
fn event(segment: &Segment<'_>, row: usize) -> Option<(u64, i64)> {
    let times = segment.times().ok()?;
    let time = times.get(row).or(times.last())?;
    Some((segment.num(row), *time))
}

/// Between the events that begin connections with the same addresses.
fn connection(
    trace: &Trace,
    context: &TraceContext,
    target: &Target,
    at: Position,
    cancelled: &dyn Fn() -> bool,
) -> Option<Span> {
    let number = trace.segment(at.segment).ok()?.num(at.row);
    let condition = format!("evt.type in (connect, accept, accept4) and {}", target.condition());
    let filter = Filter::compile(&condition, &context.settings()).ok()?;
    let query = Query {
        filter: Some(&filter),
        ..Query::default()
    };
    let mut span = Span::default();
    // Which ends have been seen to begin: where one begins again, it is another connection.
    let mut begun = [false; 2];
    let mut scanner = Scanner::new(trace, context, &query);
    let mut work = |hits: &Hits<'_, '_>| {
        for row in hits.rows() {
            let row = EventRow::new(hits.segment(), *row as usize);
            if !row.result().is_some_and(|result| result >= 0 || result == EINPROGRESS) {
                continue;
            }
            let accepted = row.kind().is_some_and(|kind| kind.name.starts_with("accept"));
            let end = usize::from(accepted);
            if std::mem::replace(&mut begun[end], true) || span.first.is_none() {
                begun = [false; 2];
                begun[end] = true;
                if row.num() > number && span.first.is_some() {
                    span.last = Some((row.num() - 1, row.time()));
                    return ControlFlow::Break(());
                }
                span.first = Some((row.num(), row.time()));
            }
        }
        ControlFlow::Continue(())
    };
    loop {
        if cancelled() {
            return None;
        }
        if scanner.next_segment(&mut work).is_none_or(|flow| flow.is_break()) {
            break;
        }
    }
    // A connection that is older than the trace begins before the first one that is seen to.
    if let Some((first, time)) = span.first.filter(|(first, _)| *first > number) {
        span = Span {
            first: None,
            last: Some((first - 1, time)),
        };
    }
    Some(span)
}

const EINPROGRESS: i64 = -115;
