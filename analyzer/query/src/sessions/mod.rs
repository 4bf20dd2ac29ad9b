//! Terminal sessions: which terminals were used in a trace, by whom, and what went through them, for a replay.
//!
//! A terminal has two sides. What its programs write to the slave (`/dev/pts/3`) is what comes out of the master
//! (`/dev/ptmx`), which a terminal emulator, `sshd` or `script` reads. Where both were recorded the master counts: it has
//! the echo of what was typed, and the ends of lines as they were shown.
//!
//! The size of the window is not in a trace: recorders keep the number of the ioctl that sets it and not what it points to.

mod collect;
mod key;

use crate::Filter;
use crate::Hits;
use crate::follow::{Chunk, Direction, MOVES_DATA};
use crate::losses::losses;
use crate::position::Position;
use crate::row::{EventRow, TraceContext};
use crate::scan::{Outcome, Query, Scanner};
use afterimage_format::Error;
use afterimage_format::file::Trace;
use collect::Collector;
use key::Key;
use std::ops::ControlFlow;

/// Which side of a terminal was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The master: what is shown has the echo of what was typed.
    Master,
    /// The slave alone: what was typed is seen where programs read it, and its echo only where a program wrote it.
    Slave,
}

/// A process of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Process id on the host.
    pub pid: u32,
    /// `comm` when it first used the terminal, as captured.
    pub name: Vec<u8>,
}

/// What went through one terminal, as long as it belonged to the same session.
#[derive(Debug, Clone)]
pub struct Session {
    /// Name of the terminal, as captured: `/dev/pts/3`; of a master whose other side is not known, `/dev/ptmx`.
    pub tty: Vec<u8>,
    /// Which side counts.
    pub side: Side,
    /// [`afterimage_format::model::Container::key`]; 0: none.
    pub container: u64,
    /// Session id (`sid`) of its processes on the host; 0: not known.
    pub sid: u32,
    /// Effective user id of the first process; `u32::MAX`: not known.
    pub uid: u32,
    /// Login user id of the first process; `u32::MAX`: none.
    pub loginuid: u32,
    /// Time of the first event, nanoseconds since 1970.
    pub first: i64,
    /// Of the last one.
    pub last: i64,
    /// `evt.num` of the first and the last event.
    pub events: (u64, u64),
    /// Processes that used it, in the order in which they did.
    pub processes: Vec<Member>,
    /// Processes that are not listed.
    pub more_processes: usize,
    /// Bytes that were shown.
    pub bytes_out: u64,
    /// Bytes that were typed.
    pub bytes_in: u64,
    /// Bytes of both that were not recorded.
    pub lacks: u64,
    /// Whether all bytes were recorded and no events were lost meanwhile.
    pub complete: bool,
    key: Key,
}

/// The sessions of a trace.
#[derive(Debug, Default)]
pub struct Sessions {
    /// In the order of their beginning.
    pub list: Vec<Session>,
    /// Sessions that are not listed because there are too many.
    pub left_out: usize,
    /// Damage met; what lay there is not known.
    pub damage: Vec<Error>,
}

/// Something that went through the terminal of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// `evt.num`
    pub number: u64,
    /// Where the event is.
    pub position: Position,
    /// Nanoseconds since 1970.
    pub time: i64,
    /// Process id on the host of who read or wrote.
    pub pid: u32,
    /// Whether it was typed; else it was shown.
    pub typed: bool,
    /// The bytes, as far as they were recorded; what was shown has the ends of lines that a terminal needs. They are
    /// captured: they go to a parser of terminal sequences and never to a terminal.
    pub data: Vec<u8>,
    /// Bytes that were not recorded behind these.
    pub lacks: u64,
}

/// The condition that passes what sessions are made of.
const USES_TERMINAL: &str = "(evt.is_io = true and evt.rawres > 0 or evt.type = close) and \
    (fd.name startswith /dev/pts/ or fd.name startswith /dev/tty or fd.name in (/dev/ptmx, /dev/console))";

/// Finds the terminal sessions of a trace. Nothing once `cancelled` says so, which is asked for every segment.
pub fn sessions(trace: &Trace, context: &TraceContext, cancelled: &dyn Fn() -> bool) -> Option<Sessions> {
    let filter = Filter::compile(USES_TERMINAL, &context.settings()).ok()?;
    let query = Query {
        filter: Some(&filter),
        ..Query::default()
    };
    let mut collector = Collector::default();
    let mut scanner = Scanner::new(trace, context, &query);
    loop {
        if cancelled() {
            return None;
        }
        let work = |hits: &Hits<'_, '_>| {
            for row in hits.rows() {
                collector.add(&EventRow::new(hits.segment(), *row as usize));
            }
        };
        if scanner.next_segment(work).is_none() {
            break;
        }
    }
    let mut all = collector.finish();
    for session in &mut all.list {
        let lost = losses(trace, Some(session.first), Some(session.last));
        session.complete = session.lacks == 0 && lost.records.is_empty();
    }
    all.damage = scanner.finish().damage;
    Some(all)
}

/// Calls `each` with what went through the terminal of a session, in order, until it breaks off or `cancelled` says so,
/// which is asked for every segment.
pub fn frames(
    trace: &Trace,
    context: &TraceContext,
    session: &Session,
    cancelled: &dyn Fn() -> bool,
    mut each: impl FnMut(Frame) -> ControlFlow<()>,
) -> Outcome {
    let (first, last) = session.events;
    let of = session.key.condition();
    let condition = format!("{MOVES_DATA} and {of} and evt.num >= {first} and evt.num <= {last}");
    let Ok(filter) = Filter::compile(&condition, &context.settings()) else {
        debug_assert!(false, "{condition}");
        return Outcome::default();
    };
    let query = Query {
        filter: Some(&filter),
        from: Some(session.first),
        to: Some(session.last),
        ..Query::default()
    };
    let mut scanner = Scanner::new(trace, context, &query);
    let mut matched = 0;
    let mut work = |hits: &Hits<'_, '_>| {
        let mut segment = None;
        for row in hits.rows() {
            let row = EventRow::new(hits.segment(), *row as usize);
            if Key::of(&row).as_ref() != Some(&session.key) {
                continue;
            }
            let place = || Position::of(trace, row.num()).map_or(0, |position| position.segment);
            let at = *segment.get_or_insert_with(place);
            matched += 1;
            each(frame(Chunk::of(&row, at), session.side))?;
        }
        ControlFlow::Continue(())
    };
    while !cancelled() && scanner.next_segment(&mut work).is_some_and(|flow| flow.is_continue()) {}
    Outcome {
        matched,
        ..scanner.finish()
    }
}

fn frame(chunk: Chunk, side: Side) -> Frame {
    let typed = is_typed(side, chunk.direction);
    let lacks = chunk.lacks();
    // What a program writes gets the ends of lines of a terminal on its way to the master.
    let data = match side == Side::Slave && !typed {
        true => with_returns(&chunk.data),
        false => chunk.data,
    };
    Frame {
        number: chunk.number,
        position: chunk.position,
        time: chunk.time,
        pid: chunk.pid,
        typed,
        data,
        lacks,
    }
}

/// What goes into the master was typed, and what a program reads from the slave.
fn is_typed(side: Side, direction: Direction) -> bool {
    match side {
        Side::Master => direction == Direction::Write,
        Side::Slave => direction == Direction::Read,
    }
}

/// Each newline as carriage return and newline, unless it is already.
fn with_returns(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() + 16);
    for byte in data {
        if *byte == b'\n' && out.last() != Some(&b'\r') {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_on_a_terminal() {
        assert_eq!(with_returns(b"a\nb\r\n\n"), b"a\r\nb\r\n\r\n");
    }

    #[test]
    fn the_condition_is_one() {
        let filter = Filter::compile(USES_TERMINAL, &crate::Settings::default());
        assert!(filter.is_ok(), "{}", filter.unwrap_err().render(USES_TERMINAL));
    }
}
