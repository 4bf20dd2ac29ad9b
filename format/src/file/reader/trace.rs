//! An open trace.

use super::leaves::{Entries, Leaves};
use super::map::Map;
use super::open::Beginning;
use super::scan::{Missing, Scanned, Standing};
use super::{index, open, scan};
use crate::error::Damage;
use crate::evidence::Identity;
use crate::evidence::seal::BlockCipher;
use crate::file::block::Block;
use crate::file::index::{Group, IndexEntry, Names, Summary, Totals};
use crate::file::layout::tag;
use crate::file::signed::{SignatureCheck, check_all};
use crate::model::{AttachmentEntry, Container, CustodyEntry, Header};
use crate::segment::{EncodedSegment, Segment};
use crate::{Error, Result};
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How a trace is opened.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// Identities that may open an encrypted trace.
    pub identities: Vec<Identity>,
}

/// An open trace. Opening reads its beginning and the root of its index; leaves of the index, segments and columns are
/// read when they are asked for. Memory does not grow with the file.
pub struct Trace {
    pub(super) map: Map,
    pub(super) cipher: Option<Arc<BlockCipher>>,
    pub(super) attachments: Vec<AttachmentEntry>,
    header: Header,
    root: Option<[u8; 32]>,
    /// Offset of the INDX block.
    index: u64,
    groups: Vec<Group>,
    /// Number of each group's first segment, and at the end that of all segments.
    firsts: Vec<usize>,
    totals: Totals,
    leaves: Leaves,
    summary: Option<Summary>,
    custody: Vec<CustodyEntry>,
    signatures: Vec<SignatureCheck>,
    missing: Missing,
    garbage: u64,
    header_lost: bool,
    pub(super) path: PathBuf,
    /// Offset behind the header, and the number of its block.
    beginning: (usize, Option<u64>),
    /// Where the walk over a file without an index stands.
    pub(super) standing: Option<Standing>,
    known: Known,
}

/// Containers that the segments of a file without a summary tell of, as far as it was asked for.
#[derive(Default)]
struct Known(Mutex<(usize, Vec<Container>)>);

impl Trace {
    /// Opens `path`.
    ///
    /// # Errors
    /// When the file cannot be read, is empty, is no trace, has another version, a damaged header or is encrypted. Damage
    /// behind the header is no error: see [`Trace::damage`].
    pub fn open(path: &Path) -> Result<Trace> {
        Trace::open_with(path, &OpenOptions::default())
    }

    /// Opens `path`, which may be encrypted.
    ///
    /// # Errors
    /// As [`Trace::open`]; [`Error::Encrypted`] where no identity fits.
    pub fn open_with(path: &Path, options: &OpenOptions) -> Result<Trace> {
        Trace::open_map(Map::open(path)?, path, options, false)
    }

    /// With `lenient` a damaged header is replaced by an empty one and reported as damage.
    pub(crate) fn open_map(map: Map, path: &Path, options: &OpenOptions, lenient: bool) -> Result<Trace> {
        let mut beginning = open::read(&map, path, &options.identities, lenient)?;
        let mut damage = Vec::new();
        let lost = beginning.lost.take();
        damage.extend(lost.iter().map(|what| Damage {
            offset: 0,
            what: format!("header: {what}"),
        }));
        Ok(Trace::behind(map, path, beginning, lost.is_some(), damage))
    }

    /// Reads what is behind the beginning.
    pub(super) fn behind(
        map: Map,
        path: &Path,
        beginning: Beginning,
        header_lost: bool,
        mut damage: Vec<Damage>,
    ) -> Trace {
        let mut trace = Trace::empty(map, path, &beginning, header_lost);
        let mut names = Names::default();
        if !trace.read_index(&beginning, &mut damage) {
            let (scanned, standing) = scan::scan(&trace.map, &beginning, &mut names);
            trace.take(scanned, standing, &mut damage);
        }
        trace.finish(names, damage);
        trace
    }

    /// What the file is now, where it only has grown behind what was walked over. `standing` is of this trace.
    pub(super) fn grown(&self, map: Map, standing: &Standing) -> Trace {
        let beginning = self.beginning();
        let mut trace = Trace::empty(map, &self.path, &beginning, self.header_lost);
        let known = Scanned {
            groups: self.groups.get(..standing.groups).unwrap_or_default().to_vec(),
            attachments: self.attachments.clone(),
            custody: self.custody.clone(),
            ..Scanned::default()
        };
        // Names are shared anew: what this trace has seen of them belongs to its own leaves.
        let mut names = Names::default();
        let cipher = beginning.cipher.as_deref();
        let (scanned, standing) = scan::go_on(&trace.map, cipher, &mut names, standing.clone(), known);
        let mut damage = Vec::new();
        trace.take(scanned, standing, &mut damage);
        trace.known = Known(Mutex::new(self.known.lock().clone()));
        trace.finish(names, damage);
        trace
    }

    /// The beginning, as it was read.
    pub(super) fn beginning(&self) -> Beginning {
        Beginning {
            cipher: self.cipher.clone(),
            header: self.header.clone(),
            end: self.beginning.0,
            number: self.beginning.1,
            lost: None,
        }
    }

    fn empty(map: Map, path: &Path, beginning: &Beginning, header_lost: bool) -> Trace {
        Trace {
            map,
            cipher: beginning.cipher.clone(),
            attachments: Vec::new(),
            header: beginning.header.clone(),
            root: None,
            index: 0,
            groups: Vec::new(),
            firsts: Vec::new(),
            totals: Totals::default(),
            leaves: Leaves::new(Names::default(), Vec::new()),
            summary: None,
            custody: Vec::new(),
            signatures: Vec::new(),
            missing: Missing::default(),
            garbage: 0,
            header_lost,
            path: path.to_owned(),
            beginning: (beginning.end, beginning.number),
            standing: None,
            known: Known::default(),
        }
    }

    fn finish(&mut self, names: Names, damage: Vec<Damage>) {
        self.totals = Totals::of(&self.groups);
        self.leaves = Leaves::new(names, damage);
        let mut first = 0;
        self.firsts.push(first);
        for group in &self.groups {
            first += group.segments as usize;
            self.firsts.push(first);
        }
    }

    fn read_index(&mut self, beginning: &Beginning, damage: &mut Vec<Damage>) -> bool {
        match index::read(&self.map, beginning) {
            Ok(Some((root, footer))) => {
                self.custody = index::custody(&self.map, beginning.cipher.as_deref(), &root.custody, damage);
                let index = Block::at(&self.map, footer.index).ok();
                let signatures = index.and_then(|index| index::signatures(&self.map, &index, &footer.root));
                let capture_id = (!self.header_lost).then_some(&self.header.capture_id);
                self.signatures = check_all(signatures.as_ref(), capture_id, &footer.root, &[]);
                (self.root, self.index) = (Some(footer.root), footer.index);
                self.groups = root.groups;
                self.summary = Some(root.summary);
                self.attachments = root.attachments;
                true
            }
            Ok(None) => false,
            Err(found) => {
                damage.push(found);
                false
            }
        }
    }

    fn take(&mut self, scanned: Scanned, standing: Standing, damage: &mut Vec<Damage>) {
        self.groups = scanned.groups;
        self.attachments = scanned.attachments;
        self.custody = scanned.custody;
        self.missing = scanned.missing;
        self.garbage = scanned.garbage;
        self.standing = Some(standing);
        damage.extend(scanned.damage);
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Number of segments.
    pub fn segment_count(&self) -> usize {
        self.firsts.last().copied().unwrap_or(0)
    }

    /// What the segments hold together. Reads nothing.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Groups of segments in the order of the file, with the sums of their zone maps. Reads nothing.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Number of the first segment of group `at`.
    pub fn group_start(&self, at: usize) -> usize {
        self.firsts.get(at).copied().unwrap_or_else(|| self.segment_count())
    }

    /// Entries of group number `at`: as many as it has segments, or fewer where both its leaf and segments are damaged.
    ///
    /// # Errors
    /// [`Error::Damage`] where there is no such group.
    pub fn group_entries(&self, at: usize) -> Result<Arc<[Arc<IndexEntry>]>> {
        let group = self
            .groups
            .get(at)
            .ok_or_else(|| Error::damage(0, format!("group {at} of segments does not exist")))?;
        Ok(self.entries_of(at, group))
    }

    fn entries_of(&self, at: usize, group: &Group) -> Entries {
        let next = self.groups.get(at + 1).map(|next| next.start);
        let end = if group.has_leaf() {
            next.unwrap_or(self.index)
        } else {
            group.offset
        };
        self.leaves.get(&self.map, self.cipher.as_deref(), at, group, end)
    }

    /// The index entry of segment number `at`.
    ///
    /// # Errors
    /// [`Error::Damage`] where there is no such segment, or it is lost.
    pub fn entry(&self, at: usize) -> Result<Arc<IndexEntry>> {
        let group = self.firsts.partition_point(|first| *first <= at).saturating_sub(1);
        let place = at - self.firsts.get(group).copied().unwrap_or(0).min(at);
        match self.groups.get(group) {
            Some(found) => pick(&self.entries_of(group, found), place, found),
            None => Err(Error::damage(0, format!("segment {at} does not exist"))),
        }
    }

    /// Entries of all segments, with the numbers of these.
    pub fn entries(&self) -> impl Iterator<Item = (usize, Result<Arc<IndexEntry>>)> + '_ {
        self.entries_where(|_| true)
    }

    /// Entries of the segments that have rows between `from` and `to` (nanoseconds since the Unix epoch, both included).
    /// Leaves of other times are not read.
    pub fn entries_between(&self, from: u64, to: u64) -> impl Iterator<Item = (usize, Result<Arc<IndexEntry>>)> + '_ {
        let within = move |entry: &IndexEntry| {
            let zone = &entry.zone;
            zone.rows > 0 && zone.time_min <= to && zone.time_max >= from
        };
        self.entries_where(move |group| group.overlaps(from, to))
            .filter(move |(_, entry)| entry.as_ref().map_or(true, |e| within(e)))
    }

    fn entries_where<'t>(
        &'t self,
        wanted: impl Fn(&Group) -> bool + 't,
    ) -> impl Iterator<Item = (usize, Result<Arc<IndexEntry>>)> + 't {
        let groups = self.groups.iter().zip(&self.firsts).enumerate();
        groups
            .filter(move |(_, (group, _))| wanted(group))
            .flat_map(move |(at, (group, first))| {
                let entries = self.entries_of(at, group);
                (0..group.segments as usize).map(move |place| (first + place, pick(&entries, place, group)))
            })
    }

    /// Opens segment number `at`.
    ///
    /// # Errors
    /// [`Error::Damage`] where there is no such segment, or its directory is damaged.
    pub fn segment(&self, at: usize) -> Result<Segment<'_>> {
        let entry = self.entry(at)?;
        Segment::parse(self.segment_body(&entry)?, entry.offset)
    }

    /// Segment number `at` as it can be appended to another trace, checked as a whole.
    ///
    /// # Errors
    /// [`Error::Damage`] says what is wrong.
    pub fn encoded(&self, at: usize) -> Result<EncodedSegment> {
        let entry = self.entry(at)?;
        Ok(EncodedSegment {
            body: self.check_entry(&entry)?.into_owned(),
            zone: entry.zone.clone(),
        })
    }

    /// Checks the whole of segment number `at`: the hash of its block, its zone map and every column.
    ///
    /// # Errors
    /// [`Error::Damage`] says what is wrong.
    pub fn check_segment(&self, at: usize) -> Result<()> {
        let entry = self.entry(at)?;
        self.check_entry(&entry).map(|_| ())
    }

    /// The same for an entry; the body that was checked.
    pub(crate) fn check_entry(&self, entry: &IndexEntry) -> Result<Cow<'_, [u8]>> {
        let block = Block::at(&self.map, entry.offset).map_err(|what| Error::damage(entry.offset, what))?;
        if block.hash() != entry.hash {
            return Err(Error::damage(
                entry.offset,
                "a segment is not the one that the index lists",
            ));
        }
        let body = self.segment_body(entry)?;
        let segment = Segment::parse(body.as_ref(), entry.offset)?;
        if *segment.zone() != entry.zone {
            return Err(Error::damage(
                entry.offset,
                "a segment's zone map is not that of the index",
            ));
        }
        segment.check()?;
        drop(segment);
        Ok(body)
    }

    fn segment_body(&self, entry: &IndexEntry) -> Result<Cow<'_, [u8]>> {
        let damage = |what: String| Error::damage(entry.offset, what);
        let block =
            Block::at(&self.map, entry.offset).map_err(|what| damage(format!("where a segment should be, {what}")))?;
        if block.header.tag != tag::SEGM || block.length() as u64 != entry.length {
            return Err(damage("no segment where the index says there is one".into()));
        }
        self.map.touch(block.offset..block.end());
        block.body(self.cipher.as_deref()).map_err(damage)
    }

    /// What the recorder said when it sealed the file; `None` where it did not come to that.
    pub fn summary(&self) -> Option<&Summary> {
        self.summary.as_ref()
    }

    /// The root of the chain, which the footer names; `None` where the file is not sealed or its index damaged.
    pub fn root(&self) -> Option<[u8; 32]> {
        self.root
    }

    /// The custody log, oldest entry first.
    pub fn custody(&self) -> &[CustodyEntry] {
        &self.custody
    }

    /// Who signed the file. Validity is that of the signature over the root: whether the rest of the file fits the root is
    /// for [`crate::file::verify`] to say.
    pub fn signatures(&self) -> &[SignatureCheck] {
        &self.signatures
    }

    /// Whether it is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.cipher.is_some()
    }

    /// Damage found so far: while opening, and in leaves of the index that were read since.
    pub fn damage(&self) -> Vec<Damage> {
        self.leaves.damage()
    }

    /// Size of the file in bytes.
    pub fn bytes(&self) -> u64 {
        self.map.len() as u64
    }

    /// All containers: those of the summary, or what the segments know of them (which reads all segments once; after
    /// [`Trace::refresh`] only those that are new).
    pub fn containers(&self) -> Vec<Container> {
        if let Some(summary) = &self.summary {
            return summary.containers.clone();
        }
        let mut known = self.known.lock();
        let (read, all) = &mut *known;
        let mut places: HashMap<u64, usize> = all.iter().enumerate().map(|(at, one)| (one.key, at)).collect();
        for at in *read..self.segment_count() {
            let Ok(segment) = self.segment(at) else { continue };
            for container in segment.containers().unwrap_or_default() {
                match places.get(&container.key) {
                    Some(place) => all[*place] = container.clone(),
                    // A crafted file could name any number.
                    None if all.len() < MAX_CONTAINERS => {
                        places.insert(container.key, all.len());
                        all.push(container.clone());
                    }
                    None => {}
                }
            }
        }
        *read = self.segment_count();
        all.clone()
    }

    /// Segments that only a leaf still tells of, summed up.
    pub(crate) fn missing(&self) -> &Missing {
        &self.missing
    }

    /// Bytes that belong to no block.
    pub(crate) fn garbage(&self) -> u64 {
        self.garbage
    }

    pub(crate) fn header_lost(&self) -> bool {
        self.header_lost
    }
}

impl Known {
    fn lock(&self) -> MutexGuard<'_, (usize, Vec<Container>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Containers that are collected from the segments of a file without a summary.
const MAX_CONTAINERS: usize = 64 << 10;

fn pick(entries: &Entries, place: usize, group: &Group) -> Result<Arc<IndexEntry>> {
    let lost = || Error::damage(group.start, "a segment is lost: neither it nor its entry can be read");
    entries.get(place).cloned().ok_or_else(lost)
}
