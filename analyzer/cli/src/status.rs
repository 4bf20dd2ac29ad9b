//! Exit statuses, and errors that decide them.

use std::fmt;

/// How a command ended that did what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// All there is to tell was told.
    Done = 0,
    /// There was nothing to do: help was shown.
    NothingAsked = 2,
    /// Damage or recorded losses touch the answer: it may lack something.
    Incomplete = 3,
}

/// Could not be done.
pub(crate) const FAILED: u8 = 1;
/// The command line asks for something that does not exist.
pub(crate) const USAGE: u8 = 2;

impl Status {
    /// [`Status::Incomplete`] where `incomplete`.
    pub(crate) fn incomplete(incomplete: bool) -> Status {
        if incomplete { Status::Incomplete } else { Status::Done }
    }
}

/// What was asked for does not make sense: a filter that does not parse, a time that is none.
#[derive(Debug)]
pub(crate) struct Usage(pub(crate) String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}
