//! The recorder's end of the transport: rings of records, whichever of the two kinds they are. What drain and merge see of
//! it is here; `mapped` and `buffers` are the kinds.

use super::buffers::Buffers;
use super::mapped::Mapped;
use afterimage_abi::{LOSS_CAUSES, RingHead};
use std::ptr::{read_volatile, write_volatile};
use std::sync::atomic::{Ordering, fence};

/// What the kernel's records are read from.
pub(crate) trait Source {
    /// Number of rings.
    fn rings(&self) -> usize;

    /// What there is to read in a ring.
    fn span(&self, ring: usize) -> Span;

    /// The record at `at`, which is below `end`, the end of the ring's span. `None`: it is still being written.
    fn record(&self, ring: usize, at: u64, end: u64) -> Option<Found<'_>>;

    /// Gives everything before `position` back to the kernel.
    fn release(&self, ring: usize, position: u64);
}

/// What there is to read in a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// Position of the first record.
    pub(crate) at: u64,
    /// Where the last one ends.
    pub(crate) end: u64,
    /// Whether another one was being written when this was looked at. Its time is not before that of the last one here;
    /// without it, nothing older than the look is to come.
    pub(crate) writing: bool,
}

/// A record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found<'a> {
    /// Its bytes; empty where they make no sense.
    pub(crate) bytes: &'a [u8],
    /// The CPU that wrote it.
    pub(crate) cpu: u16,
    /// Position of the next one.
    pub(crate) next: u64,
}

/// All rings.
pub(crate) enum Rings {
    Mapped(Mapped),
    Buffers(Buffers),
}

impl Rings {
    /// What it is, in words.
    pub(crate) fn describe(&self) -> String {
        match self {
            Rings::Mapped(rings) => format!(
                "one memory-mapped ring of {} KiB for each of {} CPUs",
                rings.size() >> 10,
                rings.rings()
            ),
            Rings::Buffers(rings) => format!(
                "one of the kernel's ring buffers of {} KiB for each of {} CPUs",
                rings.size() >> 10,
                rings.rings()
            ),
        }
    }

    /// Number of CPUs that write.
    pub(crate) fn cpus(&self) -> usize {
        match self {
            Rings::Mapped(rings) => rings.rings(),
            Rings::Buffers(rings) => rings.cpus(),
        }
    }

    pub(super) fn head(&self, cpu: usize) -> Head {
        match self {
            Rings::Mapped(rings) => rings.head(cpu),
            Rings::Buffers(rings) => rings.head(cpu),
        }
    }

    /// How full the fullest ring is, 0 to 1.
    pub(crate) fn fill(&self) -> f64 {
        let size = match self {
            Rings::Mapped(rings) => rings.size(),
            Rings::Buffers(rings) => rings.size(),
        };
        let waiting = (0..self.rings()).map(|ring| self.span(ring)).map(|s| s.end - s.at);
        waiting.max().unwrap_or(0) as f64 / size as f64
    }

    /// Lets the programs wake the recorder again.
    pub(crate) fn allow_wakes(&self) {
        (0..self.cpus()).for_each(|cpu| self.head(cpu).allow_wake());
    }

    /// Whether a program is writing on any CPU.
    pub(crate) fn is_writing(&self) -> bool {
        (0..self.cpus()).any(|cpu| self.head(cpu).is_busy())
    }

    /// Records written and lost (by cause) on `cpu` since the start.
    pub(crate) fn counters(&self, cpu: usize) -> (u64, [u64; LOSS_CAUSES]) {
        self.head(cpu).counters()
    }
}

impl Source for Rings {
    fn rings(&self) -> usize {
        match self {
            Rings::Mapped(rings) => rings.rings(),
            Rings::Buffers(rings) => rings.rings(),
        }
    }

    fn span(&self, ring: usize) -> Span {
        match self {
            Rings::Mapped(rings) => rings.span(ring),
            Rings::Buffers(rings) => rings.span(ring),
        }
    }

    fn record(&self, ring: usize, at: u64, end: u64) -> Option<Found<'_>> {
        match self {
            Rings::Mapped(rings) => rings.record(ring, at, end),
            Rings::Buffers(rings) => rings.record(ring, at, end),
        }
    }

    fn release(&self, ring: usize, position: u64) {
        match self {
            Rings::Mapped(rings) => rings.release(ring, position),
            Rings::Buffers(rings) => rings.release(ring, position),
        }
    }
}

/// What heads a CPU's ring, in memory that the kernel program writes: hence volatile.
#[derive(Clone, Copy)]
pub(super) struct Head(*mut RingHead);

impl Head {
    /// # Safety
    /// The pointer is into a mapping that is writable, aligned, and outlives what this makes.
    pub(super) unsafe fn new(head: *mut RingHead) -> Head {
        Head(head)
    }

    /// Where the program has got to.
    pub(super) fn published(self) -> u64 {
        // SAFETY: see `new`.
        let head = unsafe { read_volatile(&raw const (*self.0).head) };
        // Records before `head` are read after it.
        fence(Ordering::Acquire);
        head
    }

    /// Where the recorder has got to; it alone writes this field.
    pub(super) fn consumed(self) -> u64 {
        // SAFETY: see `new`.
        unsafe { read_volatile(&raw const (*self.0).tail) }
    }

    pub(super) fn release(self, position: u64) {
        // What was read has been read before the program may write over it.
        fence(Ordering::Release);
        // SAFETY: see `new`.
        unsafe { write_volatile(&raw mut (*self.0).tail, position) }
    }

    /// Whether the program is writing a record. Where it is not, everything that it took the time for before this look is
    /// found by a look at what is published after it.
    pub(super) fn is_busy(self) -> bool {
        // SAFETY: see `new`.
        let busy = unsafe { read_volatile(&raw const (*self.0).busy) } != 0;
        fence(Ordering::Acquire);
        busy
    }

    /// As a program does before and after it writes.
    #[cfg(test)]
    pub(super) fn set_busy(self, busy: bool) {
        // SAFETY: see `new`.
        unsafe { write_volatile(&raw mut (*self.0).busy, u32::from(busy)) }
    }

    fn allow_wake(self) {
        // SAFETY: see `new`; the program only ever sets this field, so a lost race costs one wake-up.
        unsafe {
            let woken = &raw mut (*self.0).woken;
            if read_volatile(woken) != 0 {
                write_volatile(woken, 0);
            }
        }
    }

    fn counters(self) -> (u64, [u64; LOSS_CAUSES]) {
        // SAFETY: see `new`.
        unsafe {
            (
                read_volatile(&raw const (*self.0).written),
                read_volatile(&raw const (*self.0).lost),
            )
        }
    }
}
