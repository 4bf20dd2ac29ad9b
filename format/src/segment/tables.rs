//! Descriptor tables of processes: all of them in keyframes, and what changes between.

use super::column::{Column, FD_TABLES, column};

/// What became of a place in a descriptor table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FdState {
    /// It refers to the descriptor with this [`crate::model::Descriptor::id`].
    Open(u64),
    /// It was closed.
    Closed,
    /// The whole table is a copy of that of this process (fork).
    CopyOf(u32),
    /// The process ended, or its table is not known any more.
    Ended,
}

/// One change of a descriptor table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FdChange {
    /// With which row of the segment it came; `None`: it is part of the state in which a keyframe begins. The number of
    /// rows: after the last of them.
    pub row: Option<u32>,
    /// Process id in the initial pid namespace.
    pub process: u32,
    /// Descriptor number; 0 for changes of the whole table.
    pub fd: i32,
    /// What it is now.
    pub state: FdState,
}

/// Row plus one; 0: the state at the beginning.
pub(super) const ROW: Column = column(FD_TABLES, 0);
/// Process id.
pub(super) const PROCESS: Column = column(FD_TABLES, 1);
/// Descriptor number, or one of the two below.
pub(super) const FD: Column = column(FD_TABLES, 2);
/// Index into the segment's descriptors plus one, 0: closed; of [`COPY_OF`] the other process.
pub(super) const STATE: Column = column(FD_TABLES, 3);
/// In place of a descriptor number: the table is a copy.
pub(super) const COPY_OF: i64 = -1;
/// In place of a descriptor number: the process ended.
pub(super) const ENDED: i64 = -2;
