//! The table of events. Only the rows on the screen are drawn, and only those around it were read.

use super::look::{FAILED, QUIET, SELECTED, TITLE};
use super::text::{put, width};
use crate::layout::Areas;
use crate::state::{EventRowText, Pane, State};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

/// A column: its title, its width, and what stands in it.
struct Column {
    title: &'static str,
    width: u16,
    text: fn(&EventRowText) -> &str,
    /// What stands behind the text and is seen even where the text is cut.
    tail: fn(&EventRowText) -> &str,
    /// Numbers end at the same column.
    right: bool,
}

/// From this width on there is a column for the container.
const MEDIUM: u16 = 60;
/// From this width on, columns have room for what they usually hold.
const WIDE: u16 = 100;

/// The columns for a terminal of this width.
fn columns(state: &State, room: u16) -> Vec<Column> {
    let wide = room >= WIDE;
    let digits = state
        .trace
        .as_ref()
        .map_or(0, |trace| trace.rows.len().to_string().len());
    let column = |title, width, text| Column {
        title,
        width,
        text,
        tail: |_| "",
        right: false,
    };
    let number = |title, width, text| Column {
        right: true,
        ..column(title, width, text)
    };
    let trace = state.trace.as_ref();
    let contained = trace.is_some_and(|trace| trace.containers.iter().any(|one| one.id != "host"));
    let mut columns = vec![number("num", (digits as u16).max(4), |row| &row.num)];
    if wide {
        columns.push(column("time", 18, |row| &row.time));
        columns.push(number("cpu", 3, |row| &row.cpu));
    } else {
        // Milliseconds; the detail has the rest.
        columns.push(column("time", 12, |row| row.time.get(..12).unwrap_or(&row.time)));
    }
    if contained && room >= MEDIUM {
        columns.push(column("container", 12, |row| &row.container));
    }
    columns.push(Column {
        tail: |row| &row.pid,
        ..column("process", if wide { 22 } else { 16 }, |row| &row.process)
    });
    columns.push(column("d", 1, |row| &row.dir));
    columns.push(column("type", if wide { 14 } else { 10 }, |row| &row.kind));
    let used: u16 = columns.iter().map(|column| column.width + 1).sum();
    columns.push(column("info", room.saturating_sub(used), |row| &row.info));
    columns
}

pub(super) fn draw(state: &State, areas: &Areas, buffer: &mut Buffer) {
    let columns = columns(state, areas.table.width);
    let titles = areas.columns;
    let title = |column: &Column| (column.title, "");
    line(buffer, titles, titles.y, &columns, title, TITLE);
    let listing = &state.listing;
    for (line_at, y) in (areas.table.y..areas.table.bottom()).enumerate() {
        let index = listing.cursor.top.saturating_add(line_at as u64);
        if index >= listing.rows.len() {
            empty_note(state, areas, y, line_at, buffer);
            break;
        }
        if let Some(row) = state.window.row(listing.generation, index) {
            let style = if row.failed { FAILED } else { Style::new() };
            let text = |column: &Column| ((column.text)(row), (column.tail)(row));
            line(buffer, areas.table, y, &columns, text, style);
        }
        if index == listing.cursor.selected {
            let style = match state.pane {
                Pane::Events => SELECTED,
                // The keys go elsewhere, the selection is still seen.
                _ => Style::new().add_modifier(Modifier::UNDERLINED | Modifier::BOLD),
            };
            buffer.set_style(Rect::new(areas.table.x, y, areas.table.width, 1), style);
        }
    }
}

/// Says why a table is empty.
fn empty_note(state: &State, areas: &Areas, y: u16, line_at: usize, buffer: &mut Buffer) {
    use crate::state::Progress::Running;
    let note = match (&state.trace, &state.scan) {
        _ if line_at > 0 => return,
        (None, _) => return,
        (Some(_), Some(scan)) if scan.progress == Running => "searching…",
        (Some(_), Some(_)) => "no event passes the filter",
        (Some(_), None) => "the trace has no events",
    };
    put(buffer, areas.table.x, y, areas.table.width, note, QUIET);
}

fn line<'t>(
    buffer: &mut Buffer,
    area: Rect,
    y: u16,
    columns: &[Column],
    text: impl Fn(&Column) -> (&'t str, &'t str),
    style: Style,
) {
    let mut x = area.x;
    for column in columns {
        let room = column.width.min(area.right().saturating_sub(x));
        let (text, tail) = text(column);
        let tail_room = u16::try_from(width(tail)).unwrap_or(room).min(room);
        let indent = match column.right {
            true => room.saturating_sub(u16::try_from(width(text)).unwrap_or(room)),
            false => 0,
        };
        let end = put(buffer, x + indent, y, room - indent.max(tail_room), text, style);
        put(buffer, end, y, tail_room, tail, style);
        x = x.saturating_add(column.width + 1);
    }
}
