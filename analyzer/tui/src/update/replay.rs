//! Playing terminal sessions.

use super::screens;
use crate::keys::Action;
use crate::message::Effect;
use crate::state::{Body, Lines, LinesKind, Replay, Selection, State};

/// Bytes that are kept of a session; what comes after is said to be there.
const MAX_BYTES: usize = 16 << 20;
/// How far the arrow keys go, nanoseconds.
const JUMP: i64 = 5_000_000_000;

/// Opens the list of sessions.
pub(super) fn open_sessions(state: &mut State, effects: &mut Vec<Effect>) {
    let body = Body::Lines(Lines::new(LinesKind::Sessions));
    screens::push(state, Selection::default(), body, effects);
}

/// Opens a session.
pub(super) fn open(state: &mut State, session: usize, effects: &mut Vec<Effect>) {
    let body = Body::Replay(Box::new(Replay::new(session)));
    screens::push(state, Selection::default(), body, effects);
}

/// Adds frames, as far as there is room.
pub(super) fn add(replay: &mut Replay, title: Option<String>, mut frames: Vec<crate::state::Frame>, lacking: u64) {
    if let Some(title) = title {
        replay.title = title;
    }
    replay.lacking = replay.lacking.saturating_add(lacking);
    let kept: usize = replay.frames.iter().map(|frame| frame.data.len()).sum();
    let mut room = MAX_BYTES.saturating_sub(kept);
    let fitting = frames.iter().take_while(|frame| {
        let fits = frame.data.len() <= room;
        room = room.saturating_sub(frame.data.len());
        fits
    });
    let fitting = fitting.count();
    replay.more |= fitting < frames.len();
    frames.truncate(fitting);
    replay.take(frames);
}

/// A key of the player.
pub(super) fn act(state: &mut State, action: Action) {
    let Body::Replay(replay) = &mut state.screen_mut().body else {
        return;
    };
    match action {
        Action::Play => {
            // At its end it begins anew.
            if !replay.playing && replay.at >= replay.length() {
                replay.seek(0);
            }
            replay.playing = !replay.playing;
        }
        Action::Faster => replay.change_speed(true),
        Action::Slower => replay.change_speed(false),
        Action::Left => replay.seek(replay.at.saturating_sub(JUMP)),
        Action::Right => replay.seek(replay.at.saturating_add(JUMP)),
        Action::Up | Action::StepBack => replay.step(false),
        Action::Down | Action::Step => replay.step(true),
        Action::PageUp | Action::HalfUp => replay.seek(replay.at.saturating_sub(replay.length() / 10)),
        Action::PageDown | Action::HalfDown => replay.seek(replay.at.saturating_add(replay.length() / 10)),
        Action::Home => replay.seek(0),
        Action::End => replay.seek(replay.length()),
        _ => {}
    }
}

/// Time passes: so many nanoseconds.
pub(super) fn tick(state: &mut State, nanoseconds: i64) {
    if let Body::Replay(replay) = &mut state.screen_mut().body {
        replay.pass(nanoseconds);
    }
}
