//! Work for the screen that is shown: begun, stopped, begun again.

use crate::message::{self, Effect};
use crate::state::{Body, Cursor, Follow, Job, LinesKind, Listing, Place, Progress, Replay, RowSet, State};

/// Begins the work for the screen that is shown, whatever went on before. What the screen shows stays until the first
/// answer.
pub(super) fn begin(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(trace) = state.trace.clone() else { return };
    state.generation += 1;
    let generation = state.generation;
    let screen = state.screen_mut();
    screen.of = trace.rows.len();
    let (job, condition) = match &mut screen.body {
        Body::Overview(_) => (message::Job::Overview, ""),
        Body::Groups(groups) => (message::Job::Groups(groups.view), groups.view.condition),
        Body::Follow(follow) => {
            *follow = Follow {
                from: follow.from,
                hex: follow.hex,
                ..Follow::default()
            };
            (message::Job::Follow(follow.from), "")
        }
        Body::Replay(replay) => {
            **replay = Replay::new(replay.session);
            (message::Job::Replay(replay.session), "")
        }
        Body::Spectrum(spectrum) => (message::Job::Spectrum, spectrum.condition),
        Body::Lines(lines) => match lines.kind {
            LinesKind::Tree(time) => (message::Job::Tree(time), ""),
            LinesKind::Why(position) => (message::Job::Why(position), ""),
            LinesKind::Sessions => (message::Job::Sessions, ""),
        },
        Body::Events(events) => {
            if screen.selection.is_all() && events.condition.is_empty() {
                // All events are known already.
                let cursor = events.listing.cursor;
                events.listing = Listing {
                    generation,
                    rows: trace.rows.clone(),
                    cursor,
                };
                screen.job = None;
                effects.push(Effect::Stop);
                super::events::put_in_place(state);
                return;
            }
            (message::Job::Events, events.condition)
        }
        Body::Notes(_) => {
            screen.job = None;
            effects.push(Effect::Stop);
            return;
        }
    };
    screen.job = Some(Job::new(generation));
    effects.push(Effect::Start {
        generation,
        filter: screen.selection.filter_and(condition),
        span: screen.selection.span,
        job,
    });
}

/// Goes on where a screen was left before its work was done.
pub(super) fn resume(state: &mut State, effects: &mut Vec<Effect>) {
    let grown = state
        .trace
        .as_ref()
        .is_some_and(|trace| trace.rows.len() != state.screen().of);
    let unfinished = state.screen().job.is_none_or(|job| job.is_running()) || grown;
    let knows_all = state
        .screen()
        .events()
        .is_some_and(|events| state.screen().job.is_none() && events.listing.rows.len() > 0 && !grown);
    if !unfinished || knows_all {
        effects.push(Effect::Stop);
        return;
    }
    if let Body::Events(events) = &mut state.screen_mut().body
        && events.place.is_none()
    {
        events.place = Some(Place::At(events.listing.cursor));
    }
    begin(state, effects);
}

/// Ends the work and keeps what it found.
pub(super) fn stop(state: &mut State, effects: &mut Vec<Effect>) {
    if let Some(job) = state.screen_mut().job.as_mut().filter(|job| job.is_running()) {
        job.progress = Progress::Stopped;
        effects.push(Effect::Stop);
        return;
    }
    if !super::search::stop(state, effects) {
        super::export::stop(state, effects);
    }
}

/// Takes what a job has come to. That of a job whose screen is gone, or that was stopped, is dropped.
pub(super) fn answer(state: &mut State, answer: message::Answer, (generation, done, of): (u64, u64, u64), ended: bool) {
    let screen = state.screen_mut();
    let Some(job) = screen
        .job
        .as_mut()
        .filter(|job| job.generation == generation && job.is_running())
    else {
        return;
    };
    (job.done, job.of) = (done, of);
    if ended {
        job.progress = Progress::Done;
    }
    match (&mut screen.body, answer) {
        (Body::Events(events), answer) => {
            if events.listing.generation != generation {
                events.listing = Listing {
                    generation,
                    rows: RowSet::default(),
                    cursor: Cursor::default(),
                };
            }
            if let message::Answer::Events(part) = answer {
                events.listing.rows.push(part);
            }
            super::events::put_in_place(state);
        }
        (Body::Groups(groups), message::Answer::Groups(rows, more)) => groups.take(rows, more),
        (Body::Follow(follow), message::Answer::Chunks(title, chunks, lacking)) => {
            super::follow::add(follow, title, chunks, lacking);
        }
        (Body::Replay(replay), message::Answer::Frames(title, frames, lacking)) => {
            super::replay::add(replay, title, frames, lacking);
        }
        (Body::Spectrum(spectrum), message::Answer::Spectrum(times, counts)) => {
            spectrum.times = times;
            spectrum.counts = counts;
        }
        (Body::Lines(lines), message::Answer::Lines(title, rows)) => {
            lines.title = title;
            lines.rows = rows;
        }
        (Body::Overview(overview), message::Answer::Overview(findings, counts)) => {
            overview.findings = findings;
            if let Some(counts) = counts.filter(|counts| counts.len() == overview.histogram.counts.len()) {
                overview.histogram.counts = counts;
            }
        }
        _ => {}
    }
}
