//! Work that goes on aside for a screen.

/// How far the work for a screen is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Job {
    /// Its number; answers with another are too late.
    pub(crate) generation: u64,
    /// Segments that were read or skipped.
    pub(crate) done: u64,
    /// Of so many.
    pub(crate) of: u64,
    /// Whether it goes on.
    pub(crate) progress: Progress,
}

/// Whether work goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// It does.
    Running,
    /// It came to its end.
    Done,
    /// It was stopped before.
    Stopped,
}

impl Job {
    /// Work that has just begun.
    pub(crate) fn new(generation: u64) -> Job {
        Job {
            generation,
            done: 0,
            of: 0,
            progress: Progress::Running,
        }
    }

    /// Whether it goes on.
    pub(crate) fn is_running(&self) -> bool {
        self.progress == Progress::Running
    }

    /// How much of it is done, of a hundred.
    pub(crate) fn percent(&self) -> u64 {
        (self.done.min(self.of) * 100).checked_div(self.of).unwrap_or(0)
    }
}
