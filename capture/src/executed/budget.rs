//! How much memory the content of kept files may take from when it is read until it is written. Whoever reads waits for
//! room: it is the one part of a recording that can.

use std::ops::Deref;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Memory that is shared by all contents.
pub(crate) struct Budget {
    left: Mutex<u64>,
    changed: Condvar,
}

impl Budget {
    pub(super) fn new(bytes: u64) -> Arc<Budget> {
        Arc::new(Budget {
            left: Mutex::new(bytes),
            changed: Condvar::new(),
        })
    }

    fn left(&self) -> MutexGuard<'_, u64> {
        // A number is never half written.
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for room for `bytes`, which are no more than the whole budget.
    pub(super) fn take(self: &Arc<Budget>, bytes: u64) -> Content {
        let mut left = self.left();
        while *left < bytes {
            left = self.changed.wait(left).unwrap_or_else(PoisonError::into_inner);
        }
        *left -= bytes;
        Content {
            bytes: Vec::new(),
            held: bytes,
            budget: Arc::clone(self),
        }
    }
}

/// Content of a file; dropped, its memory is free for others.
pub(crate) struct Content {
    bytes: Vec<u8>,
    held: u64,
    budget: Arc<Budget>,
}

impl Content {
    /// Adds bytes. What does not fit into the memory that was taken for it is left out; false says so.
    pub(super) fn add(&mut self, bytes: &[u8]) -> bool {
        let fits = (self.bytes.len() + bytes.len()) as u64 <= self.held;
        if fits {
            self.bytes.extend_from_slice(bytes);
        }
        fits
    }
}

impl Deref for Content {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Content {
    fn drop(&mut self) {
        self.bytes = Vec::new();
        *self.budget.left() += self.held;
        self.budget.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn no_more_than_the_budget_is_ever_held() {
        let budget = Budget::new(100);
        let (send, contents) = channel();
        let reader = Arc::clone(&budget);
        let thread = std::thread::spawn(move || {
            for size in [60, 40, 100, 1, 99, 50, 51] {
                let mut content = reader.take(size);
                assert!(content.add(&vec![7; size as usize]));
                assert!(!content.add(&[7]), "more than was taken");
                send.send(content).unwrap();
            }
        });
        let mut sizes = Vec::new();
        for content in contents {
            // What is on its way counts, too.
            assert!(*budget.left() <= 100 - content.len() as u64);
            sizes.push(content.len());
        }
        thread.join().unwrap();
        assert_eq!(sizes, [60, 40, 100, 1, 99, 50, 51]);
        assert_eq!(*budget.left(), 100);
    }
}
