//! One ring per CPU: an element of a memory-mapped array. The CPU's programs are its only writers, the recorder its
//! only reader; a record is written in place and then published by moving `head`.

use core::mem::{offset_of, size_of};

/// Data bytes of a ring, a power of two. 1 MiB loses in bursts from idle, 4 MiB does not (measured, see
/// docs/decisions/transport.md).
pub const RING_DATA: usize = 4 << 20;
/// Room behind the data so that a record never wraps: more than the longest record, and more than the verifier can
/// think that one reaches.
pub const RING_SLACK: usize = 128 << 10;

/// Room in a ring that ordinary calls leave to what matters most: births and ends of processes and containers, executed
/// programs, changes of rights.
pub const RING_RESERVE: usize = RING_DATA / 8;

/// When a thread began its call; the table has a place for each low part of a thread id.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Entered {
    /// Whose: `tgid << 32 | tid`.
    pub tgid_tid: u64,
    /// `CLOCK_BOOTTIME` in nanoseconds.
    pub time: u64,
}

/// A ring that is this full wakes the recorder, once; otherwise the recorder looks by itself from time to time.
pub const RING_WAKE: usize = RING_DATA / 4;

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
    /// Bytes ever published, by the program.
    pub head: u64,
    /// Records ever published.
    pub written: u64,
    /// Records that could not be written, by cause.
    pub lost: [u64; LOSS_CAUSES],
    /// Not 0 while a program writes.
    pub busy: u32,
    /// Not 0: the recorder has been woken since it last looked.
    pub woken: u32,
    /// Explicit padding to a cache line.
    pub pad: [u32; 4],
    /// Bytes ever consumed, by the recorder.
    pub tail: u64,
    /// Explicit padding to a cache line.
    pub pad_tail: [u64; 7],
}

const _: () = assert!(size_of::<RingHead>() == 128);
const _: () = assert!(offset_of!(RingHead, tail) == 64);

/// A ring.
#[repr(C)]
pub struct Ring {
    /// Positions and counters.
    pub head: RingHead,
    /// Records.
    pub data: [u8; RING_DATA + RING_SLACK],
}
