//! Groups: what the segments of one leaf hold together.

use super::IndexEntry;
use crate::meta::record;
use crate::segment::{ContainerCount, KindCount};
use hashbrown::HashMap;
use std::sync::Arc;

/// The segments of one leaf.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    /// Offset of the LEAF block; in a file without an index, where the group's last segment ends.
    pub offset: u64,
    /// Length of the LEAF block, its header included; 0 in a file without an index.
    pub length: u64,
    /// BLAKE3 of the LEAF block as stored.
    pub hash: [u8; 32],
    /// Offset of its first segment.
    pub start: u64,
    /// Segments.
    pub segments: u32,
    /// Rows of all of them.
    pub rows: u64,
    /// `evt.num` of its first row.
    pub first_num: u64,
    /// Earliest and latest row, nanoseconds since the Unix epoch; 0 where there are no rows.
    pub time_min: u64,
    /// See `time_min`.
    pub time_max: u64,
    /// Kinds, summed up by name.
    pub kinds: Vec<KindCount>,
    /// Containers, summed up.
    pub containers: Vec<ContainerCount>,
    /// Loss records, and the events that they count.
    pub loss_records: u64,
    /// See `loss_records`.
    pub loss_events: u64,
    /// Segments that are keyframes.
    pub keyframes: u32,
    /// Sum of [`crate::segment::Zone::incomplete`].
    pub incomplete: u64,
}
record!(Group {
    offset,
    length,
    hash,
    start,
    segments,
    rows,
    first_num,
    time_min,
    time_max,
    kinds,
    containers,
    loss_records,
    loss_events,
    keyframes,
    incomplete
});

impl Group {
    /// The sums of these entries. Offset, length and hash are those of the leaf, which the caller knows.
    pub(crate) fn of<'e>(entries: impl IntoIterator<Item = &'e IndexEntry>) -> Group {
        let mut group = Group::default();
        let mut kinds: HashMap<Arc<str>, usize> = HashMap::new();
        let mut containers: HashMap<u64, usize> = HashMap::new();
        for entry in entries {
            let zone = &entry.zone;
            if group.segments == 0 {
                group.start = entry.offset;
            }
            if zone.rows > 0 {
                // Segments without rows have no times and no numbers of their own.
                if group.rows == 0 {
                    (group.first_num, group.time_min) = (zone.first_num, zone.time_min);
                }
                group.time_min = group.time_min.min(zone.time_min);
                group.time_max = group.time_max.max(zone.time_max);
            }
            group.segments += 1;
            group.rows += u64::from(zone.rows);
            group.loss_records = group.loss_records.saturating_add(u64::from(zone.loss_records));
            group.loss_events = group.loss_events.saturating_add(zone.loss_events);
            group.keyframes += u32::from(zone.keyframe);
            group.incomplete = group.incomplete.saturating_add(zone.incomplete);
            for kind in &zone.kinds {
                let at = *kinds.entry(Arc::clone(&kind.name)).or_insert_with(|| {
                    group.kinds.push(KindCount {
                        name: Arc::clone(&kind.name),
                        ..KindCount::default()
                    });
                    group.kinds.len() - 1
                });
                let sum = &mut group.kinds[at];
                sum.events = sum.events.saturating_add(kind.events);
                sum.errors = sum.errors.saturating_add(kind.errors);
            }
            for container in &zone.containers {
                let at = *containers.entry(container.key).or_insert_with(|| {
                    group.containers.push(ContainerCount {
                        key: container.key,
                        events: 0,
                    });
                    group.containers.len() - 1
                });
                let sum = &mut group.containers[at];
                sum.events = sum.events.saturating_add(container.events);
            }
        }
        group
    }

    /// Whether it has rows between `from` and `to`, both included.
    pub fn overlaps(&self, from: u64, to: u64) -> bool {
        self.rows > 0 && self.time_min <= to && self.time_max >= from
    }

    /// Whether its segments are listed by a LEAF block.
    pub(crate) fn has_leaf(&self) -> bool {
        self.length > 0
    }

    /// What it takes in memory, roughly.
    pub(crate) fn weight(&self) -> usize {
        let names: usize = self.kinds.iter().map(|k| k.name.len()).sum();
        names + self.kinds.len() * size_of::<KindCount>() + self.containers.len() * size_of::<ContainerCount>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::Zone;

    #[test]
    fn sums_are_by_name_and_rowless_segments_have_no_time() {
        let kind = |name: &str, events| KindCount {
            name: name.into(),
            events,
            errors: 1,
        };
        let entry = |zone| IndexEntry {
            offset: 7,
            zone,
            ..IndexEntry::default()
        };
        let losses = entry(Zone {
            loss_records: 2,
            loss_events: 9,
            ..Zone::default()
        });
        let rows = entry(Zone {
            first_num: 5,
            rows: 6,
            time_min: 10,
            time_max: 20,
            kinds: vec![kind("open", 1), kind("read", 2), kind("open", 3)],
            containers: vec![ContainerCount { key: 4, events: 6 }],
            keyframe: true,
            ..Zone::default()
        });
        let group = Group::of([&losses, &rows, &rows]);
        assert_eq!(
            (group.segments, group.rows, group.first_num, group.start),
            (3, 12, 5, 7)
        );
        assert_eq!((group.time_min, group.time_max), (10, 20));
        assert_eq!((group.loss_records, group.loss_events, group.keyframes), (2, 9, 2));
        let kinds: Vec<(&str, u32, u32)> = group.kinds.iter().map(|k| (&*k.name, k.events, k.errors)).collect();
        assert_eq!(kinds, [("open", 8, 4), ("read", 4, 2)]);
        assert_eq!(group.containers, [ContainerCount { key: 4, events: 12 }]);
        assert!(group.overlaps(0, 10) && group.overlaps(20, 30) && !group.overlaps(0, 9) && !group.overlaps(21, 30));
        assert!(!Group::of([&losses]).overlaps(0, u64::MAX));
    }
}
