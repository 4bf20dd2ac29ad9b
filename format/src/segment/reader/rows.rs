//! Rows in the order of time.

use super::super::column;
use super::super::{order, pool};
use super::{Passes, Segment};
use crate::model::{Container, Descriptor, EventFlags, Kind, ParamType, Thread, Value};
use crate::{Error, Result};
use std::slice;

/// Stored rows of one thread version, one behind the other.
pub(super) struct Run {
    /// Index of the version.
    pub(super) thread: i64,
    pub(super) rows: usize,
    /// Number of the thread (not version) among those with rows.
    pub(super) group: usize,
}

/// All runs; their rows are as many as the segment's.
pub(super) struct Runs(pub(super) Vec<Run>);

/// The order of rows.
pub(super) struct Order {
    /// Stored position of each row.
    pub(super) stored: Vec<u32>,
    /// Time of each row.
    pub(super) times: Vec<i64>,
}

/// Where a row is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its kind.
    pub kind: usize,
    /// Its place among the rows of its kind, in stored order.
    pub rank: usize,
    /// The same among all rows.
    pub stored: usize,
    /// Index of its thread version; one that does not exist is [`usize::MAX`].
    pub thread: usize,
    /// When it happened.
    pub time: i64,
}

/// Columns that are kept in the order of rows.
pub(super) const FIELDS: usize = 7;
pub(super) const KIND: usize = 0;
pub(super) const CPU: usize = 1;
pub(super) const FLAGS: usize = 2;
pub(super) const RESULT: usize = 3;
pub(super) const THREAD: usize = 4;
pub(super) const DESCRIPTOR: usize = 5;
pub(super) const DURATION: usize = 6;

impl Segment<'_> {
    /// Nanoseconds since the Unix epoch, one a row.
    pub fn times(&self) -> Result<&[i64]> {
        Ok(&self.order()?.times)
    }

    /// Index into [`Segment::kinds`], one a row; every value is a valid index.
    pub fn kind_indexes(&self) -> Result<&[i64]> {
        self.read(KIND)
    }

    /// CPU, one a row.
    pub fn cpus(&self) -> Result<&[i64]> {
        self.read(CPU)
    }

    /// [`EventFlags`] bits, one a row.
    pub fn flag_bits(&self) -> Result<&[i64]> {
        self.read(FLAGS)
    }

    /// Results, one a row; meaningful where the flags have [`EventFlags::HAS_RESULT`].
    pub fn results(&self) -> Result<&[i64]> {
        self.read(RESULT)
    }

    /// Index into [`Segment::threads`], one a row.
    pub fn thread_indexes(&self) -> Result<&[i64]> {
        self.read(THREAD)
    }

    /// Index into [`Segment::descriptors`] plus one, one a row; 0: none.
    pub fn descriptor_indexes(&self) -> Result<&[i64]> {
        self.read(DESCRIPTOR)
    }

    /// Nanoseconds from entry to exit, one a row; 0: not measured.
    pub fn durations(&self) -> Result<&[i64]> {
        self.read(DURATION)
    }

    /// The kind of a row.
    pub fn kind(&self, row: usize) -> Result<&Kind> {
        let index = self.kind_indexes()?.get(row).copied().unwrap_or(-1);
        usize::try_from(index)
            .ok()
            .and_then(|i| self.meta.kinds.get(i))
            .ok_or_else(|| self.damage(format!("row {row} does not exist")))
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

    /// Nanoseconds from entry to exit of a row's call, where they were measured.
    pub fn duration(&self, row: usize) -> Result<Option<u64>> {
        let duration = self.durations()?.get(row).copied().unwrap_or(0);
        Ok(u64::try_from(duration).ok().filter(|duration| *duration != 0))
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
            Some(index) => self.descriptor_at(index),
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

    /// Position of a row among the stored rows of its kind, for [`Segment::param_column`].
    pub fn rank(&self, row: usize) -> Result<usize> {
        let ranks = self.ranks()?;
        let stored = self.order()?.stored.get(row).and_then(|at| ranks.get(*at as usize));
        Ok(stored.map_or(0, |rank| *rank as usize))
    }

    /// Parameter number `param` of a row.
    pub fn arg(&self, row: usize, param: usize) -> Result<Value<'_>> {
        let Some(spec) = self.kind(row)?.params.get(param) else {
            return Ok(Value::Missing);
        };
        let kind = self.kind_indexes()?[row] as usize;
        self.param_value(kind, param, spec.ty, self.rank(row)?)
    }

    /// Parameter number `param`, of type `ty`, of the row at place `rank` of those of `kind`.
    pub fn param_value(&self, kind: usize, param: usize, ty: ParamType, rank: usize) -> Result<Value<'_>> {
        let value = self.param_at(kind, param, rank)?;
        Ok(match value {
            None => Value::Missing,
            Some(id) if ty.is_bytes() => self.string(ty, id)?.map_or(Value::Missing, Value::Bytes),
            Some(value) => Value::Int(value),
        })
    }

    /// A column in the order of rows.
    pub(super) fn read(&self, field: usize) -> Result<&[i64]> {
        let slot = &self.read[field];
        if slot.get().is_none() {
            self.spend(16 * self.rows())?;
            let mut own = Vec::new();
            let stored: &[i64] = match field {
                KIND => self.stored_kinds()?,
                CPU => self.row_column(column::CPU)?,
                THREAD => {
                    let repeat = |run: &Run| std::iter::repeat_n(run.thread, run.rows);
                    own = self.runs()?.0.iter().flat_map(repeat).collect::<Vec<i64>>();
                    &own
                }
                _ => {
                    own = self.gather(match field {
                        FLAGS => column::FLAGS,
                        RESULT => column::RESULT,
                        DESCRIPTOR => column::DESCRIPTOR,
                        _ => column::DURATION,
                    })?;
                    &own
                }
            };
            let order = &self.order()?.stored;
            let mut values = pool::ints(self.rows());
            values.extend(order.iter().map(|at| stored[*at as usize]));
            pool::give(std::iter::once(own), std::iter::empty());
            let _ = slot.set(values);
        }
        Ok(slot.get().map_or(&[], Vec::as_slice))
    }

    /// A field of all kinds, in stored order.
    fn gather(&self, field: u16) -> Result<Vec<i64>> {
        let mut columns = self.columns_of(field)?;
        let mut out = pool::ints(self.rows());
        for kind in self.stored_kinds()? {
            out.push(self.next_of(&mut columns, *kind)?);
        }
        Ok(out)
    }

    /// A field of each kind.
    fn columns_of(&self, field: u16) -> Result<Vec<slice::Iter<'_, i64>>> {
        let column = |kind| self.event_column(kind, field).map(<[i64]>::iter);
        (0..self.meta.kinds.len()).map(column).collect()
    }

    /// The value of the next stored row, which is of this kind. Where all rows have one, each kind has as many rows as the
    /// zone map says, because the columns have: together as many as the segment.
    #[inline]
    fn next_of(&self, columns: &mut [slice::Iter<'_, i64>], kind: i64) -> Result<i64> {
        let column = usize::try_from(kind).ok().and_then(|kind| columns.get_mut(kind));
        match column.and_then(slice::Iter::next) {
            Some(value) => Ok(*value),
            None => Err(self.wrong_kinds()),
        }
    }

    #[cold]
    fn wrong_kinds(&self) -> Error {
        let known = self.ranks().err();
        known.unwrap_or_else(|| self.damage("kinds have other numbers of rows than the zone map says"))
    }

    /// Kinds of the stored rows.
    pub(super) fn stored_kinds(&self) -> Result<&[i64]> {
        self.row_column(column::KIND)
    }

    pub(super) fn row_column(&self, name: column::Column) -> Result<&[i64]> {
        match self.column(name)? {
            Some(values) if values.len() == self.rows() => Ok(values),
            Some(values) => Err(self.damage(format!("{name:?} has {} values for {} rows", values.len(), self.rows()))),
            None => self.zeros(self.rows()),
        }
    }

    /// The runs of threads.
    pub(super) fn runs(&self) -> Result<&Runs> {
        if self.runs.get().is_none() {
            let threads = self.column(column::RUN_THREAD)?.unwrap_or_default();
            let counts = self.column(column::RUN_ROWS)?.unwrap_or_default();
            let first = self.column(column::RUN_FIRST)?.unwrap_or_default();
            if threads.len() != counts.len() || first.len() != counts.len() {
                return Err(self.damage("the columns of the threads' runs differ in length"));
            }
            self.spend(24 * counts.len())?;
            let mut runs = Vec::with_capacity(counts.len());
            let (mut left, mut groups) = (self.rows(), 0usize);
            for ((thread, count), first) in threads.iter().zip(counts).zip(first) {
                let rows = usize::try_from(*count).ok().filter(|rows| *rows <= left);
                let rows = rows.ok_or_else(|| self.damage("the threads have more rows than the segment"))?;
                left -= rows;
                groups += usize::from(*first != 0 || runs.is_empty());
                runs.push(Run {
                    thread: *thread,
                    rows,
                    group: groups - 1,
                });
            }
            if left != 0 {
                return Err(self.damage(format!("{left} rows have no thread")));
            }
            let _ = self.runs.set(Runs(runs));
        }
        self.runs.get().ok_or_else(|| self.damage("runs"))
    }

    /// Position of each stored row among those of its kind. Checks that kinds exist and have the rows that they claim.
    pub(super) fn ranks(&self) -> Result<&[u32]> {
        if self.ranks.get().is_none() {
            self.spend(4 * self.rows())?;
            let counts = &self.meta.zone.kinds;
            let mut next = vec![0u32; counts.len()];
            let mut ranks = Vec::with_capacity(self.rows());
            for kind in self.stored_kinds()? {
                let next = usize::try_from(*kind).ok().and_then(|k| next.get_mut(k));
                let next = next.ok_or_else(|| self.damage(format!("kind {kind} does not exist")))?;
                ranks.push(*next);
                *next += 1;
            }
            if next.iter().zip(counts).any(|(found, count)| *found != count.events) {
                return Err(self.damage("kinds have other numbers of rows than the zone map says"));
            }
            let _ = self.ranks.set(ranks);
        }
        Ok(self.ranks.get().map_or(&[], Vec::as_slice))
    }

    /// The order of rows by time, or the explicit one.
    pub(super) fn order(&self) -> Result<&Order> {
        if self.order.get().is_none() {
            self.spend(40 * self.rows())?;
            let mut times = pool::ints(self.rows());
            self.each_stored(|_, _, time| times.push(time))?;
            let stored = match self.column(column::ORDER)? {
                None => order::sort(&mut times),
                Some(_) => {
                    let stored = self.explicit_order()?;
                    let mut read = pool::ints(times.len());
                    read.extend(stored.iter().map(|at| times[*at as usize]));
                    pool::give(std::iter::once(std::mem::replace(&mut times, read)), std::iter::empty());
                    stored
                }
            };
            let _ = self.order.set(Order { stored, times });
        }
        self.order.get().ok_or_else(|| self.damage("order"))
    }

    /// Calls `each` with every stored row: index of its thread version, kind and time.
    fn each_stored(&self, mut each: impl FnMut(i64, i64, i64)) -> Result<()> {
        let mut gaps = self.columns_of(column::GAP)?;
        let mut kinds = self.stored_kinds()?;
        let start = self.meta.zone.time_min as i64;
        let (mut time, mut group) = (start, usize::MAX);
        for run in &self.runs()?.0 {
            if run.group != group {
                (time, group) = (start, run.group);
            }
            // All runs together have as many rows as there are.
            let (of_run, behind) = kinds.split_at_checked(run.rows).unwrap_or_default();
            kinds = behind;
            for kind in of_run {
                time = time.wrapping_add(self.next_of(&mut gaps, *kind)?);
                each(run.thread, *kind, time);
            }
        }
        Ok(())
    }

    /// Where the rows are for which a condition holds, in the order of reading; `passes` has an element for each kind. Where
    /// they are few, this takes less than [`Segment::rows_where`], which puts all rows in order.
    pub fn places_where(&self, passes: &[Passes]) -> Result<Vec<Place>> {
        let mut places = Vec::new();
        if passes.iter().all(|passes| *passes == Passes::None) {
            return Ok(places);
        }
        self.spend(size_of::<Place>() * self.rows())?;
        let mut next = vec![0u32; passes.len()];
        let mut stored = 0;
        self.each_stored(|thread, kind, time| {
            let of = usize::try_from(kind).unwrap_or(usize::MAX);
            if let (Some(passes), Some(next)) = (passes.get(of), next.get_mut(of)) {
                let holds = match passes {
                    Passes::None => false,
                    Passes::All => true,
                    Passes::Some(mask) => mask.get(*next as usize) == Some(&1),
                };
                if holds {
                    places.push(Place {
                        kind: of,
                        rank: *next as usize,
                        stored,
                        thread: usize::try_from(thread).unwrap_or(usize::MAX),
                        time,
                    });
                }
                *next += 1;
            }
            stored += 1;
        })?;
        match self.column(column::ORDER)? {
            None => places.sort_by_key(|place| place.time),
            Some(_) => {
                let rows = order::inverse(&self.explicit_order()?);
                places.sort_by_key(|place| rows[place.stored]);
            }
        }
        Ok(places)
    }

    /// The order that the segment says: every stored row once.
    fn explicit_order(&self) -> Result<Vec<u32>> {
        let mut seen = vec![false; self.rows()];
        let mut order = Vec::with_capacity(self.rows());
        for at in self.row_column(column::ORDER)? {
            let slot = usize::try_from(*at)
                .ok()
                .and_then(|at| seen.get_mut(at))
                .filter(|seen| !**seen);
            *slot.ok_or_else(|| self.damage("the order of rows is none"))? = true;
            order.push(*at as u32);
        }
        Ok(order)
    }
}
