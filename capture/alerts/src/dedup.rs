//! The same alert again, within a moment: the same answer, and the recorder is not asked. Senders that try twice and floods
//! of one alert end here; what comes later is the recorder's to join.

use serde_json::Value;
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Alerts that are remembered. Beyond, new ones are not: they get through, which the rate limits bound.
const ALERTS_MAX: usize = 4096;
/// Bytes of an id that are kept; longer ones are not remembered.
const ID_MAX: usize = 1024;

/// What a trigger was answered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// Whether an alert is new.
pub(crate) enum Seen {
    /// It is: ask, and say here what was answered.
    New(watch::Sender<Option<Answer>>),
    /// It is under way or was answered: the answer comes here.
    Before(watch::Receiver<Option<Answer>>),
}

#[derive(Debug, Default)]
pub(crate) struct Dedup {
    alerts: HashMap<(String, String), Entry>,
}

#[derive(Debug)]
struct Entry {
    answer: watch::Receiver<Option<Answer>>,
    at: Instant,
}

impl Entry {
    /// Still worth joining: young, and neither abandoned nor answered with "try again".
    fn holds(&self, window: Duration, now: Instant) -> bool {
        let answered = self.answer.borrow().as_ref().map(|answer| answer.status);
        match answered {
            Some(status) => status < 500 && now.saturating_duration_since(self.at) < window,
            None => self.answer.has_changed().is_ok(),
        }
    }
}

impl Dedup {
    /// Looks an alert up.
    pub(crate) fn see(&mut self, source: &str, id: &str, window: Duration, now: Instant) -> Seen {
        let key = (source.to_owned(), id.to_owned());
        if let Some(entry) = self.alerts.get(&key).filter(|entry| entry.holds(window, now)) {
            return Seen::Before(entry.answer.clone());
        }
        let (sender, answer) = watch::channel(None);
        if self.alerts.len() >= ALERTS_MAX {
            self.forget(window, now);
        }
        if !window.is_zero() && id.len() <= ID_MAX && self.alerts.len() < ALERTS_MAX {
            self.alerts.insert(key, Entry { answer, at: now });
        }
        Seen::New(sender)
    }

    /// Forgets what is old.
    pub(crate) fn forget(&mut self, window: Duration, now: Instant) {
        self.alerts.retain(|_, entry| entry.holds(window, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const WINDOW: Duration = Duration::from_secs(1);

    fn answer(status: u16) -> Option<Answer> {
        Some(Answer {
            status,
            body: json!({"capture": "a"}),
        })
    }

    fn new(seen: Seen) -> watch::Sender<Option<Answer>> {
        match seen {
            Seen::New(sender) => sender,
            Seen::Before(_) => panic!("was seen before"),
        }
    }

    #[test]
    fn the_second_gets_the_answer_of_the_first() {
        let (mut dedup, now) = (Dedup::default(), Instant::now());
        let sender = new(dedup.see("falco", "1", WINDOW, now));
        let Seen::Before(mut second) = dedup.see("falco", "1", WINDOW, now) else {
            panic!("is new");
        };
        drop(new(dedup.see("other", "1", WINDOW, now)));
        sender.send_replace(answer(202));
        assert_eq!(*second.borrow_and_update(), answer(202));
        drop(sender);
        assert!(matches!(dedup.see("falco", "1", WINDOW, now), Seen::Before(_)));
        new(dedup.see("falco", "1", WINDOW, now + WINDOW));
    }

    #[test]
    fn what_failed_or_was_abandoned_is_tried_again() {
        let (mut dedup, now) = (Dedup::default(), Instant::now());
        new(dedup.see("falco", "1", WINDOW, now)).send_replace(answer(503));
        drop(new(dedup.see("falco", "1", WINDOW, now)));
        new(dedup.see("falco", "1", WINDOW, now));
    }

    #[test]
    fn it_is_bounded() {
        let (mut dedup, now) = (Dedup::default(), Instant::now());
        let mut kept = Vec::new();
        for number in 0..2 * ALERTS_MAX {
            kept.push(new(dedup.see("falco", &number.to_string(), WINDOW, now)));
        }
        assert_eq!(dedup.alerts.len(), ALERTS_MAX);
        drop(kept);
        dedup.forget(WINDOW, now);
        assert!(dedup.alerts.is_empty());
    }
}
