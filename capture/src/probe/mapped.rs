//! Mapped rings: each CPU's is an element of an array in memory that is shared with the kernel program, which writes records
//! in place. No copy, no call.

use super::memory::{self, Mapping};
use super::rings::{Found, Head, Source, Span};
use afterimage_abi::{RING_SLACK, RecordHeader, Ring, RingHead};
use anyhow::{Context, Result};
use std::mem::offset_of;
use std::os::fd::OwnedFd;

/// All rings.
pub(crate) struct Mapped {
    memory: Mapping,
    size: u32,
    /// Distance of two elements.
    stride: usize,
    cpus: usize,
}

/// Bytes of an element.
pub(super) const fn element(size: u32) -> usize {
    size_of::<Ring>() + size as usize
}

/// Rings whose memory is the kernel's alone yet. Mapped, it counts as the recorder's, which needs much of its own to load the
/// program.
pub(super) struct Unmapped {
    map: OwnedFd,
    size: u32,
    cpus: usize,
}

impl Unmapped {
    /// Makes a ring of `size` data bytes for each of `cpus`, which can be mapped.
    pub(super) fn new(size: u32, cpus: usize) -> Result<Unmapped> {
        let value = u32::try_from(element(size)).context("too long a ring")?;
        let map = memory::array("RINGS", value, u32::try_from(cpus)?)?;
        let rings = Unmapped { map, size, cpus };
        // Whether that can be is to be known before the program is loaded; the memory is given back at once.
        rings.memory()?;
        Ok(rings)
    }

    /// Distance of two elements: the kernel rounds them up to 8 bytes.
    fn stride(&self) -> usize {
        element(self.size).next_multiple_of(8)
    }

    fn memory(&self) -> Result<Mapping> {
        Mapping::new(&self.map, 0, self.stride() * self.cpus, true)
    }

    /// The array.
    pub(super) fn fd(&self) -> &OwnedFd {
        &self.map
    }

    /// Data bytes of a ring.
    pub(super) fn size(&self) -> u64 {
        self.size.into()
    }

    /// Number of rings.
    pub(super) fn cpus(&self) -> usize {
        self.cpus
    }

    /// Maps them.
    pub(super) fn map(self) -> Result<Mapped> {
        Ok(Mapped {
            memory: self.memory()?,
            stride: self.stride(),
            size: self.size,
            cpus: self.cpus,
        })
    }
}

impl Mapped {
    /// Data bytes of a ring.
    pub(super) fn size(&self) -> u64 {
        self.size.into()
    }

    pub(super) fn head(&self, cpu: usize) -> Head {
        assert!(cpu < self.cpus);
        // SAFETY: an element of the mapping begins with its head.
        unsafe { Head::new(self.memory.at(self.stride * cpu).cast::<RingHead>()) }
    }
}

impl Source for Mapped {
    fn rings(&self) -> usize {
        self.cpus
    }

    fn span(&self, ring: usize) -> Span {
        let head = self.head(ring);
        // First, see `Head::is_busy`.
        let writing = head.is_busy();
        let (end, at) = (head.published(), head.consumed());
        if end < at || end - at > self.size() {
            // More than fits cannot be there: it is passed over, and found missing in the end.
            head.release(end);
            return Span { at: end, end, writing };
        }
        Span { at, end, writing }
    }

    fn record(&self, ring: usize, at: u64, end: u64) -> Option<Found<'_>> {
        assert!(ring < self.cpus);
        let offset = (at & (self.size() - 1)) as usize;
        let data = self.memory.at(self.stride * ring + offset_of!(Ring, data) + offset);
        // SAFETY: in the mapping: there is slack behind every offset. Aligned, as records are; where one is not, the read
        // does not care.
        let len = unsafe { data.cast::<u32>().read_unaligned() } as usize;
        let left = end.saturating_sub(at);
        let makes_sense =
            len >= size_of::<RecordHeader>() && len.is_multiple_of(8) && len <= RING_SLACK && len as u64 <= left;
        if !makes_sense {
            return Some(Found {
                bytes: &[],
                cpu: ring as u16,
                next: end,
            });
        }
        fetch_ahead(data.wrapping_add(len));
        Some(Found {
            // SAFETY: in the mapping, see above; records between tail and head are not written any more.
            bytes: unsafe { std::slice::from_raw_parts(data, len) },
            cpu: ring as u16,
            next: at + len as u64,
        })
    }

    fn release(&self, ring: usize, position: u64) {
        self.head(ring).release(position);
    }
}

/// Asks for the record behind the one that is read now: another CPU wrote it, and its cache is far.
#[cfg(target_arch = "x86_64")]
#[inline]
fn fetch_ahead(at: *const u8) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // 256 bytes; what lies behind comes as it is read.
    for line in 0..4 {
        // SAFETY: nothing is read, and no address is wrong.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.wrapping_add(line * 64).cast()) };
    }
}

/// Elsewhere it takes more than stable Rust has.
#[cfg(not(target_arch = "x86_64"))]
fn fetch_ahead(_: *const u8) {}

#[cfg(test)]
mod tests {
    use super::super::memory::anonymous;
    use super::*;
    use afterimage_abi::RING_SIZE_MIN;
    use std::ptr::write_volatile;

    const SIZE: u32 = RING_SIZE_MIN;

    /// Rings whose producer is the test.
    fn rings(cpus: usize) -> Mapped {
        Unmapped {
            map: anonymous(element(SIZE) * cpus),
            size: SIZE,
            cpus,
        }
        .map()
        .unwrap()
    }

    fn head(rings: &Mapped, cpu: usize) -> *mut RingHead {
        rings.memory.at(rings.stride * cpu).cast()
    }

    /// Writes the fields of a head as a broken producer might.
    fn set(rings: &Mapped, cpu: usize, published: u64, consumed: u64) {
        // SAFETY: in the mapping, which nobody else writes.
        unsafe {
            write_volatile(&raw mut (*head(rings, cpu)).head, published);
            write_volatile(&raw mut (*head(rings, cpu)).tail, consumed);
        }
    }

    fn write(rings: &Mapped, cpu: usize, at: u64, bytes: &[u8]) {
        let offset = (at & (rings.size() - 1)) as usize;
        let to = rings.memory.at(rings.stride * cpu + offset_of!(Ring, data) + offset);
        // SAFETY: no more than the slack, which is behind every offset.
        unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    }

    /// A record of `len` bytes, each `fill`.
    fn record(len: u32, fill: u8) -> Vec<u8> {
        let mut bytes = vec![fill; len as usize];
        bytes[..4].copy_from_slice(&len.to_le_bytes());
        bytes
    }

    #[test]
    fn every_byte_comes_back_however_the_ring_wraps() {
        let rings = rings(2);
        let (mut head, mut state) = (0u64, 1u32);
        let mut waiting: Vec<(u64, Vec<u8>)> = Vec::new();
        // Some 40 times around.
        for at in 0..4000u32 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let bytes = record(40 + (state >> 8) % 1250 * 8, at as u8);
            write(&rings, 1, head, &bytes);
            let start = head;
            head += bytes.len() as u64;
            waiting.push((start, bytes));
            set(&rings, 1, head, rings.head(1).consumed());
            if state >> 28 == 0 || waiting.len() > 30 {
                let span = rings.span(1);
                assert_eq!((span.at, span.end), (waiting[0].0, head));
                let mut position = span.at;
                for (start, bytes) in waiting.drain(..) {
                    let found = rings.record(1, position, span.end).unwrap();
                    assert_eq!((position, found.bytes, found.cpu), (start, bytes.as_slice(), 1));
                    position = found.next;
                }
                rings.release(1, position);
            }
            assert_eq!(
                rings.span(0),
                Span {
                    at: 0,
                    end: 0,
                    writing: false
                }
            );
        }
        assert!(head > 30 * rings.size());
    }

    #[test]
    fn heads_that_cannot_be_are_passed_over() {
        let size = u64::from(SIZE);
        for (published, consumed) in [
            (size + 1, 0),
            (u64::MAX, 0),
            (0, 1),
            (1 << 63, size),
            (100, u64::MAX - size),
            (48, u64::MAX - 47),
        ] {
            let rings = rings(1);
            set(&rings, 0, published, consumed);
            let span = rings.span(0);
            assert_eq!((span.at, span.end), (published, published), "{published} {consumed}");
            assert_eq!(rings.head(0).consumed(), published);
        }
    }

    #[test]
    fn lengths_that_cannot_be_end_their_span() {
        for (len, left) in [
            (0, 400),
            (39, 400),
            (44, 400),
            (408, 400),
            (u32::MAX, 400),
            (RING_SLACK as u32 + 8, u64::from(SIZE)),
            (40, 8),
            (40, 1),
        ] {
            let rings = rings(1);
            // The last bytes of the ring: nothing behind the slack may be looked at.
            let at = u64::from(SIZE) - 8;
            set(&rings, 0, at + left, at);
            write(&rings, 0, at, &len.to_le_bytes());
            let span = rings.span(0);
            let found = rings.record(0, span.at, span.end).unwrap();
            assert_eq!((found.bytes, found.next), (&[] as &[u8], at + left), "{len} of {left}");
        }
        // A position that no record has.
        let rings = rings(1);
        set(&rings, 0, 1000, 3);
        let found = rings.record(0, 3, 1000).unwrap();
        assert!(found.bytes.is_empty() && found.next == 1000);
    }
}
