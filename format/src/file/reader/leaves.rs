//! Leaves decoded on demand; the last few stay.

use super::map::Map;
use super::scan::{MAX_DAMAGE, entry_of};
use super::walk::{Found, Walk};
use crate::error::Damage;
use crate::evidence::seal::BlockCipher;
use crate::file::block::Block;
use crate::file::index::{Group, IndexEntry, Leaf, Names, weight};
use crate::file::layout::tag;
use std::sync::{Arc, Mutex, PoisonError};

/// Entries of one group.
pub(crate) type Entries = Arc<[Arc<IndexEntry>]>;

/// Leaves that stay decoded.
const KEPT: usize = 8;
/// Bytes that they take together; the newest stays in any case.
const KEPT_SIZE: usize = 16 << 20;

struct Kept {
    group: usize,
    entries: Entries,
    weight: usize,
}

#[derive(Default)]
struct State {
    /// The most recently used last.
    kept: Vec<Kept>,
    names: Names,
    damage: Vec<Damage>,
}

/// The leaves of a file, and the damage that reading them brought to light.
pub(crate) struct Leaves(Mutex<State>);

impl Leaves {
    pub(crate) fn new(names: Names, damage: Vec<Damage>) -> Leaves {
        Leaves(Mutex::new(State {
            names,
            damage,
            ..State::default()
        }))
    }

    pub(crate) fn damage(&self) -> Vec<Damage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).damage.clone()
    }

    /// Entries of group number `at`, behind which something else begins at `end`. Where its leaf is damaged, those of its
    /// segments that are still there.
    pub(crate) fn get(&self, map: &Map, cipher: Option<&BlockCipher>, at: usize, group: &Group, end: u64) -> Entries {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = state.kept.iter().position(|k| k.group == at) {
            let kept = state.kept.remove(found);
            let entries = Arc::clone(&kept.entries);
            state.kept.push(kept);
            return entries;
        }
        let entries = match group.has_leaf().then(|| read(map, cipher, group)) {
            Some(Ok(entries)) => entries,
            Some(Err(what)) => {
                if state.damage.len() < MAX_DAMAGE {
                    let offset = group.offset;
                    let what = format!("index: {what}; its segments are searched instead");
                    state.damage.push(Damage { offset, what });
                }
                walk(map, cipher, group, end, &mut state.names)
            }
            None => walk(map, cipher, group, end, &mut state.names),
        };
        let share = |mut entry: IndexEntry| {
            state.names.share(&mut entry.zone);
            Arc::new(entry)
        };
        let entries: Entries = entries.into_iter().map(share).collect();
        let weight = entries.iter().map(|e| weight(e)).sum();
        state.kept.push(Kept {
            group: at,
            entries: Arc::clone(&entries),
            weight,
        });
        while state.kept.len() > KEPT || (state.kept.len() > 1 && total(&state.kept) > KEPT_SIZE) {
            state.kept.remove(0);
        }
        entries
    }
}

fn total(kept: &[Kept]) -> usize {
    kept.iter().map(|k| k.weight).sum()
}

/// The entries that a group's leaf lists.
fn read(map: &Map, cipher: Option<&BlockCipher>, group: &Group) -> Result<Vec<IndexEntry>, String> {
    let block = Block::at(map, group.offset).map_err(|what| format!("where a leaf should be, {what}"))?;
    map.touch(block.offset..block.end());
    if block.header.tag != tag::LEAF || block.length() as u64 != group.length || block.hash() != group.hash {
        return Err("a leaf is not the one that the root lists".into());
    }
    let leaf = Leaf::decode(&block.body(cipher)?, group.start, group.offset)?;
    if leaf.entries.len() != group.segments as usize {
        return Err(format!(
            "a leaf lists {} segments, the root {}",
            leaf.entries.len(),
            group.segments
        ));
    }
    Ok(leaf.entries)
}

/// The entries of a group made from its segments.
fn walk(map: &Map, cipher: Option<&BlockCipher>, group: &Group, end: u64, names: &mut Names) -> Vec<IndexEntry> {
    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(map.len());
    let mut entries = Vec::new();
    for found in Walk::new(map, place(group.start)..place(end), None) {
        let Found::Block(block) = found else { continue };
        if entries.len() >= group.segments as usize {
            break;
        }
        if block.header.tag == tag::SEGM {
            entries.extend(entry_of(map, &block, cipher, names));
        }
    }
    entries
}
