//! A table of groups.

use super::table::{self, GUTTER};
use crate::layout::Areas;
use crate::state::{Groups, State};
use crate::update::marked_row;
use ratatui::buffer::Buffer;
use ratatui::style::Style;

pub(super) fn draw(state: &State, groups: &Groups, areas: &Areas, buffer: &mut Buffer) {
    let columns = groups.view.columns;
    let area = areas.table;
    let gutter = if state.notes.has_selections() { GUTTER } else { 0 };
    let shown = state.config.columns.of_groups(groups.view);
    let placed = table::place_some(columns, &shown, groups.left, table::behind(area, gutter));
    table::titles(buffer, areas.columns, columns, &placed, Some(groups.sort));
    if groups.order.is_empty() {
        let running = state.screen().job.is_none_or(|job| job.is_running());
        table::empty(
            buffer,
            area,
            running,
            "nothing of this is in the selection; Backspace goes back, F2 has other views",
        );
    }
    for (index, y) in (groups.cursor.top..).zip(area.y..area.bottom()) {
        let Some(row) = groups.row(index) else { break };
        let cell = |at: usize| row.cells.get(at).map_or("", |cell| cell);
        table::line(buffer, y, &placed, cell, Style::new());
        if gutter > 0 {
            table::mark(buffer, area, y, marked_row(state, groups, row));
        }
        if index == groups.cursor.selected {
            table::select(buffer, area, y, true);
        }
    }
}
