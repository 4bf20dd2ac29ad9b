//! The index: what all segments hold, so that opening costs one read at the end of the file.

use crate::model::{Container, Loss};
use crate::segment::Zone;
use bincode::{Decode, Encode};

/// A segment in the index.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct IndexEntry {
    /// Offset of the segment's block in the file.
    pub offset: u64,
    /// Length of the block, its header included.
    pub length: u64,
    /// CRC-32 of the whole block.
    pub crc: u32,
    /// Its zone map.
    pub zone: Zone,
}

/// What the recorder knew when it sealed the file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Summary {
    /// When the file was sealed, nanoseconds since the Unix epoch.
    pub end: u64,
    /// Why recording ended, in words.
    pub reason: String,
    /// Losses that no segment holds: events of segments that could not be written, or after the last one.
    pub losses: Vec<Loss>,
    /// All containers with what was known of them at the end; newer than what the segments say.
    pub containers: Vec<Container>,
}

/// Body of the index block.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub(crate) struct Index {
    pub(crate) entries: Vec<IndexEntry>,
    pub(crate) summary: Summary,
}
