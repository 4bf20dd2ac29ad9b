//! Leaves: entries of segments.

use crate::file::layout::{LEAF_SEGMENTS, MAX_LEAF};
use crate::file::packed::{modest, pack_modestly, unpack};
use crate::meta::{self, record};
use crate::segment::{ContainerCount, KindCount, Zone};

/// A segment in the index.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IndexEntry {
    /// Offset of the segment's block in the file.
    pub offset: u64,
    /// Length of the block, its header included.
    pub length: u64,
    /// BLAKE3 of the block as stored.
    pub hash: [u8; 32],
    /// Its zone map.
    pub zone: Zone,
}
record!(IndexEntry {
    offset,
    length,
    hash,
    zone
});

/// Body of a LEAF block: the segments since the last leaf.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Leaf {
    pub(crate) entries: Vec<IndexEntry>,
}
record!(Leaf { entries });

impl Leaf {
    pub(crate) fn encode(&self) -> Vec<u8> {
        pack_modestly(&meta::encode(self))
    }

    /// The leaf in a block's body, which stands at `end` and whose segments stand behind `start`.
    pub(crate) fn decode(body: &[u8], start: u64, end: u64) -> Result<Leaf, String> {
        let leaf: Leaf = meta::decode(&unpack(body, MAX_LEAF.min(modest(body.len())))?)?;
        if leaf.entries.len() > LEAF_SEGMENTS {
            return Err(format!(
                "it lists {} segments, over the limit of {LEAF_SEGMENTS}",
                leaf.entries.len()
            ));
        }
        let mut at = start;
        for entry in &leaf.entries {
            // Segments that overlap or stand in a circle would make a reader read without end.
            let behind = entry.offset.checked_add(entry.length);
            at = behind
                .filter(|behind| entry.offset >= at && *behind > entry.offset && *behind <= end)
                .ok_or_else(|| format!("it lists a segment at {} that cannot be there", entry.offset))?;
        }
        Ok(leaf)
    }
}

/// What an entry takes in memory, roughly.
pub(crate) fn weight(entry: &IndexEntry) -> usize {
    let zone = &entry.zone;
    let names: usize = zone.kinds.iter().map(|k| k.name.len()).sum();
    size_of::<IndexEntry>()
        + zone.kinds.len() * size_of::<KindCount>()
        + names
        + zone.containers.len() * size_of::<ContainerCount>()
        + zone.pids.len() * 4
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(offset: u64, length: u64) -> IndexEntry {
        IndexEntry {
            offset,
            length,
            ..IndexEntry::default()
        }
    }

    #[test]
    fn segments_that_overlap_or_lie_outside_are_refused() {
        let check = |entries: &[IndexEntry], expected: bool| {
            let leaf = Leaf {
                entries: entries.to_vec(),
            };
            let decoded = Leaf::decode(&leaf.encode(), 100, 200);
            assert_eq!(decoded.is_ok(), expected, "{entries:?}: {decoded:?}");
        };
        check(&[], true);
        check(&[entry(100, 50), entry(150, 50)], true);
        check(&[entry(99, 10)], false);
        check(&[entry(100, 101)], false);
        check(&[entry(100, 0)], false);
        check(&[entry(100, 50), entry(149, 10)], false);
        check(&[entry(150, 10), entry(100, 10)], false);
        check(&[entry(120, u64::MAX - 100)], false);
        let many: Vec<IndexEntry> = (0..LEAF_SEGMENTS as u64 + 1).map(|at| entry(at, 1)).collect();
        assert!(Leaf::decode(&Leaf { entries: many }.encode(), 0, 1000).is_err());
    }
}
