//! A thread for long work.

use super::Opened;
use super::shared::Shared;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::{io, thread};

/// A thread that does one task at a time. A newer task ends the one before. It ends when this is dropped.
pub(super) struct Aside<T> {
    tasks: Sender<(u64, T)>,
    /// Generation of the task that is wanted; another one stops.
    wanted: Arc<AtomicU64>,
}

impl<T: Send + 'static> Aside<T> {
    /// Starts the thread. `work` gets the trace, a task, and what says whether to stop; tasks that come before the trace is
    /// open are dropped.
    pub(super) fn start(
        name: &str,
        shared: &Arc<Shared>,
        work: impl Fn(&Opened, u64, T, &(dyn Fn() -> bool + Sync)) + Send + 'static,
    ) -> io::Result<Aside<T>> {
        let (tasks, receiver) = channel::<(u64, T)>();
        let wanted = Arc::new(AtomicU64::new(0));
        let (stop, opened) = (Arc::clone(&wanted), Arc::clone(shared));
        thread::Builder::new().name(name.into()).spawn(move || {
            while let Ok(first) = receiver.recv() {
                let (generation, task) = receiver.try_iter().last().unwrap_or(first);
                let Some(opened) = opened.get() else { continue };
                let stopped = || stop.load(Ordering::Relaxed) != generation;
                work(&opened, generation, task, &stopped);
            }
        })?;
        Ok(Aside { tasks, wanted })
    }

    /// Begins a task; ends the one before.
    pub(super) fn begin(&self, generation: u64, task: T) {
        self.wanted.store(generation, Ordering::Relaxed);
        let _ = self.tasks.send((generation, task));
    }

    /// Ends the task.
    pub(super) fn stop(&self) {
        self.wanted.store(0, Ordering::Relaxed);
    }
}

impl<T> Drop for Aside<T> {
    fn drop(&mut self) {
        self.wanted.store(0, Ordering::Relaxed);
    }
}
