//! What an import keeps at most. A capture says how long its parts are; these say what is believed.

/// Bytes of an event that are kept in memory; what is behind is skipped, and its parameters are missing.
pub const MAX_EVENT: usize = 1 << 20;
/// Parameters of an event.
pub const MAX_PARAMS: usize = 64;
/// Bytes of a text in a process, descriptor or user list. Longer ones are cut.
pub const MAX_TEXT: usize = 16 << 10;
/// Threads that are followed at a time.
pub const MAX_THREADS: usize = 128 << 10;
/// Bytes that the followed threads and descriptors may take together. New ones beyond it are not followed: their events
/// are there, and say less.
pub const MAX_STATE: usize = 8 << 20;
/// Bytes of an event that is kept until the call that it begins has ended.
pub const MAX_ENTER: usize = 8 << 10;
/// Containers that are kept.
pub const MAX_CONTAINERS: usize = 4 << 10;
/// Bytes that their descriptions (labels, mounts, …) may take together.
pub const MAX_CONTAINER_TEXT: usize = 4 << 20;
/// Users, and as many groups.
pub const MAX_ACCOUNTS: usize = 16 << 10;
/// Network interfaces.
pub const MAX_INTERFACES: usize = 1 << 10;
/// Kinds of events: codes with the numbers of parameters that they come with.
pub const MAX_KINDS: usize = 2 << 10;
/// Rows of a segment.
pub const SEGMENT_ROWS: usize = 32 << 10;
/// Bytes of texts, payload and entities after which a segment is closed.
pub const SEGMENT_BYTES: usize = 4 << 20;
/// Ancestors that are followed from a thread.
pub const MAX_ANCESTORS: usize = 32;
/// Losses that are kept; more are added to the last one.
pub const MAX_LOSSES: usize = 4 << 10;
