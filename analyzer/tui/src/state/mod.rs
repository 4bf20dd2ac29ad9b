//! Everything that is shown.

mod content;
mod filter;
mod position;

pub(crate) use content::{ContainerLine, DetailItem, EventDetail, EventRowText, TraceInfo};
pub(crate) use filter::{Crumb, Input, combined};
pub(crate) use position::{Part, Position, RowSet};

use std::sync::Arc;

/// The state of the interface.
#[derive(Debug)]
pub(crate) struct State {
    /// Columns and lines of the terminal.
    pub(crate) size: (u16, u16),
    /// Name of the file, escaped.
    pub(crate) file: String,
    /// The trace; nothing while it is being opened.
    pub(crate) trace: Option<Arc<TraceInfo>>,
    /// Which pane takes the keys.
    pub(crate) pane: Pane,
    /// The events in the table.
    pub(crate) listing: Listing,
    /// Those that were read.
    pub(crate) window: Window,
    /// The pane with the selected event.
    pub(crate) detail: DetailPane,
    /// The list of containers, instead of the table while the pane is [`Pane::Containers`].
    pub(crate) containers: Cursor,
    /// First shown line of the help, while it is shown.
    pub(crate) help: Option<u64>,
    /// Pieces of the filter.
    pub(crate) crumbs: Vec<Crumb>,
    /// The filter that is being typed.
    pub(crate) input: Option<Input>,
    /// The filter of the listing, or of the scan for the next one; empty: all events.
    pub(crate) filter: String,
    /// The scan for the filter.
    pub(crate) scan: Option<Scan>,
    /// Counts listings.
    pub(crate) generation: u64,
    /// The last damage met while reading.
    pub(crate) damage: Option<String>,
}

/// What takes the keys, when neither help nor input does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pane {
    /// The table of events.
    Events,
    /// The selected event.
    Detail,
    /// The list of containers.
    Containers,
}

/// A selected line and the first one shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Index of the selected line.
    pub(crate) selected: u64,
    /// Index of the first line on the screen.
    pub(crate) top: u64,
}

/// Where a table stood.
pub(crate) type Place = Cursor;

/// The events in the table.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// Its number.
    pub(crate) generation: u64,
    /// Its events.
    pub(crate) rows: RowSet,
    /// Where it stands.
    pub(crate) cursor: Cursor,
}

impl Listing {
    /// Place of the selected event in the trace.
    pub(crate) fn selected(&self) -> Option<Position> {
        self.rows.position(self.cursor.selected)
    }
}

/// Rows of the listing that were read: those on the screen, and a page before and after.
#[derive(Debug, Default)]
pub(crate) struct Window {
    /// The listing that they belong to.
    pub(crate) generation: u64,
    /// Index of the first one.
    pub(crate) first: u64,
    /// One after another.
    pub(crate) rows: Vec<EventRowText>,
    /// Generation, first index and number of rows that were asked for last.
    pub(crate) asked: Option<(u64, u64, u64)>,
}

impl Window {
    /// The row with this index in the listing of this generation.
    pub(crate) fn row(&self, generation: u64, index: u64) -> Option<&EventRowText> {
        let at = index
            .checked_sub(self.first)
            .filter(|_| self.generation == generation)?;
        self.rows.get(usize::try_from(at).ok()?)
    }
}

/// The pane with the selected event.
#[derive(Debug, Default)]
pub(crate) struct DetailPane {
    /// Whether it is there.
    pub(crate) open: bool,
    /// First shown line.
    pub(crate) scroll: u64,
    /// What was read last, and of which event.
    pub(crate) content: Option<(Position, EventDetail)>,
    /// The event that was asked for last.
    pub(crate) asked: Option<Position>,
}

impl DetailPane {
    /// What is known of the event at `position`, once it was read.
    pub(crate) fn of(&self, position: Option<Position>) -> Option<&EventDetail> {
        let (known, detail) = self.content.as_ref()?;
        (Some(*known) == position).then_some(detail)
    }
}

/// How far a scan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scan {
    /// Its number, and that of the listing it makes.
    pub(crate) generation: u64,
    /// Rows it has read or skipped.
    pub(crate) read: u64,
    /// Whether it goes on, has come to its end, or was stopped.
    pub(crate) progress: Progress,
    /// Where to put the cursor as soon as there are enough rows, unless it is moved before.
    pub(crate) place: Option<Place>,
}

/// Whether a scan goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// It does.
    Running,
    /// It came to the end.
    Done,
    /// It was stopped before.
    Stopped,
}

impl State {
    /// The state before the trace is open. `file` must be escaped.
    pub(crate) fn new(file: String, size: (u16, u16)) -> State {
        State {
            size,
            file,
            trace: None,
            pane: Pane::Events,
            listing: Listing::default(),
            window: Window::default(),
            detail: DetailPane::default(),
            containers: Cursor::default(),
            help: None,
            crumbs: Vec::new(),
            input: None,
            filter: String::new(),
            scan: None,
            generation: 0,
            damage: None,
        }
    }
}
