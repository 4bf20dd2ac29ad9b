//! Choosing columns. What is chosen is seen at once.

use crate::keys::Action;
use crate::message::{Chore, Effect};
use crate::state::{Body, Chooser, Overlay, State, table_id};
use crate::view;

/// Opens the list of columns.
pub(super) fn open(state: &mut State) {
    let width = state.size.0;
    let chooser = match &state.screen().body {
        Body::Events(events) => Chooser::of_events(table_id(events.title), &view::event_columns(events, width)),
        Body::Groups(groups) => Chooser::of_groups(groups.view, &state.config.columns.of_groups(groups.view)),
        _ => return,
    };
    state.overlay = Some(Overlay::Columns(chooser));
}

/// Adds what was typed.
pub(super) fn typed(state: &mut State, text: &str) {
    if let Some(Overlay::Columns(chooser)) = &mut state.overlay {
        let typed = text.chars().filter(|c| !c.is_control() && !c.is_whitespace());
        chooser.text.extend(typed.take(64));
        chooser.text.truncate(chooser.text.floor_char_boundary(64));
        chooser.cursor = Default::default();
    }
}

/// A key of the list.
pub(super) fn edit(state: &mut State, action: Action, effects: &mut Vec<Effect>) {
    let Some(Overlay::Columns(chooser)) = &mut state.overlay else {
        return;
    };
    match action {
        Action::EraseBefore | Action::EraseLine => {
            // What was found stays selected in the longer list.
            let selected = chooser.selected();
            match action {
                Action::EraseBefore => drop(chooser.text.pop()),
                _ => chooser.text.clear(),
            }
            return chooser.select(selected.unwrap_or(0));
        }
        Action::ToggleColumn => {
            if !toggle(chooser) {
                return state.complain("one column stays");
            }
        }
        Action::Left => shift(chooser, false),
        Action::Right => shift(chooser, true),
        Action::ResetColumns => return reset(state),
        Action::SaveColumns => {
            let columns = chooser.names().into_iter().map(str::to_owned).collect();
            return effects.push(Effect::Chore(Chore::SaveColumns(chooser.id, columns)));
        }
        _ => return,
    }
    apply(state);
}

/// Shows the selected column, or hides it; false where it is the last one.
fn toggle(chooser: &mut Chooser) -> bool {
    let Some(at) = chooser.selected() else { return true };
    let shown = chooser.choices.iter().filter(|choice| choice.shown).count();
    let Some(choice) = chooser.choices.get_mut(at) else {
        return true;
    };
    if choice.shown && shown == 1 {
        return false;
    }
    choice.shown = !choice.shown;
    if choice.shown && chooser.ordered {
        // Behind those that are shown.
        let choice = chooser.choices.remove(at);
        let behind = chooser.choices.iter().rposition(|choice| choice.shown);
        let to = behind.map_or(0, |last| last + 1);
        chooser.choices.insert(to, choice);
        chooser.select(to);
    }
    true
}

/// Exchanges the selected column with the next one that is shown.
fn shift(chooser: &mut Chooser, right: bool) {
    let Some(at) = chooser.selected().filter(|_| chooser.ordered) else {
        return;
    };
    let is_shown = |at: &usize| chooser.choices.get(*at).is_some_and(|choice| choice.shown);
    if !is_shown(&at) {
        return;
    }
    let other = match right {
        true => (at + 1..chooser.choices.len()).find(is_shown),
        false => (0..at).rev().find(is_shown),
    };
    if let Some(other) = other {
        chooser.choices.swap(at, other);
        chooser.select(other);
    }
}

/// Takes the choice for this table, and for all like it from now on.
fn apply(state: &mut State) {
    let Some(Overlay::Columns(chooser)) = &state.overlay else {
        return;
    };
    let id = chooser.id;
    if chooser.ordered {
        let shown = chooser.choices.iter().filter(|choice| choice.shown);
        let columns: Vec<_> = shown.map(|choice| choice.column).collect();
        if let Body::Events(events) = &mut state.screen_mut().body {
            events.columns = columns.clone();
        }
        state.config.columns.set_events(id, columns);
    } else {
        let hidden = chooser.choices.iter().enumerate().filter(|(_, choice)| !choice.shown);
        let hidden = hidden.map(|(at, _)| at).collect();
        state.config.columns.hide(id, hidden);
    }
}

/// Goes back to the columns that the table has by itself.
fn reset(state: &mut State) {
    let Some(Overlay::Columns(chooser)) = &state.overlay else {
        return;
    };
    let id = chooser.id;
    state.config.columns.set_events(id, Vec::new());
    state.config.columns.hide(id, Vec::new());
    if let Body::Events(events) = &mut state.screen_mut().body {
        events.columns = crate::views::find(id).map_or_else(Vec::new, |view| view.columns.to_vec());
    }
    open(state);
}
