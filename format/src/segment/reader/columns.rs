//! Frames and columns as they are stored.

use super::super::column::{self, Column, ColumnInfo, EVENTS};
use super::super::{MAX_ROWS, bases, codec, frame, pool};
use super::Segment;
use crate::model::ParamType;
use crate::{Error, Result};
use hashbrown::HashMap;
use std::cell::OnceCell;

/// A column of the events of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventField {
    /// [`Segment::flags_column`].
    Flags,
    /// [`Segment::result_column`].
    Result,
    /// [`Segment::descriptor_column`].
    Descriptor,
    /// [`Segment::duration_column`].
    Duration,
    /// [`Segment::param_column`].
    Param(usize),
}

impl EventField {
    fn number(self) -> u16 {
        match self {
            EventField::Flags => column::FLAGS,
            EventField::Result => column::RESULT,
            EventField::Descriptor => column::DESCRIPTOR,
            EventField::Duration => column::DURATION,
            EventField::Param(param) => column::param(param),
        }
    }
}

impl Segment<'_> {
    /// All values of a parameter, one per row *of its kind* in stored order (thread by thread): integers, or dictionary
    /// ids for [`Segment::string`].
    pub fn param_column(&self, kind: usize, param: usize) -> Result<&[i64]> {
        self.event_column(kind, column::param(param))
    }

    /// The results of a kind, one per row of it in stored order; meaningful where the flags have
    /// [`crate::model::EventFlags::HAS_RESULT`].
    pub fn result_column(&self, kind: usize) -> Result<&[i64]> {
        self.event_column(kind, column::RESULT)
    }

    /// Where the integers of a parameter are there (1) or missing; `None`: nowhere missing.
    pub fn present_column(&self, kind: usize, param: usize) -> Result<Option<&[i64]>> {
        let field = column::of_kind(kind, column::present(param));
        Ok(if self.index.contains_key(&field) {
            Some(self.event_column(kind, field.field)?)
        } else {
            None
        })
    }

    /// Between which values those of a column lie, where that is known without decoding them: often they are all the
    /// same, and nothing in them can pass a test.
    pub fn limits(&self, kind: usize, field: EventField) -> Result<Option<(i64, i64)>> {
        let rows = self.meta.zone.kinds.get(kind).map_or(0, |kind| kind.events as usize);
        let Some(&(at, start)) = self.index.get(&column::of_kind(kind, field.number())) else {
            return Ok(Some((0, 0)));
        };
        match self.meta.columns.get(at) {
            Some(info) if info.rows as usize == rows && info.codec != codec::ADDRESS => {
                Ok(codec::limits(info.codec, self.slice(info, start)?, rows))
            }
            _ => Ok(None),
        }
    }

    /// A parameter's value at place `rank` of the rows of `kind`, where it is there.
    pub(super) fn param_at(&self, kind: usize, param: usize, rank: usize) -> Result<Option<i64>> {
        let slots = self.slots(kind);
        let slot = |field: u16| slots.get(usize::from(field)).copied().flatten();
        let (value, present) = (column::param(param), column::present(param));
        if let Some(at) = slot(present)
            && self.column_at(kind, present, at)?.get(rank) != Some(&1)
        {
            return Ok(None);
        }
        match slot(value) {
            Some(at) => Ok(self.column_at(kind, value, at)?.get(rank).copied()),
            None => Ok((rank < self.events(kind)).then_some(0)),
        }
    }

    /// Numbers of the columns of a kind's fields, for who asks row by row: without looking their names up.
    fn slots(&self, kind: usize) -> &[Option<usize>] {
        let slots = self.slots.get_or_init(|| {
            let of_kind = |(kind, spec): (usize, &crate::model::Kind)| {
                let fields = 0..column::param(spec.params.len());
                let place = |field| self.index.get(&column::of_kind(kind, field)).map(|(at, _)| *at);
                fields.map(place).collect()
            };
            self.meta.kinds.iter().enumerate().map(of_kind).collect()
        });
        slots.get(kind).map_or(&[], Vec::as_slice)
    }

    /// Rows of a kind.
    fn events(&self, kind: usize) -> usize {
        self.meta.zone.kinds.get(kind).map_or(0, |kind| kind.events as usize)
    }

    /// A field of the rows of a kind, in stored order; 0 everywhere where it is not there.
    pub(super) fn event_column(&self, kind: usize, field: u16) -> Result<&[i64]> {
        match self.slots(kind).get(usize::from(field)).copied().flatten() {
            Some(at) => self.column_at(kind, field, at),
            None => self.zeros(self.events(kind)),
        }
    }

    /// The same, in column number `at`.
    fn column_at(&self, kind: usize, field: u16, at: usize) -> Result<&[i64]> {
        let values = match self.columns.get(at).and_then(OnceCell::get) {
            Some(values) => values.as_slice(),
            None => self.column(column::of_kind(kind, field))?.unwrap_or_default(),
        };
        let rows = self.events(kind);
        if values.len() != rows {
            let found = values.len();
            return Err(self.damage(format!(
                "field {field} of kind {kind} has {found} values for {rows} rows"
            )));
        }
        Ok(values)
    }

    /// Zeros; `count` is at most the number of rows.
    pub(super) fn zeros(&self, count: usize) -> Result<&[i64]> {
        if self.zeros.get().is_none() {
            self.spend(8 * self.rows())?;
            let _ = self.zeros.set(pool::zeros(self.rows()));
        }
        let zeros = self.zeros.get().and_then(|z| z.get(..count));
        zeros.ok_or_else(|| self.damage("a kind has more rows than its segment"))
    }

    /// The integers of a column; `None` where there is none.
    pub(super) fn column(&self, name: Column) -> Result<Option<&[i64]>> {
        let Some(&(at, start)) = self.index.get(&name) else {
            return Ok(None);
        };
        let (Some(slot), Some(info)) = (self.columns.get(at), self.meta.columns.get(at)) else {
            return Ok(None);
        };
        if slot.get().is_none() {
            let rows = info.rows as usize;
            if rows > MAX_ROWS {
                return Err(Error::Limit {
                    what: "values of a column",
                    found: rows as u64,
                    limit: MAX_ROWS as u64,
                });
            }
            let bytes = self.slice(info, start)?;
            self.spend(8 * rows)?;
            let values = match info.codec {
                codec::ADDRESS => self.addresses(name, bytes, rows)?,
                codec => codec::decode(codec, bytes, rows),
            };
            let values =
                values.ok_or_else(|| self.damage(format!("{name:?} does not fit its codec {}", info.codec)))?;
            let _ = slot.set(values);
        }
        Ok(slot.get().map(Vec::as_slice))
    }

    /// A column of addresses: each is relative to a base of its thread.
    fn addresses(&self, name: Column, bytes: &[u8], rows: usize) -> Result<Option<Vec<i64>>> {
        let is_base = |c| {
            self.index
                .get(&c)
                .is_some_and(|(at, _)| self.meta.columns[*at].codec == codec::ADDRESS)
        };
        if name.table != EVENTS || is_base(column::BASES) || is_base(column::BASE_COUNTS) {
            return Ok(None);
        }
        let all = self.column(column::BASES)?.unwrap_or_default();
        let counts = self.column(column::BASE_COUNTS)?.unwrap_or_default();
        let mut rest = all;
        let mut bases = Vec::with_capacity(counts.len());
        for count in counts {
            let own = usize::try_from(*count)
                .ok()
                .and_then(|count| rest.split_at_checked(count));
            let (own, behind) = own.ok_or_else(|| self.damage("threads have more bases than there are"))?;
            bases.push(own);
            rest = behind;
        }
        let threads = self.threads_of_kind(usize::from(name.key))?;
        let runs = threads.iter().map(|(thread, rows)| {
            let own = bases.get(*thread as usize).copied().unwrap_or_default();
            (*rows as usize, own)
        });
        Ok(bases::decode(bytes, rows, runs))
    }

    /// Of a kind that has addresses, the thread (not version) of its rows in stored order, and how many one behind the
    /// other it has.
    fn threads_of_kind(&self, kind: usize) -> Result<&[(u32, u32)]> {
        if self.kind_threads.get().is_none() {
            self.spend(16 * self.rows())?;
            let none = self.meta.kinds.len();
            let mut with = vec![false; none];
            for info in self.meta.columns.iter().filter(|info| info.codec == codec::ADDRESS) {
                if let Some(with) = with.get_mut(usize::from(info.column.key)) {
                    *with = true;
                }
            }
            let wanted: Vec<usize> = (0..none).filter(|kind| with[*kind]).collect();
            let mut threads = vec![Vec::new(); none];
            // Other kinds are counted behind the last.
            let mut counts = vec![0u32; none + 1];
            let mut seen = Vec::new();
            let mut kinds = self.stored_kinds()?;
            for run in &self.runs()?.0 {
                let (of_run, behind) = kinds.split_at_checked(run.rows).unwrap_or((kinds, &[]));
                kinds = behind;
                // To count one kind takes a tenth of what counting all does.
                if run.rows >= 64 && wanted.len() <= 8 {
                    for kind in &wanted {
                        match codec::occurrences(of_run, *kind as i64) {
                            0 => {}
                            rows => threads[*kind].push((run.group as u32, rows as u32)),
                        }
                    }
                    continue;
                }
                for kind in of_run {
                    let at = usize::try_from(*kind).map_or(none, |kind| kind.min(none));
                    if counts[at] == 0 {
                        seen.push(at);
                    }
                    counts[at] += 1;
                }
                for at in seen.drain(..) {
                    let rows = std::mem::take(&mut counts[at]);
                    if with.get(at) == Some(&true) {
                        threads[at].push((run.group as u32, rows));
                    }
                }
            }
            let _ = self.kind_threads.set(threads);
        }
        let threads = self.kind_threads.get().and_then(|threads| threads.get(kind));
        Ok(threads.map_or(&[], Vec::as_slice))
    }

    /// The bytes of a column that is no integers.
    pub(super) fn raw(&self, name: Column) -> Result<&[u8]> {
        let Some(&(at, start)) = self.index.get(&name) else {
            return Ok(&[]);
        };
        match self.meta.columns.get(at) {
            Some(info) if info.codec == codec::RAW => self.slice(info, start),
            _ => Err(self.damage(format!("{name:?} has a codec of integers"))),
        }
    }

    fn slice(&self, info: &ColumnInfo, start: usize) -> Result<&[u8]> {
        let frame = self.frame(usize::from(info.frame))?;
        let end = start.checked_add(info.length as usize);
        end.and_then(|end| frame.get(start..end))
            .ok_or_else(|| self.damage(format!("{:?} lies outside its frame", info.column)))
    }

    /// The bytes of a frame, decompressed and checked.
    pub(super) fn frame(&self, at: usize) -> Result<&[u8]> {
        let parts = self
            .frames
            .get(at)
            .zip(self.meta.frames.get(at))
            .zip(self.frame_bounds.get(at));
        let ((slot, info), (from, to)) = parts.ok_or_else(|| self.damage(format!("frame {at} does not exist")))?;
        if slot.get().is_none() {
            self.spend(info.raw as usize)?;
            let stored = self.body.get(*from..*to).unwrap_or_default();
            let raw = frame::read(info, stored).map_err(|e| self.damage(format!("frame {at}: {e}")))?;
            let _ = slot.set(raw);
        }
        Ok(slot.get().map_or(&[], Vec::as_slice))
    }

    /// The byte string with dictionary id `id` of a parameter of type `ty`; `None` where it is missing.
    pub fn string(&self, ty: ParamType, id: i64) -> Result<Option<&[u8]>> {
        Ok(self.texts(ty)?.get(id))
    }

    /// Bytes of each table of the segment as stored, for measurements: name and bytes. A shared frame is divided by what
    /// its columns have when decompressed.
    pub fn sizes(&self) -> Vec<(String, u64)> {
        let mut out: HashMap<String, u64> = HashMap::new();
        for info in &self.meta.columns {
            let frame = self.meta.frames.get(usize::from(info.frame));
            let share = frame.map_or(0, |f| {
                u64::from(f.stored) * u64::from(info.length) / u64::from(f.raw).max(1)
            });
            let name = match info.column {
                Column {
                    table: EVENTS,
                    key,
                    field,
                } => {
                    let kind = self.meta.kinds.get(usize::from(key));
                    let name = kind.map_or("?", |k| k.name.as_str());
                    match field {
                        column::GAP => "events time".to_owned(),
                        column::FLAGS => "events flags".to_owned(),
                        column::RESULT => "events result".to_owned(),
                        column::DESCRIPTOR => "events descriptor".to_owned(),
                        column::DURATION => "events duration".to_owned(),
                        field => match field.checked_sub(column::param(0)) {
                            Some(param) => format!("events param {name} {}", param / 2),
                            // Reserved, or of a newer writer.
                            None => format!("events field {field}"),
                        },
                    }
                }
                Column { table, field, .. } => format!("table {table} field {field}"),
            };
            *out.entry(name).or_default() += share;
        }
        out.insert(
            "directory".to_owned(),
            self.frame_bounds.first().map_or(0, |b| b.0 as u64),
        );
        out.into_iter().collect()
    }
}
