//! Text in a fixed number of columns.

use ratatui::buffer::Buffer;
use ratatui::style::Style;
use ratatui::text::Span;

/// Columns that text takes on a terminal.
pub(super) fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// Writes text into `columns` columns; what does not fit ends in `…`. Gives the column behind it.
pub(super) fn put(buffer: &mut Buffer, x: u16, y: u16, columns: u16, text: &str, style: Style) -> u16 {
    if columns == 0 {
        return x;
    }
    let columns = usize::from(columns);
    // Long text is not measured to its end: four bytes for each column and some more never fit.
    let enough = text.floor_char_boundary(columns * 4 + 64);
    let cut = enough < text.len();
    let text = &text[..enough];
    if !cut && width(text) <= columns {
        return buffer.set_stringn(x, y, text, columns, style).0;
    }
    let (x, y) = buffer.set_stringn(x, y, text, columns - 1, style);
    buffer.set_stringn(x, y, "…", 1, style).0
}

/// Writes text so that it ends before column `end`; what does not fit behind `start` is left out.
pub(super) fn put_right(buffer: &mut Buffer, start: u16, end: u16, y: u16, text: &str, style: Style) -> u16 {
    let columns = u16::try_from(width(text)).unwrap_or(u16::MAX);
    let x = end.saturating_sub(columns).max(start);
    put(buffer, x, y, end.saturating_sub(x), text, style);
    x
}

/// Breaks text into pieces of at most `columns` columns. A character wider than that stands alone.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut used) = (0, 0);
    for (at, c) in text.char_indices() {
        let width = if c.is_ascii() {
            1
        } else {
            width(c.encode_utf8(&mut [0; 4]))
        };
        if used + width > columns && at > start {
            pieces.push(&text[start..at]);
            (start, used) = (at, 0);
        }
        used += width;
    }
    pieces.push(&text[start..]);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;

    #[test]
    fn text_is_cut_at_a_column_and_never_inside_a_wide_character() {
        for (text, columns, expected) in [
            ("abc", 3, "abc "),
            ("abcd", 3, "ab… "),
            ("abc", 0, "    "),
            ("日本", 4, "日本"),
            ("日本", 3, "日… "),
            ("日本語", 4, "日… "),
            ("a日本", 3, "a…  "),
        ] {
            let mut buffer = Buffer::empty(Rect::new(0, 0, 4, 1));
            put(&mut buffer, 0, 0, columns, text, Style::new());
            let mut shown = String::new();
            let mut skip = 0;
            for cell in &buffer.content {
                if skip == 0 {
                    shown.push_str(cell.symbol());
                    skip = width(cell.symbol());
                }
                skip -= 1;
            }
            assert_eq!(shown, expected, "{text} in {columns}");
        }
    }

    #[test]
    fn long_text_is_broken_at_columns() {
        for (text, columns, expected) in [
            ("", 3, &[""][..]),
            ("abc", 3, &["abc"]),
            ("abcdefg", 3, &["abc", "def", "g"]),
            ("日本語", 5, &["日本", "語"]),
            ("日本", 1, &["日", "本"]),
            ("ab", 0, &["a", "b"]),
        ] {
            assert_eq!(wrap(text, columns), expected);
        }
    }
}
