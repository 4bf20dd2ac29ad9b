//! Typing, taking and removing filters.

use crate::keys::Action;
use crate::message::Effect;
use crate::state::{Crumb, Input, Listing, Place, Progress, Scan, State, combined};
use afterimage_query::{Filter, FilterError, Settings, Span};

/// Opens the filter line: with the last piece if that was typed, else empty for one more.
pub(super) fn open(state: &mut State) {
    if state.trace.is_none() {
        return;
    }
    let last = state.crumbs.last().filter(|crumb| crumb.typed);
    let text = last.map(|crumb| crumb.text.clone()).unwrap_or_default();
    state.input = Some(Input {
        cursor: text.len(),
        text,
        error: None,
        before: state.crumbs.clone(),
        place: state.listing.cursor,
    });
}

/// Adds what was typed or pasted to the filter line, if there is one.
pub(super) fn typed(state: &mut State, text: &str, effects: &mut Vec<Effect>) {
    if let Some(input) = state.input.as_mut().filter(|_| state.help.is_none()) {
        input.insert(text);
        changed(state, effects);
    }
}

/// A key of the filter line.
pub(super) fn edit(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    let Some(input) = &mut state.input else { return };
    match action {
        Action::CursorLeft => input.left(),
        Action::CursorRight => input.right(),
        Action::CursorHome => input.cursor = 0,
        Action::CursorEnd => input.cursor = input.text.len(),
        Action::EraseBefore => input.backspace(),
        Action::EraseAt => input.delete(),
        Action::EraseLine => input.clear_before(),
        Action::Accept if input.error.is_none() => {
            state.input = None;
            // Taking a filter whose search was stopped begins the search anew.
            if state.scan.is_some_and(|scan| scan.progress == Progress::Stopped) {
                state.filter.clear();
                apply(state, None, effects);
            }
            return;
        }
        _ => {}
    }
    if matches!(action, Action::EraseBefore | Action::EraseAt | Action::EraseLine) {
        changed(state, effects);
    }
}

/// Leaves the filter line and goes back to the filter before.
pub(super) fn leave(state: &mut State, effects: &mut Vec<Effect>) {
    if let Some(input) = state.input.take() {
        state.crumbs = input.before;
        apply(state, Some(input.place), effects);
    }
}

/// Removes the last piece and goes back to where the table stood before it was added.
pub(super) fn back(state: &mut State, effects: &mut Vec<Effect>) {
    if let Some(crumb) = state.crumbs.pop() {
        apply(state, Some(crumb.place), effects);
    }
}

/// Ends the scan and keeps what it found.
pub(super) fn stop_scan(state: &mut State, effects: &mut Vec<Effect>) {
    if let Some(scan) = &mut state.scan
        && scan.progress == Progress::Running
    {
        scan.progress = Progress::Stopped;
        effects.push(Effect::StopScan);
    }
}

/// Checks what is in the filter line, and applies it if it is right; else the listing stays as it is.
fn changed(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(input) = &mut state.input else { return };
    let settings = state.trace.as_ref().map(|trace| trace.settings.clone());
    let mut crumbs = input.before.clone();
    let last = crumbs.pop_if(|crumb| crumb.typed);
    let place = last.map_or(input.place, |crumb| crumb.place);
    let empty = input.text.trim().is_empty();
    if !empty {
        crumbs.push(Crumb {
            text: input.text.trim().to_string(),
            typed: true,
            place,
        });
    }
    input.error = wrong(&input.text, &crumbs, &settings.unwrap_or_default());
    if input.error.is_none() {
        state.crumbs = crumbs;
        apply(state, empty.then_some(place), effects);
    }
}

/// What is wrong with a piece by itself, or with all of them together.
fn wrong(text: &str, crumbs: &[Crumb], settings: &Settings) -> Option<FilterError> {
    if text.trim().is_empty() {
        return None;
    }
    if let Err(error) = Filter::compile(text, settings) {
        return Some(error);
    }
    let together = Filter::compile(&combined(crumbs), settings).err()?;
    Some(FilterError {
        span: Span::new(0, text.len()),
        ..together
    })
}

/// Makes the listing that of the pieces, if it is not already. The table goes to `place` as soon as it can, or else to
/// the first row.
pub(super) fn apply(state: &mut State, place: Option<Place>, effects: &mut Vec<Effect>) {
    let filter = combined(&state.crumbs);
    if filter == state.filter {
        return;
    }
    state.filter = filter;
    state.generation += 1;
    let generation = state.generation;
    if !state.filter.is_empty() {
        // The old rows stay until the scan answers for the first time.
        state.scan = Some(Scan {
            generation,
            read: 0,
            progress: Progress::Running,
            place,
        });
        effects.push(Effect::Scan {
            generation,
            filter: state.filter.clone(),
        });
        return;
    }
    if state.scan.take().is_some() {
        effects.push(Effect::StopScan);
    }
    if let Some(trace) = &state.trace {
        state.listing = Listing {
            generation,
            rows: trace.rows.clone(),
            cursor: place.unwrap_or_default(),
        };
    }
}
