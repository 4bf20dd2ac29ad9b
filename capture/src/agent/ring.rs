//! The last minutes: finished segments in memory, as they would stand in a file. Each has what its events refer to, so that any
//! of them can begin a capture.

use super::config;
use super::desk::Event;
use crate::record::{Output, Place};
use crate::{clock, heap};
use afterimage_format::file::Summary;
use afterimage_format::model::ClockAnchor;
use afterimage_format::segment::EncodedSegment;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What a segment takes beside its bytes, roughly: the names of its zone map are shared.
const OVERHEAD: usize = 2048;
/// What is mapped takes whole pages, together with the 16 bytes that the allocator puts before it.
const PAGE: usize = 4096;

/// A finished segment.
pub(crate) struct Piece {
    /// Its number, without gaps.
    pub(crate) seq: u64,
    pub(crate) segment: EncodedSegment,
    /// Its first and last event; of one that has none, when it came.
    pub(crate) from: u64,
    /// See `from`.
    pub(crate) to: u64,
}

impl Piece {
    fn size(&self) -> usize {
        let bytes = self.segment.body.capacity();
        let taken = if bytes < heap::MAPPED {
            bytes
        } else {
            (bytes + 16).next_multiple_of(PAGE)
        };
        taken + OVERHEAD
    }
}

/// The pieces, the oldest first.
#[derive(Default)]
pub(crate) struct Ring {
    pieces: VecDeque<Arc<Piece>>,
    next: u64,
    bytes: usize,
    limit: Limit,
    /// Events and losses of all pieces that have ever come, and how often a wanted one was gone.
    pub(crate) totals: Totals,
}

/// How much is kept: whichever is reached first.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Limit {
    pub(crate) bytes: usize,
    pub(crate) time: Duration,
}

impl Limit {
    pub(crate) fn of(config: &config::Ring) -> Limit {
        Limit {
            bytes: usize::try_from(config.memory.0).unwrap_or(usize::MAX),
            time: config.time.0,
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Totals {
    pub(crate) events: u64,
    pub(crate) lost: u64,
    pub(crate) bytes: u64,
}

impl Ring {
    pub(crate) fn set_limit(&mut self, limit: Limit) {
        self.limit = limit;
        // The newest stays, however large it is: captures that go on take it from here.
        self.evict(0, self.until(), 1);
    }

    fn push(&mut self, mut segment: EncodedSegment, now: u64) {
        segment.body.shrink_to_fit();
        let zone = &segment.zone;
        let (from, to) = if zone.rows == 0 {
            (now, now)
        } else {
            (zone.time_min, zone.time_max)
        };
        self.totals.events += u64::from(zone.rows);
        self.totals.lost += zone.loss_events;
        self.totals.bytes += segment.body.len() as u64;
        let piece = Arc::new(Piece {
            seq: self.next,
            segment,
            from,
            to,
        });
        self.next += 1;
        // Before it comes, others leave: what is there never takes more than it may.
        self.evict(piece.size(), to, 0);
        self.bytes += piece.size();
        self.pieces.push_back(piece);
    }

    /// Lets the oldest go, but for so many, where `more` bytes come that reach up to time `newest`.
    fn evict(&mut self, more: usize, newest: u64, keep: usize) {
        let oldest = newest.saturating_sub(u64::try_from(self.limit.time.as_nanos()).unwrap_or(u64::MAX));
        while self.pieces.len() > keep
            && (self.bytes + more > self.limit.bytes || self.pieces.front().is_some_and(|piece| piece.to < oldest))
        {
            if let Some(piece) = self.pieces.pop_front() {
                self.bytes -= piece.size();
            }
        }
    }

    /// The piece with this number, or the first behind it that is still there.
    pub(crate) fn at(&self, seq: u64) -> Option<Arc<Piece>> {
        let first = self.pieces.front()?.seq;
        let place = usize::try_from(seq.saturating_sub(first)).ok()?;
        self.pieces.get(place).cloned()
    }

    /// The number of the first piece that a capture from this time on needs: where there is one, a keyframe before it, so
    /// that what was alive then is known.
    pub(crate) fn first_since(&self, time: u64, with_state: bool) -> u64 {
        let place = self.pieces.iter().position(|piece| piece.to >= time);
        let place = place.unwrap_or(self.pieces.len());
        let mut before = self.pieces.iter().take(place + 1).rev();
        let keyframe = before.find(|piece| piece.segment.zone.keyframe && piece.from <= time);
        match keyframe {
            Some(keyframe) if with_state => keyframe.seq,
            _ => self.pieces.get(place).map_or(self.next, |piece| piece.seq),
        }
    }

    /// The number of the piece that comes next.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// From when on events are there; 0: none are.
    pub(crate) fn since(&self) -> u64 {
        self.pieces.front().map_or(0, |piece| piece.from)
    }

    /// Until when.
    pub(crate) fn until(&self) -> u64 {
        self.pieces.back().map_or(0, |piece| piece.to)
    }

    /// How many pieces there are.
    pub(crate) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The newest first.
    pub(crate) fn newest(&self) -> Vec<Arc<Piece>> {
        self.pieces.iter().rev().cloned().collect()
    }
}

/// The ring as its threads share it.
#[derive(Clone, Default)]
pub(crate) struct SharedRing(Arc<Mutex<Ring>>);

impl SharedRing {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Ring> {
        // Nothing in there is ever half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of the recorder's sink.
pub(crate) struct RingEnd {
    pub(crate) ring: SharedRing,
    pub(crate) desk: Sender<Event>,
    pub(crate) clock: ClockAnchor,
    /// Where the same segments are kept on disk.
    pub(crate) disk: Option<Output>,
    /// When something could not be kept there last; nothing since.
    pub(crate) failed: Option<Instant>,
}

/// After a failure the disk is left alone for so long.
const RETRY: Duration = Duration::from_secs(5);

impl RingEnd {
    fn disk_failed(&mut self, error: &afterimage_format::Error) {
        if self.failed.replace(Instant::now()).is_none() {
            let _ = self.desk.send(Event::Disk(Err(error.to_string())));
        }
    }
}

impl Place for RingEnd {
    fn append(&mut self, segment: EncodedSegment) -> afterimage_format::Result<()> {
        if let Some(disk) = &mut self.disk
            && self.failed.is_none()
            && let Err(error) = disk.append_ref(&segment)
        {
            self.disk_failed(&error);
        }
        let now = clock::boottime()
            .wrapping_sub(self.clock.boottime)
            .wrapping_add(self.clock.realtime);
        self.ring.lock().push(segment, now);
        let _ = self.desk.send(Event::Piece);
        Ok(())
    }

    fn attach(&mut self, _: &str, _: &[u8]) -> afterimage_format::Result<()> {
        Ok(())
    }

    fn rotate(&mut self, summary: &Summary) -> afterimage_format::Result<()> {
        let rotated = self.disk.as_mut().map_or(Ok(()), |disk| disk.rotate(summary));
        match rotated {
            Err(error) => self.disk_failed(&error),
            Ok(()) if self.failed.take().is_some() => {
                let _ = self.desk.send(Event::Disk(Ok(())));
            }
            Ok(()) => {}
        }
        Ok(())
    }

    fn seal(&mut self, summary: &Summary) -> afterimage_format::Result<u64> {
        match &mut self.disk {
            Some(disk) => disk.seal(summary),
            None => Ok(0),
        }
    }

    fn mark(&mut self, mark: u64) {
        let _ = self.desk.send(Event::Mark(mark));
    }

    fn is_full(&self) -> bool {
        match self.failed {
            // What comes behind a gap begins another file, with what was alive then.
            Some(at) => at.elapsed() >= RETRY,
            None => self.disk.as_ref().is_some_and(Place::is_full),
        }
    }

    fn bytes(&self) -> u64 {
        self.disk.as_ref().map_or(0, Place::bytes)
    }

    fn files(&self) -> u32 {
        self.disk.as_ref().map_or(0, Place::files)
    }

    fn path(&self) -> &Path {
        self.disk.as_ref().map_or(Path::new("the ring"), Place::path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use afterimage_format::segment::Zone;

    fn segment(from: u64, to: u64, bytes: usize, keyframe: bool) -> EncodedSegment {
        EncodedSegment {
            body: vec![0; bytes],
            zone: Zone {
                rows: 1,
                time_min: from,
                time_max: to,
                keyframe,
                ..Zone::default()
            },
        }
    }

    #[test]
    fn the_oldest_leave_by_bytes_and_by_time() {
        let mut ring = Ring::default();
        ring.set_limit(Limit {
            bytes: 3 * (1000 + OVERHEAD),
            time: Duration::from_nanos(50),
        });
        for at in 0..5 {
            ring.push(segment(at * 10, at * 10 + 9, 1000, at == 0), 0);
        }
        assert_eq!(
            (ring.pieces.len(), ring.since(), ring.until(), ring.next()),
            (3, 20, 49, 5)
        );
        assert_eq!(ring.bytes(), 3 * (1000 + OVERHEAD));
        // What is gone is answered with what comes behind it.
        assert_eq!(ring.at(0).map(|piece| piece.seq), Some(2));
        assert!(ring.at(5).is_none());
        ring.push(segment(100, 101, 10, false), 0);
        assert_eq!((ring.since(), ring.pieces.len()), (100, 1));
        // One that is too large stays until the next.
        ring.push(segment(102, 103, 90_000, false), 0);
        assert_eq!((ring.since(), ring.pieces.len()), (102, 1));
        assert_eq!(ring.totals.events, 7);
    }

    #[test]
    fn a_capture_of_the_node_begins_at_a_keyframe() {
        let mut ring = Ring::default();
        ring.set_limit(Limit {
            bytes: usize::MAX,
            time: Duration::from_secs(1),
        });
        for at in 0..6 {
            ring.push(segment(at * 10, at * 10 + 9, 10, at == 1 || at == 4), 0);
        }
        for (time, with_state, first) in [
            (35, false, 3),
            (35, true, 1),
            (45, true, 4),
            (5, true, 0),
            (99, false, 6),
            (99, true, 4),
        ] {
            assert_eq!(ring.first_since(time, with_state), first, "{time} {with_state}");
        }
    }
}
