//! What can go wrong with a trace file.

use std::path::{Path, PathBuf};

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
    /// The trace is encrypted and none of the identities opens it.
    #[error("{path} is encrypted and {what}; pass --identity FILE with the age identity of one of its recipients")]
    Encrypted {
        /// Which file.
        path: PathBuf,
        /// Which of the two it was.
        what: &'static str,
    },
    /// A key, identity or recipient cannot be used.
    #[error("{name}: {what}")]
    Key {
        /// File or text that was given.
        name: String,
        /// What is wrong and what to do.
        what: String,
    },
    /// Writing stopped before the disk had less free space than asked for.
    #[error(
        "{path}: writing stopped because its disk has {free} bytes free and --min-free keeps {floor} of them; everything \
         up to here is in the file; make room or lower --min-free"
    )]
    DiskFloor {
        /// Which file.
        path: PathBuf,
        /// Bytes that were free.
        free: u64,
        /// Bytes that have to stay free.
        floor: u64,
    },
    /// Output and input are one file.
    #[error("{0} is the input itself, which is never written to; choose another output")]
    SameFile(PathBuf),
    /// An attachment cannot be taken.
    #[error("attachment {name:?}: {what}")]
    Attachment {
        /// Its name.
        name: String,
        /// What is wrong and what to do.
        what: String,
    },
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

impl Error {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl Fn(std::io::Error) -> Error + use<> {
        let path = path.to_owned();
        move |source| Error::Io {
            action,
            path: path.clone(),
            source,
        }
    }
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
    /// Whether the disk or quota was full, or the floor of free space was reached.
    pub fn is_no_space(&self) -> bool {
        match self {
            Error::DiskFloor { .. } => true,
            Error::Io { source, .. } => matches!(
                source.raw_os_error(),
                Some(libc::ENOSPC) | Some(libc::EDQUOT) | Some(libc::EFBIG)
            ),
            _ => false,
        }
    }

    pub(crate) fn damage(offset: u64, what: impl Into<String>) -> Error {
        Error::Damage(Damage {
            offset,
            what: what.into(),
        })
    }
}
