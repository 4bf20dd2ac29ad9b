//! The recorder's end of the rings: every CPU's ring mapped into memory. This is the one place that knows the
//! transport.

use afterimage_abi::{LOSS_CAUSES, RING_DATA, RING_SLACK, RecordHeader, Ring, RingHead};
use anyhow::{Context, Result};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::{read_volatile, write_volatile};
use std::sync::atomic::{Ordering, fence};

/// All rings.
pub(crate) struct Rings {
    base: *mut u8,
    len: usize,
    cpus: usize,
}

/// Distance of two elements in the map: the kernel rounds the value size up to 8.
const STRIDE: usize = size_of::<Ring>().next_multiple_of(8);

impl Rings {
    /// Maps the array `fd` with one ring for each of `cpus`.
    pub(crate) fn map(fd: BorrowedFd<'_>, cpus: usize) -> Result<Rings> {
        // SAFETY: sysconf has no preconditions.
        let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096);
        let len = (STRIDE * cpus).next_multiple_of(page);
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice; `fd` is open.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                len,
                protection,
                libc::MAP_SHARED,
                fd.as_raw_fd(),
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error()).context("cannot map the rings into memory");
        }
        Ok(Rings {
            base: base.cast(),
            len,
            cpus,
        })
    }

    /// Number of rings.
    pub(crate) fn cpus(&self) -> usize {
        self.cpus
    }

    fn ring(&self, cpu: usize) -> *mut Ring {
        assert!(cpu < self.cpus);
        // SAFETY: in bounds of the mapping, which holds `cpus` elements.
        unsafe { self.base.add(STRIDE * cpu).cast() }
    }

    fn head(&self, cpu: usize) -> *mut RingHead {
        // SAFETY: a field of an element of the mapping.
        unsafe { &raw mut (*self.ring(cpu)).head }
    }

    /// Where the program of `cpu` has got to.
    pub(crate) fn published(&self, cpu: usize) -> u64 {
        // SAFETY: see `head`; the program writes this field, hence volatile.
        let head = unsafe { read_volatile(&raw const (*self.head(cpu)).head) };
        // Records before `head` are read after it.
        fence(Ordering::Acquire);
        head
    }

    /// Where the recorder has got to.
    pub(crate) fn consumed(&self, cpu: usize) -> u64 {
        // SAFETY: see `head`; only the recorder writes this field.
        unsafe { read_volatile(&raw const (*self.head(cpu)).tail) }
    }

    /// How full the fullest ring is, 0 to 1.
    pub(crate) fn fill(&self) -> f64 {
        let waiting = (0..self.cpus).map(|cpu| self.published(cpu).saturating_sub(self.consumed(cpu)));
        waiting.max().unwrap_or(0) as f64 / RING_DATA as f64
    }

    /// Gives everything before `position` back to the program.
    pub(crate) fn release(&self, cpu: usize, position: u64) {
        // What was read has been read before the program may write over it.
        fence(Ordering::Release);
        // SAFETY: see `consumed`.
        unsafe { write_volatile(&raw mut (*self.head(cpu)).tail, position) }
    }

    /// Lets the program of `cpu` wake the recorder again.
    pub(crate) fn allow_wake(&self, cpu: usize) {
        // SAFETY: see `head`; the program only ever sets this field, so a lost race costs one wake-up.
        unsafe {
            let woken = &raw mut (*self.head(cpu)).woken;
            if read_volatile(woken) != 0 {
                write_volatile(woken, 0);
            }
        }
    }

    /// Records written and lost (by cause) on `cpu` since the start.
    pub(crate) fn counters(&self, cpu: usize) -> (u64, [u64; LOSS_CAUSES]) {
        let head = self.head(cpu);
        // SAFETY: see `head`; the program writes these fields, hence volatile.
        unsafe {
            (
                read_volatile(&raw const (*head).written),
                read_volatile(&raw const (*head).lost),
            )
        }
    }

    /// The bytes from `position` on, which is below what was published: at least one record.
    pub(crate) fn record(&self, cpu: usize, position: u64) -> &[u8] {
        let offset = position as usize & (RING_DATA - 1);
        // SAFETY: a field of an element of the mapping.
        let data = unsafe { (&raw const (*self.ring(cpu)).data).cast::<u8>().add(offset) };
        // SAFETY: records before `published` and after `consumed` are not written any more. A length is believed only
        // up to the slack, which is inside the element.
        unsafe {
            let len = data.cast::<u32>().read() as usize;
            std::slice::from_raw_parts(data, len.clamp(size_of::<RecordHeader>(), RING_SLACK))
        }
    }
}

impl Drop for Rings {
    fn drop(&mut self) {
        // SAFETY: the mapping was made with this address and length, and nothing borrows it any more.
        unsafe { libc::munmap(self.base.cast(), self.len) };
    }
}
