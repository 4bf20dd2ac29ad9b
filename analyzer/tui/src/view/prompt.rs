//! The line in which something is typed: a filter with its error underlined and what could stand there.

use super::crumbs::place_text;
use super::look::{ALARM, NAME, QUIET, WRONG};
use super::text::{put, put_right, width};
use crate::state::{Input, Prompt, PromptKind, State};
use afterimage_query::FilterError;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Draws it, and says where the cursor is.
pub(super) fn draw(state: &State, prompt: &Prompt, area: Rect, buffer: &mut Buffer) -> Option<(u16, u16)> {
    let end = put_right(buffer, area.x, area.right(), area.y, &place_text(state), QUIET).saturating_sub(2);
    let room = Rect {
        width: end.saturating_sub(area.x),
        ..area
    };
    let name = match prompt.kind {
        PromptKind::Filter => "/ ",
        PromptKind::Search => "look for: ",
        PromptKind::Goto => "go to time or number: ",
        PromptKind::Note => "note: ",
        PromptKind::Export(_) => "write to the file: ",
    };
    let place = draw_input(&prompt.input, name, room, area, buffer);
    if prompt.kind == PromptKind::Filter && prompt.input.error.is_none() {
        let mut x = area.x;
        for (at, name) in prompt.input.completions.iter().enumerate() {
            let text = format!("{}{name}", if at == 0 { "Tab: " } else { "  " });
            x = put(buffer, x, area.y + 1, area.right().saturating_sub(x), &text, QUIET);
        }
        if let Some(about) = prompt.input.about() {
            put(buffer, area.x, area.y + 2, area.width, about, QUIET);
        }
    }
    Some(place)
}

fn draw_input(input: &Input, name: &str, room: Rect, area: Rect, buffer: &mut Buffer) -> (u16, u16) {
    let x = put(buffer, room.x, room.y, room.width, name, NAME);
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
