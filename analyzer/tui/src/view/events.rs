//! The table of events. Only the rows on the screen are drawn, and only those around it were read.

use super::look::FAILED;
use super::table::{self, GUTTER};
use crate::layout::Areas;
use crate::state::{Events, State};
use crate::views::{Column, NARROW_COLUMNS, WIDE_COLUMNS};
use ratatui::buffer::Buffer;
use ratatui::style::Style;

/// From this width on, columns have room for what they usually hold.
const WIDE: u16 = 100;

/// The columns for a terminal of this width.
pub(crate) fn columns(events: &Events, width: u16) -> Vec<Column> {
    match (events.columns.as_slice(), width >= WIDE) {
        ([], true) => WIDE_COLUMNS.to_vec(),
        ([], false) => NARROW_COLUMNS.to_vec(),
        (columns, _) => columns.to_vec(),
    }
}

pub(super) fn draw(state: &State, events: &Events, areas: &Areas, buffer: &mut Buffer) {
    let area = areas.table;
    let mut columns = columns(events, area.width);
    // A number that is cut says nothing.
    let segment = state.trace.as_ref().and_then(|trace| trace.segments.last());
    let last = segment.map_or(1, |segment| segment.first_num.saturating_add(u64::from(segment.rows)));
    for column in columns.iter_mut().filter(|column| column.field == "evt.num") {
        column.width = column.width.max(last.max(1).ilog10() as u16 + 1);
    }
    let gutter = if state.notes.has_events() { GUTTER } else { 0 };
    let placed = table::place(&columns, events.left, table::behind(area, gutter));
    table::titles(buffer, areas.columns, &columns, &placed, None);
    let listing = &events.listing;
    if listing.rows.len() == 0 && state.trace.is_some() {
        let running = state.screen().job.is_some_and(|job| job.is_running());
        let note = match state.screen().selection.is_all() {
            true => "the trace has no such events",
            false => "no event passes the filter",
        };
        table::empty(buffer, area, running, note);
    }
    let has_keys = !(events.detail.open && events.detail.focused);
    for (index, y) in (listing.cursor.top..listing.rows.len()).zip(area.y..area.bottom()) {
        if let Some(row) = events.window.row(listing.generation, index) {
            let style = if row.failed { FAILED } else { Style::new() };
            let cell = |at: usize| row.cells.get(at).map_or("", String::as_str);
            table::line(buffer, y, &placed, cell, style);
        }
        if gutter > 0
            && let Some(trace) = &state.trace
            && let Some(number) = listing.rows.position(index).and_then(|at| trace.number_of(at))
        {
            table::mark(buffer, area, y, state.notes.of_event(number));
        }
        if index == listing.cursor.selected {
            table::select(buffer, area, y, has_keys);
        }
    }
}
