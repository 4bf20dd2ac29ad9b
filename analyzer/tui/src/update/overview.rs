//! The overview: choosing a span of time, opening what stands out and containers.

use super::{jobs, screens};
use crate::message::Effect;
use crate::state::{Body, Focus, Overview, Place, Selection, State};
use crate::views;

/// Begins a span of time at the selected bar, or ends it there and narrows the selection to it.
pub(super) fn mark(state: &mut State, effects: &mut Vec<Effect>) {
    let Body::Overview(overview) = &mut state.screen_mut().body else {
        return;
    };
    let Some(anchor) = overview.anchor.take() else {
        overview.anchor = Some(overview.bar);
        state.say("move to where the span ends, then Enter; Esc gives it up");
        return;
    };
    let (first, last) = (anchor.min(overview.bar), anchor.max(overview.bar));
    let span = (overview.histogram.span(first).0, overview.histogram.span(last).1);
    overview.focus = Focus::List;
    state.screen_mut().selection.span = Some(span);
    super::worker::reset_histogram(state);
    jobs::begin(state, effects);
}

/// Gives up a span that is being chosen, or the one that was.
pub(super) fn clear_span(state: &mut State, effects: &mut Vec<Effect>) {
    if let Body::Overview(overview) = &mut state.screen_mut().body
        && overview.anchor.take().is_some()
    {
        return;
    }
    if state.screen_mut().selection.span.take().is_some() {
        super::worker::reset_histogram(state);
        jobs::begin(state, effects);
    }
}

/// What a line of the list stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// Something that stands out.
    Finding(usize),
    /// A container.
    Container(usize),
}

/// The line with this index in the list: first what stands out, then the containers.
pub(crate) fn line(state: &State, overview: &Overview, index: u64) -> Option<Line> {
    let index = usize::try_from(index).ok()?;
    let findings = overview.findings.len();
    if index < findings {
        return Some(Line::Finding(index));
    }
    let containers = state.trace.as_ref().map_or(0, |trace| trace.containers.len());
    (index - findings < containers).then_some(Line::Container(index - findings))
}

/// Lines of the list.
pub(crate) fn lines(state: &State, overview: &Overview) -> u64 {
    let containers = state.trace.as_ref().map_or(0, |trace| trace.containers.len());
    (overview.findings.len() + containers) as u64
}

/// What is selected, as part of the selection.
pub(super) fn selected(state: &State) -> Option<Selection> {
    let Body::Overview(overview) = &state.screen().body else {
        return None;
    };
    let selection = &state.screen().selection;
    if overview.focus == Focus::Histogram {
        let span = Some(overview.histogram.span(overview.bar));
        let crumbs = selection.crumbs.clone();
        return Some(Selection { crumbs, span });
    }
    of_line(state, overview, line(state, overview, overview.list.selected)?)
}

/// A line of the list, as part of the selection.
pub(super) fn of_line(state: &State, overview: &Overview, line: Line) -> Option<Selection> {
    let selection = &state.screen().selection;
    match line {
        Line::Finding(at) => {
            let finding = overview.findings.get(at)?;
            Some(selection.with(&finding.name, &finding.filter))
        }
        Line::Container(at) => {
            let container = state.trace.as_ref()?.containers.get(at)?;
            Some(selection.with(container.label(), &container.filter))
        }
    }
}

/// Opens what is selected: events of what stands out, processes of a container.
pub(super) fn open(state: &mut State, effects: &mut Vec<Effect>) {
    let Body::Overview(overview) = &state.screen().body else {
        return;
    };
    let Some(selection) = selected(state) else { return };
    match line(state, overview, overview.list.selected) {
        Some(Line::Finding(at)) => {
            let place = overview.findings.get(at).map(|finding| Place::On(finding.first));
            screens::push_events(state, selection, place, effects);
        }
        _ => {
            if let Some(view) = views::find("procs") {
                screens::push_view(state, selection, view, effects);
            }
        }
    }
}
