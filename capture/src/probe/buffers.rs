//! Ring buffers of the kernel's, one for each CPU that was online at the start; CPUs that come later share them. The fall-back
//! where rings cannot be mapped.

use super::memory::{self, Mapping};
use super::rings::{Found, Head, Source, Span};
use afterimage_abi::{RecordHeader, RingHead, Trailer};
use anyhow::{Result, bail};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// `BPF_RINGBUF_BUSY_BIT` (include/uapi/linux/bpf.h): the record is being written.
const BUSY: u32 = 1 << 31;
/// `BPF_RINGBUF_DISCARD_BIT`.
const DISCARD: u32 = 1 << 30;
/// Bytes before a record (`BPF_RINGBUF_HDR_SZ`).
const HEADER: usize = 8;

/// One ring buffer. Its data stand in memory twice, one behind the other, so that no record wraps.
struct Buffer {
    map: OwnedFd,
    consumer: Mapping,
    producer: Mapping,
}

impl Buffer {
    fn new(size: u32) -> Result<Buffer> {
        Buffer::map(memory::ring_buffer(size)?, size)
    }

    fn map(map: OwnedFd, size: u32) -> Result<Buffer> {
        let page = memory::page();
        Ok(Buffer {
            consumer: Mapping::new(&map, 0, page, true)?,
            producer: Mapping::new(&map, page, page + 2 * size as usize, false)?,
            map,
        })
    }

    fn consumed(&self) -> &AtomicU64 {
        // SAFETY: the page begins with the position.
        unsafe { &*self.consumer.at(0).cast() }
    }

    fn published(&self) -> &AtomicU64 {
        // SAFETY: as above.
        unsafe { &*self.producer.at(0).cast() }
    }
}

/// All of them.
pub(crate) struct Buffers {
    buffers: Vec<Buffer>,
    size: u32,
    /// Which of them each CPU writes to.
    of_cpu: Vec<usize>,
    /// What each CPU counts.
    heads: Mapping,
    heads_map: OwnedFd,
}

impl Buffers {
    /// Makes one of `size` bytes for each of the CPUs `online`, shared by those below `possible`.
    pub(super) fn new(size: u32, online: &[usize], possible: usize) -> Result<Buffers> {
        if online.is_empty() {
            bail!("no CPU is online");
        }
        let own = |cpu: usize| online.iter().position(|online| *online == cpu);
        let of_cpu = (0..possible).map(|cpu| own(cpu).unwrap_or(cpu % online.len()));
        let buffers = online.iter().map(|_| Buffer::new(size)).collect::<Result<_>>()?;
        let heads = memory::array("HEADS", size_of::<RingHead>() as u32, u32::try_from(possible)?)?;
        Buffers::with(buffers, heads, size, of_cpu.collect())
    }

    fn with(buffers: Vec<Buffer>, heads_map: OwnedFd, size: u32, of_cpu: Vec<usize>) -> Result<Buffers> {
        let possible = of_cpu.len();
        Ok(Buffers {
            buffers,
            size,
            of_cpu,
            heads: Mapping::new(&heads_map, 0, size_of::<RingHead>() * possible, true)?,
            heads_map,
        })
    }

    /// The array of what each CPU counts.
    pub(super) fn heads_map(&self) -> &OwnedFd {
        &self.heads_map
    }

    /// The ring buffer of each CPU.
    pub(super) fn of_cpus(&self) -> impl Iterator<Item = &OwnedFd> {
        self.of_cpu.iter().map(|at| &self.buffers[*at].map)
    }

    pub(super) fn size(&self) -> u64 {
        self.size.into()
    }

    pub(super) fn cpus(&self) -> usize {
        self.of_cpu.len()
    }

    pub(super) fn head(&self, cpu: usize) -> Head {
        assert!(cpu < self.cpus());
        // SAFETY: an element of the mapping.
        unsafe { Head::new(self.heads.at(size_of::<RingHead>() * cpu).cast()) }
    }
}

impl Source for Buffers {
    fn rings(&self) -> usize {
        self.buffers.len()
    }

    fn span(&self, ring: usize) -> Span {
        let mut writers = self.of_cpu.iter().enumerate().filter(|(_, of)| **of == ring);
        // First, see `Head::is_busy`.
        let writing = writers.any(|(cpu, _)| self.head(cpu).is_busy());
        let end = self.buffers[ring].published().load(Ordering::Acquire);
        let at = self.buffers[ring].consumed().load(Ordering::Relaxed);
        if end < at || end - at > self.size() {
            // As in a mapped ring.
            self.release(ring, end);
            return Span { at: end, end, writing };
        }
        Span { at, end, writing }
    }

    fn record(&self, ring: usize, at: u64, end: u64) -> Option<Found<'_>> {
        let buffer = &self.buffers[ring];
        let start = memory::page() + (at & (self.size() - 1)) as usize;
        // SAFETY: in the mapping, as the data stand there twice; aligned, as all positions are multiples of 8.
        let header = unsafe { &*buffer.producer.at(start & !7).cast::<AtomicU32>() };
        let header = header.load(Ordering::Acquire);
        if header & BUSY != 0 {
            return None;
        }
        let len = (header & !DISCARD) as usize;
        let left = end.saturating_sub(at);
        let next = (HEADER + len).next_multiple_of(8) as u64;
        let nothing = |next| Found {
            bytes: &[],
            cpu: 0,
            next,
        };
        if !start.is_multiple_of(8) || next > left.min(self.size()) {
            return Some(nothing(end));
        }
        let least = size_of::<RecordHeader>() + size_of::<Trailer>();
        if header & DISCARD != 0 || len < least || !len.is_multiple_of(8) {
            return Some(nothing(at + next));
        }
        let data = buffer.producer.at(start + HEADER);
        // SAFETY: in the mapping, see above; what is committed is not written any more before it is released.
        let all = unsafe { std::slice::from_raw_parts(data, len) };
        let (bytes, trailer) = all.split_at(len - size_of::<Trailer>());
        let cpu = trailer.first_chunk().map_or(0, |cpu| u32::from_le_bytes(*cpu));
        Some(Found {
            bytes,
            cpu: cpu as u16,
            next: at + next,
        })
    }

    fn release(&self, ring: usize, position: u64) {
        self.buffers[ring].consumed().store(position, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use afterimage_abi::RING_SIZE_MIN;
    use memory::anonymous;

    const SIZE: u32 = RING_SIZE_MIN;

    /// Two CPUs that share a buffer whose producer is the test. Returns where it can be written, too.
    fn buffers() -> (Buffers, Mapping) {
        let len = 2 * memory::page() + 2 * SIZE as usize;
        let map = anonymous(len);
        let all = Mapping::new(&map, 0, len, true).unwrap();
        let buffers = vec![Buffer::map(map, SIZE).unwrap()];
        let heads = anonymous(2 * size_of::<RingHead>());
        (Buffers::with(buffers, heads, SIZE, vec![0, 0]).unwrap(), all)
    }

    fn publish(all: &Mapping, end: u64) {
        // SAFETY: the second page begins with the position.
        unsafe { &*all.at(memory::page()).cast::<AtomicU64>() }.store(end, Ordering::Release);
    }

    /// Writes bytes at a position, in both places where the kernel shows them.
    fn write(all: &Mapping, at: u64, bytes: &[u8]) {
        for (offset, byte) in bytes.iter().enumerate() {
            let place = (at as usize + offset) % SIZE as usize + 2 * memory::page();
            for place in [place, place + SIZE as usize] {
                // SAFETY: in the mapping.
                unsafe { *all.at(place) = *byte };
            }
        }
    }

    /// A record of `len` bytes, each `fill`, as the kernel has it in a buffer.
    fn record(len: u32, fill: u8, cpu: u32) -> Vec<u8> {
        let mut bytes = (len + 8).to_le_bytes().to_vec();
        bytes.extend([0; 4]);
        bytes.extend(vec![fill; len as usize]);
        bytes.extend(cpu.to_le_bytes());
        bytes.extend([0; 4]);
        bytes
    }

    #[test]
    fn every_byte_comes_back_however_the_buffer_wraps() {
        let (buffers, all) = buffers();
        let (mut end, mut state) = (0u64, 1u32);
        for at in 0..3000u32 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let bytes = record(40 + (state >> 8) % 1250 * 8, at as u8, at % 2);
            write(&all, end, &bytes);
            end += bytes.len() as u64;
            publish(&all, end);
            let span = buffers.span(0);
            assert_eq!((span.end, span.writing), (end, false));
            let found = buffers.record(0, span.at, span.end).unwrap();
            assert_eq!(found.bytes, &bytes[8..bytes.len() - 8]);
            assert_eq!((u32::from(found.cpu), found.next), (at % 2, end));
            buffers.release(0, found.next);
        }
        assert!(end > 20 * buffers.size());
    }

    #[test]
    fn a_record_that_is_being_written_is_not_there_yet() {
        let (buffers, all) = buffers();
        let bytes = record(64, 7, 1);
        write(&all, 0, &bytes);
        write(&all, 0, &(72 | BUSY).to_le_bytes());
        publish(&all, bytes.len() as u64);
        assert_eq!(buffers.record(0, 0, 80), None);
        write(&all, 0, &72u32.to_le_bytes());
        assert_eq!(buffers.record(0, 0, 80).unwrap().bytes, [7; 64]);
    }

    #[test]
    fn what_cannot_be_is_passed_over() {
        let (buffers, all) = buffers();
        for (header, end, next) in [
            (0u32, 400u64, 8u64),
            (44, 400, 56),
            (72 | DISCARD, 400, 80),
            (400, 400, 400),
            (!BUSY, 400, 400),
            (SIZE, 400, 400),
            (72, 8, 8),
        ] {
            write(&all, 0, &header.to_le_bytes());
            let found = buffers.record(0, 0, end).unwrap();
            assert_eq!((found.bytes, found.next), (&[] as &[u8], next), "{header:x} of {end}");
        }
        for end in [u64::from(SIZE) + 8, u64::MAX, 1 << 63] {
            publish(&all, end);
            let span = buffers.span(0);
            assert_eq!((span.at, span.end), (end, end));
            publish(&all, 0);
            buffers.release(0, 0);
        }
        // A position that no record has.
        assert_eq!(buffers.record(0, 3, 1000).unwrap().next, 1000);
    }
}
