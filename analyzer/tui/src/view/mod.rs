//! The state on the screen. Nothing in here changes the state.

mod containers;
mod detail;
mod filter;
mod header;
mod help;
mod hints;
mod look;
mod table;
mod text;

pub(crate) use detail::detail_lines;
pub(crate) use help::help_len;
pub(crate) use look::Look;

use crate::layout::{self, MIN_SIZE};
use crate::state::{Pane, State};
use ratatui::Frame;
use ratatui::style::Style;

/// Draws the state.
pub(crate) fn view(state: &State, look: Look, frame: &mut Frame<'_>) {
    let place = draw(state, frame);
    look.apply(frame.buffer_mut());
    if let Some(place) = place {
        frame.set_cursor_position(place);
    }
}

/// Draws everything and says where the cursor is, if text is being typed.
fn draw(state: &State, frame: &mut Frame<'_>) -> Option<(u16, u16)> {
    let buffer = frame.buffer_mut();
    // The terminal changed after the last message about its size; the next one is under way.
    if (buffer.area.width, buffer.area.height) != state.size {
        return None;
    }
    if layout::too_small(state.size) {
        let (width, height) = MIN_SIZE;
        let note = format!("too small: needs {width}x{height}");
        buffer.set_stringn(0, 0, note, usize::from(buffer.area.width), Style::new());
        return None;
    }
    let areas = layout::areas(state);
    if let Some(top) = state.help {
        help::draw(top, layout::help(state), buffer);
        hints::draw(state, areas.hints, buffer);
        return None;
    }
    header::draw(state, areas.header, buffer);
    let cursor = filter::draw(state, areas.filter, buffer);
    if state.pane == Pane::Containers {
        containers::draw(state, &areas, buffer);
    } else {
        table::draw(state, &areas, buffer);
        detail::draw(state, &areas, buffer);
    }
    hints::draw(state, areas.hints, buffer);
    cursor
}
