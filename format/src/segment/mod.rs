//! One segment: up to 64 Ki events with everything they refer to. docs/format.md describes the same bytes.
//!
//! Rows are *stored* thread by thread, each kind with its own columns, because the calls of one thread resemble each
//! other; they are *read* in the order of time. `order.rs` is the way between the two.

mod bases;
mod builder;
mod codec;
mod column;
mod descriptors;
mod dictionary;
mod encode;
mod frame;
mod grams;
mod order;
mod pool;
mod reader;
mod tables;
mod threads;
mod transpose;
mod zone;

pub use builder::{Entities, SegmentBuilder};
pub use codec::wide;
pub use dictionary::Dictionary;
pub use encode::{EncodedSegment, EncoderMemory};
pub(crate) use reader::read_zone;
pub use reader::{Decoded, EventField, Passes, Place, Segment};
pub use tables::{FdChange, FdState};
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
