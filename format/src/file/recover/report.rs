//! What recovery saved and lost.

use crate::error::Damage;
use crate::file::{Sealed, Verdict};
use std::sync::Arc;

/// Events of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindRecovery {
    /// `evt.type`.
    pub name: Arc<str>,
    /// Events in the new file.
    pub saved: u64,
    /// Events that the index still tells of and that are lost.
    pub lost: u64,
}

/// What recovery saved and lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Events by kind.
    pub kinds: Vec<KindRecovery>,
    /// Events in the new file.
    pub events_saved: u64,
    /// Events that are known to be lost, those of unknown kind included. Behind the last event that survived, more may be
    /// lost of which nothing tells.
    pub events_lost: u64,
    /// Lost events that only a gap in `evt.num` tells of.
    pub events_lost_of_unknown_kind: u64,
    /// Segments in the new file.
    pub segments_saved: u64,
    /// Segments that are known to be lost.
    pub segments_lost: u64,
    /// Containers that the new file knows of.
    pub containers: u64,
    /// Attachments in the new file.
    pub attachments_saved: u64,
    /// Attachments that are known to be lost.
    pub attachments_lost: u64,
    /// Loss records in the new file's segments.
    pub loss_records_saved: u64,
    /// Loss records that the index still tells of and that are lost.
    pub loss_records_lost: u64,
    /// Whether the header was lost.
    pub header_lost: bool,
    /// Bytes of the input that belong to no block.
    pub garbage: u64,
    /// What verification said of the input.
    pub verdict: Verdict,
    /// What was wrong with the input, place by place.
    pub damage: Vec<Damage>,
    /// The new file.
    pub sealed: Sealed,
}
