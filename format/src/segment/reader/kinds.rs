//! The rows of one kind, in stored order (thread by thread). What is asked of many rows and needs no order of time is
//! answered here: columns are as they were stored, nothing is sorted or gathered.

use super::super::column;
use super::Segment;
use crate::Result;

/// For which rows of a kind a condition holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Passes {
    /// For none.
    None,
    /// For all.
    All,
    /// For those with a 1; one for each row of the kind, in stored order.
    Some(Vec<u8>),
}

impl Segment<'_> {
    /// [`crate::model::EventFlags`] bits of the rows of a kind.
    pub fn flags_column(&self, kind: usize) -> Result<&[i64]> {
        self.event_column(kind, column::FLAGS)
    }

    /// Of the rows of a kind, index into [`Segment::descriptors`] plus one; 0: none.
    pub fn descriptor_column(&self, kind: usize) -> Result<&[i64]> {
        self.event_column(kind, column::DESCRIPTOR)
    }

    /// Nanoseconds from entry to exit of the rows of a kind; 0: not measured.
    pub fn duration_column(&self, kind: usize) -> Result<&[i64]> {
        self.event_column(kind, column::DURATION)
    }

    /// Of the rows of a kind, index into [`Segment::threads`]. No such index is `u32::MAX`.
    pub fn thread_column(&self, kind: usize) -> Result<&[u32]> {
        if self.thread_columns.get().is_none() {
            self.spend(8 * self.rows())?;
            let mut columns = self.by_kind();
            let mut kinds = self.stored_kinds()?.iter();
            for run in &self.runs()?.0 {
                let thread = u32::try_from(run.thread).unwrap_or(u32::MAX);
                for kind in kinds.by_ref().take(run.rows) {
                    if let Some(column) = usize::try_from(*kind).ok().and_then(|kind| columns.get_mut(kind)) {
                        column.push(thread);
                    }
                }
            }
            // Says so where kinds do not have the rows that they claim.
            if self.differs(&columns) {
                self.ranks()?;
            }
            let _ = self.thread_columns.set(columns);
        }
        let column = self.thread_columns.get().and_then(|columns| columns.get(kind));
        Ok(column.map_or(&[], Vec::as_slice))
    }

    /// CPUs of the stored rows, of all kinds.
    pub fn stored_cpus(&self) -> Result<&[i64]> {
        self.row_column(column::CPU)
    }

    /// One thing of each stored row, kind by kind.
    pub fn split<T>(&self, values: impl Iterator<Item = T>) -> Result<Vec<Vec<T>>> {
        self.spend(size_of::<T>() * self.rows())?;
        let kinds = self.meta.zone.kinds.iter();
        // The directory was checked: together they have as many rows as the segment.
        let mut columns: Vec<Vec<T>> = kinds.map(|kind| Vec::with_capacity(kind.events as usize)).collect();
        for (kind, value) in self.stored_kinds()?.iter().zip(values) {
            if let Some(column) = usize::try_from(*kind).ok().and_then(|kind| columns.get_mut(kind)) {
                column.push(value);
            }
        }
        Ok(columns)
    }

    /// Indexes into [`Segment::threads`] of the versions that have rows, each once, ascending.
    pub fn threads_with_rows(&self) -> Result<Vec<u32>> {
        let runs = self.runs()?.0.iter().filter(|run| run.rows > 0);
        let mut threads: Vec<u32> = runs.map(|run| u32::try_from(run.thread).unwrap_or(u32::MAX)).collect();
        threads.sort_unstable();
        threads.dedup();
        Ok(threads)
    }

    /// Of the rows of a kind, their place in the order of reading.
    pub fn place_column(&self, kind: usize) -> Result<&[u32]> {
        if self.places.get().is_none() {
            self.spend(12 * self.rows())?;
            let mut rows = vec![0u32; self.rows()];
            for (row, stored) in self.order()?.stored.iter().enumerate() {
                if let Some(slot) = rows.get_mut(*stored as usize) {
                    *slot = row as u32;
                }
            }
            let mut columns = self.by_kind();
            for (kind, row) in self.stored_kinds()?.iter().zip(rows) {
                if let Some(column) = usize::try_from(*kind).ok().and_then(|kind| columns.get_mut(kind)) {
                    column.push(row);
                }
            }
            if self.differs(&columns) {
                self.ranks()?;
            }
            let _ = self.places.set(columns);
        }
        let column = self.places.get().and_then(|columns| columns.get(kind));
        Ok(column.map_or(&[], Vec::as_slice))
    }

    /// The rows for which a condition holds, in the order of reading; `passes` has an element for each kind.
    pub fn rows_where(&self, passes: &[Passes]) -> Result<Vec<u32>> {
        let all = passes.iter().all(|passes| *passes == Passes::All);
        if all && passes.len() == self.kinds().len() {
            return Ok((0..self.rows() as u32).collect());
        }
        if passes.iter().all(|passes| *passes == Passes::None) {
            return Ok(Vec::new());
        }
        self.spend(self.rows())?;
        let mut next = vec![0usize; passes.len()];
        let mut stored = Vec::with_capacity(self.rows());
        let mut count = 0;
        for kind in self.stored_kinds()? {
            let holds = usize::try_from(*kind).ok().is_some_and(|kind| match passes.get(kind) {
                Some(Passes::All) => true,
                Some(Passes::Some(mask)) => {
                    let rank = next[kind];
                    next[kind] += 1;
                    mask.get(rank) == Some(&1)
                }
                Some(Passes::None) | None => false,
            });
            count += usize::from(holds);
            stored.push(holds);
        }
        let mut rows = Vec::with_capacity(count);
        for (row, at) in self.order()?.stored.iter().enumerate() {
            if stored.get(*at as usize) == Some(&true) {
                rows.push(row as u32);
            }
        }
        Ok(rows)
    }

    /// A place for a value of every row, kind by kind.
    fn by_kind(&self) -> Vec<Vec<u32>> {
        let kinds = self.meta.zone.kinds.iter();
        // The directory was checked: together they have as many rows as the segment.
        kinds.map(|kind| Vec::with_capacity(kind.events as usize)).collect()
    }

    fn differs(&self, columns: &[Vec<u32>]) -> bool {
        let mut pairs = columns.iter().zip(&self.meta.zone.kinds);
        pairs.any(|(column, kind)| column.len() != kind.events as usize)
    }
}
