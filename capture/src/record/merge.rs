//! The records of all CPUs in the order of their time. Whole runs are taken from a ring: as long as its next record is
//! older than those of the other rings, no other ring is looked at.

use crate::events::Raw;
use crate::probe::Rings;

/// Bytes after which a ring's place is given back to the kernel.
const RELEASE: u64 = 256 << 10;

struct Cursor {
    cpu: usize,
    at: u64,
    end: u64,
    released: u64,
    /// Time of the next record; `u64::MAX`: none.
    time: u64,
}

impl Cursor {
    fn load(&mut self, rings: &Rings) {
        self.time = if self.at < self.end {
            Raw::header(rings.record(self.cpu, self.at)).map_or(u64::MAX, |h| h.time)
        } else {
            u64::MAX
        };
    }
}

/// Hands every record up to `until` (boot clock) to `take`, oldest first; returns the number of bytes. What has been
/// published later stays for the next time: another CPU may still publish something older.
pub(super) fn merge(rings: &Rings, until: u64, mut take: impl FnMut(&[u8], u16)) -> u64 {
    let mut cursors: Vec<Cursor> = (0..rings.cpus())
        .map(|cpu| {
            let at = rings.consumed(cpu);
            Cursor {
                cpu,
                at,
                end: rings.published(cpu),
                released: at,
                time: u64::MAX,
            }
        })
        .filter(|c| c.at < c.end)
        .collect();
    cursors.iter_mut().for_each(|c| c.load(rings));
    let mut bytes = 0;
    while let Some(first) = (0..cursors.len()).min_by_key(|at| cursors[*at].time) {
        let others = (0..cursors.len())
            .filter(|at| *at != first)
            .map(|at| cursors[at].time)
            .min();
        let limit = others.unwrap_or(u64::MAX).min(until);
        let cursor = &mut cursors[first];
        if cursor.time > until || cursor.time == u64::MAX {
            break;
        }
        while cursor.time <= limit && cursor.time != u64::MAX {
            let record = rings.record(cursor.cpu, cursor.at);
            take(record, cursor.cpu as u16);
            cursor.at += record.len() as u64;
            bytes += record.len() as u64;
            if cursor.at - cursor.released >= RELEASE {
                rings.release(cursor.cpu, cursor.at);
                cursor.released = cursor.at;
            }
            cursor.load(rings);
        }
    }
    for cursor in cursors {
        rings.release(cursor.cpu, cursor.at);
    }
    bytes
}
