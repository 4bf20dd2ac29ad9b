//! A trace that grows while it is looked at.

use super::{jobs, worker};
use crate::message::Effect;
use crate::state::{Body, Live, Place, State, TraceInfo};
use std::sync::Arc;

/// Takes the trace as it is now, unless the screen is paused.
pub(super) fn grown(state: &mut State, mut info: Arc<TraceInfo>, effects: &mut Vec<Effect>) {
    // Notes stay those of the trace that was opened.
    if let (Some(known), Some(info)) = (&state.trace, Arc::get_mut(&mut info)) {
        info.key = known.key.clone();
    }
    if state.paused {
        state.pending = Some(info);
        return;
    }
    state.trace = Some(info);
    refresh(state, effects);
}

/// Pauses, or goes on with what has come meanwhile.
pub(super) fn pause(state: &mut State, effects: &mut Vec<Effect>) {
    if !matches!(state.live, Live::Growing | Live::Importing(_)) && !state.paused {
        return state.complain("the trace does not grow: nothing to pause");
    }
    state.paused = !state.paused;
    if !state.paused
        && let Some(info) = state.pending.take()
    {
        grown(state, info, effects);
    }
}

/// Brings the screen up to date, or has that done once the work for it is over.
pub(super) fn refresh(state: &mut State, effects: &mut Vec<Effect>) {
    state.stale = state.screen().job.is_some_and(|job| job.is_running());
    if state.stale {
        return;
    }
    match &mut state.screen_mut().body {
        Body::Events(events) => {
            let at_end = events.listing.cursor.selected + 1 >= events.listing.rows.len();
            events.place = Some(match at_end && events.listing.rows.len() > 0 {
                // Whoever looks at the end wants to see what comes.
                true => Place::End,
                false => Place::At(events.listing.cursor),
            });
            jobs::begin(state, effects);
        }
        Body::Overview(_) => {
            worker::reset_histogram(state);
            jobs::begin(state, effects);
        }
        Body::Groups(_) => jobs::begin(state, effects),
        // What these show does not change by what comes, or would jump away under the eyes of who reads it.
        Body::Follow(_) | Body::Lines(_) | Body::Notes(_) | Body::Replay(_) | Body::Spectrum(_) => {}
    }
}
