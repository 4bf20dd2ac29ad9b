//! What comes into the state, and what it wants done.

use crate::state::{
    Alert, Chunk, EventDetail, EventRowText, Export, Exported, Finding, Frame, GroupRow, Histogram, Line, Live, Mark,
    Notice, Part, Position, RowSet, TraceInfo, TraceKey,
};
use crate::views::{Column, View};
use crate::words::Words;
use crossterm::event::{KeyEvent, MouseEvent};
use std::sync::Arc;

/// Something that happened: a key, or the answer of a worker.
#[derive(Debug, Clone)]
pub(crate) enum Message {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse did something; whether it was the second click of two.
    Mouse(MouseEvent, bool),
    /// Text was pasted.
    Paste(String),
    /// The terminal has this size now, in columns and lines.
    Resize(u16, u16),
    /// The trace has grown: as it is now.
    Grown(Arc<TraceInfo>),
    /// Whether it will grow further.
    Live(Live),
    /// So many nanoseconds have passed; told only where [`State::wants_time`](crate::state::State::wants_time).
    Time(i64),
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
    /// A job went on.
    Job {
        /// Its number.
        generation: u64,
        /// What it has come to.
        answer: Answer,
        /// Segments it has read or skipped so far, of how many.
        done: (u64, u64),
        /// Damage met since the last message; the answer lacks what lay there.
        damage: Option<String>,
        /// Whether it came to the end.
        ended: bool,
    },
    /// What was noted of the trace before, and what there is to say of that.
    Notes {
        /// Bookmarks and notes.
        marks: Vec<Mark>,
        /// Why that is not all, or none.
        notice: Option<Notice>,
    },
    /// Alerts that the trace carries, and damage met while reading them.
    Alerts(Vec<Alert>, Option<String>),
    /// An event as a bookmark wants it.
    Marked(Mark),
    /// An export went on.
    Export {
        /// Its number.
        generation: u64,
        /// Segments that are done, of how many.
        done: (u64, u64),
        /// How it ended, once it did.
        end: Option<Exported>,
    },
    /// A search among events went on.
    Found {
        /// Its number.
        generation: u64,
        /// Parts of the table that are done, of how many.
        done: (u64, u64),
        /// What it found, once it ended; nothing where there is no such row.
        end: Option<Option<Position>>,
    },
    /// A text that is to be copied.
    Copy(String),
    /// What work aside came to.
    Notice(Notice),
}

/// What a job has come to since its last message, or in all.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// Nothing new.
    Nothing,
    /// More events that pass.
    Events(Part),
    /// All groups so far, and how many more there are than the table takes.
    Groups(Arc<[GroupRow]>, u64),
    /// What stands out so far, and events over time: so many of each stretch.
    Overview(Vec<Finding>, Option<Vec<u64>>),
    /// More bytes; what they belong to, in the first message; and how many were not recorded.
    Chunks(Option<String>, Vec<Chunk>, u64),
    /// Calls of each stretch of time, and of these, one stretch after the other, how many took how long.
    Spectrum(Histogram, Vec<u64>),
    /// More of what went through a terminal; what it was, in the first message; and how many bytes were not recorded.
    Frames(Option<String>, Vec<Frame>, u64),
    /// All lines of a list, and what stands behind its name.
    Lines(String, Vec<Line>),
}

/// Work that is done aside for a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Job {
    /// Look for events.
    Events,
    /// Put events together.
    Groups(&'static View),
    /// Look for what stands out, and count events over time.
    Overview,
    /// Collect the bytes that went through the descriptor of an event, or of all events.
    Follow(Option<Position>),
    /// Count calls by when they ended and how long they took.
    Spectrum,
    /// List the processes that were alive at a time, nanoseconds since 1970.
    Tree(i64),
    /// List the terminal sessions.
    Sessions,
    /// Collect what went through the terminal session with this number.
    Replay(usize),
    /// Find what led to an event.
    Why(Position),
}

/// What is wanted of an event, beside what is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Want {
    /// A bookmark with this note.
    Mark(String),
    /// All of it as JSON, to be copied.
    Json,
}

/// Something to do with files of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Chore {
    /// Read what was noted of a trace.
    LoadNotes(TraceKey),
    /// Write what is noted of it.
    SaveNotes(TraceKey, Vec<Mark>),
    /// Keep what was copied.
    Keep(String),
    /// Write the columns of a view to the configuration.
    SaveColumns(&'static str, Vec<String>),
}

/// A search in a table of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Find {
    /// The table.
    pub(crate) rows: RowSet,
    /// Index of the row where it begins; the row itself does not count.
    pub(crate) from: u64,
    /// Whether it goes on to later rows.
    pub(crate) forwards: bool,
    /// What is looked for.
    pub(crate) words: Words,
    /// What is shown of the rows.
    pub(crate) columns: Vec<Column>,
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
        /// What is shown of them.
        columns: Vec<Column>,
    },
    /// Read everything about one event.
    Detail {
        /// Which one.
        position: Position,
    },
    /// Read something of an event.
    Tell {
        /// Which one.
        position: Position,
        /// What.
        want: Want,
    },
    /// Do something with files of a person.
    Chore(Chore),
    /// Begin an export.
    Export {
        /// Its number.
        generation: u64,
        /// What is written.
        export: Export,
    },
    /// End the export.
    EndExport,
    /// Begin a search among events; ends the one before.
    Find {
        /// Its number.
        generation: u64,
        /// What is looked for.
        find: Find,
    },
    /// End the search.
    EndFind,
    /// Give a text to the terminal's clipboard.
    Copy(String),
    /// Begin a job; ends the one before.
    Start {
        /// Its number.
        generation: u64,
        /// Which events it is about; known to be right.
        filter: String,
        /// And from when to when, nanoseconds since 1970.
        span: Option<(i64, i64)>,
        /// What is to be done.
        job: Job,
    },
    /// End the job.
    Stop,
    /// Leave.
    Quit,
}
