//! Attachments: files that travel in the trace beside its events.

use crate::meta::record;

/// An attachment as the index lists it; several names may share one content.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AttachmentEntry {
    /// Name, as given. It is data: a path made of it has to be checked first.
    pub name: String,
    /// Media type (`application/x-executable`, …); may be empty.
    pub media_type: String,
    /// Bytes of the content.
    pub size: u64,
    /// BLAKE3 of the content.
    pub hash: [u8; 32],
    /// Offset of the block that holds the content.
    pub offset: u64,
    /// Length of that block, its header included.
    pub length: u64,
}
record!(AttachmentEntry {
    name,
    media_type,
    size,
    hash,
    offset,
    length
});
