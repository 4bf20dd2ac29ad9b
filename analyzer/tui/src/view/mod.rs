//! The state on the screen. Nothing in here changes the state.

mod columns;
mod crumbs;
mod detail;
mod events;
mod follow;
mod groups;
mod header;
mod help;
mod hints;
mod histogram;
mod lines;
mod look;
mod menu;
mod notes;
mod overview;
mod prompt;
mod replay;
mod spectrum;
mod table;
mod text;

pub(crate) use detail::detail_lines;
pub(crate) use events::columns as event_columns;
pub(crate) use follow::chunk_lines;
pub(crate) use help::help_len;
pub(crate) use histogram::bar_at;
pub(crate) use look::{Look, THEMES, Theme};
pub(crate) use overview::line_at;
pub(crate) use spectrum::range as took;

use crate::layout::{self, MIN_SIZE};
use crate::state::{Body, Overlay, State};
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
    if let Some(Overlay::Help(top)) = &state.overlay {
        help::draw(state, *top, layout::help(state), buffer);
        hints::draw(state, areas.hints, buffer);
        return None;
    }
    header::draw(state, areas.header, buffer);
    let cursor = match state.prompt() {
        Some(prompt) => prompt::draw(state, prompt, areas.crumbs, buffer),
        None => {
            crumbs::draw(state, areas.crumbs, buffer);
            None
        }
    };
    match &state.screen().body {
        Body::Overview(overview) => overview::draw(state, overview, &areas, buffer),
        Body::Notes(list) => notes::draw(state, list, &areas, buffer),
        Body::Groups(groups) => groups::draw(state, groups, &areas, buffer),
        Body::Follow(follow) => follow::draw(state, follow, &areas, buffer),
        Body::Replay(replay) => replay::draw(state, replay, &areas, buffer),
        Body::Spectrum(spectrum) => spectrum::draw(state, spectrum, &areas, buffer),
        Body::Lines(lines) => lines::draw(state, lines, &areas, buffer),
        Body::Events(events) => {
            events::draw(state, events, &areas, buffer);
            detail::draw(events, &areas, buffer);
        }
    }
    if let Some(Overlay::Menu(menu)) = &state.overlay {
        menu::draw(menu, layout::menu(state), buffer);
    }
    if let Some(Overlay::Columns(chooser)) = &state.overlay {
        columns::draw(chooser, layout::menu(state), buffer);
    }
    hints::draw(state, areas.hints, buffer);
    cursor
}
