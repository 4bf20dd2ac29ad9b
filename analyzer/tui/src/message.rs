//! What comes into the state, and what it wants done.

use crate::state::{EventDetail, EventRowText, Part, Position, TraceInfo};
use crossterm::event::KeyEvent;
use std::sync::Arc;

/// Something that happened: a key, or the answer of a worker.
#[derive(Debug, Clone)]
pub(crate) enum Message {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The terminal has this size now, in columns and lines.
    Resize(u16, u16),
    /// The trace is open.
    Opened(Arc<TraceInfo>),
    /// Rows of the listing of that generation, from index `first` on.
    Rows {
        /// The listing they belong to.
        generation: u64,
        /// Index in the listing of the first one.
        first: u64,
        /// One after another.
        rows: Vec<EventRowText>,
        /// Damage met while reading them.
        damage: Option<String>,
    },
    /// Everything about one event.
    Detail {
        /// Which one.
        position: Position,
        /// What is known of it.
        detail: EventDetail,
    },
    /// A scan went on.
    Found {
        /// The scan.
        generation: u64,
        /// What it found since the last message.
        part: Option<Part>,
        /// Rows it has read or skipped so far.
        read: u64,
        /// Damage met since the last message; the answer lacks what lay there.
        damage: Option<String>,
        /// Whether it came to the end.
        done: bool,
    },
}

/// Something that has to be done outside of the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Read rows for the table.
    Load {
        /// The listing they are for.
        generation: u64,
        /// Index in the listing of the first one.
        first: u64,
        /// Where they are.
        positions: Vec<Position>,
    },
    /// Read everything about one event.
    Detail {
        /// Which one.
        position: Position,
    },
    /// Look for the events that pass a filter; ends the scan before.
    Scan {
        /// Number of the scan.
        generation: u64,
        /// The filter, known to be right.
        filter: String,
    },
    /// End the scan.
    StopScan,
    /// Leave.
    Quit,
}
