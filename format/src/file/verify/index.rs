//! Comparing the index with what stands in the file.

use super::pass::Seen;
use crate::file::index::{Group, Leaf, Root};
use crate::file::layout::LEAF_SEGMENTS;
use crate::meta;

/// What the index must say of the blocks so far. Of what grows with the file only a hash is kept.
pub(super) struct IndexCheck {
    /// Offset behind the header.
    first: u64,
    /// Offset behind the last leaf.
    leaf_start: u64,
    /// Offset, length and hash of the segments since then.
    pending: Vec<(u64, u64, [u8; 32])>,
    groups: blake3::Hasher,
    custody: blake3::Hasher,
}

impl IndexCheck {
    pub(super) fn new() -> IndexCheck {
        IndexCheck {
            first: 0,
            leaf_start: 0,
            pending: Vec::new(),
            groups: blake3::Hasher::new(),
            custody: blake3::Hasher::new(),
        }
    }

    /// Segments begin at `end`.
    pub(super) fn start(&mut self, end: usize) {
        self.first = end as u64;
        self.leaf_start = self.first;
    }

    pub(super) fn segment(&mut self, seen: &Seen) -> Result<(), String> {
        if self.pending.len() >= LEAF_SEGMENTS {
            return Err(format!("it is segment {} since the last leaf", LEAF_SEGMENTS + 1));
        }
        self.pending.push(range(seen));
        Ok(())
    }

    pub(super) fn custody(&mut self, seen: &Seen) {
        self.custody.update(&(seen.offset as u64).to_le_bytes());
    }

    /// A leaf; its body is `None` where it is encrypted.
    pub(super) fn leaf(&mut self, seen: &Seen, body: Option<&[u8]>) -> Result<(), String> {
        let start = std::mem::replace(&mut self.leaf_start, seen.end() as u64);
        let pending = std::mem::take(&mut self.pending);
        let Some(body) = body else { return Ok(()) };
        let leaf = Leaf::decode(body, start, seen.offset as u64).map_err(|e| format!("a leaf of the index: {e}"))?;
        let listed = leaf.entries.iter().map(|e| (e.offset, e.length, e.hash));
        if !listed.eq(pending) {
            return Err("it lists other segments than those before it".into());
        }
        let (offset, length, hash) = range(seen);
        let group = Group {
            offset,
            length,
            hash,
            ..Group::of(&leaf.entries)
        };
        self.groups.update(&meta::encode(&group));
        Ok(())
    }

    /// The root; its body is `None` where it is encrypted.
    pub(super) fn root(&mut self, seen: &Seen, body: Option<&[u8]>) -> Result<(), String> {
        let Some(body) = body else { return Ok(()) };
        let root = Root::decode(body, self.first, seen.offset as u64).map_err(|e| format!("the index: {e}"))?;
        let mut groups = blake3::Hasher::new();
        for group in &root.groups {
            groups.update(&meta::encode(group));
        }
        let mut custody = blake3::Hasher::new();
        for offset in &root.custody {
            custody.update(&offset.to_le_bytes());
        }
        if groups.finalize() != self.groups.finalize() || !self.pending.is_empty() {
            return Err("it lists other leaves or sums than those of the file".into());
        }
        if custody.finalize() != self.custody.finalize() {
            return Err("it lists another custody log than that of the file".into());
        }
        Ok(())
    }
}

fn range(seen: &Seen) -> (u64, u64, [u8; 32]) {
    (seen.offset as u64, (seen.end() - seen.offset) as u64, seen.hash)
}
