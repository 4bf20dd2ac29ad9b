//! The rows of a kind to its columns.

use super::builder::{Class, Table};
use super::column;

/// Rows that are taken apart at a time: they stay in the nearest cache while one column after the other takes its word.
const BLOCK: usize = 128;

/// The columns of one kind, in stored order; the memory goes from kind to kind.
#[derive(Default)]
pub(super) struct Columns {
    /// Field and word of the row; those behind `used` are of kinds before.
    columns: Vec<Column>,
    used: usize,
}

struct Column {
    field: u16,
    source: Source,
    values: Vec<i64>,
}

/// Where the values of a column stand in a row.
#[derive(Clone, Copy)]
enum Source {
    Word(usize),
    /// Whether this parameter has a value.
    Present(usize),
}

impl Columns {
    /// Takes apart the rows of `table` in this order of arrival.
    pub(super) fn fill(&mut self, table: &Table, arrivals: &[u32]) {
        self.used = 0;
        self.add(column::FLAGS, Source::Word(Table::FLAGS));
        self.add(column::RESULT, Source::Word(Table::RESULT));
        self.add(column::DESCRIPTOR, Source::Word(Table::DESCRIPTOR));
        self.add(column::DURATION, Source::Word(Table::DURATION));
        for (at, param) in table.params.iter().enumerate() {
            self.add(column::param(at), Source::Word(Table::HEAD + at));
            if param.class == Class::Int && table.has_missing(at) {
                self.add(column::present(at), Source::Present(at));
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
                match column.source {
                    Source::Word(word) => {
                        let words = &words[word..];
                        column.values.extend(starts.iter().map(|start| words[*start]));
                    }
                    Source::Present(param) => {
                        let row = |start: &usize| &words[*start..*start + width];
                        column
                            .values
                            .extend(starts.iter().map(|start| table.present(row(start), param)));
                    }
                }
            }
        }
    }

    /// Field and values of each column.
    pub(super) fn fields(&self) -> impl Iterator<Item = (u16, &[i64])> {
        self.columns[..self.used]
            .iter()
            .map(|column| (column.field, column.values.as_slice()))
    }

    fn add(&mut self, field: u16, source: Source) {
        match self.columns.get_mut(self.used) {
            Some(column) => {
                (column.field, column.source) = (field, source);
                column.values.clear();
            }
            None => self.columns.push(Column {
                field,
                source,
                values: Vec::new(),
            }),
        }
        self.used += 1;
    }
}
