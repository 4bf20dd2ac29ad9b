//! Bytes, both directions: a heading for each call, below it what it moved.

use super::look::{ALARM, QUIET, READ, TITLE, WRITTEN};
use super::table;
use super::text::{put, wrap};
use crate::layout::Areas;
use crate::state::{Chunk, Follow, State};
use afterimage_query::follow::{HEX_LINE, hex_line, text_lines};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

/// Columns before the text.
const INDENT: u16 = 4;

/// How many lines a chunk takes: its heading, its bytes, and a remark where some are missing.
pub(crate) fn chunk_lines(chunk: &Chunk, hex: bool, width: u16) -> usize {
    let bytes = match hex {
        true => chunk.data.len().div_ceil(HEX_LINE),
        false => text_lines(&chunk.data).map(|line| pieces(&line, width).len()).sum(),
    };
    1 + bytes + usize::from(chunk.lacks > 0)
}

fn pieces(line: &str, width: u16) -> Vec<&str> {
    wrap(line, usize::from(width.saturating_sub(INDENT)).max(1))
}

pub(super) fn draw(state: &State, follow: &Follow, areas: &Areas, buffer: &mut Buffer) {
    let (area, titles) = (areas.table, areas.columns);
    let mut about = String::from(">>> written or sent   <<< read or received");
    if follow.lacking > 0 {
        about.push_str(&format!(
            "   {} bytes were not recorded (--snaplen, sendfile)",
            follow.lacking
        ));
    }
    if follow.more {
        about.push_str("   MORE THAN IS SHOWN: narrow the selection");
    }
    put(buffer, titles.x, titles.y, titles.width, &about, TITLE);
    if follow.chunks.is_empty() {
        let running = state.screen().job.is_some_and(|job| job.is_running());
        table::empty(
            buffer,
            area,
            running,
            "no bytes were recorded; sendfile, splice and mapped memory move them unseen (t shows the process)",
        );
    }
    let mut y = area.y;
    let mut skip = follow.top.line;
    for chunk in follow.chunks.iter().skip(follow.top.chunk) {
        if y >= area.bottom() {
            break;
        }
        y = draw_chunk(chunk, follow.hex, std::mem::take(&mut skip), area, y, buffer);
    }
}

/// Draws the lines of a chunk but for the first `skip`; gives the line behind it.
fn draw_chunk(chunk: &Chunk, hex: bool, skip: usize, area: Rect, mut y: u16, buffer: &mut Buffer) -> u16 {
    let style = if chunk.written { WRITTEN } else { READ };
    let mut at = 0;
    let mut line = |buffer: &mut Buffer, indent: u16, text: &str, style| {
        if at >= skip && y < area.bottom() {
            put(
                buffer,
                area.x + indent,
                y,
                area.width.saturating_sub(indent),
                text,
                style,
            );
            y += 1;
        }
        at += 1;
        y < area.bottom()
    };
    if !line(buffer, 0, &chunk.heading, style.add_modifier(Modifier::BOLD)) {
        return y;
    }
    if hex {
        for (number, bytes) in chunk.data.chunks(HEX_LINE).enumerate() {
            if !line(buffer, INDENT, &hex_line(number * HEX_LINE, bytes), style) {
                return y;
            }
        }
    } else {
        for text in text_lines(&chunk.data) {
            for piece in pieces(&text, area.width) {
                if !line(buffer, INDENT, piece, style) {
                    return y;
                }
            }
        }
    }
    if chunk.lacks > 0 {
        let note = format!("{} bytes more were not recorded", chunk.lacks);
        line(buffer, INDENT, &note, if chunk.data.is_empty() { ALARM } else { QUIET });
    }
    y
}
