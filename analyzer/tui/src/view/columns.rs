//! The list of columns, in a frame over the screen.

use super::look::{NAME, QUIET, TITLE};
use super::table;
use super::text::put;
use crate::state::Chooser;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Block, Clear, Widget as _};

/// Columns of the names.
const NAMES: u16 = 30;

pub(super) fn draw(chooser: &Chooser, area: Rect, buffer: &mut Buffer) {
    let frame = Rect::new(
        area.x.saturating_sub(1),
        area.y.saturating_sub(1),
        area.width + 2,
        area.height + 2,
    )
    .intersection(buffer.area);
    let title = match chooser.text.as_str() {
        "" => " columns: type a part of a name ".to_owned(),
        text => format!(" columns with `{text}` "),
    };
    Clear.render(frame, buffer);
    Block::bordered()
        .title(title)
        .border_style(QUIET)
        .title_style(TITLE)
        .render(frame, buffer);
    let listed = chooser.listed();
    if listed.is_empty() {
        put(buffer, area.x, area.y, area.width, "no column is called so", QUIET);
    }
    let top = usize::try_from(chooser.cursor.top).unwrap_or(usize::MAX);
    for ((at, number), y) in listed.iter().enumerate().skip(top).zip(area.y..area.bottom()) {
        let Some(choice) = chooser.choices.get(*number) else {
            continue;
        };
        let sign = if choice.shown { "[x]" } else { "[ ]" };
        put(buffer, area.x, y, area.width, sign, Style::new());
        let names = NAMES.min(area.width.saturating_sub(4));
        put(buffer, area.x + 4, y, names, choice.name(chooser.ordered), NAME);
        let x = area.x + 4 + names + 1;
        put(buffer, x, y, area.right().saturating_sub(x), choice.about, Style::new());
        if at as u64 == chooser.cursor.selected {
            table::select(buffer, area, y, true);
        }
    }
}
