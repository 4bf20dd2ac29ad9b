//! What the helper has said and the desk has not dealt with yet: bounded, since whoever sends alerts decides how much it is. While
//! it is full nothing more is read, the helper waits at the pipe, and tells those who ask to try again.

use afterimage_alerts::protocol::LINE_MAX;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Bytes of lines that may wait for the desk. What they become has about their size.
const MOST: usize = 2 * LINE_MAX;

/// How much waits.
#[derive(Default)]
pub(crate) struct Backlog {
    bytes: Mutex<usize>,
    less: Condvar,
}

/// A line that waits, until this is dropped.
pub(crate) struct Waiting {
    of: Arc<Backlog>,
    bytes: usize,
}

impl Backlog {
    /// Waits until there is room for a line of so many bytes. One alone always has room.
    pub(super) fn wait(self: &Arc<Backlog>, bytes: usize) -> Waiting {
        let held = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |held: &mut usize| *held > 0 && *held + bytes > MOST;
        let held = self.less.wait_while(held, full);
        *held.unwrap_or_else(PoisonError::into_inner) += bytes;
        Waiting {
            of: Arc::clone(self),
            bytes,
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut held = self.of.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        *held -= self.bytes;
        self.of.less.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    #[test]
    fn what_is_too_much_waits_until_something_was_dealt_with() {
        let backlog = Arc::new(Backlog::default());
        let first = backlog.wait(3 * MOST);
        let (done, is_done) = channel();
        let other = Arc::clone(&backlog);
        let thread = std::thread::spawn(move || {
            let second = other.wait(1);
            let third = other.wait(MOST - 1);
            let _ = done.send(());
            drop((second, third));
        });
        assert!(is_done.recv_timeout(Duration::from_millis(100)).is_err());
        drop(first);
        is_done.recv_timeout(Duration::from_secs(10)).unwrap();
        thread.join().unwrap();
        assert_eq!(*backlog.bytes.lock().unwrap(), 0);
    }
}
