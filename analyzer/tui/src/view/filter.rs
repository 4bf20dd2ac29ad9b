//! The filter with how far its scan is, or the line in which it is typed with its error underlined.

use super::look::{ALARM, NAME, QUIET, WRONG};
use super::text::{put, put_right, width};
use crate::state::{Input, Progress, State};
use afterimage_query::FilterError;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Draws it, and says where the cursor is if a filter is being typed.
pub(super) fn draw(state: &State, area: Rect, buffer: &mut Buffer) -> Option<(u16, u16)> {
    let end = put_right(buffer, area.x, area.right(), area.y, &found(state), Style::new()).saturating_sub(2);
    let room = Rect {
        width: end.saturating_sub(area.x),
        ..area
    };
    if let Some(input) = &state.input {
        return Some(draw_input(input, room, area, buffer));
    }
    let mut x = put(buffer, room.x, room.y, room.width, "filter ", NAME);
    if state.crumbs.is_empty() {
        put(buffer, x, room.y, room.right().saturating_sub(x), "none", QUIET);
    }
    for (at, crumb) in state.crumbs.iter().enumerate() {
        let text = format!("{}{}", if at == 0 { "" } else { " › " }, crumb.text);
        x = put(buffer, x, room.y, room.right().saturating_sub(x), &text, Style::new());
    }
    None
}

/// Which row is selected, of how many, and how far the search for more of them is.
fn found(state: &State) -> String {
    let Some(trace) = &state.trace else {
        return String::new();
    };
    let len = state.listing.rows.len();
    let place = format!("{}/{len}", (state.listing.cursor.selected + 1).min(len));
    let percent = |read: u64| u128::from(read.min(trace.rows.len())) * 100 / u128::from(trace.rows.len().max(1));
    match state.scan.map(|scan| (scan.progress, percent(scan.read))) {
        Some((Progress::Running, percent)) => format!("{place} searching {percent}%"),
        Some((Progress::Stopped, percent)) => format!("{place} stopped at {percent}%"),
        Some((Progress::Done, _)) | None => place,
    }
}

fn draw_input(input: &Input, room: Rect, area: Rect, buffer: &mut Buffer) -> (u16, u16) {
    let x = put(buffer, room.x, room.y, room.width, "/ ", NAME);
    let columns = usize::from(room.right().saturating_sub(x));
    let first = first_shown(input, columns);
    let shown = &input.text[first..];
    buffer.set_stringn(x, room.y, shown, columns, Style::new());
    if let Some(error) = &input.error {
        let (from, to) = place(&input.text, first, error, columns);
        let marks = Rect::new(x + from, room.y, to - from, 1).intersection(buffer.area);
        buffer.set_style(marks, WRONG);
        let carets = "^".repeat(usize::from(to - from));
        put(buffer, x + from, area.y + 1, to - from, &carets, ALARM);
        put(buffer, area.x, area.y + 2, area.width, &message(error), ALARM);
    }
    let cursor = width(&input.text[first..input.cursor]);
    (x + u16::try_from(cursor).unwrap_or(0), room.y)
}

/// The first byte that is shown, such that the cursor is on the screen.
fn first_shown(input: &Input, columns: usize) -> usize {
    let before = &input.text[..input.cursor];
    before
        .char_indices()
        .map(|(at, _)| at)
        .find(|at| width(&before[*at..]) < columns)
        .unwrap_or(if width(before) < columns { 0 } else { input.cursor })
}

/// Columns that are wrong, counted from the first shown byte; at least one, and all inside of `columns`.
fn place(text: &str, first: usize, error: &FilterError, columns: usize) -> (u16, u16) {
    let column = |at: usize| {
        let at = text.floor_char_boundary(at).max(first);
        width(&text[first..at])
    };
    let from = column(error.span.start).min(columns.saturating_sub(1));
    let to = column(error.span.end).max(from + 1).min(columns.max(from + 1));
    let short = |column: usize| u16::try_from(column).unwrap_or(u16::MAX);
    (short(from), short(to))
}

/// What is wrong and what would be right, in one line.
fn message(error: &FilterError) -> String {
    let mut out = error.message.clone();
    if let Some(name) = &error.suggestion {
        out.push_str(&format!("; did you mean `{name}`?"));
    } else if let Some(expected) = &error.expected {
        out.push_str(&format!("; expected {expected}"));
    }
    out
}
