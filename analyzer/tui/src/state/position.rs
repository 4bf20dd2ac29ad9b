//! Where events are, and sets of them that stay small for any number of rows.

use std::ops::Range;
use std::sync::Arc;

/// An event's place in the trace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    /// Number of the segment.
    pub(crate) segment: u32,
    /// Row in the segment.
    pub(crate) row: u32,
}

/// Some rows of one segment, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    segment: u32,
    /// Row that the rest counts from.
    base: u32,
    rows: Rows,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rows {
    /// So many from the base on.
    All(u32),
    /// These, counted from the base.
    Few(Box<[u32]>),
    /// One bit a row, and how many are set.
    Many(Box<[u64]>, u32),
}

impl Part {
    /// The first `rows` rows of a segment.
    pub(crate) fn all(segment: u32, rows: u32) -> Part {
        let rows = Rows::All(rows);
        Part { segment, base: 0, rows }
    }

    /// Some of `span` rows from row `base` on; `found` counts from there and is in order. Costs at most one bit for
    /// each row of the span.
    pub(crate) fn some(segment: u32, base: u32, span: u32, found: &[u32]) -> Part {
        let count = found.len() as u32;
        let rows = if count == span {
            Rows::All(span)
        } else if count < span / 32 {
            Rows::Few(found.into())
        } else {
            let mut bits = vec![0u64; span.div_ceil(64) as usize];
            for row in found {
                if let Some(word) = bits.get_mut(*row as usize / 64) {
                    *word |= 1 << (row % 64);
                }
            }
            Rows::Many(bits.into(), count)
        };
        Part { segment, base, rows }
    }

    fn len(&self) -> u32 {
        match &self.rows {
            Rows::All(count) | Rows::Many(_, count) => *count,
            Rows::Few(rows) => rows.len() as u32,
        }
    }

    /// Place of the row with this index among them.
    fn position(&self, index: u32) -> Option<Position> {
        let row = match &self.rows {
            Rows::All(count) => (index < *count).then_some(index)?,
            Rows::Few(rows) => *rows.get(index as usize)?,
            Rows::Many(bits, _) => set_bit(bits, index)?,
        };
        Some(Position {
            segment: self.segment,
            row: self.base.saturating_add(row),
        })
    }
}

/// Number of the bit that is set as the one with this index.
fn set_bit(bits: &[u64], mut index: u32) -> Option<u32> {
    for (at, word) in bits.iter().enumerate() {
        let mut word = *word;
        if index >= word.count_ones() {
            index -= word.count_ones();
            continue;
        }
        for _ in 0..index {
            word &= word - 1;
        }
        return Some(at as u32 * 64 + word.trailing_zeros());
    }
    None
}

/// A list of events by their places. An index into it finds its event in the time of two searches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RowSet {
    /// Shared, so that work aside can have the whole list at no cost.
    parts: Vec<Arc<Part>>,
    /// Index of the first row of each part.
    starts: Vec<u64>,
    len: u64,
}

impl RowSet {
    /// Number of events.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Adds events behind the others.
    pub(crate) fn push(&mut self, part: Part) {
        if part.len() == 0 {
            return;
        }
        self.starts.push(self.len);
        self.len = self.len.saturating_add(u64::from(part.len()));
        self.parts.push(Arc::new(part));
    }

    /// Indices of the rows of each part: a part is of one segment.
    pub(crate) fn parts(&self) -> impl Iterator<Item = Range<u64>> {
        let parts = self.parts.iter().zip(&self.starts);
        parts.map(|(part, start)| *start..start.saturating_add(u64::from(part.len())))
    }

    /// Place of the event with this index.
    pub(crate) fn position(&self, index: u64) -> Option<Position> {
        let at = self.starts.partition_point(|start| *start <= index).checked_sub(1)?;
        let (part, start) = self.parts.get(at).zip(self.starts.get(at))?;
        part.position(u32::try_from(index - start).ok()?)
    }

    /// Index of the event at this place, or of the first one behind it.
    pub(crate) fn index_of(&self, position: Position) -> u64 {
        let (mut low, mut high) = (0, self.len);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.position(middle).is_some_and(|at| at < position) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Places of the events from index `first` on, at most `count`.
    pub(crate) fn positions(&self, first: u64, count: u64) -> Vec<Position> {
        (first..first.saturating_add(count))
            .map_while(|index| self.position(index))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(set: &RowSet, expected: &[(u32, u32)]) {
        let all: Vec<(u32, u32)> = set
            .positions(0, u64::MAX)
            .iter()
            .map(|position| (position.segment, position.row))
            .collect();
        assert_eq!(all, expected);
        assert_eq!(set.len(), expected.len() as u64);
    }

    fn set(parts: impl IntoIterator<Item = Part>) -> RowSet {
        let mut set = RowSet::default();
        parts.into_iter().for_each(|part| set.push(part));
        set
    }

    #[test]
    fn rows_are_found_by_their_index() {
        check(&set([]), &[]);
        check(
            &set([Part::all(0, 2), Part::all(1, 0), Part::all(2, 1)]),
            &[(0, 0), (0, 1), (2, 0)],
        );
        check(
            &set([Part::some(3, 100, 64, &[5]), Part::some(3, 164, 64, &[0, 63])]),
            &[(3, 105), (3, 164), (3, 227)],
        );
        check(
            &set([Part::some(3, 0, 4, &[0, 1, 2, 3])]),
            &[(3, 0), (3, 1), (3, 2), (3, 3)],
        );
    }

    #[test]
    fn few_and_many_say_the_same() {
        let span = 4096;
        for step in [1, 2, 3, 31, 33, 63, 64, 65, 1000] {
            let found: Vec<u32> = (0..span).filter(|row| row % step == step - 1).collect();
            let expected: Vec<(u32, u32)> = found.iter().map(|row| (1, row + 8192)).collect();
            check(&set([Part::some(1, 8192, span, &found)]), &expected);
        }
    }

    #[test]
    fn what_a_damaged_index_claims_costs_nothing() {
        let set = set((0..1000).map(|segment| Part::all(segment, u32::MAX)));
        assert_eq!(set.len(), 1000 * u64::from(u32::MAX));
        let last = set.position(set.len() - 1);
        assert_eq!(
            last,
            Some(Position {
                segment: 999,
                row: u32::MAX - 1
            })
        );
        assert_eq!(set.position(set.len()), None);
    }
}
