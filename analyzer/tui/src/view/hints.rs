//! The last line: what the last key came to, or the keys that do something now, from the table of bindings.

use super::look::{ALARM, KEY, NAME};
use super::text::{put, put_right, width};
use crate::keys::{Action, Binding};
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
    let shown: Vec<(String, &Binding)> = bindings
        .filter(|(_, binding)| binding.contexts.contains(&context) && !binding.hint.is_empty())
        .filter_map(|(keys, binding)| Some((keys.first()?.name(), binding)))
        .collect();
    let columns = |(key, binding): &(String, &Binding)| width(key) + 1 + width(binding.hint);
    // Whoever knows no key must find the help, however narrow the terminal is.
    let is_help = |(_, binding): &&(String, &Binding)| binding.action == Action::Help;
    let mut kept = shown.iter().find(is_help).map_or(0, |help| columns(help) + 2);
    let mut full = false;
    let mut x = area.x;
    for hint in &shown {
        let help = is_help(&hint);
        if help {
            kept = 0;
        }
        let room = area.right().saturating_sub(x);
        if full && !help || columns(hint) + kept > usize::from(room) {
            full = true;
            continue;
        }
        let (key, binding) = hint;
        x = put(buffer, x, area.y, room, key, KEY);
        let text = format!(" {}  ", binding.hint);
        x = put(buffer, x, area.y, area.right().saturating_sub(x), &text, Style::new());
    }
}
