//! How a trace is written.

use crate::evidence::{PrivateKey, Recipient};
use std::time::Duration;

/// When what was written is forced to the disk. Without that a power cut costs what the kernel still held back, usually
/// the last half minute; a crash of the program alone costs nothing that was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SyncPolicy {
    /// Once, when the file is sealed.
    #[default]
    Seal,
    /// After every segment.
    Segment,
    /// After a segment when the last time was so long ago.
    Every(Duration),
}

/// How a file is created and written.
#[derive(Debug, Clone, Default)]
pub struct WriterOptions {
    /// Replace an existing file.
    pub force: bool,
    /// When to force data to the disk.
    pub sync: SyncPolicy,
    /// Stop before the disk has fewer bytes free than this; 0: use all of it.
    pub min_free: u64,
    /// Sign the sealed file with this key.
    pub sign_key: Option<PrivateKey>,
    /// Encrypt to these; empty: do not encrypt.
    pub recipients: Vec<Recipient>,
}

/// A sealed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed {
    /// Its size.
    pub bytes: u64,
    /// Its root, which the next file of a rotation names in its header.
    pub root: [u8; 32],
}
