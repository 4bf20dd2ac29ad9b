//! The table of events and its detail.

use crate::state::{Body, Events, Place, State};
use crate::views::View;

/// Opens or closes the detail of the selected event.
pub(super) fn toggle_detail(state: &mut State) {
    if let Body::Events(events) = &mut state.screen_mut().body {
        events.detail.open = !events.detail.open;
        events.detail.focused = false;
    }
}

/// Closes the detail.
pub(super) fn close_detail(state: &mut State) {
    if let Body::Events(events) = &mut state.screen_mut().body {
        events.detail.open = false;
        events.detail.focused = false;
    }
}

/// Puts the cursor where it should be, as soon as there are rows enough to know.
pub(super) fn put_in_place(state: &mut State) {
    let Some(trace) = state.trace.clone() else { return };
    let screen = state.screen_mut();
    let complete = screen.job.is_none_or(|job| !job.is_running());
    let Body::Events(events) = &mut screen.body else { return };
    let rows = &events.listing.rows;
    let place = match events.place {
        None => return,
        Some(Place::End) => complete.then(|| rows.len().saturating_sub(1)),
        Some(Place::At(cursor)) => (rows.len() > cursor.selected || complete).then_some(cursor.selected),
        Some(Place::On(position)) => {
            let index = rows.index_of(position);
            (index < rows.len() || complete).then_some(index)
        }
        Some(Place::Time(time)) => {
            let index = trace
                .position_at(time)
                .map_or(rows.len(), |position| rows.index_of(position));
            (index < rows.len() || complete).then_some(index)
        }
    };
    let Some(index) = place else { return };
    let top = match events.place {
        Some(Place::At(cursor)) => cursor.top,
        // Some lines before it are seen, too.
        _ => index.saturating_sub(3),
    };
    events.listing.cursor.selected = index.min(rows.len().saturating_sub(1));
    events.listing.cursor.top = top;
    events.place = None;
}

/// The table of a view whose rows are events.
pub(super) fn table(view: &View) -> Body {
    Body::Events(Box::new(Events {
        title: view.name,
        condition: view.condition,
        columns: view.columns.to_vec(),
        ..Events::default()
    }))
}
