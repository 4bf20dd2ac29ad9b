//! Answers of the workers, and what they are asked for.

use crate::layout;
use crate::message::{Effect, Message};
use crate::state::{Cursor, Listing, Pane, Progress, RowSet, State};
use std::sync::Arc;

/// Takes an answer; one that belongs to what is shown no more is dropped.
pub(super) fn answer(state: &mut State, message: Message) {
    match message {
        Message::Opened(trace) => {
            state.listing = Listing {
                generation: state.generation,
                rows: trace.rows.clone(),
                cursor: Cursor::default(),
            };
            state.trace = Some(Arc::clone(&trace));
        }
        Message::Rows {
            generation,
            first,
            rows,
            damage,
        } => {
            state.damage = damage.or(state.damage.take());
            if generation == state.listing.generation {
                state.window.generation = generation;
                state.window.first = first;
                state.window.rows = rows;
            }
        }
        Message::Detail { position, detail } => {
            if state.detail.asked == Some(position) {
                state.detail.content = Some((position, detail));
            }
        }
        Message::Found { .. } => found(state, message),
        Message::Key(_) | Message::Paste(_) | Message::Resize(..) => {}
    }
}

fn found(state: &mut State, message: Message) {
    let Message::Found {
        generation,
        part,
        read,
        damage,
        done,
    } = message
    else {
        return;
    };
    let current = |scan: &&mut crate::state::Scan| scan.generation == generation && scan.progress == Progress::Running;
    let Some(scan) = state.scan.as_mut().filter(current) else {
        return;
    };
    if state.listing.generation != generation {
        state.listing = Listing {
            generation,
            rows: RowSet::default(),
            cursor: Cursor::default(),
        };
    }
    scan.read = read;
    if done {
        scan.progress = Progress::Done;
    }
    if let Some(part) = part {
        state.listing.rows.push(part);
    }
    if let Some(place) = scan.place
        && state.listing.rows.len() > place.selected
    {
        state.listing.cursor = place;
        scan.place = None;
    }
    state.damage = damage.or(state.damage.take());
}

/// Asks for what is on the screen and was neither read nor asked for.
pub(super) fn ask(state: &mut State, effects: &mut Vec<Effect>) {
    if state.trace.is_none() || layout::too_small(state.size) {
        return;
    }
    ask_for_rows(state, effects);
    if state.detail.open && state.pane != Pane::Containers {
        ask_for_detail(state, effects);
    }
}

fn ask_for_rows(state: &mut State, effects: &mut Vec<Effect>) {
    let generation = state.listing.generation;
    let top = state.listing.cursor.top;
    let height = u64::from(layout::areas(state).table.height);
    let end = (top + height).min(state.listing.rows.len());
    let covers = |(of, first, count): (u64, u64, u64)| of == generation && first <= top && first + count >= end;
    let window = &state.window;
    let known = (window.generation, window.first, window.rows.len() as u64);
    if top == end || covers(known) || window.asked.is_some_and(covers) {
        return;
    }
    // A page before and after, so that the next keys find their rows.
    let first = top.saturating_sub(height);
    let positions = state.listing.rows.positions(first, 3 * height);
    state.window.asked = Some((generation, first, positions.len() as u64));
    effects.push(Effect::Load {
        generation,
        first,
        positions,
    });
}

fn ask_for_detail(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(position) = state.listing.selected() else {
        return;
    };
    if state.detail.asked == Some(position) {
        return;
    }
    state.detail.asked = Some(position);
    state.detail.scroll = 0;
    effects.push(Effect::Detail { position });
}
