//! The records of all rings in the order of their time. Whole runs are taken from a ring: as long as its next record is
//! older than those of the other rings, no other ring is looked at.

use crate::events::Raw;
use crate::probe::Source;
use std::cmp::Ordering;

/// Bytes after which a ring's place is given back to the kernel.
const RELEASE: u64 = 256 << 10;
/// No record has this time.
const NEVER: u64 = u64::MAX;

/// How far the rings have been read.
#[derive(Default)]
pub(super) struct Merge {
    /// Time of the last record of each ring: what it still writes is not older.
    last: Vec<u64>,
}

/// What came of a turn.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taken {
    /// Bytes of records.
    pub(super) bytes: u64,
    /// Whether records had to stay because an older one was being written.
    pub(super) held: bool,
}

struct Cursor {
    ring: usize,
    at: u64,
    end: u64,
    released: u64,
    writing: bool,
    /// Whether there is a record at `at`.
    ready: bool,
    /// Its time. Where there is none, the least that the next one can have.
    time: u64,
}

impl Cursor {
    /// The older one first; of two with one time, the one that is there.
    #[inline]
    fn cmp(&self, other: &Cursor) -> Ordering {
        self.time.cmp(&other.time).then(other.ready.cmp(&self.ready))
    }

    fn load(&mut self, source: &impl Source, last: u64, wait: bool) {
        self.ready = false;
        if self.at < self.end {
            if let Some(found) = source.record(self.ring, self.at, self.end) {
                self.ready = true;
                // What makes no sense is told of in its place.
                self.time = Raw::header(found.bytes).map_or(last, |h| h.time.min(NEVER - 1));
                return;
            }
            self.writing = true;
        }
        self.time = if self.writing && wait { last } else { NEVER };
    }
}

impl Merge {
    /// Hands every record up to `until` (boot clock) to `take`, oldest first, with its CPU. What has been published later
    /// stays for the next time: another CPU may still publish something older. With `wait`, so does what is younger than
    /// a record that is still being written.
    pub(super) fn turn(
        &mut self,
        source: &impl Source,
        until: u64,
        wait: bool,
        mut take: impl FnMut(&[u8], u16),
    ) -> Taken {
        self.last.resize(source.rings(), 0);
        let mut cursors: Vec<Cursor> = (0..source.rings())
            .map(|ring| {
                let span = source.span(ring);
                Cursor {
                    ring,
                    at: span.at,
                    end: span.end,
                    released: span.at,
                    writing: span.writing,
                    ready: false,
                    time: NEVER,
                }
            })
            .filter(|c| c.at < c.end || c.writing)
            .collect();
        for cursor in &mut cursors {
            cursor.load(source, self.last[cursor.ring], wait);
        }
        let mut taken = Taken::default();
        while let Some(first) = (0..cursors.len()).min_by(|a, b| cursors[*a].cmp(&cursors[*b])) {
            let others = (0..cursors.len())
                .filter(|at| *at != first)
                .map(|at| cursors[at].time)
                .min();
            let limit = others.unwrap_or(NEVER).min(until);
            let cursor = &mut cursors[first];
            if !cursor.ready || cursor.time > until {
                taken.held = !cursor.ready && cursors.iter().any(|c| c.ready && c.time <= until);
                break;
            }
            let last = &mut self.last[cursor.ring];
            while cursor.ready && cursor.time <= limit {
                let Some(found) = source.record(cursor.ring, cursor.at, cursor.end) else {
                    break;
                };
                take(found.bytes, found.cpu);
                *last = cursor.time.max(*last);
                taken.bytes += found.next - cursor.at;
                cursor.at = found.next;
                if cursor.at - cursor.released >= RELEASE {
                    source.release(cursor.ring, cursor.at);
                    cursor.released = cursor.at;
                }
                cursor.load(source, *last, wait);
            }
        }
        for cursor in cursors.iter().filter(|c| c.at != c.released) {
            source.release(cursor.ring, cursor.at);
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::{Found, Span};
    use afterimage_abi::RecordHeader;
    use std::cell::Cell;

    /// A ring as this module sees it: its records lie in a row, and position is their index.
    #[derive(Default)]
    struct Simulated {
        /// Time of each record; `None`: it is reserved, and not written yet.
        times: Vec<Option<u64>>,
        writing: bool,
        tail: Cell<u64>,
        bytes: Vec<Vec<u8>>,
    }

    impl Simulated {
        fn new(times: &[u64]) -> Simulated {
            let mut ring = Simulated::default();
            ring.publish(times);
            ring
        }

        fn publish(&mut self, times: &[u64]) {
            for time in times {
                let mut bytes = vec![0; size_of::<RecordHeader>()];
                bytes[8..16].copy_from_slice(&time.to_le_bytes());
                self.bytes.push(bytes);
                self.times.push(Some(*time));
            }
        }
    }

    impl Source for Vec<Simulated> {
        fn rings(&self) -> usize {
            self.len()
        }

        fn span(&self, ring: usize) -> Span {
            Span {
                at: self[ring].tail.get(),
                end: self[ring].times.len() as u64,
                writing: self[ring].writing,
            }
        }

        fn record(&self, ring: usize, at: u64, end: u64) -> Option<Found<'_>> {
            assert!(at < end && end <= self[ring].times.len() as u64);
            self[ring].times[at as usize]?;
            Some(Found {
                bytes: &self[ring].bytes[at as usize],
                cpu: ring as u16,
                next: at + 1,
            })
        }

        fn release(&self, ring: usize, position: u64) {
            assert!(position >= self[ring].tail.get());
            self[ring].tail.set(position);
        }
    }

    fn turn(merge: &mut Merge, rings: &Vec<Simulated>, until: u64, wait: bool) -> (Vec<(u16, u64)>, bool) {
        let mut out = Vec::new();
        let taken = merge.turn(rings, until, wait, |bytes, cpu| {
            out.push((cpu, Raw::header(bytes).map_or(0, |header| header.time)));
        });
        assert_eq!(taken.bytes, out.len() as u64);
        (out, taken.held)
    }

    #[test]
    fn rings_are_merged_by_time_up_to_a_limit() {
        let rings = vec![
            Simulated::new(&[1, 2, 9]),
            Simulated::new(&[3, 4, 5, 20]),
            Simulated::new(&[]),
        ];
        let mut merge = Merge::default();
        let (out, held) = turn(&mut merge, &rings, 10, true);
        assert_eq!(out, [(0, 1), (0, 2), (1, 3), (1, 4), (1, 5), (0, 9)]);
        assert!(!held);
        assert_eq!(turn(&mut merge, &rings, 10, true).0, []);
        assert_eq!(turn(&mut merge, &rings, 20, true).0, [(1, 20)]);
        assert_eq!(rings.iter().map(|ring| ring.tail.get()).collect::<Vec<_>>(), [3, 4, 0]);
    }

    #[test]
    fn what_is_younger_than_a_record_that_is_being_written_waits_for_it() {
        let mut rings = vec![Simulated::new(&[1, 5]), Simulated::new(&[2, 6, 7])];
        rings[0].writing = true;
        let mut merge = Merge::default();
        let (out, held) = turn(&mut merge, &rings, 100, true);
        assert_eq!((out.as_slice(), held), ([(0, 1), (1, 2), (0, 5)].as_slice(), true));
        // However often it is looked at.
        assert_eq!(turn(&mut merge, &rings, 100, true), (vec![], true));
        rings[0].publish(&[6]);
        rings[0].writing = false;
        let (out, held) = turn(&mut merge, &rings, 100, true);
        assert_eq!((out.as_slice(), held), ([(0, 6), (1, 6), (1, 7)].as_slice(), false));
    }

    #[test]
    fn under_pressure_and_in_the_end_nothing_waits() {
        let mut rings = vec![Simulated::new(&[]), Simulated::new(&[2, 6])];
        rings[0].writing = true;
        let mut merge = Merge::default();
        assert_eq!(turn(&mut merge, &rings, 100, true), (vec![], true));
        assert_eq!(turn(&mut merge, &rings, 100, false), (vec![(1, 2), (1, 6)], false));
        // It comes late, and is kept.
        rings[0].publish(&[3]);
        rings[0].writing = false;
        assert_eq!(turn(&mut merge, &rings, 100, true), (vec![(0, 3)], false));
    }

    #[test]
    fn a_record_that_is_reserved_and_not_written_holds_its_ring_and_what_is_younger() {
        let mut rings = vec![Simulated::new(&[1, 4, 8]), Simulated::new(&[2, 6])];
        rings[0].times[1] = None;
        let mut merge = Merge::default();
        assert_eq!(turn(&mut merge, &rings, 100, true), (vec![(0, 1)], true));
        rings[0].times[1] = Some(4);
        assert_eq!(
            turn(&mut merge, &rings, 100, true),
            (vec![(1, 2), (0, 4), (1, 6), (0, 8)], false)
        );
    }

    /// Threads change CPU while the rings are read: what one did is never told in another order.
    #[test]
    fn a_thread_that_changes_its_ring_stays_in_order() {
        let mut rings = vec![Simulated::new(&[]), Simulated::new(&[])];
        let mut merge = Merge::default();
        let (mut seen, mut state) = (Vec::new(), 1u64);
        for time in 1..5000u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let on = (state >> 60) as usize % 2;
            rings[on].publish(&[time]);
            rings[1 - on].writing = state >> 50 & 3 == 0;
            if state >> 40 & 7 == 0 {
                let until = time - (state >> 30 & 3).min(time);
                seen.extend(
                    turn(&mut merge, &rings, until, true)
                        .0
                        .into_iter()
                        .map(|(_, time)| time),
                );
            }
        }
        seen.extend(
            turn(&mut merge, &rings, u64::MAX, false)
                .0
                .into_iter()
                .map(|(_, time)| time),
        );
        assert_eq!(seen, (1..5000).collect::<Vec<u64>>());
    }

    #[test]
    fn times_that_no_clock_has_end_nothing() {
        let mut rings = vec![Simulated::new(&[u64::MAX, u64::MAX, 3]), Simulated::new(&[2])];
        rings[0].bytes[1].clear();
        let mut merge = Merge::default();
        let (out, _) = turn(&mut merge, &rings, u64::MAX, false);
        assert_eq!(out, [(1, 2), (0, u64::MAX), (0, 0), (0, 3)]);
    }
}
