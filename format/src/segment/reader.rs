//! A segment's bytes to rows. Columns are decoded when they are first asked for and kept until the segment is dropped.

use super::dictionary::Dictionary;
use super::directory::{Column, ColumnInfo, Directory};
use super::entity::StoredThread;
use super::frame::{self, FrameInfo};
use super::zone::Zone;
use super::{MAX_ROWS, MAX_SEGMENT, codec};
use crate::model::{Container, Descriptor, EventFlags, Kind, Loss, ParamType, Thread, Value};
use crate::{Error, Result, meta};
use bincode::Decode;
use hashbrown::{HashMap, HashSet};
use std::cell::{Cell, OnceCell};

/// One segment of a trace. Not shared between threads: each worker opens its own (that is cheap).
pub struct Segment<'a> {
    /// Where the segment is in its file, for messages.
    offset: u64,
    zone: Zone,
    directory: Directory,
    frames: &'a [u8],
    frame_cache: Vec<OnceCell<Vec<u8>>>,
    column_index: HashMap<Column, usize>,
    column_cache: Vec<OnceCell<Vec<i64>>>,
    ranks: OnceCell<Vec<u32>>,
    strings: OnceCell<Dictionary>,
    payloads: OnceCell<Dictionary>,
    threads: OnceCell<Vec<Thread>>,
    containers: OnceCell<Vec<Container>>,
    descriptors: OnceCell<Vec<Descriptor>>,
    losses: OnceCell<Vec<Loss>>,
    /// Bytes that may still be decoded.
    budget: Cell<usize>,
}

/// The zone map of a segment's body and the offset behind it; the checksum is verified.
pub(crate) fn read_zone(body: &[u8], offset: u64) -> Result<(Zone, &[u8], u32, &[u8])> {
    let damage = |what: &str| Error::damage(offset, what);
    let (head, rest) = body
        .split_first_chunk::<16>()
        .ok_or_else(|| damage("a segment is shorter than its header"))?;
    let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let (zone_len, directory_len, directory_raw, crc) = (word(0) as usize, word(4) as usize, word(8), word(12));
    let end = zone_len.checked_add(directory_len).filter(|end| *end <= rest.len());
    let (metadata, frames) = rest.split_at(end.ok_or_else(|| damage("a segment's directory lies outside it"))?);
    if crc32fast::hash(metadata) != crc {
        return Err(damage("checksum of a segment's directory does not match"));
    }
    let (zone, directory) = metadata.split_at(zone_len);
    let zone: Zone = meta::decode(zone).map_err(|e| damage(&format!("zone map: {e}")))?;
    if zone.rows as usize > MAX_ROWS {
        return Err(Error::Limit {
            what: "rows of a segment",
            found: u64::from(zone.rows),
            limit: MAX_ROWS as u64,
        });
    }
    Ok((zone, directory, directory_raw, frames))
}

impl<'a> Segment<'a> {
    /// Reads the directory of the segment whose block body is `body`; `offset` is its place in the file.
    pub fn parse(body: &'a [u8], offset: u64) -> Result<Self> {
        let (zone, directory, raw, frames) = read_zone(body, offset)?;
        let info = FrameInfo {
            offset: 0,
            stored: directory.len() as u32,
            raw,
            crc: crc32fast::hash(directory),
        };
        let directory = frame::read(&info, directory).map_err(|e| Error::damage(offset, e))?;
        let directory: Directory =
            meta::decode(&directory).map_err(|e| Error::damage(offset, format!("directory: {e}")))?;
        let column_index = directory
            .columns
            .iter()
            .enumerate()
            .map(|(at, c)| (c.column, at))
            .collect();
        if directory.columns.iter().map(|c| c.column).collect::<HashSet<_>>().len() != directory.columns.len() {
            return Err(Error::damage(offset, "a segment names a column twice"));
        }
        if directory.kinds.len() != zone.kinds.len() {
            return Err(Error::damage(
                offset,
                "zone map and directory of a segment have different kinds",
            ));
        }
        Ok(Segment {
            offset,
            zone,
            frame_cache: directory.frames.iter().map(|_| OnceCell::new()).collect(),
            column_cache: directory.columns.iter().map(|_| OnceCell::new()).collect(),
            column_index,
            directory,
            frames,
            ranks: OnceCell::new(),
            strings: OnceCell::new(),
            payloads: OnceCell::new(),
            threads: OnceCell::new(),
            containers: OnceCell::new(),
            descriptors: OnceCell::new(),
            losses: OnceCell::new(),
            budget: Cell::new(MAX_SEGMENT),
        })
    }

    /// The zone map.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.zone.rows as usize
    }

    /// Kinds of this segment; [`Segment::kind_index`] refers to them.
    pub fn kinds(&self) -> &[Kind] {
        &self.directory.kinds
    }

    /// `evt.num` of a row.
    pub fn num(&self, row: usize) -> u64 {
        // A file can claim any first number.
        self.zone.first_num.wrapping_add(row as u64)
    }

    /// Nanoseconds since the Unix epoch, one a row.
    pub fn times(&self) -> Result<&[i64]> {
        self.row_column(Column::Time)
    }

    /// Index into [`Segment::kinds`], one a row; every value is a valid index.
    pub fn kind_indexes(&self) -> Result<&[i64]> {
        self.row_column(Column::Kind)
    }

    /// CPU, one a row.
    pub fn cpus(&self) -> Result<&[i64]> {
        self.row_column(Column::Cpu)
    }

    /// [`EventFlags`] bits, one a row.
    pub fn flag_bits(&self) -> Result<&[i64]> {
        self.row_column(Column::Flags)
    }

    /// Results, one a row; meaningful where the flags have [`EventFlags::HAS_RESULT`].
    pub fn results(&self) -> Result<&[i64]> {
        self.row_column(Column::Result)
    }

    /// Index into [`Segment::threads`], one a row.
    pub fn thread_indexes(&self) -> Result<&[i64]> {
        self.row_column(Column::Thread)
    }

    /// Index into [`Segment::descriptors`] plus one, one a row; 0: none.
    pub fn descriptor_indexes(&self) -> Result<&[i64]> {
        self.row_column(Column::Descriptor)
    }

    /// The kind of a row.
    pub fn kind(&self, row: usize) -> Result<&Kind> {
        let index = self.kind_indexes()?.get(row).copied().unwrap_or(-1);
        usize::try_from(index)
            .ok()
            .and_then(|i| self.directory.kinds.get(i))
            .ok_or_else(|| self.damage(format!("row {row} has kind {index}, which does not exist")))
    }

    /// The flags of a row.
    pub fn flags(&self, row: usize) -> Result<EventFlags> {
        Ok(EventFlags(self.flag_bits()?.get(row).copied().unwrap_or(0) as u8))
    }

    /// The result of a row, where its kind has one.
    pub fn result(&self, row: usize) -> Result<Option<i64>> {
        let has = self.flags(row)?.has(EventFlags::HAS_RESULT);
        Ok(if has { self.results()?.get(row).copied() } else { None })
    }

    /// The thread version of a row.
    pub fn thread(&self, row: usize) -> Result<Option<&Thread>> {
        let index = self.thread_indexes()?.get(row).copied().unwrap_or(-1);
        let threads = self.threads()?;
        Ok(usize::try_from(index).ok().and_then(|i| threads.get(i)))
    }

    /// The descriptor of a row.
    pub fn descriptor(&self, row: usize) -> Result<Option<&Descriptor>> {
        let index = self.descriptor_indexes()?.get(row).copied().unwrap_or(0);
        let index = usize::try_from(index).ok().and_then(|i| i.checked_sub(1));
        match index {
            Some(index) => Ok(self.descriptors()?.get(index)),
            None => Ok(None),
        }
    }

    /// The container of a row: that of its thread version.
    pub fn container(&self, row: usize) -> Result<Option<&Container>> {
        let key = self.thread(row)?.map_or(0, |t| t.container);
        Ok(if key == 0 {
            None
        } else {
            self.containers()?.iter().find(|c| c.key == key)
        })
    }

    /// All values of a parameter, one per row *of its kind*: integers, or dictionary ids for [`Segment::string`].
    pub fn param_column(&self, kind: usize, param: usize) -> Result<&[i64]> {
        // The zone map lists the kinds in the directory's order; two may share a name.
        let rows = self.zone.kinds.get(kind);
        let values = self.column(Column::Param(kind as u16, param as u16))?;
        match rows {
            Some(rows) if rows.events as usize == values.len() => Ok(values),
            _ => Err(self.damage(format!("parameter {param} of kind {kind} has {} values", values.len()))),
        }
    }

    /// Position of a row among the rows of its kind, for [`Segment::param_column`].
    pub fn rank(&self, row: usize) -> Result<usize> {
        if self.ranks.get().is_none() {
            let mut next = vec![0u32; self.directory.kinds.len()];
            let mut ranks = Vec::with_capacity(self.rows());
            for kind in self.kind_indexes()? {
                let next = usize::try_from(*kind).ok().and_then(|k| next.get_mut(k));
                let next = next.ok_or_else(|| self.damage(format!("kind {kind} does not exist")))?;
                ranks.push(*next);
                *next += 1;
            }
            let _ = self.ranks.set(ranks);
        }
        Ok(self.ranks.get().and_then(|r| r.get(row)).map_or(0, |r| *r as usize))
    }

    /// Parameter number `param` of a row.
    pub fn arg(&self, row: usize, param: usize) -> Result<Value<'_>> {
        let Some(spec) = self.kind(row)?.params.get(param) else {
            return Ok(Value::Missing);
        };
        let kind = self.kind_indexes()?[row] as usize;
        let rank = self.rank(row)?;
        let Some(value) = self.param_column(kind, param)?.get(rank).copied() else {
            return Ok(Value::Missing);
        };
        if spec.ty.is_bytes() {
            return Ok(self.string(spec.ty, value)?.map_or(Value::Missing, Value::Bytes));
        }
        let present = Column::Present(kind as u16, param as u16);
        if self.column_index.contains_key(&present) && self.column(present)?.get(rank) != Some(&1) {
            return Ok(Value::Missing);
        }
        Ok(Value::Int(value))
    }

    /// The byte string with dictionary id `id` of a parameter of type `ty`; `None` where it is missing.
    pub fn string(&self, ty: ParamType, id: i64) -> Result<Option<&[u8]>> {
        Ok(if ty == ParamType::Bytes {
            self.payloads()?
        } else {
            self.strings()?
        }
        .get(id))
    }

    /// Number of strings or payloads; ids run from 1 to this. For predicates that are evaluated once per string.
    pub fn string_count(&self, ty: ParamType) -> Result<usize> {
        Ok(if ty == ParamType::Bytes {
            self.payloads()?
        } else {
            self.strings()?
        }
        .len())
    }

    /// Thread versions that rows refer to, their ancestors, and in keyframes all that were alive.
    pub fn threads(&self) -> Result<&[Thread]> {
        if self.threads.get().is_none() {
            let bytes = self.bytes(self.info(Column::Threads)?.1)?;
            self.spend(bytes.len() * 4)?;
            let stored: Vec<StoredThread> =
                meta::decode(bytes).map_err(|e| self.damage(format!("{:?}: {e}", Column::Threads)))?;
            let (strings, mut shared) = (self.strings()?, HashMap::new());
            let _ = self
                .threads
                .set(stored.iter().map(|t| t.load(strings, &mut shared)).collect());
        }
        Ok(self.threads.get().map_or(&[], |v| v))
    }

    /// Containers of those threads.
    pub fn containers(&self) -> Result<&[Container]> {
        self.metadata(Column::Containers, &self.containers)
    }

    /// Descriptors that rows refer to.
    pub fn descriptors(&self) -> Result<&[Descriptor]> {
        self.metadata(Column::Descriptors, &self.descriptors)
    }

    /// Loss records.
    pub fn losses(&self) -> Result<&[Loss]> {
        self.metadata(Column::Losses, &self.losses)
    }

    /// In keyframes, the threads alive when the segment began.
    pub fn live(&self) -> Result<Vec<&Thread>> {
        if !self.zone.keyframe {
            return Ok(Vec::new());
        }
        let threads = self.threads()?;
        let live = self.column(Column::Live)?;
        Ok(live
            .iter()
            .filter_map(|i| threads.get(usize::try_from(*i).ok()?))
            .collect())
    }

    /// Decodes every column and checks every frame, for verification.
    pub fn check(&self) -> Result<()> {
        for info in &self.directory.columns {
            if info.codec == codec::RAW {
                self.bytes(info).map(|_| ())?
            } else {
                self.column(info.column).map(|_| ())?
            }
        }
        for row in 0..self.rows() {
            self.kind(row)?;
        }
        self.strings()?;
        self.payloads()?;
        self.threads()?;
        self.containers()?;
        self.descriptors()?;
        self.losses().map(|_| ())
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

    fn info(&self, column: Column) -> Result<(usize, &ColumnInfo)> {
        let at = self.column_index.get(&column).copied();
        at.and_then(|at| Some((at, self.directory.columns.get(at)?)))
            .ok_or_else(|| self.damage(format!("column {column:?} is not there")))
    }

    fn bytes(&self, info: &ColumnInfo) -> Result<&[u8]> {
        let frame = usize::from(info.frame);
        let slot = self.frame_cache.get(frame).zip(self.directory.frames.get(frame));
        let (slot, frame) = slot.ok_or_else(|| self.damage(format!("frame {frame} does not exist")))?;
        if slot.get().is_none() {
            self.spend(frame.raw as usize)?;
            let raw = frame::read(frame, self.frames).map_err(|e| self.damage(format!("{:?}: {e}", info.column)))?;
            let _ = slot.set(raw);
        }
        let start = info.offset as usize;
        let end = start.checked_add(info.length as usize);
        slot.get()
            .zip(end)
            .and_then(|(raw, end)| raw.get(start..end))
            .ok_or_else(|| self.damage(format!("{:?} lies outside its frame", info.column)))
    }

    fn column(&self, column: Column) -> Result<&[i64]> {
        let (at, info) = self.info(column)?;
        let slot = &self.column_cache[at];
        if slot.get().is_none() {
            if info.rows as usize > MAX_ROWS {
                let found = u64::from(info.rows);
                return Err(Error::Limit {
                    what: "values of a column",
                    found,
                    limit: MAX_ROWS as u64,
                });
            }
            self.spend(8 * info.rows as usize)?;
            let values = codec::decode(info.codec, self.bytes(info)?, info.rows as usize)
                .ok_or_else(|| self.damage(format!("{column:?} does not fit its codec {}", info.codec)))?;
            let _ = slot.set(values);
        }
        Ok(slot.get().map_or(&[], |v| v))
    }

    fn row_column(&self, column: Column) -> Result<&[i64]> {
        let values = self.column(column)?;
        if values.len() != self.rows() {
            return Err(self.damage(format!(
                "{column:?} has {} values for {} rows",
                values.len(),
                self.rows()
            )));
        }
        Ok(values)
    }

    fn dictionary<'s>(
        &'s self,
        slot: &'s OnceCell<Dictionary>,
        lengths: Column,
        text: Column,
    ) -> Result<&'s Dictionary> {
        if slot.get().is_none() {
            let bytes = self.bytes(self.info(text)?.1)?.to_vec();
            let dictionary = Dictionary::new(self.column(lengths)?, bytes)
                .ok_or_else(|| self.damage(format!("{lengths:?} do not fit {text:?}")))?;
            let _ = slot.set(dictionary);
        }
        slot.get().ok_or_else(|| self.damage("dictionary"))
    }

    fn strings(&self) -> Result<&Dictionary> {
        self.dictionary(&self.strings, Column::StringLengths, Column::StringBytes)
    }

    fn payloads(&self) -> Result<&Dictionary> {
        self.dictionary(&self.payloads, Column::PayloadLengths, Column::PayloadBytes)
    }

    fn metadata<'s, T: Decode<()>>(&'s self, column: Column, slot: &'s OnceCell<Vec<T>>) -> Result<&'s [T]> {
        if slot.get().is_none() {
            let bytes = self.bytes(self.info(column)?.1)?;
            self.spend(bytes.len() * 4)?;
            let values = meta::decode(bytes).map_err(|e| self.damage(format!("{column:?}: {e}")))?;
            let _ = slot.set(values);
        }
        Ok(slot.get().map_or(&[], |v| v))
    }
}
