//! What the recorder was asked and has not answered yet.

use crate::dedup::Answer;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::oneshot;

/// Status, content type and text.
pub(super) type Text = (u16, String, String);

/// Tickets. Whoever waits takes its own back when it waits no longer, so there are never more than askers.
#[derive(Debug, Default)]
pub(crate) struct Tickets {
    last: AtomicU64,
    answers: Mutex<HashMap<u64, oneshot::Sender<Answer>>>,
    texts: Mutex<HashMap<u64, oneshot::Sender<Text>>>,
}

impl Tickets {
    fn next(&self) -> u64 {
        self.last.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// A ticket for a trigger.
    pub(super) fn for_answer(&self) -> (u64, oneshot::Receiver<Answer>) {
        let (sender, receiver) = oneshot::channel();
        let ticket = self.next();
        super::lock(&self.answers).insert(ticket, sender);
        (ticket, receiver)
    }

    /// A ticket for a text.
    pub(super) fn for_text(&self) -> (u64, oneshot::Receiver<Text>) {
        let (sender, receiver) = oneshot::channel();
        let ticket = self.next();
        super::lock(&self.texts).insert(ticket, sender);
        (ticket, receiver)
    }

    /// Nobody waits for it any more.
    pub(super) fn give_up(&self, ticket: u64) {
        super::lock(&self.answers).remove(&ticket);
        super::lock(&self.texts).remove(&ticket);
    }

    /// The recorder's answer to a trigger; whether anyone waited.
    pub(crate) fn answer(&self, ticket: u64, answer: Answer) -> bool {
        let waiting = super::lock(&self.answers).remove(&ticket);
        waiting.is_some_and(|sender| sender.send(answer).is_ok())
    }

    /// The recorder's text; whether anyone waited.
    pub(crate) fn text(&self, ticket: u64, text: Text) -> bool {
        let waiting = super::lock(&self.texts).remove(&ticket);
        waiting.is_some_and(|sender| sender.send(text).is_ok())
    }
}
