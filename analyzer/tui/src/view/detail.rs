//! The selected event: every parameter and field, payload as text and hex.

use super::look::{NAME, QUIET, TITLE};
use super::text::{put, wrap};
use crate::layout::Areas;
use crate::state::{DetailItem, EventDetail, Events};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use std::fmt::Write as _;

/// Columns before values.
const NAMES: u16 = 28;
/// Bytes in a line of hex.
const HEX: usize = 16;

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
                let rows = bytes.chunks(HEX).enumerate();
                lines.extend(rows.map(|(at, bytes)| DetailLine::Hex(at * HEX, bytes)));
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
        DetailLine::Hex(offset, bytes) => put(buffer, x, y, width, &hex(*offset, bytes), Style::new()),
        DetailLine::Field(name, value) => {
            put(buffer, x, y, NAMES - 1, name, NAME);
            put(buffer, x + NAMES, y, width.saturating_sub(NAMES), value, Style::new())
        }
    };
}

/// Offset, bytes in hexadecimal, and those that are printable ASCII.
fn hex(offset: usize, bytes: &[u8]) -> String {
    let mut out = format!("{offset:06x} ");
    for at in 0..HEX {
        let gap = if at == HEX / 2 { "  " } else { " " };
        let _ = match bytes.get(at) {
            Some(byte) => write!(out, "{gap}{byte:02x}"),
            None => write!(out, "{gap}  "),
        };
    }
    out.push_str("  ");
    let printable = |byte: &u8| match byte {
        b' '..=b'~' => char::from(*byte),
        _ => '.',
    };
    out.extend(bytes.iter().map(printable));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_in_hex() {
        for (offset, bytes, expected) in [
            (
                16,
                &b"root:\x1b[31m\n\xff"[..],
                "000010  72 6f 6f 74 3a 1b 5b 33  31 6d 0a ff              root:.[31m..",
            ),
            (0, b"", "000000                                                   "),
        ] {
            assert_eq!(hex(offset, bytes).trim_end(), expected.trim_end());
        }
        assert_eq!(hex(0, b"0123456789abcdef").len(), 7 + 3 * 16 + 1 + 2 + 16);
    }

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
