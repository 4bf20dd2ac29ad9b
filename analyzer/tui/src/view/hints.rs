//! The last line: what the last key came to, or the keys that do something now, from the table of bindings.

use super::look::{ALARM, KEY, NAME};
use super::text::{put, put_right, width};
use crate::state::State;
use crate::update::context;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// How far work aside is, at the right; what room it leaves.
fn aside(state: &State, area: Rect, buffer: &mut Buffer) -> Rect {
    let text = match (&state.find, &state.export) {
        (Some(find), _) => format!("looking for `{}` {}%, Esc ends it", state.search, find.percent()),
        (None, Some(export)) => format!("exporting {}%, Esc ends it", export.percent()),
        (None, None) => return area,
    };
    let x = put_right(buffer, area.x, area.right(), area.y, &text, NAME);
    Rect {
        width: x.saturating_sub(area.x + 1),
        ..area
    }
}

pub(super) fn draw(state: &State, area: Rect, buffer: &mut Buffer) {
    if let Some(notice) = &state.notice {
        let style = if notice.failed { ALARM } else { Style::new() };
        put(buffer, area.x, area.y, area.width, &notice.text, style);
        return;
    }
    let area = aside(state, area, buffer);
    let context = context(state);
    let bindings = state.config.keys.iter();
    let shown = bindings.filter(|(_, binding)| binding.contexts.contains(&context) && !binding.hint.is_empty());
    let mut x = area.x;
    for (keys, binding) in shown {
        let Some(key) = keys.first() else { continue };
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
