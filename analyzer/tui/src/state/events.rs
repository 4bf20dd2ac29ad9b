//! A table of events, and the selected one in detail.

use super::{Cursor, EventDetail, EventRowText, Position, RowSet};
use crate::views::Column;

/// The screen with events.
#[derive(Debug, Default)]
pub(crate) struct Events {
    /// What the table is called.
    pub(crate) title: &'static str,
    /// What is in the table, where that is not all events.
    pub(crate) condition: &'static str,
    /// Columns; those for any event where there are none.
    pub(crate) columns: Vec<Column>,
    /// The events in the table.
    pub(crate) listing: Listing,
    /// Those that were read.
    pub(crate) window: Window,
    /// The pane with the selected event.
    pub(crate) detail: DetailPane,
    /// First column that is shown behind the first one.
    pub(crate) left: usize,
    /// Where to put the cursor as soon as there are enough rows, unless it is moved before.
    pub(crate) place: Option<Place>,
}

/// Where a table should stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// As it stood.
    At(Cursor),
    /// On the event at this place in the trace, or the first one behind it.
    On(Position),
    /// On the last event.
    End,
    /// On the first event at or after this time.
    Time(i64),
}

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
    /// What was read of them.
    pub(crate) columns: Vec<Column>,
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
    /// Whether it takes the keys.
    pub(crate) focused: bool,
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
