//! What keeps the interface from running.

use std::io;

/// Why the interface could not start or had to end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The trace cannot be opened.
    #[error(transparent)]
    Trace(#[from] afterimage_format::Error),
    /// There is nobody to look at it.
    #[error(
        "standard output is no terminal; use `analyze query FILE` or `analyze info FILE` for output to a file or pipe"
    )]
    NotATerminal,
    /// The terminal does not do what it is asked.
    #[error("cannot use the terminal: {0}")]
    Terminal(#[from] io::Error),
    /// A part of the program failed; its message is on the terminal.
    #[error("the interface ended because of a defect in it; the trace is not changed. Please report the message above")]
    Panicked,
}
