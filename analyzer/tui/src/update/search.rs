//! Looking for words among what is shown.

use super::prompt;
use crate::message::{Effect, Find};
use crate::state::{Anchor, Aside, Body, Groups, Position, PromptKind, State};
use crate::view;
use crate::words::Words;

/// Opens the line for words.
pub(super) fn open(state: &mut State) {
    prompt::open(state, PromptKind::Search, String::new());
}

/// Goes to the next row with the words, or to the one before.
pub(super) fn next(state: &mut State, forwards: bool, effects: &mut Vec<Effect>) {
    let words = Words::of(&state.search);
    if words == Words::default() {
        return state.complain("nothing was looked for yet: Ctrl-f");
    }
    match &mut state.screen_mut().body {
        Body::Groups(groups) => {
            if !next_group(groups, &words, forwards) {
                no_row(state);
            }
        }
        Body::Events(_) => begin(state, words, forwards, effects),
        Body::Lines(lines) => {
            let len = lines.rows.len() as u64;
            let from = lines.cursor.selected;
            let has = |index: &u64| {
                let row = usize::try_from(*index).ok().and_then(|at| lines.rows.get(at));
                row.is_some_and(|row| words.are_in(row.cells.iter().map(String::as_str)))
            };
            match around(from, len, forwards).find(has) {
                Some(found) => lines.cursor.selected = found,
                None => no_row(state),
            }
        }
        Body::Follow(follow) => {
            let len = follow.chunks.len() as u64;
            let has = |index: &u64| {
                let chunk = usize::try_from(*index).ok().and_then(|at| follow.chunks.get(at));
                chunk.is_some_and(|chunk| {
                    words.are_in([chunk.heading.as_str(), &String::from_utf8_lossy(&chunk.data)].into_iter())
                })
            };
            let found = around(follow.top.chunk as u64, len, forwards).find(has);
            match found.and_then(|at| usize::try_from(at).ok()) {
                Some(chunk) => follow.top = Anchor { chunk, line: 0 },
                None => no_row(state),
            }
        }
        Body::Overview(_) | Body::Notes(_) | Body::Replay(_) | Body::Spectrum(_) => {}
    }
}

fn no_row(state: &mut State) {
    let text = state.search.clone();
    state.complain(format!("no row has `{text}`; / filters"));
}

/// All indices once, from the one behind `from` on, or from the one before it backwards.
fn around(from: u64, len: u64, forwards: bool) -> impl Iterator<Item = u64> {
    let step = move |by: u64| match forwards {
        true => (from + by) % len.max(1),
        false => (from + len - by) % len.max(1),
    };
    (1..=len).map(step)
}

/// Goes to the next group, beginning again at the other end; whether there is one.
fn next_group(groups: &mut Groups, words: &Words, forwards: bool) -> bool {
    let len = groups.order.len() as u64;
    let from = groups.cursor.selected;
    let has = |index: &u64| {
        let row = groups.row(*index);
        row.is_some_and(|row| words.are_in(row.cells.iter().map(|cell| &**cell)))
    };
    let found = around(from, len, forwards).find(has);
    groups.cursor.selected = found.unwrap_or(from);
    found.is_some()
}

/// Looks for the next event aside: the table may be long.
fn begin(state: &mut State, words: Words, forwards: bool, effects: &mut Vec<Effect>) {
    let width = state.size.0;
    state.generation += 1;
    let generation = state.generation;
    let Body::Events(events) = &state.screen().body else {
        return;
    };
    let find = Find {
        rows: events.listing.rows.clone(),
        from: events.listing.cursor.selected,
        forwards,
        words,
        columns: view::event_columns(events, width),
    };
    let task = (events.listing.generation, forwards);
    effects.push(Effect::Find { generation, find });
    state.find = Some(Aside {
        generation,
        task,
        done: (0, 0),
    });
}

/// Takes how far a search is, or what it found.
pub(super) fn answer(state: &mut State, generation: u64, done: (u64, u64), end: Option<Option<Position>>) {
    let Some(aside) = state.find.as_mut().filter(|aside| aside.generation == generation) else {
        return;
    };
    aside.done = done;
    let (listing, forwards) = aside.task;
    let Some(end) = end else { return };
    state.find = None;
    let running = state.screen().job.is_some_and(|job| job.is_running());
    let Body::Events(events) = &mut state.screen_mut().body else {
        return;
    };
    // The table may be another one by now.
    if events.listing.generation != listing {
        return;
    }
    match end {
        Some(position) => {
            events.listing.cursor.selected = events.listing.rows.index_of(position);
            events.place = None;
        }
        None => {
            let so_far = if running { " so far" } else { "" };
            let (way, other) = match forwards {
                true => ("further down", "N looks upwards"),
                false => ("further up", "n looks downwards"),
            };
            let text = state.search.clone();
            state.complain(format!("no more rows with `{text}` {way}{so_far}; {other}"));
        }
    }
}

/// Ends the search; whether there was one.
pub(super) fn stop(state: &mut State, effects: &mut Vec<Effect>) -> bool {
    let running = state.find.take().is_some();
    if running {
        effects.push(Effect::EndFind);
        state.say("search ended");
    }
    running
}
