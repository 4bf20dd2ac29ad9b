//! The directory of a segment: which column is where.

use super::frame::FrameInfo;
use crate::model::Kind;
use bincode::{Decode, Encode};

/// A part of a segment. The numbers are the format's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Column {
    /// Time of each row, nanoseconds since the Unix epoch.
    Time,
    /// Index into the segment's kinds.
    Kind,
    /// CPU.
    Cpu,
    /// [`crate::model::EventFlags`].
    Flags,
    /// Result.
    Result,
    /// Index into the segment's threads.
    Thread,
    /// Index into the segment's descriptors plus one; 0: none.
    Descriptor,
    /// Parameter `1` of kind `0`: integers, or ids in the dictionary of its type. One value per row *of that kind*.
    Param(u16, u16),
    /// Where some integers of `Param` are missing: 1 where there is a value.
    Present(u16, u16),
    /// Lengths of the strings (paths, text, addresses).
    StringLengths,
    /// Bytes of the strings.
    StringBytes,
    /// Lengths of the payloads.
    PayloadLengths,
    /// Bytes of the payloads.
    PayloadBytes,
    /// Metadata: `Vec<Thread>`.
    Threads,
    /// Metadata: `Vec<Container>`.
    Containers,
    /// Metadata: `Vec<Descriptor>`.
    Descriptors,
    /// Metadata: `Vec<Loss>`.
    Losses,
    /// Indexes into the segment's threads of those alive when the segment began (keyframes only).
    Live,
}

/// Where a column is: `length` bytes at `offset` of frame `frame`, decompressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(crate) struct ColumnInfo {
    pub(crate) column: Column,
    pub(crate) codec: u8,
    /// Number of values.
    pub(crate) rows: u32,
    pub(crate) frame: u16,
    pub(crate) offset: u32,
    pub(crate) length: u32,
}

/// The directory.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub(crate) struct Directory {
    pub(crate) kinds: Vec<Kind>,
    pub(crate) columns: Vec<ColumnInfo>,
    pub(crate) frames: Vec<FrameInfo>,
}
