//! A list to choose from, in a frame over the screen.

use super::look::{NAME, QUIET, TITLE};
use super::table;
use super::text::put;
use crate::state::{Menu, MenuKind};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Block, Clear, Widget as _};

/// Columns of the names.
const NAMES: u16 = 26;

pub(super) fn draw(menu: &Menu, area: Rect, buffer: &mut Buffer) {
    let frame = Rect::new(
        area.x.saturating_sub(1),
        area.y.saturating_sub(1),
        area.width + 2,
        area.height + 2,
    )
    .intersection(buffer.area);
    let title = match menu.kind {
        MenuKind::Views => " views: a letter goes to the next one with it ",
        MenuKind::Sort => " order by ",
        MenuKind::Export => " export ",
        MenuKind::Copy => " copy ",
        MenuKind::Replace => " the file is there already ",
    };
    Clear.render(frame, buffer);
    Block::bordered()
        .title(title)
        .border_style(QUIET)
        .title_style(TITLE)
        .render(frame, buffer);
    let top = usize::try_from(menu.cursor.top).unwrap_or(usize::MAX);
    for ((at, (name, about)), y) in menu.items.iter().enumerate().skip(top).zip(area.y..area.bottom()) {
        put(buffer, area.x, y, NAMES - 1, name, NAME);
        let x = area.x + NAMES;
        put(buffer, x, y, area.right().saturating_sub(x), about, Style::new());
        if at as u64 == menu.cursor.selected {
            table::select(buffer, area, y, true);
        }
    }
}
