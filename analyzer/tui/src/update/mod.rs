//! What a message changes, and what is to be done outside.

mod columns;
mod copy;
mod events;
mod export;
mod filter;
mod follow;
mod jobs;
mod lines;
mod live;
mod menu;
mod mouse;
mod notes;
mod overview;
mod prompt;
mod replay;
mod screens;
mod scroll;
mod search;
mod worker;

pub(crate) use notes::{marked_line, marked_row};
pub(crate) use overview::{Line as OverviewLine, line as overview_line};

use crate::keys::{self, Action, Context};
use crate::message::{Effect, Message};
use crate::state::{Body, Focus, Overlay, State};
use crossterm::event::KeyEvent;

/// Changes the state for a message. Does no I/O.
pub(crate) fn update(state: &mut State, message: Message) -> Vec<Effect> {
    let mut effects = Vec::new();
    match message {
        Message::Key(event) => key(state, &event, &mut effects),
        Message::Mouse(event, double) => mouse::mouse(state, &event, double, &mut effects),
        Message::Paste(text) => match context(state) {
            Context::Columns => columns::typed(state, &text),
            _ => prompt::typed(state, &text, &mut effects),
        },
        Message::Time(passed) => replay::tick(state, passed),
        Message::Resize(width, height) => state.size = (width, height),
        answer => worker::answer(state, answer, &mut effects),
    }
    scroll::settle(state);
    worker::ask(state, &mut effects);
    effects
}

/// What takes the keys.
pub(crate) fn context(state: &State) -> Context {
    match (&state.overlay, &state.screen().body) {
        (Some(Overlay::Help(_)), _) => Context::Help,
        (Some(Overlay::Menu(_)), _) => Context::Menu,
        (Some(Overlay::Columns(_)), _) => Context::Columns,
        (Some(Overlay::Prompt(_)), _) => Context::Input,
        (None, Body::Overview(overview)) => match overview.focus {
            Focus::List => Context::Overview,
            Focus::Histogram => Context::Histogram,
        },
        (None, Body::Groups(_)) => Context::Groups,
        (None, Body::Follow(_)) => Context::Follow,
        (None, Body::Lines(_)) => Context::Lines,
        (None, Body::Spectrum(_)) => Context::Spectrum,
        (None, Body::Replay(_)) => Context::Replay,
        (None, Body::Events(events)) => match events.detail.open && events.detail.focused {
            true => Context::Detail,
            false => Context::Events,
        },
        (None, Body::Notes(_)) => Context::Notes,
    }
}

fn key(state: &mut State, event: &KeyEvent, effects: &mut Vec<Effect>) {
    let context = context(state);
    match state.config.keys.action(context, event) {
        Some(action) => {
            state.notice = None;
            act(state, context, action, effects);
        }
        None => {
            if let Some(c) = keys::typed(event) {
                match context {
                    Context::Menu => menu::typed(state, c),
                    Context::Columns => columns::typed(state, c.encode_utf8(&mut [0; 4])),
                    _ => prompt::typed(state, c.encode_utf8(&mut [0; 4]), effects),
                }
            }
        }
    }
}

fn act(state: &mut State, context: Context, action: Action, effects: &mut Vec<Effect>) {
    use Action as A;
    match action {
        action if context == Context::Replay && is_of_player(action) => replay::act(state, action),
        A::Up | A::Down | A::PageUp | A::PageDown | A::HalfUp | A::HalfDown | A::Home | A::End => {
            scroll::go(state, context, action);
        }
        A::Left | A::Right if context == Context::Columns => columns::edit(state, action, effects),
        A::EraseBefore | A::EraseLine if context == Context::Columns => columns::edit(state, action, effects),
        A::ToggleColumn | A::SaveColumns | A::ResetColumns => columns::edit(state, action, effects),
        A::Columns => columns::open(state),
        A::Left | A::Right => scroll::sideways(state, context, action),
        A::Open => screens::open(state, effects),
        A::Dig => screens::dig(state, effects),
        A::AllEvents => {
            let selection = state.screen().selection.clone();
            screens::push_events(state, selection, None, effects);
        }
        A::ToggleDetail => events::toggle_detail(state),
        A::Follow => follow::open(state, effects),
        A::Hex => follow::toggle_hex(state),
        A::Pause => live::pause(state, effects),
        A::Sessions => replay::open_sessions(state, effects),
        // Keys of the player alone.
        A::Play | A::Faster | A::Slower | A::Step | A::StepBack => {}
        A::Tree => lines::open_tree(state, effects),
        A::Why => lines::open_why(state, effects),
        A::NextPane => screens::next_pane(state),
        A::Back => screens::back(state, effects),
        A::Views => menu::open_views(state),
        A::Sort => menu::open_sort(state),
        A::SortBy(column) => {
            if let Body::Groups(groups) = &mut state.screen_mut().body {
                groups.sort_by(usize::from(column));
            }
        }
        A::Filter => filter::open(state),
        A::Search => search::open(state),
        A::SearchNext => search::next(state, true, effects),
        A::SearchBack => search::next(state, false, effects),
        A::Goto => prompt::open_goto(state),
        A::Mark => overview::mark(state, effects),
        A::ClearSpan => overview::clear_span(state, effects),
        A::Bookmark => notes::toggle(state, effects),
        A::Note => notes::open_note(state),
        A::Notes => notes::open_list(state, effects),
        A::MarkNext => notes::jump(state, true),
        A::MarkBack => notes::jump(state, false),
        A::Export => export::open(state),
        A::Copy => copy::open(state),
        A::Stop => jobs::stop(state, effects),
        A::Help => state.overlay = Some(Overlay::Help(0)),
        A::Quit => effects.push(Effect::Quit),
        A::Leave => leave(state, context, effects),
        A::Accept if context == Context::Menu => menu::accept(state, effects),
        A::Accept
        | A::Complete
        | A::Older
        | A::Newer
        | A::CursorLeft
        | A::CursorRight
        | A::CursorHome
        | A::CursorEnd
        | A::EraseBefore
        | A::EraseAt
        | A::EraseWord
        | A::EraseLine => prompt::edit(state, action, effects),
    }
}

/// Whether the player takes the action.
fn is_of_player(action: Action) -> bool {
    use Action as A;
    matches!(
        action,
        A::Up
            | A::Down
            | A::PageUp
            | A::PageDown
            | A::HalfUp
            | A::HalfDown
            | A::Home
            | A::End
            | A::Left
            | A::Right
            | A::Play
            | A::Faster
            | A::Slower
            | A::Step
            | A::StepBack
    )
}

/// Closes what takes the keys.
fn leave(state: &mut State, context: Context, effects: &mut Vec<Effect>) {
    match context {
        Context::Help | Context::Menu | Context::Columns => state.overlay = None,
        Context::Input => prompt::leave(state, effects),
        Context::Detail => events::close_detail(state),
        Context::Overview
        | Context::Histogram
        | Context::Groups
        | Context::Events
        | Context::Follow
        | Context::Lines
        | Context::Spectrum
        | Context::Replay
        | Context::Notes => {}
    }
}
