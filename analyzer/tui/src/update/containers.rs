//! The list of containers.

use super::filter;
use crate::message::Effect;
use crate::state::{Crumb, Pane, State};

/// Adds the selected container to the filter and goes to its events.
pub(super) fn drill_down(state: &mut State, effects: &mut Vec<Effect>) {
    let selected = usize::try_from(state.containers.selected).unwrap_or(usize::MAX);
    let Some(container) = state.trace.as_ref().and_then(|trace| trace.containers.get(selected)) else {
        return;
    };
    state.pane = Pane::Events;
    if state.crumbs.iter().any(|crumb| crumb.text == container.filter) {
        return;
    }
    state.crumbs.push(Crumb {
        text: container.filter.clone(),
        typed: false,
        place: state.listing.cursor,
    });
    filter::apply(state, None, effects);
}
