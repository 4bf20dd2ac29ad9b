//! What the user of a terminal saw. The bytes went through a parser; what is drawn are its cells.

use super::look::{ALARM, BARS, NAME, QUIET, TITLE};
use super::text::put;
use crate::layout::Areas;
use crate::state::{Replay, State};
use afterimage_query::output::{time, unsafe_to_show};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

pub(super) fn draw(state: &State, replay: &Replay, areas: &Areas, buffer: &mut Buffer) {
    let (titles, area) = (areas.columns, areas.table);
    let running = state.screen().job.is_some_and(|job| job.is_running());
    let doing = match (replay.playing, running && replay.frames.is_empty()) {
        (_, true) => "reading…",
        (true, _) => "playing",
        (false, _) => "paused",
    };
    let text = format!(
        "{doing} x{}  {} of {}  frame {} of {}",
        f64::from(replay.speed) / 100.0,
        time::human(replay.at),
        time::human(replay.length()),
        replay.shown,
        replay.frames.len(),
    );
    let x = put(buffer, titles.x, titles.y, titles.width, &text, TITLE);
    let mut missing = String::new();
    if replay.lacking > 0 {
        missing = format!("   {} BYTES WERE NOT RECORDED (--snaplen, sendfile)", replay.lacking);
    }
    if replay.more {
        missing.push_str("   MORE THAN IS SHOWN");
    }
    put(buffer, x, titles.y, titles.right().saturating_sub(x), &missing, ALARM);
    // Two lines below: how far it is, and what was typed.
    let height = area.height.saturating_sub(2);
    let screen = replay.terminal.screen();
    let (rows, columns) = screen.size();
    let (cursor_row, cursor_column) = screen.cursor_position();
    // Where there is no room for all, what is around the cursor.
    let first_row = (cursor_row + 1).saturating_sub(height).min(rows.saturating_sub(height));
    let first_column = match columns <= area.width || cursor_column < area.width {
        true => 0,
        false => (cursor_column + 1).saturating_sub(area.width),
    };
    for y in 0..height.min(rows) {
        for x in 0..area.width.min(columns.saturating_sub(first_column)) {
            if let Some(cell) = screen.cell(first_row + y, first_column + x) {
                draw_cell(cell, area.x + x, area.y + y, area.right(), buffer);
            }
        }
    }
    let place = (
        cursor_row.wrapping_sub(first_row),
        cursor_column.wrapping_sub(first_column),
    );
    if !screen.hide_cursor() && place.0 < height && place.1 < area.width {
        let cursor = Rect::new(area.x + place.1, area.y + place.0, 1, 1).intersection(buffer.area);
        buffer.set_style(cursor, Style::new().add_modifier(Modifier::REVERSED));
    }
    let y = area.bottom().saturating_sub(2);
    let width = usize::from(area.width);
    let done = match replay.length() {
        0 => width,
        length => usize::try_from(i128::from(replay.at) * width as i128 / i128::from(length)).unwrap_or(width),
    };
    put(buffer, area.x, y, area.width, &"─".repeat(width), QUIET);
    put(buffer, area.x, y, area.width, &"█".repeat(done.min(width)), BARS);
    if !replay.typed.is_empty() {
        let x = put(buffer, area.x, y + 1, area.width, "typed: ", NAME);
        put(
            buffer,
            x,
            y + 1,
            area.right().saturating_sub(x),
            &replay.typed,
            Style::new(),
        );
    }
}

fn draw_cell(cell: &vt100::Cell, x: u16, y: u16, end: u16, buffer: &mut Buffer) {
    if cell.is_wide_continuation() || cell.is_wide() && x + 1 >= end {
        return;
    }
    let mut style = Style::new().fg(color(cell.fgcolor())).bg(color(cell.bgcolor()));
    for (set, modifier) in [
        (cell.bold(), Modifier::BOLD),
        (cell.dim(), Modifier::DIM),
        (cell.italic(), Modifier::ITALIC),
        (cell.underline(), Modifier::UNDERLINED),
        (cell.inverse(), Modifier::REVERSED),
    ] {
        if set {
            style = style.add_modifier(modifier);
        }
    }
    let contents = cell.contents();
    match contents.chars().any(unsafe_to_show) {
        true => buffer.set_string(x, y, "?", style),
        false if contents.is_empty() => buffer.set_string(x, y, " ", style),
        false => buffer.set_string(x, y, contents, style),
    }
}

fn color(color: vt100::Color) -> Color {
    match color {
        vt100::Color::Default => Color::Reset,
        vt100::Color::Idx(index) => Color::Indexed(index),
        vt100::Color::Rgb(red, green, blue) => Color::Rgb(red, green, blue),
    }
}
