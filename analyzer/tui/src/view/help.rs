//! The help: every binding of the table.

use super::look::{KEY, QUIET, TITLE};
use super::text::put;
use crate::keys::{Binding, Key};
use crate::state::State;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Columns of the keys.
const KEYS: u16 = 22;

/// Lines of the help.
pub(crate) fn help_len(state: &State) -> usize {
    lines(state).count() + 1
}

/// Bindings that need a line: those with keys and words.
fn lines(state: &State) -> impl Iterator<Item = (&[Key], &'static Binding)> {
    let bindings = state.config.keys.iter();
    bindings.filter(|(keys, binding)| !keys.is_empty() && !binding.help.is_empty())
}

pub(super) fn draw(state: &State, top: u64, area: Rect, buffer: &mut Buffer) {
    let top = usize::try_from(top).unwrap_or(usize::MAX);
    let titles = std::iter::once(("keys".to_string(), "what they do", TITLE, TITLE));
    let bindings = lines(state).map(|(keys, binding)| {
        let names: Vec<String> = keys.iter().map(|key| Key::name(*key)).collect();
        (names.join(" "), binding.help, KEY, Style::new())
    });
    let mut lines = titles.chain(bindings).skip(top);
    let hidden = help_len(state).saturating_sub(top.saturating_add(usize::from(area.height)));
    for y in area.y..area.bottom() {
        if hidden > 0 && y + 1 == area.bottom() {
            // This line takes the place of one.
            put(buffer, area.x, y, area.width, &format!("{} more", hidden + 1), QUIET);
        } else if let Some((keys, help, key_style, help_style)) = lines.next() {
            put(buffer, area.x, y, KEYS - 1, &keys, key_style);
            let x = area.x + KEYS;
            put(buffer, x, y, area.right().saturating_sub(x), help, help_style);
        }
    }
}
