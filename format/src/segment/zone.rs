//! The zone map: what a segment holds, without decoding it.

use bincode::{Decode, Encode};

/// Rows of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct KindCount {
    /// `evt.type`.
    pub name: String,
    /// Rows.
    pub events: u32,
    /// Rows with a negative result.
    pub errors: u32,
}

/// Rows of one container.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ContainerCount {
    /// [`crate::model::Container::key`]; 0: the host.
    pub key: u64,
    /// Rows.
    pub events: u32,
}

/// What a segment holds. Lets a reader skip it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Zone {
    /// `evt.num` of the first row; rows are numbered without gaps.
    pub first_num: u64,
    /// Rows.
    pub rows: u32,
    /// Earliest and latest row, nanoseconds since the Unix epoch; 0 where there are no rows.
    pub time_min: u64,
    /// See `time_min`.
    pub time_max: u64,
    /// Kinds, in the order of the segment's directory; two may share a name (entry and exit of execve).
    pub kinds: Vec<KindCount>,
    /// Containers.
    pub containers: Vec<ContainerCount>,
    /// Loss records in this segment, and the events that they count.
    pub loss_records: u32,
    /// See `loss_records`.
    pub loss_events: u64,
    /// Whether the segment lists all threads that were alive when it began.
    pub keyframe: bool,
}
