//! Errors, and damage that an import survives.

use std::fmt;
use std::io;

/// Why there is no trace.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not a sysdig capture, or nothing of it can be read.
    #[error("{0}")]
    NotACapture(String),
    /// The input cannot be read.
    #[error("cannot read the capture at byte {offset}: {source}")]
    Read {
        /// Where, in the decompressed capture.
        offset: u64,
        /// Why.
        source: io::Error,
    },
    /// The trace cannot be written or opened.
    #[error(transparent)]
    Trace(#[from] afterimage_format::Error),
    /// There is no room for the trace that the capture becomes.
    #[error("cannot create a temporary file in {folder}: {source}; set TMPDIR to a folder with room")]
    Temporary {
        /// Where it was tried.
        folder: String,
        /// Why not.
        source: io::Error,
    },
    /// Whoever wanted the import stopped it.
    #[error("the import was stopped")]
    Stopped,
}

/// A place in a capture from which on, or in which, something could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Where, in the decompressed capture.
    pub offset: u64,
    /// What is wrong there.
    pub what: String,
    /// Whether nothing behind it was read.
    pub is_end: bool,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Damage { offset, what, is_end } = self;
        let rest = if *is_end { "; what comes behind is not read" } else { "" };
        write!(f, "the capture is damaged at byte {offset}: {what}{rest}")
    }
}
