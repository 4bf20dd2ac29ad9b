//! The last line: what the last key came to, or the keys that do something now, from the table of bindings.

use super::look::{ALARM, KEY};
use super::text::{put, width};
use crate::keys::BINDINGS;
use crate::state::State;
use crate::update::context;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

pub(super) fn draw(state: &State, area: Rect, buffer: &mut Buffer) {
    if let Some(notice) = &state.notice {
        let style = if notice.failed { ALARM } else { Style::new() };
        put(buffer, area.x, area.y, area.width, &notice.text, style);
        return;
    }
    let context = context(state);
    let shown = BINDINGS
        .iter()
        .filter(|binding| binding.contexts.contains(&context) && !binding.hint.is_empty());
    let mut x = area.x;
    for binding in shown {
        let Some(key) = binding.keys.first() else { continue };
        let key = key.name();
        let room = area.right().saturating_sub(x);
        if width(&key) + 1 + width(binding.hint) > usize::from(room) {
            break;
        }
        x = put(buffer, x, area.y, room, &key, KEY);
        let hint = format!(" {}  ", binding.hint);
        x = put(buffer, x, area.y, area.right().saturating_sub(x), &hint, Style::new());
    }
}
