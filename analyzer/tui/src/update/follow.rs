//! Following bytes.

use super::screens;
use crate::layout;
use crate::message::Effect;
use crate::state::{Anchor, Body, Chunk, Follow, LinesKind, Position, Selection, State};
use crate::{keys::Action, view};

/// Bytes that are kept of what is followed; what comes after is said to be there.
const MAX_BYTES: usize = 8 << 20;
/// And calls.
const MAX_CHUNKS: usize = 1 << 17;

/// Opens the bytes of what is selected: of the descriptor of an event, or of all events of a group, finding or container.
pub(super) fn open(state: &mut State, effects: &mut Vec<Effect>) {
    let (from, selection) = match &state.screen().body {
        Body::Events(events) => match events.listing.selected() {
            // The whole of what went through the descriptor, whatever the table is filtered by.
            Some(position) => (Some(position), Selection::default()),
            None => return,
        },
        Body::Lines(lines) => match (lines.kind, lines.selected()) {
            (LinesKind::Why(_), Some(line)) if line.position.is_some() => (line.position, Selection::default()),
            (_, Some(line)) if !line.filter.is_empty() => {
                (None, state.screen().selection.with(&line.label, &line.filter))
            }
            _ => return state.complain("this line has no bytes to follow"),
        },
        Body::Overview(_) | Body::Groups(_) | Body::Spectrum(_) => match screens::selected(state) {
            Some(selection) => (None, selection),
            None => return,
        },
        Body::Follow(_) | Body::Notes(_) | Body::Replay(_) => return,
    };
    let follow = Follow {
        from,
        ..Follow::default()
    };
    screens::push(state, selection, Body::Follow(follow), effects);
}

/// Adds what was moved, as far as there is room.
pub(super) fn add(follow: &mut Follow, title: Option<String>, chunks: Vec<Chunk>, lacking: u64) {
    if let Some(title) = title {
        follow.title = title;
    }
    follow.lacking = follow.lacking.saturating_add(lacking);
    let mut kept: usize = follow.chunks.iter().map(|chunk| chunk.data.len()).sum();
    for chunk in chunks {
        kept += chunk.data.len();
        if kept > MAX_BYTES || follow.chunks.len() >= MAX_CHUNKS {
            follow.more = true;
            return;
        }
        follow.chunks.push(chunk);
    }
}

/// Moves through the lines.
pub(super) fn go(state: &mut State, action: Action) {
    let area = layout::areas(state).table;
    let page = i64::from(area.height.max(1));
    if let Body::Follow(follow) = &mut state.screen_mut().body {
        let hex = follow.hex;
        let lines = |chunk: &Chunk| view::chunk_lines(chunk, hex, area.width);
        match action {
            Action::Up => follow.scroll(-1, lines),
            Action::Down => follow.scroll(1, lines),
            Action::PageUp => follow.scroll(-page, lines),
            Action::PageDown => follow.scroll(page, lines),
            Action::HalfUp => follow.scroll(-page / 2, lines),
            Action::HalfDown => follow.scroll(page / 2, lines),
            Action::Home => follow.top = Anchor::default(),
            _ => {
                // The last page.
                let chunk = follow.chunks.len().saturating_sub(1);
                let line = follow.chunks.last().map_or(0, |chunk| lines(chunk).saturating_sub(1));
                follow.top = Anchor { chunk, line };
                follow.scroll(1 - page, lines);
            }
        }
    }
}

/// Text or hexadecimal.
pub(super) fn toggle_hex(state: &mut State) {
    if let Body::Follow(follow) = &mut state.screen_mut().body {
        follow.hex = !follow.hex;
        follow.top.line = 0;
    }
}

/// The call whose bytes are at the top of the screen.
pub(super) fn position(follow: &Follow) -> Option<Position> {
    follow.chunks.get(follow.top.chunk).map(|chunk| chunk.position)
}
