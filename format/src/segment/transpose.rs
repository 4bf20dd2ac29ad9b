//! The rows of a kind to its columns.

use super::builder::{Class, Place, Table};
use super::column;

/// Rows that are taken apart at a time: they stay in the nearest cache while one column after the other takes its word.
const BLOCK: usize = 128;

/// The columns of one kind, in stored order; the memory goes from kind to kind.
#[derive(Default)]
pub(super) struct Columns {
    /// Those behind `used` are of kinds before.
    columns: Vec<Column>,
    used: usize,
}

struct Column {
    field: u16,
    place: Place,
    values: Vec<i64>,
}

impl Columns {
    /// Takes apart the rows of `table` in this order of arrival.
    pub(super) fn fill(&mut self, table: &Table, arrivals: &[u32]) {
        self.used = 0;
        self.add(column::FLAGS, Table::FLAGS);
        self.add(column::RESULT, Place::word(Table::RESULT));
        self.add(column::DESCRIPTOR, Table::DESCRIPTOR);
        self.add(column::DURATION, Place::word(Table::DURATION));
        for (at, param) in table.params.iter().enumerate() {
            self.add(column::param(at), Place::word(Table::HEAD + at));
            if param.class == Class::Int && table.has_missing(at) {
                self.add(column::present(at), table.presence(at));
            }
        }
        let (width, words) = (table.width(), table.words());
        let mut starts = [0; BLOCK];
        for block in arrivals.chunks(BLOCK) {
            let starts = &mut starts[..block.len()];
            for (start, arrival) in starts.iter_mut().zip(block) {
                *start = *arrival as usize * width;
            }
            for column in &mut self.columns[..self.used] {
                let (place, words) = (column.place, &words[column.place.word..]);
                column.values.extend(starts.iter().map(|start| place.of(words[*start])));
            }
        }
    }

    /// Field and values of each column.
    pub(super) fn fields(&self) -> impl Iterator<Item = (u16, &[i64])> {
        self.columns[..self.used]
            .iter()
            .map(|column| (column.field, column.values.as_slice()))
    }

    fn add(&mut self, field: u16, place: Place) {
        match self.columns.get_mut(self.used) {
            Some(column) => {
                (column.field, column.place) = (field, place);
                column.values.clear();
            }
            None => self.columns.push(Column {
                field,
                place,
                values: Vec::new(),
            }),
        }
        self.used += 1;
    }
}
