//! From screen to screen.

use super::{events, jobs};
use crate::config::NOTES;
use crate::message::Effect;
use crate::state::{Body, Events, Focus, GroupRow, Groups, Place, Screen, Selection, Spectrum, State, table_id};
use crate::view;
use crate::views::{self, View};

/// More screens are not kept: nobody goes back so far.
const MAX_SCREENS: usize = 64;

/// Opens a screen on top of the others.
pub(super) fn push(state: &mut State, selection: Selection, body: Body, effects: &mut Vec<Effect>) {
    if state.screens.len() >= MAX_SCREENS {
        // The first one, which is where all begin, stays.
        state.screens.remove(1);
    }
    let mut body = body;
    if let Body::Events(events) = &mut body
        && let Some(columns) = state.config.columns.of_events(table_id(events.title))
    {
        events.columns = columns.to_vec();
    }
    state.screens.push(Screen::new(selection, body));
    jobs::begin(state, effects);
}

/// Opens the first screen that is configured.
pub(super) fn start(state: &mut State, effects: &mut Vec<Effect>) {
    match (state.config.start, views::find(state.config.start)) {
        (_, Some(view)) => push_view(state, Selection::default(), view, effects),
        (NOTES, None) => super::notes::open_list(state, effects),
        _ => jobs::begin(state, effects),
    }
}

/// Opens a view of a selection.
pub(super) fn push_view(state: &mut State, selection: Selection, view: &'static View, effects: &mut Vec<Effect>) {
    let body = match view.lists_events() {
        _ if view.is_spectrum => Body::Spectrum(Box::new(Spectrum {
            condition: view.condition,
            name: view.name,
            ..Spectrum::default()
        })),
        true => events::table(view),
        false => Body::Groups(Groups::new(view)),
    };
    push(state, selection, body, effects);
}

/// Opens the events of a selection, where they should stand at `place`.
pub(super) fn push_events(state: &mut State, selection: Selection, place: Option<Place>, effects: &mut Vec<Effect>) {
    let events = Events {
        title: "Events",
        place,
        ..Events::default()
    };
    push(state, selection, Body::Events(Box::new(events)), effects);
}

/// Opens what is selected.
pub(super) fn open(state: &mut State, effects: &mut Vec<Effect>) {
    match &state.screen().body {
        Body::Overview(_) => super::overview::open(state, effects),
        Body::Groups(groups) => {
            let Some((selection, view)) = drilled(state, groups) else {
                return;
            };
            match views::find(view.opens) {
                Some(next) => push_view(state, selection, next, effects),
                None => push_events(state, selection, None, effects),
            }
        }
        Body::Events(_) => events::toggle_detail(state),
        Body::Spectrum(_) => {
            if let Some(selection) = selected(state) {
                push_events(state, selection, None, effects);
            }
        }
        Body::Replay(replay) => {
            let place = replay.frame().map(|frame| Place::On(frame.position));
            push_events(state, Selection::default(), place, effects);
        }
        Body::Lines(_) => super::lines::open(state, effects),
        Body::Follow(follow) => {
            let place = super::follow::position(follow).map(Place::On);
            push_events(state, Selection::default(), place, effects);
        }
        Body::Notes(_) => super::notes::open(state, effects),
    }
}

/// Opens the events of what is selected.
pub(super) fn dig(state: &mut State, effects: &mut Vec<Effect>) {
    match &state.screen().body {
        Body::Overview(_) => {
            let selection = super::overview::selected(state).unwrap_or_else(|| state.screen().selection.clone());
            push_events(state, selection, None, effects);
        }
        Body::Groups(groups) => {
            if let Some((selection, _)) = drilled(state, groups) {
                push_events(state, selection, None, effects);
            }
        }
        Body::Events(_) | Body::Follow(_) | Body::Lines(_) | Body::Notes(_) | Body::Replay(_) | Body::Spectrum(_) => {}
    }
}

/// What is selected on an overview or in a table of groups, as part of the selection.
pub(super) fn selected(state: &State) -> Option<Selection> {
    match &state.screen().body {
        Body::Overview(_) => super::overview::selected(state),
        Body::Groups(groups) => drilled(state, groups).map(|(selection, _)| selection),
        Body::Spectrum(spectrum) => {
            let (filter, span) = spectrum.selected();
            let label = format!("took {}", view::took(spectrum.at.1));
            let mut selection = state.screen().selection.with(label, filter);
            if !spectrum.condition.is_empty() {
                selection = selection.with(spectrum.name.to_lowercase(), spectrum.condition);
            }
            selection.span = Some(span);
            Some(selection)
        }
        Body::Events(_) | Body::Follow(_) | Body::Lines(_) | Body::Notes(_) | Body::Replay(_) => None,
    }
}

/// What the selected group is, as part of the selection; and the view that it stands in.
pub(super) fn drilled(state: &State, groups: &Groups) -> Option<(Selection, &'static View)> {
    Some((drilled_row(state, groups, groups.selected()?), groups.view))
}

/// What a group is, as part of the selection.
pub(super) fn drilled_row(state: &State, groups: &Groups, row: &GroupRow) -> Selection {
    let view = groups.view;
    let selection = state.screen().selection.with(&*row.label, &*row.filter);
    // The next screen shows these events and no others, unless it is a view with a condition of its own.
    let label = view.name.to_lowercase();
    match view.condition {
        "" => selection,
        condition if keys_imply(condition) => selection,
        condition => selection.with(label, condition),
    }
}

/// Whether a condition says only that there is what the row is told apart by, which the row's own filter says, too.
fn keys_imply(condition: &str) -> bool {
    condition.ends_with(" exists") && !condition.contains(" and ") && !condition.contains(" or ")
}

/// Goes back to the screen before, as it was.
pub(super) fn back(state: &mut State, effects: &mut Vec<Effect>) {
    if state.screens.len() > 1 {
        state.screens.pop();
        jobs::resume(state, effects);
        return;
    }
    let selection = &mut state.screen_mut().selection;
    if selection.crumbs.pop().is_some() || selection.span.take().is_some() {
        jobs::begin(state, effects);
    } else {
        state.say("this is the first screen; q quits");
    }
}

/// Gives the keys to the other pane.
pub(super) fn next_pane(state: &mut State) {
    match &mut state.screen_mut().body {
        Body::Overview(overview) => {
            overview.focus = match overview.focus {
                Focus::List => Focus::Histogram,
                Focus::Histogram => Focus::List,
            };
        }
        Body::Events(events) => {
            events.detail.focused = !(events.detail.open && events.detail.focused);
            events.detail.open = true;
        }
        Body::Groups(_) | Body::Follow(_) | Body::Lines(_) | Body::Notes(_) | Body::Replay(_) | Body::Spectrum(_) => {}
    }
}
