//! Rebuilding the index by a walk over the whole file, where it was not sealed or its index is damaged.

use super::map::Map;
use super::open::{Beginning, metadata};
use super::walk::{Found, Walk, hash_of};
use crate::error::Damage;
use crate::evidence::seal::BlockCipher;
use crate::file::attachment::{AttachmentHead, Storing};
use crate::file::block::{Block, BlockHeader};
use crate::file::index::{Group, IndexEntry, Leaf, Names, weight};
use crate::file::layout::{LEAF_SEGMENTS, MAX_ATTACHMENTS, MAX_CUSTODY, MAX_LEAF, tag};
use crate::meta;
use crate::model::{AttachmentEntry, CustodyEntry};
use crate::segment::read_zone;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Damaged places that are reported; there may be more.
pub(crate) const MAX_DAMAGE: usize = 1000;
/// Bytes that the sums of all groups may take; beyond that counts by kind and container are given up.
const MAX_SUMS: usize = 64 << 20;
/// Bytes of the custody log and of the list of attachments, each.
pub(crate) const MAX_LISTED: usize = 32 << 20;

/// What a walk over the file found.
#[derive(Default)]
pub(crate) struct Scanned {
    pub(crate) groups: Vec<Group>,
    pub(crate) attachments: Vec<AttachmentEntry>,
    pub(crate) custody: Vec<CustodyEntry>,
    pub(crate) damage: Vec<Damage>,
    /// Segments that a leaf lists and that are not there any more, summed up.
    pub(crate) missing: Missing,
    /// Bytes that belong to no block.
    pub(crate) garbage: u64,
}

/// Sums over segments that are lost.
#[derive(Default, Clone)]
pub(crate) struct Missing {
    pub(crate) segments: u64,
    pub(crate) rows: u64,
    pub(crate) loss_records: u64,
    pub(crate) kinds: BTreeMap<Arc<str>, u64>,
    pub(crate) attachments: u64,
    /// First `evt.num` and rows of each, as far as known.
    pub(crate) ranges: Vec<(u64, u64)>,
}

impl Missing {
    pub(crate) fn add(&mut self, group: &Group) {
        self.segments += u64::from(group.segments);
        self.rows = self.rows.saturating_add(group.rows);
        self.loss_records = self.loss_records.saturating_add(group.loss_records);
        for kind in &group.kinds {
            // Some hundreds are usual; a crafted file could name any number.
            if self.kinds.len() < MAX_KINDS || self.kinds.contains_key(&kind.name) {
                let sum = self.kinds.entry(Arc::clone(&kind.name)).or_default();
                *sum = sum.saturating_add(u64::from(kind.events));
            }
        }
        if group.rows > 0 && self.ranges.len() < MAX_RANGES {
            self.ranges.push((group.first_num, group.rows));
        }
    }
}

/// Ranges of lost events that are kept apart.
const MAX_RANGES: usize = 1 << 20;

/// Kinds that lost events are counted by.
const MAX_KINDS: usize = 4096;

/// Where a walk stands: what it needs to go on when the file has grown.
#[derive(Clone, Default)]
pub(crate) struct Standing {
    /// Offset behind the last block that is complete.
    pub(crate) at: usize,
    /// Its number.
    number: Option<u64>,
    /// Where it is, and its header: whether it still is the one.
    last: Option<(usize, BlockHeader)>,
    /// Groups that are closed.
    pub(crate) groups: usize,
    /// Entries of the group that is being filled, and what they take in memory.
    pending: Vec<IndexEntry>,
    weight: usize,
    /// Offsets of the segments since the last leaf, which ended at `leaf_start`.
    leaf_start: u64,
    since_leaf: Vec<u64>,
    /// Segments since then that cannot be read.
    unreadable: u64,
    contents: HashMap<[u8; 32], (u64, u64)>,
    sums: usize,
    custody_size: usize,
    attachments_size: usize,
    /// `evt.num` of the last event.
    last_num: Option<u64>,
    damage: Vec<Damage>,
    missing: Missing,
    garbage: u64,
}

impl Standing {
    /// Right behind the beginning.
    fn begin(beginning: &Beginning) -> Standing {
        Standing {
            at: beginning.end,
            number: beginning.number,
            leaf_start: beginning.end as u64,
            ..Standing::default()
        }
    }

    /// Whether what was walked over is still there, as far as its last block says.
    pub(crate) fn still_holds(&self, map: &Map) -> bool {
        self.last.is_none_or(|(offset, header)| {
            let block = Block::at(map, offset as u64);
            block.is_ok_and(|block| block.header == header)
        })
    }
}

/// Walks over everything behind the beginning. Where the walk stood before what is cut off at the end comes with it.
pub(crate) fn scan(map: &Map, beginning: &Beginning, names: &mut Names) -> (Scanned, Standing) {
    let out = Scanned::default();
    go_on(map, beginning.cipher.as_deref(), names, Standing::begin(beginning), out)
}

/// Goes on where a walk stood; `out` are the closed groups, the attachments and the custody log that it had found.
pub(crate) fn go_on(
    map: &Map,
    cipher: Option<&BlockCipher>,
    names: &mut Names,
    mut standing: Standing,
    out: Scanned,
) -> (Scanned, Standing) {
    let out = Scanned {
        damage: std::mem::take(&mut standing.damage),
        missing: std::mem::take(&mut standing.missing),
        garbage: standing.garbage,
        ..out
    };
    let walk = Walk::new(map, standing.at..map.len(), standing.number);
    let mut scan = Scan {
        map,
        cipher,
        names,
        out,
        now: standing,
    };
    let mut before_tail = None;
    for found in walk {
        if before_tail.is_none() && is_tail(map, &found) {
            before_tail = Some(scan.standing());
        }
        if !scan.step(&found) {
            break;
        }
        scan.passed(&found);
    }
    let standing = before_tail.unwrap_or_else(|| scan.standing());
    scan.close_group();
    scan.out.missing.segments += scan.now.unreadable;
    (scan.out, standing)
}

/// Whether this may be something else, once whoever writes the file has come further.
fn is_tail(map: &Map, found: &Found<'_>) -> bool {
    match found {
        Found::Cut { .. } | Found::Zeros { .. } => true,
        Found::Garbage(range) => range.end >= map.len(),
        Found::Block(block) => block.header.tag == tag::INDX,
        Found::Misplaced(_) => false,
    }
}

struct Scan<'s, 'm> {
    map: &'m Map,
    cipher: Option<&'s BlockCipher>,
    names: &'s mut Names,
    out: Scanned,
    now: Standing,
}

impl<'m> Scan<'_, 'm> {
    /// Where the walk stands now.
    fn standing(&self) -> Standing {
        Standing {
            groups: self.out.groups.len(),
            damage: self.out.damage.clone(),
            missing: self.out.missing.clone(),
            garbage: self.out.garbage,
            ..self.now.clone()
        }
    }

    /// The walk is past this.
    fn passed(&mut self, found: &Found<'m>) {
        match found {
            Found::Block(block) => {
                self.now.at = block.end();
                self.now.number = Some(block.header.number);
                self.now.last = Some((block.offset, block.header));
            }
            Found::Misplaced(block) => self.now.at = block.end(),
            Found::Garbage(range) => self.now.at = range.end,
            Found::Cut { .. } | Found::Zeros { .. } => {}
        }
    }

    /// Takes what the walk came by; false: nothing more is to be expected.
    fn step(&mut self, found: &Found<'m>) -> bool {
        match found {
            Found::Block(block) => return self.block(block),
            Found::Garbage(range) => {
                self.out.garbage += range.len() as u64;
                let what = format!("{} bytes are no block and are passed over", range.len());
                self.report(range.start, what);
            }
            Found::Misplaced(block) => {
                self.out.garbage += block.length() as u64;
                let what = format!(
                    "a {} block is repeated or moved and is passed over",
                    block.header.name()
                );
                self.report(block.offset, what);
            }
            Found::Cut { offset, tag: inside } => {
                self.out.garbage += (self.map.len() - offset) as u64;
                self.now.unreadable += u64::from(*inside == Some(tag::SEGM));
                self.out.missing.attachments += u64::from(*inside == Some(tag::ATCH));
                let inside = match inside {
                    Some(tag) => format!("a {} block", String::from_utf8_lossy(tag)),
                    None => "a block".into(),
                };
                let after = self
                    .now
                    .last_num
                    .map_or(String::new(), |num| format!(" (after event {num})"));
                self.report(*offset, format!("the file ends inside {inside}{after}"));
            }
            Found::Zeros { offset } => {
                let what = "only zeros follow: the rest was not on the disk when the machine stopped";
                self.report(*offset, what.to_owned());
            }
        }
        true
    }

    fn block(&mut self, block: &Block<'m>) -> bool {
        match block.header.tag {
            tag::SEGM => self.segment(block),
            tag::LEAF => self.leaf(block),
            tag::ATCH => self.attachment(block),
            tag::CUST if self.out.custody.len() < MAX_CUSTODY && self.now.custody_size <= MAX_LISTED => {
                self.now.custody_size += block.length();
                let entry = metadata(block, self.cipher).and_then(|body| meta::decode(&body));
                match entry {
                    Ok(entry) => self.out.custody.push(entry),
                    Err(what) => self.report(block.offset, format!("custody log: {what}")),
                }
            }
            tag::INDX => {
                let what = "the file has an index, but its end is cut or altered";
                self.report(block.offset, what.to_owned());
                return false;
            }
            _ => {}
        }
        true
    }

    fn segment(&mut self, block: &Block<'m>) {
        match entry_of(self.map, block, self.cipher, self.names) {
            Ok(entry) => {
                if entry.zone.rows > 0 {
                    self.now.last_num = Some(entry.zone.first_num.wrapping_add(u64::from(entry.zone.rows) - 1));
                }
                if self.now.since_leaf.len() < LEAF_SEGMENTS {
                    self.now.since_leaf.push(entry.offset);
                }
                let more = weight(&entry);
                if self.now.pending.len() >= LEAF_SEGMENTS || self.now.weight + more > MAX_LEAF {
                    self.close_group();
                }
                self.now.weight += more;
                self.now.pending.push(entry);
            }
            Err(damage) => {
                self.now.unreadable += 1;
                self.report(damage.offset as usize, damage.what);
            }
        }
    }

    /// A leaf says what should have stood before it.
    fn leaf(&mut self, block: &Block<'m>) {
        let leaf = block
            .checked_body(self.cipher)
            .and_then(|body| Leaf::decode(&body, self.now.leaf_start, block.offset as u64));
        match leaf {
            Ok(leaf) => {
                let gone = |entry: &&IndexEntry| !self.now.since_leaf.contains(&entry.offset);
                for entry in leaf.entries.iter().filter(gone) {
                    self.out.missing.add(&Group::of([entry]));
                }
            }
            Err(what) => {
                self.report(block.offset, format!("index: {what}"));
                self.out.missing.segments += self.now.unreadable;
            }
        }
        self.now.unreadable = 0;
        self.now.leaf_start = block.end() as u64;
        self.now.since_leaf.clear();
    }

    fn attachment(&mut self, block: &Block<'m>) {
        if self.out.attachments.len() >= MAX_ATTACHMENTS || self.now.attachments_size > MAX_LISTED {
            return;
        }
        let head = block
            .checked_body(self.cipher)
            .and_then(|body| AttachmentHead::decode(&body).map(|(head, _)| head));
        self.map.touch(block.offset..block.end());
        match head {
            Ok(head) => {
                self.now.attachments_size += head.name.len() + head.media_type.len();
                let here = (block.offset as u64, block.length() as u64);
                let place = match head.storing {
                    Storing::Reference => self.now.contents.get(&head.hash).copied(),
                    _ => Some(*self.now.contents.entry(head.hash).or_insert(here)),
                };
                match place {
                    Some((offset, length)) => self.out.attachments.push(AttachmentEntry {
                        name: head.name,
                        media_type: head.media_type,
                        size: head.size,
                        hash: head.hash,
                        offset,
                        length,
                    }),
                    None => {
                        self.out.missing.attachments += 1;
                        self.report(block.offset, "the content of an attachment is lost".into());
                    }
                }
            }
            Err(what) => {
                self.out.missing.attachments += 1;
                self.report(block.offset, format!("attachment: {what}"));
            }
        }
    }

    fn close_group(&mut self) {
        let Some(last) = self.now.pending.last() else { return };
        let offset = last.offset + last.length;
        let mut group = Group {
            offset,
            ..Group::of(&self.now.pending)
        };
        self.now.sums += group.weight();
        if self.now.sums > MAX_SUMS {
            self.now.sums -= group.weight();
            (group.kinds, group.containers) = (Vec::new(), Vec::new());
            let what = "more kinds or containers than can be counted: the sums by kind lack those from here on";
            self.report(group.start as usize, what.into());
        }
        self.out.groups.push(group);
        self.now.pending.clear();
        self.now.weight = 0;
    }

    fn report(&mut self, offset: usize, what: String) {
        if self.out.damage.len() < MAX_DAMAGE {
            let offset = offset as u64;
            self.out.damage.push(Damage { offset, what });
        }
    }
}

/// The index entry of a segment, made from the segment itself.
pub(crate) fn entry_of(
    map: &Map,
    block: &Block<'_>,
    cipher: Option<&BlockCipher>,
    names: &mut Names,
) -> Result<IndexEntry, Damage> {
    let offset = block.offset as u64;
    let damage = |what: String| Damage { offset, what };
    map.touch(block.offset..block.end());
    let body = block.body(cipher).map_err(damage)?;
    let mut zone = read_zone(&body, offset).map_err(|error| match error {
        crate::Error::Damage(damage) => damage,
        other => damage(other.to_string()),
    })?;
    names.share(&mut zone);
    Ok(IndexEntry {
        offset,
        length: block.length() as u64,
        hash: hash_of(map, block),
        zone,
    })
}
