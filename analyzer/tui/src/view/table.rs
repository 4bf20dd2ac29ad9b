//! Tables: columns of a fixed width, of which the last takes what is left.

use super::look::{MARK, QUIET, SELECTED, TITLE};
use super::text::{put, width};
use crate::state::Mark;
use crate::views::Column;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

/// Columns before a table for the marks of its lines.
pub(super) const GUTTER: u16 = 2;

/// A column in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placed {
    /// Its number in the view.
    pub(super) at: usize,
    x: u16,
    width: u16,
    right: bool,
}

/// Finds a place for columns in a line. The first one stays; those after it begin with number `left`. Text has what numbers
/// leave: the widest text column gets all that is not needed.
pub(super) fn place(columns: &[Column], left: usize, area: Rect) -> Vec<Placed> {
    let all: Vec<usize> = (0..columns.len()).collect();
    place_some(columns, &all, left, area)
}

/// The same for some of the columns, by their numbers.
pub(super) fn place_some(columns: &[Column], some: &[usize], left: usize, area: Rect) -> Vec<Placed> {
    let some = some.iter().enumerate().filter(|(at, _)| *at == 0 || *at > left);
    let shown: Vec<usize> = some.map(|(_, column)| *column).collect();
    let mut fitting = Vec::new();
    let mut used = 0u16;
    for at in shown {
        let wanted = columns[at].width;
        // A text column may be narrower than it wants to be, so that one more column is seen.
        let least = if columns[at].is_number() { wanted } else { wanted.min(8) };
        if used.saturating_add(least) > area.width {
            break;
        }
        used = used.saturating_add(least + 1);
        fitting.push((at, least));
    }
    let mut spare = (area.width + 1).saturating_sub(used);
    // First everybody gets what they want, from the left; what is left goes to the widest text.
    for (at, width) in &mut fitting {
        let more = columns[*at].width.saturating_sub(*width).min(spare);
        *width += more;
        spare -= more;
    }
    let widest = fitting
        .iter_mut()
        .filter(|(at, _)| !columns[*at].is_number())
        .max_by_key(|(at, _)| (columns[*at].width, *at));
    if let Some((_, width)) = widest {
        *width += spare;
    }
    let mut x = area.x;
    fitting
        .into_iter()
        .map(|(at, width)| {
            let placed = Placed {
                at,
                x,
                width,
                right: columns[at].is_number(),
            };
            x = x.saturating_add(width + 1);
            placed
        })
        .collect()
}

/// The line with the names of the columns; that of the one which decides the order is marked.
pub(super) fn titles(
    buffer: &mut Buffer,
    area: Rect,
    columns: &[Column],
    placed: &[Placed],
    sort: Option<(usize, bool)>,
) {
    for column in placed {
        let title = columns.get(column.at).map_or("", |column| column.title);
        let text = match sort {
            Some((at, down)) if at == column.at => format!("{title}{}", if down { "▼" } else { "▲" }),
            _ => title.to_owned(),
        };
        cell(buffer, column, area.y, &text, TITLE);
    }
}

/// A line of cells.
pub(super) fn line<'t>(buffer: &mut Buffer, y: u16, placed: &[Placed], text: impl Fn(usize) -> &'t str, style: Style) {
    for column in placed {
        cell(buffer, column, y, text(column.at), style);
    }
}

fn cell(buffer: &mut Buffer, column: &Placed, y: u16, text: &str, style: Style) {
    let room = column.width;
    let indent = match column.right {
        true => room.saturating_sub(u16::try_from(width(text)).unwrap_or(room)),
        false => 0,
    };
    put(buffer, column.x + indent, y, room - indent, text, style);
}

/// An area without its first columns.
pub(super) fn behind(area: Rect, columns: u16) -> Rect {
    let columns = columns.min(area.width);
    Rect {
        x: area.x + columns,
        width: area.width - columns,
        ..area
    }
}

/// Draws the mark of a line before it: one for a bookmark, another for a note.
pub(super) fn mark(buffer: &mut Buffer, area: Rect, y: u16, mark: Option<&Mark>) {
    let sign = match mark.map(|mark| mark.note.as_str()) {
        None => return,
        Some("") => "◆",
        Some(_) => "¶",
    };
    put(buffer, area.x, y, area.width.min(1), sign, MARK);
}

/// Marks the selected line; where the keys go elsewhere, it is still seen.
pub(super) fn select(buffer: &mut Buffer, area: Rect, y: u16, has_keys: bool) {
    let style = match has_keys {
        true => SELECTED,
        false => Style::new().add_modifier(Modifier::UNDERLINED | Modifier::BOLD),
    };
    buffer.set_style(Rect::new(area.x, y, area.width, 1), style);
}

/// Says why a table is empty.
pub(super) fn empty(buffer: &mut Buffer, area: Rect, running: bool, note: &str) {
    let note = if running { "reading…" } else { note };
    put(buffer, area.x, area.y, area.width, note, QUIET);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_share_the_line() {
        let columns = [
            Column::number("pid", "proc.pid", 6),
            Column::text("command", "proc.cmdline", 20),
            Column::count("events"),
            Column::count("more"),
        ];
        let at = |width, left| -> Vec<(usize, u16, u16)> {
            let placed = place(&columns, left, Rect::new(0, 0, width, 1));
            placed
                .iter()
                .map(|column| (column.at, column.x, column.width))
                .collect()
        };
        assert_eq!(at(80, 0), [(0, 0, 6), (1, 7, 55), (2, 63, 8), (3, 72, 8)]);
        assert_eq!(at(33, 0), [(0, 0, 6), (1, 7, 8), (2, 16, 8), (3, 25, 8)]);
        assert_eq!(at(32, 0), [(0, 0, 6), (1, 7, 16), (2, 24, 8)]);
        assert_eq!(at(32, 1), [(0, 0, 6), (2, 7, 8), (3, 16, 8)]);
        assert_eq!(at(5, 0), []);
    }
}
