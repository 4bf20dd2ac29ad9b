//! The zone map: what a segment holds, without decoding it.

use crate::meta::record;
use std::sync::Arc;

/// Rows of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindCount {
    /// `evt.type`.
    pub name: Arc<str>,
    /// Rows.
    pub events: u32,
    /// Rows with a negative result.
    pub errors: u32,
}
record!(KindCount { name, events, errors });

impl Default for KindCount {
    fn default() -> Self {
        KindCount {
            name: "".into(),
            events: 0,
            errors: 0,
        }
    }
}

/// Rows of one container.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContainerCount {
    /// [`crate::model::Container::key`]; 0: the host.
    pub key: u64,
    /// Rows.
    pub events: u32,
}
record!(ContainerCount { key, events });

/// Processes that a zone map lists; where there are more, it lists none.
pub(super) const MAX_PIDS: usize = 64;

/// What a segment holds. Lets a reader skip it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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
    /// Whether the segment lists all threads that were alive when it began, and their descriptors.
    pub keyframe: bool,
    /// Processes with rows, ascending; empty where there are more than 64.
    pub pids: Vec<u32>,
    /// How often something of an event is missing: bytes beyond a limit, memory that could not be read.
    pub incomplete: u64,
}
record!(Zone {
    first_num,
    rows,
    time_min,
    time_max,
    kinds,
    containers,
    loss_records,
    loss_events,
    keyframe,
    pids,
    incomplete
});
