//! How records come to the recorder. One ring per CPU: an element of a memory-mapped array. The CPU's programs are its only
//! writers, the recorder its only reader; a record is written in place and then published by moving `head`. Where such an
//! array cannot be had, a record is put together in an element that is not mapped and only as long as the slack, and
//! copied into one of the kernel's own ring buffers; positions and counters then are in a small array of their own.

use core::mem::{offset_of, size_of};

/// Data bytes of a ring unless another number is asked for. 1 MiB loses in bursts from idle, 4 MiB does not (measured, see
/// docs/decisions/transport.md).
pub const RING_SIZE: u32 = 4 << 20;
/// Least data bytes of a ring: what is left beside slack and reserve holds the longest record.
pub const RING_SIZE_MIN: u32 = 512 << 10;
/// Most: beyond it the verifier does not follow positions.
pub const RING_SIZE_MAX: u32 = 256 << 20;
/// Room behind the data so that a record never wraps: more than the longest record, and more than the verifier can
/// think that one reaches.
pub const RING_SLACK: usize = 128 << 10;

/// Room in a ring of `size` bytes that ordinary calls leave to what matters most: births and ends of processes and
/// containers, executed programs, changes of rights.
pub const fn ring_reserve(size: u64) -> u64 {
    size >> 3
}

/// A ring of `size` bytes that is this full wakes the recorder, once; otherwise the recorder looks by itself from time to
/// time.
pub const fn ring_wake(size: u64) -> u64 {
    size >> 2
}

/// When a thread began its call; the table has a place for each low part of a thread id.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Entered {
    /// Whose: `tgid << 32 | tid`.
    pub tgid_tid: u64,
    /// `CLOCK_BOOTTIME` in nanoseconds.
    pub time: u64,
}

/// Causes of loss that the kernel counts: indexes into [`RingHead::lost`].
pub mod loss {
    /// No room in the ring.
    pub const FULL: usize = 0;
    /// Another program was writing to this CPU's ring.
    pub const BUSY: usize = 1;
    /// The table of what is in scope was full: a process or cgroup could not be added.
    pub const SCOPE: usize = 2;
}

/// Length of [`RingHead::lost`].
pub const LOSS_CAUSES: usize = 3;

/// Positions and counters of a ring. Producer and consumer have a cache line each.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct RingHead {
    /// Bytes ever published, by the program. Unused with ring buffers, as is `tail`.
    pub head: u64,
    /// Records ever published.
    pub written: u64,
    /// Records that could not be written, by cause.
    pub lost: [u64; LOSS_CAUSES],
    /// Not 0 while a program writes.
    pub busy: u32,
    /// Not 0: the recorder has been woken since it last looked.
    pub woken: u32,
    /// With ring buffers: whether the record that is being written may use the reserve.
    pub important: u32,
    /// Explicit padding to a cache line.
    pub pad: [u32; 3],
    /// Bytes ever consumed, by the recorder.
    pub tail: u64,
    /// Explicit padding to a cache line.
    pub pad_tail: [u64; 7],
}

const _: () = assert!(size_of::<RingHead>() == 128);
const _: () = assert!(offset_of!(RingHead, tail) == 64);

/// A ring, as far as its length is known here: in a mapped one, as many data bytes as its size says stand between head and
/// slack.
#[repr(C)]
pub struct Ring {
    /// Positions and counters, where the ring is mapped.
    pub head: RingHead,
    /// Records.
    pub data: [u8; RING_SLACK],
}

/// What the loader tells the program of the transport.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transport {
    /// Data bytes of a mapped ring less one, a mask of positions; 0: records go into the kernel's ring buffers.
    pub mask: u64,
    /// Data bytes of a ring buffer.
    pub buffer: u64,
}

/// What follows a record in a ring buffer: CPUs may share one.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trailer {
    /// The CPU that wrote it.
    pub cpu: u32,
    /// Explicit padding.
    pub pad: u32,
}
