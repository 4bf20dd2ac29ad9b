//! What led to an event.

use super::job::Work;
use crate::message::{Answer, Message};
use crate::state::Position;

/// Sends the steps.
pub(super) fn ask(work: &Work<'_>, position: Position, send: &mut dyn FnMut(Message)) {
    let _ = position;
    send(work.message(Answer::Lines(String::new(), Vec::new()), None, true));
}
