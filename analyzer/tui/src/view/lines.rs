//! Lists of lines: the tree of processes, why.

use super::look::QUIET;
use super::table;
use crate::layout::Areas;
use crate::state::{Lines, State};
use ratatui::buffer::Buffer;
use ratatui::style::Style;

pub(super) fn draw(state: &State, lines: &Lines, areas: &Areas, buffer: &mut Buffer) {
    let columns = lines.kind.columns();
    let area = areas.table;
    let placed = table::place(columns, lines.left, area);
    table::titles(buffer, areas.columns, columns, &placed, None);
    if lines.rows.is_empty() {
        let running = state.screen().job.is_some_and(|job| job.is_running());
        table::empty(buffer, area, running, "nothing is known of that");
    }
    let top = usize::try_from(lines.cursor.top).unwrap_or(usize::MAX);
    for ((at, row), y) in lines.rows.iter().enumerate().skip(top).zip(area.y..area.bottom()) {
        let style = if row.quiet { QUIET } else { Style::new() };
        let cell = |at: usize| row.cells.get(at).map_or("", String::as_str);
        table::line(buffer, y, &placed, cell, style);
        if at as u64 == lines.cursor.selected {
            table::select(buffer, area, y, true);
        }
    }
}
