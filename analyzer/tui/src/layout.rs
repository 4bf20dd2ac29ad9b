//! Where things are on the screen. Both drawing and scrolling depend on it.

use crate::state::{Pane, State};
use ratatui::layout::Rect;

/// Smallest terminal that has room for a table, in columns and lines.
pub(crate) const MIN_SIZE: (u16, u16) = (40, 10);

/// Places of the parts of the screen; those that are not shown are empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Areas {
    /// File, host, integrity; span and counts.
    pub(crate) header: Rect,
    /// The filter, or the line in which it is typed with its error.
    pub(crate) filter: Rect,
    /// Names of the columns.
    pub(crate) columns: Rect,
    /// The rows of the table, or of the list of containers.
    pub(crate) table: Rect,
    /// Title of the detail.
    pub(crate) detail_title: Rect,
    /// The detail.
    pub(crate) detail: Rect,
    /// The hint bar.
    pub(crate) hints: Rect,
}

/// Whether the terminal has no room for a table.
pub(crate) fn too_small((width, height): (u16, u16)) -> bool {
    width < MIN_SIZE.0 || height < MIN_SIZE.1
}

/// Divides the screen.
pub(crate) fn areas(state: &State) -> Areas {
    let (width, height) = state.size;
    let mut y = 0;
    let mut take = |lines: u16| {
        let lines = lines.min(height.saturating_sub(y));
        let area = Rect::new(0, y, width, lines);
        y += lines;
        area
    };
    let header = take(2);
    let filter = take(if state.input.is_some() { 3 } else { 1 });
    let columns = take(1);
    let left = height.saturating_sub(header.height + filter.height + columns.height + 1);
    let with_detail = state.detail.open && state.pane != Pane::Containers;
    let below = if with_detail { left / 2 } else { 0 };
    let table = take(left - below);
    let detail_title = take(below.min(1));
    let detail = take(below.saturating_sub(1));
    let hints = take(1);
    Areas {
        header,
        filter,
        columns,
        table,
        detail_title,
        detail,
        hints,
    }
}

/// The lines of the help, over everything but the hint bar.
pub(crate) fn help(state: &State) -> Rect {
    let (width, height) = state.size;
    Rect::new(0, 0, width, height.saturating_sub(1))
}
