//! What an event says that answers a question, without a reference to its segment.

use super::Happened;
use crate::position::Position;
use crate::row::EventRow;
use afterimage_format::model::{Descriptor, Thread};

/// Ancestors that are followed: a crafted file can name any thread as parent of any other.
const MAX_ANCESTORS: usize = 32;

/// An event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub(super) number: u64,
    pub(super) position: Position,
    /// Nanoseconds since 1970.
    pub(super) time: u64,
}

impl Mark {
    pub(super) fn of(row: &EventRow<'_>, segment: usize) -> Mark {
        Mark {
            number: row.num(),
            position: Position {
                segment,
                row: row.index(),
            },
            time: u64::try_from(row.time()).unwrap_or(0),
        }
    }

    pub(super) fn happened(self) -> Happened {
        Happened {
            number: self.number,
            position: self.position,
        }
    }
}

/// Who did something, with the parent, its parent, and so on.
#[derive(Debug, Clone)]
pub(super) struct Actor {
    pub(super) mark: Mark,
    pub(super) thread: Thread,
    pub(super) ancestors: Vec<Thread>,
}

impl Actor {
    /// Who did an event; nothing where no process did.
    pub(super) fn of(row: &EventRow<'_>, segment: usize) -> Option<Actor> {
        let nobody = [0, u32::MAX];
        let thread = row.thread().filter(|thread| !nobody.contains(&thread.pid))?;
        let rows = row.segment();
        let parent = |of: &&Thread| rows.thread(of.parent).filter(|parent| parent.pid != of.pid);
        let first = parent(&thread);
        let ancestors = std::iter::successors(first, parent).take(MAX_ANCESTORS);
        Some(Actor {
            mark: Mark::of(row, segment),
            thread: thread.clone(),
            ancestors: ancestors.cloned().collect(),
        })
    }
}

/// What is known of data that a process took in.
#[derive(Debug, Clone)]
pub(super) struct Intake {
    pub(super) descriptor: Descriptor,
    pub(super) last: Mark,
    /// Bytes; 0 where it was only opened.
    pub(super) bytes: u64,
    /// The line that says most: the latest request, or else the first text.
    pub(super) line: Option<Vec<u8>>,
}

/// A fact about a process.
#[derive(Debug, Clone)]
pub(super) enum ProcessFact {
    /// Its first event, after its birth.
    Born(Mark),
    Executed(Mark, Box<Thread>),
    TookIn(Box<Intake>),
    Accepted(Mark, Box<Descriptor>),
}

/// A fact about a file.
#[derive(Debug, Clone)]
pub(super) enum FileFact {
    /// It was written by this actor: bytes, and whether what was in it before is gone.
    Wrote {
        actor: Box<Actor>,
        last: Mark,
        bytes: u64,
        emptied: bool,
    },
    /// It was made executable, with these permissions.
    Chmod(Box<Actor>, i64),
    /// It has its name from this one.
    Renamed(Box<Actor>, Vec<u8>),
    /// Nothing is at the path any more.
    Gone,
}

/// Whether a line looks like a request of HTTP.
pub(super) fn is_request(line: &[u8]) -> bool {
    let word = line.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    (3..=8).contains(&word) && line.get(word) == Some(&b' ') && line.get(word + 1).is_some_and(|byte| *byte > b' ')
}

/// The first line of a payload, where it is text.
pub(super) fn text_line(payload: &[u8]) -> Option<&[u8]> {
    const LONGEST: usize = 240;
    let end = payload.iter().position(|byte| matches!(byte, b'\n' | b'\r' | 0));
    let line = &payload[..end.unwrap_or(payload.len()).min(LONGEST)];
    (line.len() >= 3 && line.iter().all(|byte| (b' '..0x7f).contains(byte))).then_some(line)
}

impl Intake {
    /// Takes over what came later.
    pub(super) fn add(&mut self, later: Intake) {
        self.last = later.last;
        self.bytes = self.bytes.saturating_add(later.bytes);
        let better = later.line.as_deref().is_some_and(is_request);
        if better || self.line.is_none() {
            self.line = later.line.or(self.line.take());
        }
    }
}
