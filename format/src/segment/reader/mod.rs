//! A segment's bytes to rows. Columns are decoded when they are first asked for and kept until the segment is dropped.

mod columns;
mod entities;
mod kinds;
mod rows;

pub use columns::EventField;
pub use kinds::Passes;
pub use rows::Place;

use super::column::{self, Column, SegmentMeta};
use super::frame::{self, FrameInfo};
use super::zone::Zone;
use super::{MAX_ROWS, MAX_SEGMENT, pool};
use crate::file::modest;
use crate::model::{Container, Descriptor, Kind, Loss, Thread};
use crate::{Error, Result};
use hashbrown::HashMap;
use rows::{Order, Runs};
use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::ops::Range;

/// One segment of a trace. Not shared between threads: each worker opens its own (that is cheap).
pub struct Segment<'a> {
    /// Where the segment is in its file, for messages.
    offset: u64,
    meta: SegmentMeta,
    body: Cow<'a, [u8]>,
    /// Where each frame begins in `body`, and its end.
    frame_bounds: Vec<(usize, usize)>,
    frames: Vec<OnceCell<Vec<u8>>>,
    /// Where each column is in the directory, and where it begins in its frame.
    index: HashMap<Column, (usize, usize)>,
    columns: Vec<OnceCell<Vec<i64>>>,
    zeros: OnceCell<Vec<i64>>,
    runs: OnceCell<Runs>,
    ranks: OnceCell<Vec<u32>>,
    order: OnceCell<Order>,
    /// For each kind with addresses, threads of its stored rows and how many one behind the other each has.
    kind_threads: OnceCell<Vec<Vec<(u32, u32)>>>,
    /// For each kind, thread versions of its rows.
    thread_columns: OnceCell<Vec<Vec<u32>>>,
    /// For each kind, places of its rows in the order of reading.
    places: OnceCell<Vec<Vec<u32>>>,
    /// For each kind, numbers of the columns of its fields.
    slots: OnceCell<Vec<Vec<Option<usize>>>>,
    /// Columns in the order of rows.
    read: [OnceCell<Vec<i64>>; rows::FIELDS],
    strings: OnceCell<Text>,
    payloads: OnceCell<Text>,
    threads: OnceCell<Vec<Thread>>,
    containers: OnceCell<Vec<Container>>,
    descriptors: OnceCell<Vec<Descriptor>>,
    /// Those that were asked for one by one.
    single: OnceCell<entities::Single>,
    losses: OnceCell<Vec<Loss>>,
    incomplete: OnceCell<Vec<Loss>>,
    /// Bytes that may still be decoded.
    budget: Cell<usize>,
}

/// A dictionary: where its strings end, and the frame and place of their text.
struct Text {
    ends: Vec<u32>,
    place: Option<(usize, Range<usize>)>,
}

/// What of a segment was decoded so far, or of several together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Rows of the segments.
    pub rows: u64,
    /// Columns that were decoded.
    pub columns: u64,
    /// Columns that there are.
    pub all_columns: u64,
    /// Bytes of decompressed frames.
    pub bytes: u64,
}

/// A directory decompresses to at most this many bytes; those of real segments have some tens of thousands.
const MAX_DIRECTORY: usize = 4 << 20;

/// What a byte of a directory can take in memory: the shortest column has seven bytes and some hundred in memory.
const IN_MEMORY: usize = 16;

/// Lengths and checksum before the directory.
const HEAD: usize = 12;

/// The directory of a segment's body, where its frames begin, and what the directory takes in memory, roughly; checksum
/// and limits are verified.
fn read_meta(body: &[u8], offset: u64) -> Result<(SegmentMeta, usize, usize)> {
    let damage = |what: &str| Error::damage(offset, what);
    let (head, rest) = body
        .split_first_chunk::<HEAD>()
        .ok_or_else(|| damage("a segment is shorter than its header"))?;
    let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let (stored, raw, crc) = (word(0), word(4), word(8));
    if raw as usize > MAX_DIRECTORY {
        return Err(Error::Limit {
            what: "the directory of a segment",
            found: u64::from(raw),
            limit: MAX_DIRECTORY as u64,
        });
    }
    if raw as usize > modest(stored as usize) {
        return Err(damage("the directory of a segment is packed too densely"));
    }
    let bytes = rest
        .get(..stored as usize)
        .ok_or_else(|| damage("a segment's directory lies outside it"))?;
    let bytes = frame::read(&FrameInfo { stored, raw, crc }, bytes).map_err(|e| damage(&format!("directory: {e}")))?;
    let meta = SegmentMeta::decode(&bytes).map_err(|e| damage(&format!("directory: {e}")))?;
    if meta.zone.rows as usize > MAX_ROWS {
        return Err(Error::Limit {
            what: "rows of a segment",
            found: u64::from(meta.zone.rows),
            limit: MAX_ROWS as u64,
        });
    }
    let events = |total: u64, kind: &super::zone::KindCount| total + u64::from(kind.events);
    // Columns name their frame with 16 bits.
    if meta.frames.len() > 1 << 16 {
        return Err(damage("a segment has more frames than columns can name"));
    }
    if meta.kinds.len() != meta.zone.kinds.len() || meta.zone.kinds.iter().fold(0, events) != u64::from(meta.zone.rows)
    {
        return Err(damage("zone map and directory of a segment do not agree"));
    }
    Ok((meta, HEAD + stored as usize, IN_MEMORY * raw as usize))
}

/// The zone map of a segment's body.
pub(crate) fn read_zone(body: &[u8], offset: u64) -> Result<Zone> {
    Ok(read_meta(body, offset)?.0.zone)
}

impl<'a> Segment<'a> {
    /// Reads the directory of the segment whose block body is `body`; `offset` is its place in the file, for messages.
    pub fn parse(body: impl Into<Cow<'a, [u8]>>, offset: u64) -> Result<Self> {
        let body = body.into();
        let (meta, mut start, taken) = read_meta(&body, offset)?;
        let mut frame_bounds = Vec::with_capacity(meta.frames.len());
        for frame in &meta.frames {
            let end = start.saturating_add(frame.stored as usize);
            if end > body.len() {
                return Err(Error::damage(offset, "a frame lies outside its segment"));
            }
            frame_bounds.push((start, end));
            start = end;
        }
        if start != body.len() {
            return Err(Error::damage(offset, "a segment is longer than its frames"));
        }
        let mut used = vec![0usize; meta.frames.len()];
        let mut index = HashMap::with_capacity(meta.columns.len());
        for (at, info) in meta.columns.iter().enumerate() {
            let used = used.get_mut(usize::from(info.frame));
            let used = used.ok_or_else(|| Error::damage(offset, "a column is in a frame that does not exist"))?;
            if index.insert(info.column, (at, *used)).is_some() {
                return Err(Error::damage(offset, "a segment names a column twice"));
            }
            *used = used.saturating_add(info.length as usize);
        }
        Ok(Segment {
            offset,
            frame_bounds,
            frames: meta.frames.iter().map(|_| OnceCell::new()).collect(),
            columns: meta.columns.iter().map(|_| OnceCell::new()).collect(),
            index,
            meta,
            body,
            zeros: OnceCell::new(),
            runs: OnceCell::new(),
            ranks: OnceCell::new(),
            order: OnceCell::new(),
            kind_threads: OnceCell::new(),
            thread_columns: OnceCell::new(),
            places: OnceCell::new(),
            slots: OnceCell::new(),
            read: Default::default(),
            strings: OnceCell::new(),
            payloads: OnceCell::new(),
            threads: OnceCell::new(),
            containers: OnceCell::new(),
            descriptors: OnceCell::new(),
            single: OnceCell::new(),
            losses: OnceCell::new(),
            incomplete: OnceCell::new(),
            budget: Cell::new(MAX_SEGMENT - taken),
        })
    }

    /// The zone map.
    pub fn zone(&self) -> &Zone {
        &self.meta.zone
    }

    /// What was decoded so far.
    pub fn decoded(&self) -> Decoded {
        let frames = self.frames.iter().filter_map(OnceCell::get);
        Decoded {
            rows: self.rows() as u64,
            columns: self.columns.iter().filter(|column| column.get().is_some()).count() as u64,
            all_columns: self.columns.len() as u64,
            bytes: frames.map(|frame| frame.len() as u64).sum(),
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.meta.zone.rows as usize
    }

    /// Kinds of this segment; [`Segment::kind_indexes`] refers to them.
    pub fn kinds(&self) -> &[Kind] {
        &self.meta.kinds
    }

    /// `evt.num` of a row.
    pub fn num(&self, row: usize) -> u64 {
        // A file can claim any first number.
        self.meta.zone.first_num.wrapping_add(row as u64)
    }

    /// Decodes every column that this program knows and checks every frame, for verification.
    pub fn check(&self) -> Result<()> {
        for at in 0..self.frames.len() {
            self.frame(at)?;
        }
        self.times()?;
        self.row_column(column::CPU)?;
        for (kind, spec) in self.meta.kinds.iter().enumerate() {
            for field in [column::FLAGS, column::RESULT, column::DESCRIPTOR, column::DURATION] {
                self.event_column(kind, field)?;
            }
            for param in 0..spec.params.len() {
                self.param_column(kind, param)?;
                self.present_column(kind, param)?;
            }
        }
        self.check_grams()?;
        self.payloads()?;
        self.threads()?;
        self.containers()?;
        self.descriptors()?;
        self.live()?;
        self.fd_changes()?;
        self.losses()?;
        self.incomplete().map(|_| ())
    }

    /// Takes `bytes` from what may still be decoded: a crafted directory can name the same few bytes any number of times.
    fn spend(&self, bytes: usize) -> Result<()> {
        let left = self.budget.get().checked_sub(bytes);
        self.budget.set(left.unwrap_or(0));
        let (found, limit) = (bytes as u64, MAX_SEGMENT as u64);
        left.map(|_| ()).ok_or(Error::Limit {
            what: "a segment's decoded size",
            found,
            limit,
        })
    }

    fn damage(&self, what: impl Into<String>) -> Error {
        Error::damage(self.offset, what)
    }
}

impl Drop for Segment<'_> {
    fn drop(&mut self) {
        let columns = self.columns.iter_mut().chain(&mut self.read);
        let times = self.order.take().map(|order| order.times);
        let ints = columns.filter_map(OnceCell::take).chain(times);
        pool::give(ints, self.frames.iter_mut().filter_map(OnceCell::take));
        if let Some(zeros) = self.zeros.take() {
            pool::give_zeros(zeros);
        }
    }
}
