//! The custody log: who made the file, and out of what.

use crate::meta::record;

/// Usual texts of [`CustodyEntry::action`]; others may stand there.
pub mod action {
    /// A recorder created the file.
    pub const CREATED: &str = "created";
    /// The recorder closed it.
    pub const SEALED: &str = "sealed";
    /// Copied out of a damaged file.
    pub const RECOVERED: &str = "recovered";
    /// Made from a file of another format.
    pub const CONVERTED: &str = "converted";
    /// Holds a part of another trace.
    pub const FILTERED: &str = "filtered";
}

/// The file that a trace was made from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Source {
    /// Its capture id; zeros: it has none.
    pub capture_id: [u8; 16],
    /// Its root; zeros: it has none, or it was lost.
    pub root: [u8; 32],
    /// BLAKE3 of the whole file, as it was read.
    pub file: [u8; 32],
    /// Its name, without the folder.
    pub name: String,
    /// What verification said of it, in words.
    pub verdict: String,
}
record!(Source {
    capture_id,
    root,
    file,
    name,
    verdict
});

/// One thing that was done to the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CustodyEntry {
    /// When, nanoseconds since the Unix epoch.
    pub time: u64,
    /// What, usually one of [`action`].
    pub action: String,
    /// Program and version.
    pub tool: String,
    /// User that ran it.
    pub user: String,
    /// Host that it ran on.
    pub host: String,
    /// The file that this one was made from.
    pub source: Option<Source>,
    /// Anything else worth saying.
    pub note: String,
}
record!(CustodyEntry {
    time,
    action,
    tool,
    user,
    host,
    source,
    note
});
