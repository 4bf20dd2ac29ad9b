//! What can go wrong with a trace file.

use std::path::PathBuf;

/// Result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Errors of reading and writing traces. The message says what, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused.
    #[error("{action} {path}: {source}")]
    Io {
        /// What was tried ("cannot open", …).
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file exists and may not be replaced.
    #[error("{0} exists already; choose another name or pass --force to replace it")]
    Exists(PathBuf),
    /// The file is empty.
    #[error("{0} is empty: the recorder wrote nothing, or the copy failed")]
    Empty(PathBuf),
    /// The file is not an Afterimage trace.
    #[error("{path} is not an Afterimage trace{hint}")]
    NotATrace {
        /// Which file.
        path: PathBuf,
        /// What it seems to be, with what to do; may be empty.
        hint: String,
    },
    /// The trace is of a version that this program does not read.
    #[error(
        "{path} has trace format version {found}; this program reads version {supported}; use the matching release"
    )]
    Version {
        /// Which file.
        path: PathBuf,
        /// Version in the file.
        found: u32,
        /// Version read here.
        supported: u32,
    },
    /// The header cannot be read, so nothing else can be believed.
    #[error("{path} is damaged in its header: {what}")]
    Header {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A part of the file is damaged; other parts may be well.
    #[error("{0}")]
    Damage(#[from] Damage),
    /// Something is larger than this program accepts.
    #[error("{what} of {found} is over the limit of {limit}")]
    Limit {
        /// Of what.
        what: &'static str,
        /// Found.
        found: u64,
        /// Accepted at most.
        limit: u64,
    },
}

/// Damage at one place of a trace: data beside the rows that survived.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("damaged at byte {offset}: {what}")]
pub struct Damage {
    /// Offset in the file (of the segment or part concerned).
    pub offset: u64,
    /// What was expected and found.
    pub what: String,
}

impl Error {
    /// Whether the disk or quota was full.
    pub fn is_no_space(&self) -> bool {
        matches!(self, Error::Io { source, .. }
            if matches!(source.raw_os_error(), Some(libc::ENOSPC) | Some(libc::EDQUOT) | Some(libc::EFBIG)))
    }

    pub(crate) fn damage(offset: u64, what: impl Into<String>) -> Error {
        Error::Damage(Damage {
            offset,
            what: what.into(),
        })
    }
}
