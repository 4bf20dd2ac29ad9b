//! Layouts shared by the kernel program and its loader: integers only, explicit padding, sizes and offsets asserted at
//! compile time. Nothing here allocates or depends on anything.
//!
//! A record is a [`RecordHeader`], then the arguments that the system call's [`Spec`] selects (8 bytes each), then
//! items: an [`ItemHeader`] and its bytes, padded to 8.

#![no_std]

mod offsets;
mod record;
mod ring;
mod scope;
mod spec;

pub use offsets::{MISSING, Offsets, machine};
pub use record::{
    Credentials, ExecutedFile, ExecutedKey, ExecutedNow, ItemHeader, KernelPath, KernelSocket, RecordHeader, flags,
    item, kind, shares, status, uring, walk,
};
pub use ring::{
    Entered, LOSS_CAUSES, RING_SIZE, RING_SIZE_MAX, RING_SIZE_MIN, RING_SLACK, Ring, RingHead, Trailer, Transport,
    loss, ring_reserve, ring_wake,
};
pub use scope::{HINTS, condition, hint, member};
pub use spec::{MAX_EXTRACTS, Spec, extract, file, mark, recorded};

/// System call numbers that the table covers; numbers above (none today) are recorded without arguments.
pub const SYSCALLS: u32 = 512;
/// Longest path or string that is read, with its NUL: one more than the kernel's longest path, so that this is not taken
/// for a cut one.
pub const PATH_MAX: u32 = 4097;
/// Most bytes of argv that are read at exec.
pub const ARGS_MAX: u32 = 16 << 10;
/// Most bytes of environment that are read at exec.
pub const ENV_MAX: u32 = 16 << 10;
/// Bytes of the ring that tells of executed files.
pub const EXECUTED_RING: u32 = 256 << 10;
/// Most bytes of payload per call that can be asked for.
pub const SNAPLEN_MAX: u32 = 16 << 10;
/// Most bytes of the bitmap of open descriptors that are read at exec.
pub const OPEN_MAX: u32 = 4 << 10;
/// [`KernelPath::fd`] of a task's current directory, as system calls name it.
pub const AT_FDCWD: i32 = -100;
/// Directories and mounts between a file and its root that are followed.
pub const WALK_MAX: u32 = 64;
/// Elements of an iovec whose bytes are read.
pub const IOVECS_MAX: u32 = 4;
