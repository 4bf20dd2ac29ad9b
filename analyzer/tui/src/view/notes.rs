//! The list of bookmarks, notes and alerts.

use super::look::{NAME, WARNING};
use super::table;
use crate::layout::Areas;
use crate::state::{About, NoteLine, NoteList, State};
use crate::views::Column;
use ratatui::buffer::Buffer;
use ratatui::style::Style;

const COLUMNS: &[Column] = &[
    Column::text("time", "", 15),
    Column::text("what", "", 10),
    Column::text("note", "", 24),
    Column::text("of", "", 30),
];

pub(super) fn draw(state: &State, list: &NoteList, areas: &Areas, buffer: &mut Buffer) {
    let area = areas.table;
    let placed = table::place(COLUMNS, 0, table::behind(area, table::GUTTER));
    table::titles(buffer, areas.columns, COLUMNS, &placed, None);
    let lines = state.notes.lines();
    if lines.is_empty() {
        let note = "nothing is marked: b sets a bookmark, B writes a note; the trace carries no alerts";
        table::empty(buffer, area, false, note);
    }
    let top = usize::try_from(list.cursor.top).unwrap_or(usize::MAX);
    for ((at, line), y) in lines.iter().enumerate().skip(top).zip(area.y..area.bottom()) {
        let clock = line.time().zip(state.trace.as_ref());
        let clock = clock.map_or("-".into(), |(time, trace)| trace.clock(time));
        let (what, note, text, style) = match line {
            NoteLine::Alert(alert) => (alert.priority.clone(), "", alert.text.as_str(), WARNING),
            NoteLine::Mark(mark) => {
                table::mark(buffer, area, y, Some(mark));
                let what = match mark.about {
                    About::Event(number) => number.to_string(),
                    About::Events(..) => "filter".into(),
                };
                let style = if mark.note.is_empty() { Style::new() } else { NAME };
                (what, mark.note.as_str(), mark.text.as_str(), style)
            }
        };
        let cells = [clock.as_str(), what.as_str(), note, text];
        table::line(buffer, y, &placed, |at| cells.get(at).unwrap_or(&""), style);
        if at as u64 == list.cursor.selected {
            table::select(buffer, area, y, true);
        }
    }
}
