//! What a message changes, and what is to be done outside.

mod containers;
mod filter;
mod scroll;
mod worker;

use crate::keys::{self, Action, Context};
use crate::message::{Effect, Message};
use crate::state::{Pane, State};
use crossterm::event::KeyEvent;

/// Changes the state for a message. Does no I/O.
pub(crate) fn update(state: &mut State, message: Message) -> Vec<Effect> {
    let mut effects = Vec::new();
    match message {
        Message::Key(event) => key(state, &event, &mut effects),
        Message::Paste(text) => filter::typed(state, &text, &mut effects),
        Message::Resize(width, height) => state.size = (width, height),
        answer => worker::answer(state, answer),
    }
    scroll::settle(state);
    worker::ask(state, &mut effects);
    effects
}

/// What takes the keys.
pub(crate) fn context(state: &State) -> Context {
    match state.pane {
        _ if state.help.is_some() => Context::Help,
        _ if state.input.is_some() => Context::Input,
        Pane::Events => Context::Events,
        Pane::Detail => Context::Detail,
        Pane::Containers => Context::Containers,
    }
}

fn key(state: &mut State, event: &KeyEvent, effects: &mut Vec<Effect>) {
    let context = context(state);
    match keys::action(context, event) {
        Some(action) => act(state, context, action, effects),
        None => {
            if let Some(c) = keys::typed(event) {
                filter::typed(state, c.encode_utf8(&mut [0; 4]), effects);
            }
        }
    }
}

fn act(state: &mut State, context: Context, action: Action, effects: &mut Vec<Effect>) {
    match action {
        Action::Up
        | Action::Down
        | Action::PageUp
        | Action::PageDown
        | Action::HalfUp
        | Action::HalfDown
        | Action::Home
        | Action::End => scroll::go(state, context, action),
        Action::ToggleDetail => {
            state.detail.open = !state.detail.open;
            state.pane = Pane::Events;
        }
        Action::NextPane => {
            state.detail.open = true;
            state.pane = match state.pane {
                Pane::Events => Pane::Detail,
                Pane::Detail | Pane::Containers => Pane::Events,
            };
        }
        Action::Containers => {
            state.pane = match state.pane {
                Pane::Containers => Pane::Events,
                Pane::Events | Pane::Detail => Pane::Containers,
            };
        }
        Action::DrillDown => containers::drill_down(state, effects),
        Action::Back => filter::back(state, effects),
        Action::StopScan => filter::stop_scan(state, effects),
        Action::Help => state.help = Some(0),
        Action::Quit => effects.push(Effect::Quit),
        Action::Leave => leave(state, context, effects),
        Action::Filter => filter::open(state),
        Action::Accept
        | Action::CursorLeft
        | Action::CursorRight
        | Action::CursorHome
        | Action::CursorEnd
        | Action::EraseBefore
        | Action::EraseAt
        | Action::EraseLine => filter::edit(state, action, effects),
    }
}

/// Closes what takes the keys.
fn leave(state: &mut State, context: Context, effects: &mut Vec<Effect>) {
    match context {
        Context::Help => state.help = None,
        Context::Input => filter::leave(state, effects),
        Context::Containers => state.pane = Pane::Events,
        Context::Detail => {
            state.detail.open = false;
            state.pane = Pane::Events;
        }
        Context::Events => {}
    }
}
