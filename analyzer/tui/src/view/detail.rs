//! The selected event: every parameter and field, payload as text and hex.

use super::look::{NAME, QUIET, TITLE};
use super::text::{put, wrap};
use crate::layout::Areas;
use crate::state::{DetailItem, EventDetail, Events};
use afterimage_query::follow::{HEX_LINE, hex_line};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

/// Columns before values.
const NAMES: u16 = 28;

/// A line of the detail.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum DetailLine<'d> {
    /// Begins a section.
    Heading(&'d str),
    /// A name, empty on continued lines, and a piece of its value.
    Field(&'d str, &'d str),
    /// Text over the whole width.
    Text(&'d str),
    /// Offset of some bytes of a payload, and the bytes.
    Hex(usize, &'d [u8]),
    /// A remark.
    Note(&'d str),
}

/// The lines of the detail in a pane of this width.
pub(crate) fn detail_lines(detail: &EventDetail, width: u16) -> Vec<DetailLine<'_>> {
    let mut lines = Vec::new();
    for item in &detail.items {
        match item {
            DetailItem::Heading(text) => lines.push(DetailLine::Heading(text)),
            DetailItem::Note(text) => lines.push(DetailLine::Note(text)),
            DetailItem::Field(name, value) => {
                let pieces = wrap(value, usize::from(width.saturating_sub(NAMES)));
                let names = std::iter::once(name.as_str()).chain(std::iter::repeat(""));
                lines.extend(names.zip(pieces).map(|(name, piece)| DetailLine::Field(name, piece)));
            }
            DetailItem::Text(text) => lines.extend(wrap(text, usize::from(width)).into_iter().map(DetailLine::Text)),
            DetailItem::Bytes(bytes) => {
                let rows = bytes.chunks(HEX_LINE).enumerate();
                lines.extend(rows.map(|(at, bytes)| DetailLine::Hex(at * HEX_LINE, bytes)));
            }
        }
    }
    lines
}

pub(super) fn draw(events: &Events, areas: &Areas, buffer: &mut Buffer) {
    let area = areas.detail;
    if areas.detail_title.is_empty() {
        return;
    }
    let detail = events.detail.of(events.listing.selected());
    let style = if events.detail.focused {
        TITLE.add_modifier(Modifier::REVERSED)
    } else {
        TITLE
    };
    rule(
        buffer,
        areas.detail_title,
        detail.map_or("", |detail| &detail.title),
        style,
    );
    let Some(detail) = detail else { return };
    let lines = detail_lines(detail, area.width);
    let first = usize::try_from(events.detail.scroll).unwrap_or(usize::MAX);
    for (line, y) in lines.iter().skip(first).zip(area.y..area.bottom()) {
        draw_line(line, area, y, buffer);
    }
}

/// A line across the screen with a title in it.
fn rule(buffer: &mut Buffer, area: Rect, title: &str, style: Style) {
    let line = "─".repeat(usize::from(area.width));
    put(buffer, area.x, area.y, area.width, &line, QUIET);
    put(
        buffer,
        area.x + 2,
        area.y,
        area.width.saturating_sub(4),
        &format!(" {title} "),
        style,
    );
}

fn draw_line(line: &DetailLine<'_>, area: Rect, y: u16, buffer: &mut Buffer) {
    let (x, width) = (area.x, area.width);
    match line {
        DetailLine::Heading(text) => put(buffer, x, y, width, text, TITLE),
        DetailLine::Text(text) => put(buffer, x, y, width, text, Style::new()),
        DetailLine::Note(text) => put(buffer, x, y, width, text, QUIET),
        DetailLine::Hex(offset, bytes) => put(buffer, x, y, width, &hex_line(*offset, bytes), Style::new()),
        DetailLine::Field(name, value) => {
            put(buffer, x, y, NAMES - 1, name, NAME);
            put(buffer, x + NAMES, y, width.saturating_sub(NAMES), value, Style::new())
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_go_on_in_the_next_line() {
        let items = vec![DetailItem::Field("name".into(), "abcdef".into())];
        let detail = EventDetail {
            items,
            ..EventDetail::default()
        };
        assert_eq!(
            detail_lines(&detail, NAMES + 4),
            [DetailLine::Field("name", "abcd"), DetailLine::Field("", "ef")]
        );
    }
}
