//! Typing and taking filters. What is typed is applied with every key, as long as it is right.

use super::{jobs, prompt};
use crate::message::Effect;
use crate::state::{Crumb, Overlay, PromptKind, Selection, State};
use afterimage_query::{Filter, FilterError, Settings, Span};

/// Filters that are remembered.
const HISTORY: usize = 100;

/// Opens the filter line: with the last piece if that was typed, else empty for one more.
pub(super) fn open(state: &mut State) {
    if state.trace.is_none() {
        return;
    }
    let last = state.screen().selection.crumbs.last().filter(|crumb| crumb.typed);
    let text = last.map(|crumb| crumb.text.clone()).unwrap_or_default();
    prompt::open(state, PromptKind::Filter, text);
}

/// Takes the filter that was typed, if it is right.
pub(super) fn accept(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(prompt) = state.prompt().filter(|prompt| prompt.input.error.is_none()) else {
        return;
    };
    let text = prompt.input.text.trim().to_owned();
    state.overlay = None;
    if !text.is_empty() {
        state.filters.retain(|known| *known != text);
        state.filters.push(text);
        if state.filters.len() > HISTORY {
            state.filters.remove(0);
        }
    }
    // Taking a filter whose search was stopped begins the search anew.
    if state
        .screen()
        .job
        .is_some_and(|job| job.progress == crate::state::Progress::Stopped)
    {
        jobs::begin(state, effects);
    }
}

/// Checks what is in the line, and applies it if it is right; else the screen stays as it is.
pub(super) fn changed(state: &mut State, effects: &mut Vec<Effect>) {
    let settings = state
        .trace
        .as_ref()
        .map(|trace| trace.settings.clone())
        .unwrap_or_default();
    let Some(Overlay::Prompt(prompt)) = &mut state.overlay else {
        return;
    };
    let input = &mut prompt.input;
    input.find_completions();
    let mut selection = input.before.clone();
    selection.crumbs.pop_if(|crumb| crumb.typed);
    let text = input.text.trim();
    if !text.is_empty() {
        selection.crumbs.push(Crumb {
            label: text.to_owned(),
            text: text.to_owned(),
            typed: true,
        });
    }
    input.error = wrong(&input.text, &selection, &settings);
    if input.error.is_none() && state.screen().selection != selection {
        state.screen_mut().selection = selection;
        jobs::begin(state, effects);
    }
}

/// What is wrong with a piece by itself, or with all of them together.
fn wrong(text: &str, selection: &Selection, settings: &Settings) -> Option<FilterError> {
    if text.trim().is_empty() {
        return None;
    }
    if let Err(error) = Filter::compile(text, settings) {
        return Some(error);
    }
    let together = Filter::compile(&selection.filter(), settings).err()?;
    Some(FilterError {
        span: Span::new(0, text.len()),
        ..together
    })
}
