//! Looking for a text among what is shown.

use super::prompt;
use crate::state::{Body, PromptKind, State};

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
            let step = |by: u64| match forwards {
                true => (from + by) % len.max(1),
                false => (from + len - by) % len.max(1),
            };
            let found = (1..=len).map(step).find(has);
            groups.cursor.selected = found.unwrap_or(from);
            found.is_some()
        }
        Body::Events(_) | Body::Overview(_) => false,
    };
    if !found {
        let text = state.search.clone();
        state.complain(format!("no row has `{text}`; / filters"));
    }
}
