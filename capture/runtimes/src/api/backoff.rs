//! How long a socket that does not answer is left alone.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(30);

/// Doubles from 0.2 s to 30 s.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(crate) fn new() -> Backoff {
        Backoff { next: FIRST }
    }

    /// It worked for a while.
    pub(crate) fn reset(&mut self) {
        self.next = FIRST;
    }

    /// How long to wait now.
    pub(crate) fn wait(&mut self) -> Duration {
        let wait = self.next;
        self.next = (wait * 2).min(LONGEST);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_half_a_minute() {
        let mut backoff = Backoff::new();
        let waits: Vec<u128> = (0..10).map(|_| backoff.wait().as_millis()).collect();
        assert_eq!(waits[..4], [200, 400, 800, 1600]);
        assert_eq!(waits[9], 30_000);
        backoff.reset();
        assert_eq!(backoff.wait(), FIRST);
    }
}
