//! Lines in which something is typed.

use super::{filter, jobs, screens, search};
use crate::keys::Action;
use crate::message::Effect;
use crate::state::{Body, Input, Lines, LinesKind, Overlay, Place, Prompt, PromptKind, State};
use afterimage_query::check::parse_time;

/// Opens a line.
pub(super) fn open(state: &mut State, kind: PromptKind, text: String) {
    let input = Input::new(text, state.screen().selection.clone());
    state.overlay = Some(Overlay::Prompt(Prompt { kind, input }));
}

/// Opens the line for a time or a number.
pub(super) fn open_goto(state: &mut State) {
    open(state, PromptKind::Goto, String::new());
}

/// Adds what was typed or pasted, if there is a line.
pub(super) fn typed(state: &mut State, text: &str, effects: &mut Vec<Effect>) {
    if let Some(Overlay::Prompt(prompt)) = &mut state.overlay {
        prompt.input.insert(text);
        changed(state, effects);
    }
}

/// A key of the line.
pub(super) fn edit(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    let filters = &state.filters;
    let Some(Overlay::Prompt(prompt)) = &mut state.overlay else {
        return;
    };
    let (kind, input) = (prompt.kind, &mut prompt.input);
    match action {
        Action::CursorLeft => input.left(),
        Action::CursorRight => input.right(),
        Action::CursorHome => input.cursor = 0,
        Action::CursorEnd => input.cursor = input.text.len(),
        Action::EraseBefore => input.backspace(),
        Action::EraseAt => input.delete(),
        Action::EraseWord => input.erase_word(),
        Action::EraseLine => input.clear_before(),
        Action::Complete if kind == PromptKind::Filter => input.complete(),
        Action::Older if kind == PromptKind::Filter => {
            let next = input.history.map_or(0, |at| at + 1);
            if let Some(text) = filters.iter().rev().nth(next) {
                input.replace(text);
                input.history = Some(next);
            }
        }
        Action::Newer if kind == PromptKind::Filter => {
            let next = input.history.and_then(|at| at.checked_sub(1));
            let text = next.and_then(|at| filters.iter().rev().nth(at));
            input.replace(text.map_or("", String::as_str));
            input.history = next;
        }
        Action::Accept => return accept(state, effects),
        _ => return,
    }
    if !matches!(
        action,
        Action::CursorLeft | Action::CursorRight | Action::CursorHome | Action::CursorEnd
    ) {
        changed(state, effects);
    }
}

fn changed(state: &mut State, effects: &mut Vec<Effect>) {
    match state.prompt().map(|prompt| prompt.kind) {
        Some(PromptKind::Filter) => filter::changed(state, effects),
        Some(PromptKind::Search | PromptKind::Goto | PromptKind::Note | PromptKind::Export(_)) | None => {}
    }
}

/// Leaves the line; what it changed is as before.
pub(super) fn leave(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(Overlay::Prompt(prompt)) = state.overlay.take() else {
        return;
    };
    if prompt.kind == PromptKind::Filter && state.screen().selection != prompt.input.before {
        state.screen_mut().selection = prompt.input.before;
        jobs::begin(state, effects);
    }
}

/// Takes what was typed.
fn accept(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(prompt) = state.prompt() else { return };
    let text = prompt.input.text.trim().to_owned();
    match prompt.kind {
        PromptKind::Filter => filter::accept(state, effects),
        PromptKind::Search => {
            state.overlay = None;
            state.search = text;
            search::next(state, true, effects);
        }
        PromptKind::Goto => {
            state.overlay = None;
            if !text.is_empty() {
                goto(state, &text, effects);
            }
        }
        PromptKind::Export(form) => {
            state.overlay = None;
            super::export::accept(state, form, &text, effects);
        }
        PromptKind::Note => {
            state.overlay = None;
            super::notes::accept(state, text, effects);
        }
    }
}

/// Goes to a time, or to the event with a number.
fn goto(state: &mut State, text: &str, effects: &mut Vec<Effect>) {
    let Some(trace) = state.trace.clone() else { return };
    let place = match text.parse::<u64>() {
        Ok(number) => match trace.position_of(number) {
            Some(position) => Place::On(position),
            None => return state.complain(format!("there is no event with the number {number}")),
        },
        Err(_) => match parse_time(text, &trace.settings) {
            Ok(time) => Place::Time(time),
            Err(_) => {
                return state.complain(format!(
                    "`{text}` is neither the number of an event nor a time, such as 10:00:03.5 or -5m before the end"
                ));
            }
        },
    };
    match &mut state.screen_mut().body {
        Body::Events(events) => {
            events.place = Some(place);
            super::events::put_in_place(state);
        }
        Body::Lines(Lines {
            kind: LinesKind::Tree(_),
            ..
        }) => {
            let time = match place {
                Place::Time(time) => time,
                Place::On(position) => trace.time_of(position),
                Place::At(_) | Place::End => return,
            };
            super::lines::goto(state, time, effects);
        }
        Body::Overview(_)
        | Body::Groups(_)
        | Body::Follow(_)
        | Body::Lines(_)
        | Body::Notes(_)
        | Body::Replay(_)
        | Body::Spectrum(_) => {
            let selection = state.screen().selection.clone();
            screens::push_events(state, selection, Some(place), effects);
        }
    }
}
