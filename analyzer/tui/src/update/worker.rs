//! Answers of the workers, and what they are asked for.

use super::{copy, export, jobs, notes, screens, search};
use crate::layout;
use crate::message::{Chore, Effect, Message};
use crate::state::{Body, Events, Histogram, State};
use crate::view;

/// Takes an answer; one that belongs to what is shown no more is dropped.
pub(super) fn answer(state: &mut State, message: Message, effects: &mut Vec<Effect>) {
    match message {
        Message::Grown(info) => super::live::grown(state, info, effects),
        Message::Live(live) => state.live = live,
        Message::Opened(trace) => {
            effects.push(Effect::Chore(Chore::LoadNotes(trace.key.clone())));
            state.trace = Some(trace);
            reset_histogram(state);
            screens::start(state, effects);
        }
        Message::Rows {
            generation,
            first,
            rows,
            damage,
        } => {
            state.damage = damage.or(state.damage.take());
            if let Body::Events(events) = &mut state.screen_mut().body
                && generation == events.listing.generation
            {
                events.window.generation = generation;
                events.window.first = first;
                events.window.rows = rows;
            }
        }
        Message::Detail { position, detail } => {
            if let Body::Events(events) = &mut state.screen_mut().body
                && events.detail.asked == Some(position)
            {
                events.detail.content = Some((position, detail));
            }
        }
        Message::Job {
            generation,
            answer,
            done: (done, of),
            damage,
            ended,
        } => {
            state.damage = damage.or(state.damage.take());
            jobs::answer(state, answer, (generation, done, of), ended);
            if ended && state.stale && !state.paused {
                super::live::refresh(state, effects);
            }
        }
        Message::Notes { marks, notice } => {
            notes::loaded(state, marks, effects);
            state.notice = notice.or(state.notice.take());
        }
        Message::Alerts(alerts, damage) => {
            state.notes.alerts = alerts;
            state.damage = damage.or(state.damage.take());
        }
        Message::Marked(mark) => notes::marked(state, mark, effects),
        Message::Export { generation, done, end } => export::answer(state, generation, done, end),
        Message::Found { generation, done, end } => search::answer(state, generation, done, end),
        Message::Copy(text) => copy::copy(state, text, effects),
        Message::Notice(notice) => state.notice = Some(notice),
        Message::Time(_) | Message::Key(_) | Message::Mouse(..) | Message::Paste(_) | Message::Resize(..) => {}
    }
}

/// Puts into the overview the histogram that is known without reading an event: that of the whole trace, or an empty one of
/// the span.
pub(super) fn reset_histogram(state: &mut State) {
    let Some(trace) = state.trace.clone() else { return };
    let selection = state.screen().selection.clone();
    if let Body::Overview(overview) = &mut state.screen_mut().body {
        overview.histogram = match selection.span {
            None => trace.histogram.clone(),
            Some((from, to)) => Histogram::new(from.max(trace.times.0), to.min(trace.times.1).max(from)),
        };
        overview.bar = overview.bar.min(overview.histogram.counts.len().saturating_sub(1));
        overview.anchor = None;
    }
}

/// Asks for what is on the screen and was neither read nor asked for.
pub(super) fn ask(state: &mut State, effects: &mut Vec<Effect>) {
    if state.trace.is_none() || layout::too_small(state.size) {
        return;
    }
    let areas = layout::areas(state);
    let (width, height) = (areas.table.width, u64::from(areas.table.height));
    if let Body::Events(events) = &mut state.screen_mut().body {
        ask_for_rows(events, width, height, effects);
        if events.detail.open {
            ask_for_detail(events, effects);
        }
    }
}

fn ask_for_rows(events: &mut Events, width: u16, height: u64, effects: &mut Vec<Effect>) {
    let columns = view::event_columns(events, width);
    if events.window.columns != columns {
        // What was read has other columns.
        events.window = Default::default();
        events.window.columns = columns.clone();
    }
    let generation = events.listing.generation;
    let top = events.listing.cursor.top;
    let end = (top + height).min(events.listing.rows.len());
    let covers = |(of, first, count): (u64, u64, u64)| of == generation && first <= top && first + count >= end;
    let window = &events.window;
    let known = (window.generation, window.first, window.rows.len() as u64);
    if top == end || covers(known) || window.asked.is_some_and(covers) {
        return;
    }
    // A page before and after, so that the next keys find their rows.
    let first = top.saturating_sub(height);
    let positions = events.listing.rows.positions(first, 3 * height);
    events.window.asked = Some((generation, first, positions.len() as u64));
    effects.push(Effect::Load {
        generation,
        first,
        positions,
        columns,
    });
}

fn ask_for_detail(events: &mut Events, effects: &mut Vec<Effect>) {
    let Some(position) = events.listing.selected() else {
        return;
    };
    if events.detail.asked == Some(position) {
        return;
    }
    events.detail.asked = Some(position);
    events.detail.scroll = 0;
    effects.push(Effect::Detail { position });
}
