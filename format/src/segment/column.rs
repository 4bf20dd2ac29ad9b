//! The directory of a segment: which column is where.

use super::frame::FrameInfo;
use super::zone::Zone;
use crate::meta::{self, record, take, take_ints};
use crate::model::Kind;
use bincode::error::DecodeError;
use std::cell::RefCell;
use std::sync::Arc;

/// Names a column: a table, which one of several such tables (the kind of [`EVENTS`], else 0), and the field. The
/// numbers are the format's. A reader skips columns that it does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Column {
    pub(crate) table: u8,
    pub(crate) key: u16,
    pub(crate) field: u16,
}

/// A column of a table of which there is one.
pub(crate) const fn column(table: u8, field: u16) -> Column {
    Column { table, key: 0, field }
}

/// A column of the events of a kind.
pub(crate) fn of_kind(kind: usize, field: u16) -> Column {
    Column {
        table: EVENTS,
        key: kind as u16,
        field,
    }
}

/// Index into the segment's kinds, one a stored row.
pub(crate) const KIND: Column = column(0, 0);
/// CPU, one a stored row.
pub(crate) const CPU: Column = column(0, 1);
/// Where rows are not in the order of time: the stored position of each row.
pub(crate) const ORDER: Column = column(0, 2);

/// Runs of stored rows of one thread version: index into the threads.
pub(crate) const RUN_THREAD: Column = column(1, 0);
/// Rows of the run.
pub(crate) const RUN_ROWS: Column = column(1, 1);
/// 1 where a run begins another thread (its first gap counts from the segment's earliest time), else 0.
pub(crate) const RUN_FIRST: Column = column(1, 2);

/// Table of the events of a kind: one value per stored row of that kind.
pub(crate) const EVENTS: u8 = 2;
/// Nanoseconds since the thread's previous event.
pub(crate) const GAP: u16 = 0;
/// [`crate::model::EventFlags`].
pub(crate) const FLAGS: u16 = 1;
/// Result.
pub(crate) const RESULT: u16 = 2;
/// Index into the descriptors plus one; 0: none.
pub(crate) const DESCRIPTOR: u16 = 3;
/// Nanoseconds from entry to exit of the call; 0: not measured.
pub(crate) const DURATION: u16 = 4;

/// Field of parameter `at`: integers, or ids in the dictionary of its type.
pub(crate) fn param(at: usize) -> u16 {
    16 + 2 * at as u16
}

/// Where some integers of parameter `at` are missing: 1 where there is a value.
pub(crate) fn present(at: usize) -> u16 {
    17 + 2 * at as u16
}

/// Whether a field is one of [`present`].
pub(crate) fn is_present(field: u16) -> bool {
    field > 16 && field % 2 == 1
}

/// Lengths and bytes of the strings (paths, text, addresses).
pub(crate) const STRING_LENGTHS: Column = column(3, 0);
/// See [`STRING_LENGTHS`].
pub(crate) const STRING_BYTES: Column = column(3, 1);
/// Lengths and bytes of the payloads.
pub(crate) const PAYLOAD_LENGTHS: Column = column(4, 0);
/// See [`PAYLOAD_LENGTHS`].
pub(crate) const PAYLOAD_BYTES: Column = column(4, 1);
/// Table of threads, fields in `threads.rs`.
pub(crate) const THREADS: u8 = 5;
/// Table of descriptors, fields in `descriptors.rs`.
pub(crate) const DESCRIPTORS: u8 = 6;
/// Metadata: `Vec<Container>`.
pub(crate) const CONTAINERS: Column = column(7, 0);
/// Metadata: `Vec<Loss>`.
pub(crate) const LOSSES: Column = column(8, 0);
/// In keyframes, indexes of the threads alive when the segment began.
pub(crate) const LIVE: Column = column(9, 0);
/// Table of changes of descriptor tables, fields in `tables.rs`.
pub(crate) const FD_TABLES: u8 = 10;
/// Metadata: `Vec<Loss>` of events that are there and not whole.
pub(crate) const INCOMPLETE: Column = column(12, 0);
/// Runs of three bytes that occur in the strings, see `grams.rs`; one value a byte.
pub(crate) const GRAMS: Column = column(13, 0);
/// Bases of addresses, see `bases.rs`.
pub(crate) const BASES: Column = column(11, 0);
/// For each thread with rows, in stored order: how many bases it has.
pub(crate) const BASE_COUNTS: Column = column(11, 1);

/// Where a column is. Columns of one frame stand in it one behind the other, in the order of the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ColumnInfo {
    pub(crate) column: Column,
    pub(crate) codec: u8,
    /// Number of values.
    pub(crate) rows: u32,
    pub(crate) frame: u16,
    /// Bytes in the decompressed frame.
    pub(crate) length: u32,
}

/// What stands at the beginning of a segment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SegmentMeta {
    pub(crate) zone: Zone,
    pub(crate) kinds: Arc<[Kind]>,
    pub(crate) columns: Vec<ColumnInfo>,
    pub(crate) frames: Vec<FrameInfo>,
}

/// [`SegmentMeta`] as it is stored: a list a field, because equal fields of neighbours then compress to next to nothing.
#[derive(Default)]
struct Stored {
    zone: Zone,
    kinds: Vec<Kind>,
    tables: Vec<u8>,
    keys: Vec<u16>,
    fields: Vec<u16>,
    codecs: Vec<u8>,
    rows: Vec<u32>,
    frames: Vec<u16>,
    lengths: Vec<u32>,
    frame_stored: Vec<u32>,
    frame_raw: Vec<u32>,
    frame_crc: Vec<u32>,
}
record!(Stored {
    zone,
    kinds,
    tables,
    keys,
    fields,
    codecs,
    rows,
    frames,
    lengths,
    frame_stored,
    frame_raw,
    frame_crc,
});

impl Stored {
    /// The fields of the record, and the kinds, which segments share where they have the same.
    fn read(mut body: &[u8]) -> Result<(Stored, Arc<[Kind]>), DecodeError> {
        meta::begin();
        let body = &mut body;
        let zone = take(body)?;
        let kinds = read_kinds(body)?;
        let stored = Stored {
            zone,
            kinds: Vec::new(),
            tables: take(body)?,
            keys: take_ints(body)?,
            fields: take_ints(body)?,
            codecs: take(body)?,
            rows: take_ints(body)?,
            frames: take_ints(body)?,
            lengths: take_ints(body)?,
            frame_stored: take_ints(body)?,
            frame_raw: take_ints(body)?,
            frame_crc: take_ints(body)?,
        };
        Ok((stored, kinds))
    }
}

/// Lists of kinds that a thread keeps.
const KEPT: usize = 8;

/// Bytes of a list that is kept, at most: those of real segments have a few thousand.
const MOST_KEPT: usize = 64 << 10;

/// A list of kinds as it is stored, and what it is.
type KnownKinds = (Box<[u8]>, Arc<[Kind]>);

thread_local! {
    /// Lists of kinds as they are stored, and what they are: most segments have those of one before, and to make some
    /// hundred names anew takes longer than all the rest of a directory.
    static KINDS: RefCell<Vec<KnownKinds>> = const { RefCell::new(Vec::new()) };
}

fn read_kinds(body: &mut &[u8]) -> Result<Arc<[Kind]>, DecodeError> {
    KINDS.with_borrow_mut(|kept| {
        // A list says how long it is: what begins with all bytes of one begins with that list.
        if let Some(at) = kept.iter().position(|(bytes, _)| body.starts_with(bytes)) {
            let (bytes, kinds) = &kept[at];
            let kinds = Arc::clone(kinds);
            *body = &body[bytes.len()..];
            kept[..=at].rotate_right(1);
            return Ok(kinds);
        }
        let all = *body;
        let kinds: Arc<[Kind]> = take::<Vec<Kind>>(body)?.into();
        let bytes = &all[..all.len() - body.len()];
        if !bytes.is_empty() && bytes.len() <= MOST_KEPT {
            kept.truncate(KEPT - 1);
            kept.insert(0, (bytes.into(), Arc::clone(&kinds)));
        }
        Ok(kinds)
    })
}

impl SegmentMeta {
    /// The directory's bytes, not yet compressed.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut stored = Stored {
            zone: self.zone.clone(),
            kinds: self.kinds.to_vec(),
            ..Stored::default()
        };
        for info in &self.columns {
            stored.tables.push(info.column.table);
            stored.keys.push(info.column.key);
            stored.fields.push(info.column.field);
            stored.codecs.push(info.codec);
            stored.rows.push(info.rows);
            stored.frames.push(info.frame);
            stored.lengths.push(info.length);
        }
        for info in &self.frames {
            stored.frame_stored.push(info.stored);
            stored.frame_raw.push(info.raw);
            stored.frame_crc.push(info.crc);
        }
        meta::encode(&stored)
    }

    /// The other way round; the error says what is wrong.
    pub(crate) fn decode(bytes: &[u8]) -> Result<SegmentMeta, String> {
        let (stored, kinds) = Stored::read(meta::body(bytes)?).map_err(|e| e.to_string())?;
        let count = stored.tables.len();
        let lists = [
            stored.keys.len(),
            stored.fields.len(),
            stored.codecs.len(),
            stored.rows.len(),
            stored.frames.len(),
            stored.lengths.len(),
        ];
        let frames = stored.frame_stored.len();
        if lists != [count; 6] || [stored.frame_raw.len(), stored.frame_crc.len()] != [frames; 2] {
            return Err("its lists differ in length".to_owned());
        }
        let column = |at: usize| ColumnInfo {
            column: Column {
                table: stored.tables[at],
                key: stored.keys[at],
                field: stored.fields[at],
            },
            codec: stored.codecs[at],
            rows: stored.rows[at],
            frame: stored.frames[at],
            length: stored.lengths[at],
        };
        let frame = |at: usize| FrameInfo {
            stored: stored.frame_stored[at],
            raw: stored.frame_raw[at],
            crc: stored.frame_crc[at],
        };
        Ok(SegmentMeta {
            columns: (0..count).map(column).collect(),
            frames: (0..frames).map(frame).collect(),
            zone: stored.zone,
            kinds,
        })
    }
}
