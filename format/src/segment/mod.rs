//! One segment: up to 64 Ki events with everything they refer to.

mod builder;
mod codec;
mod dictionary;
mod directory;
mod entity;
mod frame;
mod reader;
mod zone;

pub use builder::{EncodedSegment, Entities, SegmentBuilder};
pub use directory::Column;
pub use reader::Segment;
pub(crate) use reader::read_zone;
pub use zone::{ContainerCount, KindCount, Zone};

/// Decoding one segment takes at most this many bytes, whatever its directory says.
pub const MAX_SEGMENT: usize = 256 << 20;
/// Ancestors of a thread that a segment carries.
pub const MAX_ANCESTORS: u32 = 32;
/// A segment holds at most this many rows; a reader refuses more.
pub const MAX_ROWS: usize = 1 << 20;
/// A frame decompresses to at most this many bytes.
pub const MAX_FRAME: usize = 64 << 20;
/// Rows after which a writer should close a segment (trace-format design note: smaller costs bytes, larger costs
/// latency to disk).
pub const DEFAULT_ROWS: usize = 64 << 10;
