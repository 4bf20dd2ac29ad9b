//! Looking for a text among what is shown.

use super::prompt;
use crate::state::{Anchor, Body, PromptKind, State};

/// Opens the line for a text.
pub(super) fn open(state: &mut State) {
    prompt::open(state, PromptKind::Search, String::new());
}

/// Goes to the next row with the text, or to the one before.
pub(super) fn next(state: &mut State, forwards: bool) {
    if state.search.is_empty() {
        return state.complain("nothing was looked for yet: Ctrl-f");
    }
    let wanted = state.search.to_lowercase();
    let found = match &mut state.screen_mut().body {
        Body::Groups(groups) => {
            let len = groups.order.len() as u64;
            let from = groups.cursor.selected;
            let has = |index: &u64| {
                let row = groups.row(*index);
                row.is_some_and(|row| row.cells.iter().any(|cell| cell.to_lowercase().contains(&wanted)))
            };
            let found = around(from, len, forwards).find(has);
            groups.cursor.selected = found.unwrap_or(from);
            found.is_some()
        }
        Body::Lines(lines) => {
            let len = lines.rows.len() as u64;
            let from = lines.cursor.selected;
            let has = |index: &u64| {
                let row = usize::try_from(*index).ok().and_then(|at| lines.rows.get(at));
                row.is_some_and(|row| row.cells.iter().any(|cell| cell.to_lowercase().contains(&wanted)))
            };
            let found = around(from, len, forwards).find(has);
            lines.cursor.selected = found.unwrap_or(from);
            found.is_some()
        }
        Body::Follow(follow) => {
            let len = follow.chunks.len() as u64;
            let has = |index: &u64| {
                let chunk = usize::try_from(*index).ok().and_then(|at| follow.chunks.get(at));
                let holds = |bytes: &[u8]| String::from_utf8_lossy(bytes).to_lowercase().contains(&wanted);
                chunk.is_some_and(|chunk| holds(chunk.heading.as_bytes()) || holds(&chunk.data))
            };
            let found = around(follow.top.chunk as u64, len, forwards).find(has);
            if let Some(chunk) = found.and_then(|at| usize::try_from(at).ok()) {
                follow.top = Anchor { chunk, line: 0 };
            }
            found.is_some()
        }
        Body::Events(_) | Body::Overview(_) | Body::Notes(_) | Body::Replay(_) | Body::Spectrum(_) => false,
    };
    if !found {
        let text = state.search.clone();
        state.complain(format!("no row has `{text}`; / filters"));
    }
}

/// All indices once, from the one behind `from` on, or from the one before it backwards.
fn around(from: u64, len: u64, forwards: bool) -> impl Iterator<Item = u64> {
    let step = move |by: u64| match forwards {
        true => (from + by) % len.max(1),
        false => (from + len - by) % len.max(1),
    };
    (1..=len).map(step)
}
