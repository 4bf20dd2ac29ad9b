//! Where things are on the screen. Both drawing and scrolling depend on it.

use crate::state::{Body, Overlay, PromptKind, State};
use ratatui::layout::Rect;

/// Smallest terminal that has room for a table, in columns and lines.
pub(crate) const MIN_SIZE: (u16, u16) = (40, 10);

/// Places of the parts of the screen; those that are not shown are empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Areas {
    /// File, host, integrity; span and counts.
    pub(crate) header: Rect,
    /// The breadcrumbs, or the line in which something is typed with its error.
    pub(crate) crumbs: Rect,
    /// Events over time and the lanes below.
    pub(crate) histogram: Rect,
    /// Names of the columns.
    pub(crate) columns: Rect,
    /// The rows of the table, or the list of the overview.
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
    let crumbs = take(match state.prompt() {
        Some(prompt) if prompt.kind == PromptKind::Filter => 3,
        _ => 1,
    });
    let body = &state.screen().body;
    let histogram = match body {
        // A quarter of the screen with the lanes for time, losses and findings; and more for marks and containers.
        Body::Overview(_) => {
            let marks = u16::from(state.notes.times().next().is_some());
            take((height / 4).clamp(4, 12) + marks + life_lanes(state))
        }
        _ => Rect::default(),
    };
    let columns = match body {
        Body::Overview(_) => Rect::default(),
        Body::Groups(_)
        | Body::Events(_)
        | Body::Follow(_)
        | Body::Lines(_)
        | Body::Notes(_)
        | Body::Replay(_)
        | Body::Spectrum(_) => take(1),
    };
    let left = height.saturating_sub(header.height + crumbs.height + histogram.height + columns.height + 1);
    let with_detail = state.screen().events().is_some_and(|events| events.detail.open);
    let below = if with_detail { left / 2 } else { 0 };
    let table = take(left - below);
    let detail_title = take(below.min(1));
    let detail = take(below.saturating_sub(1));
    let hints = take(1);
    Areas {
        header,
        crumbs,
        histogram,
        columns,
        table,
        detail_title,
        detail,
        hints,
    }
}

/// How many containers have a lane for their lives: few where there is little room.
pub(crate) fn life_lanes(state: &State) -> u16 {
    let known = state.trace.as_ref().map_or(0, |trace| trace.lives().count());
    u16::try_from(known).unwrap_or(u16::MAX).min(state.size.1 / 12)
}

/// The lines of the help, over everything but the hint bar.
pub(crate) fn help(state: &State) -> Rect {
    let (width, height) = state.size;
    Rect::new(0, 0, width, height.saturating_sub(1))
}

/// The lines of a menu, inside of its frame.
pub(crate) fn menu(state: &State) -> Rect {
    let (width, height) = state.size;
    let items = match &state.overlay {
        Some(Overlay::Menu(menu)) => u16::try_from(menu.items.len()).unwrap_or(u16::MAX),
        // It stays as large while something is typed.
        Some(Overlay::Columns(chooser)) => u16::try_from(chooser.choices.len()).unwrap_or(u16::MAX),
        _ => 0,
    };
    let room = (width.min(78), items.saturating_add(2).min(height.saturating_sub(4)));
    let frame = Rect::new((width - room.0) / 2, 3.min(height), room.0, room.1);
    Rect::new(
        frame.x + 1,
        frame.y + 1,
        frame.width.saturating_sub(2),
        frame.height.saturating_sub(2),
    )
}
