//! The tree of processes and the answer to "why".

use super::{jobs, overview, screens};
use crate::message::Effect;
use crate::state::{Body, Focus, Lines, LinesKind, Place, Position, Selection, State};

/// Opens the tree of processes at the time of what is selected; where that has none, at the end of the trace.
pub(super) fn open_tree(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(trace) = state.trace.clone() else { return };
    let time = match &state.screen().body {
        Body::Overview(of) if of.focus == Focus::Histogram => of.histogram.span(of.bar).1.min(trace.times.1),
        Body::Overview(of) => match overview::line(state, of, of.list.selected) {
            Some(overview::Line::Finding(at)) => of.findings.get(at).map_or(trace.times.1, |finding| finding.time),
            _ => trace.times.1,
        },
        Body::Spectrum(spectrum) => spectrum.selected().1.1.min(trace.times.1),
        Body::Groups(_) => state.screen().selection.span.map_or(trace.times.1, |(_, to)| to),
        Body::Notes(list) => super::notes::time_of(state, list).unwrap_or(trace.times.1),
        // The time of an event is known to the one who reads it.
        Body::Events(_) | Body::Follow(_) | Body::Lines(_) | Body::Replay(_) => match position(state) {
            Some(position) => return push(state, LinesKind::Tree(trace.time_of(position)), effects),
            None => trace.times.1,
        },
    };
    push(state, LinesKind::Tree(time), effects);
}

/// Asks what led to the selected event.
pub(super) fn open_why(state: &mut State, effects: &mut Vec<Effect>) {
    match position(state) {
        Some(position) => push(state, LinesKind::Why(position), effects),
        None => state.complain("why asks about an event: d shows the events of what is selected"),
    }
}

fn push(state: &mut State, kind: LinesKind, effects: &mut Vec<Effect>) {
    screens::push(state, Selection::default(), Body::Lines(Lines::new(kind)), effects);
}

/// The event that is selected, or that what is selected begins with.
fn position(state: &State) -> Option<Position> {
    match &state.screen().body {
        Body::Events(events) => events.listing.selected(),
        Body::Follow(follow) => super::follow::position(follow),
        Body::Replay(replay) => replay.frame().map(|frame| frame.position),
        Body::Lines(lines) => lines.selected().and_then(|line| line.position),
        Body::Overview(of) => match overview::line(state, of, of.list.selected) {
            Some(overview::Line::Finding(at)) if of.focus == Focus::List => {
                of.findings.get(at).map(|finding| finding.first)
            }
            _ => None,
        },
        Body::Notes(list) => super::notes::position_of(state, list),
        Body::Groups(_) | Body::Spectrum(_) => None,
    }
}

/// Opens what the selected line is about: its event among all others, or the events of its process.
pub(super) fn open(state: &mut State, effects: &mut Vec<Effect>) {
    let Body::Lines(lines) = &state.screen().body else {
        return;
    };
    let Some(line) = lines.selected() else { return };
    if let Some(session) = line.session {
        return super::replay::open(state, session, effects);
    }
    let selection = match line.filter.is_empty() {
        true => Selection::default(),
        false => Selection::default().with(&line.label, &line.filter),
    };
    if line.filter.is_empty() && line.position.is_none() {
        return state.complain("this line leads nowhere");
    }
    let place = line.position.map(Place::On);
    screens::push_events(state, selection, place, effects);
}

/// Shows the tree at another time.
pub(super) fn goto(state: &mut State, time: i64, effects: &mut Vec<Effect>) {
    if let Body::Lines(lines) = &mut state.screen_mut().body {
        lines.kind = LinesKind::Tree(time);
        jobs::begin(state, effects);
    }
}
