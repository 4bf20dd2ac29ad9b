//! The data that went through a descriptor, connection or file: what is followed ([`Target`]), for how long it was the same
//! ([`lifetime`]), and what was moved ([`chunks`]).
//!
//! ```text
//! a person names it:   Target::parse ──────────────┐
//! an event is chosen:  target_of ──▶ lifetime ─────┴─▶ Followed::condition ─▶ Filter ─▶ chunks
//! ```

mod lifetime;
mod lines;
mod target;

pub use lifetime::lifetime;
pub use lines::{HEX_LINE, hex_line, text_lines};
pub use target::{Target, target_of};

use crate::eval::{Row as _, Value};
use crate::fields::{EvtField, FdField, FieldArg, FieldId};
use crate::position::Position;
use crate::row::{EventRow, TraceContext};
use crate::scan::{Outcome, Query, Scanner};
use afterimage_format::file::Trace;
use std::ops::ControlFlow;

/// The condition that passes the events which moved data, whatever through.
pub const MOVES_DATA: &str = "evt.is_io = true and evt.rawres > 0";

/// Which way data went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The process read or received it.
    Read,
    /// It wrote or sent it.
    Write,
}

/// From which to which event a target was the same thing; open where the trace does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// `evt.num` of the first event that may be about it, and its time in nanoseconds since 1970.
    pub first: Option<(u64, i64)>,
    /// Of the last one.
    pub last: Option<(u64, i64)>,
}

/// What is followed, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// What.
    pub target: Target,
    /// In which part of the trace.
    pub span: Span,
}

impl Followed {
    /// The condition in the filter language that passes exactly the events which moved its data. The times of the span
    /// belong into the query beside it: what lies outside is not read then.
    pub fn condition(&self) -> String {
        let mut condition = format!("{MOVES_DATA} and ({})", self.target.condition());
        if let Some((first, _)) = self.span.first {
            condition.push_str(&format!(" and evt.num >= {first}"));
        }
        if let Some((last, _)) = self.span.last {
            condition.push_str(&format!(" and evt.num <= {last}"));
        }
        condition
    }

    /// Only what lies within the span, and in the query's own time.
    pub fn within<'f>(&self, query: Query<'f>) -> Query<'f> {
        let later = self
            .span
            .first
            .map(|(_, time)| time)
            .into_iter()
            .chain(query.from)
            .max();
        let earlier = self.span.last.map(|(_, time)| time).into_iter().chain(query.to).min();
        Query {
            from: later,
            to: earlier,
            ..query
        }
    }
}

/// Data that one call moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// `evt.num`
    pub number: u64,
    /// Where the event is.
    pub position: Position,
    /// Nanoseconds since 1970.
    pub time: i64,
    /// Process id on the host; 0: unknown.
    pub pid: u32,
    /// `comm` of the thread at that moment, as captured.
    pub process: Vec<u8>,
    /// Which way.
    pub direction: Direction,
    /// Number of the descriptor.
    pub fd: Option<i64>,
    /// Bytes that the call moved.
    pub bytes: u64,
    /// What was recorded of them: the first bytes.
    pub data: Vec<u8>,
    /// `fd.name`, as captured; nothing where no descriptor is known.
    pub name: Option<Vec<u8>>,
}

impl Chunk {
    /// What an event of segment number `segment` moved.
    pub fn of(row: &EventRow<'_>, segment: usize) -> Chunk {
        let value = |field| row.value(FieldId::Evt(field), &FieldArg::None);
        let data = match value(EvtField::Buffer) {
            Value::Str(data) => data.into_owned(),
            _ => Vec::new(),
        };
        let bytes = match value(EvtField::Buflen) {
            Value::Int(moved) => u64::try_from(moved).unwrap_or(0),
            _ => data.len() as u64,
        };
        let reads = value(EvtField::IsIoRead) == Value::Bool(true);
        let thread = row.thread();
        Chunk {
            number: row.num(),
            position: Position {
                segment,
                row: row.index(),
            },
            time: row.time(),
            pid: thread.map_or(0, |thread| thread.pid),
            process: thread.map_or(Vec::new(), |thread| thread.comm.to_vec()),
            direction: if reads { Direction::Read } else { Direction::Write },
            fd: fd_number(row),
            bytes,
            data,
            name: row.descriptor().map(|descriptor| descriptor.name.clone()),
        }
    }

    /// Bytes that were moved and not recorded.
    pub fn lacks(&self) -> u64 {
        self.bytes.saturating_sub(self.data.len() as u64)
    }
}

/// Calls `each` with what the events that `query` finds moved, in the order of the trace, until it breaks off or
/// `cancelled` says so, which is asked after every segment. The filter of the query is that of [`Followed::condition`] or
/// has [`MOVES_DATA`] in it.
pub fn chunks(
    trace: &Trace,
    context: &TraceContext,
    query: &Query<'_>,
    cancelled: &dyn Fn() -> bool,
    mut each: impl FnMut(Chunk) -> ControlFlow<()>,
) -> Outcome {
    let mut scanner = Scanner::new(trace, context, query);
    let mut matched = 0;
    let mut work = |hits: &crate::Hits<'_, '_>| {
        let mut segment = None;
        for row in hits.rows() {
            let row = EventRow::new(hits.segment(), *row as usize);
            let at = match segment {
                Some(at) => at,
                None => Position::of(trace, row.num()).map_or(0, |position| position.segment),
            };
            segment = Some(at);
            matched += 1;
            each(Chunk::of(&row, at))?;
        }
        ControlFlow::Continue(())
    };
    while !cancelled() && scanner.next_segment(&mut work).is_some_and(|flow| flow.is_continue()) {}
    Outcome {
        matched,
        ..scanner.finish()
    }
}

pub(crate) fn fd_number(row: &EventRow<'_>) -> Option<i64> {
    match row.value(FieldId::Fd(FdField::Num), &FieldArg::None) {
        Value::Int(number) => Some(number),
        _ => None,
    }
}
