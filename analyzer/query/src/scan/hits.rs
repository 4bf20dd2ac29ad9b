//! What was found in one segment.

use super::Query;
use crate::row::SegmentRows;
use afterimage_format::segment::{Passes, Place};
use std::cell::OnceCell;

/// The events of one segment that pass, and lie in the time asked for.
pub struct Hits<'q, 's> {
    segment: &'q SegmentRows<'s>,
    passes: Vec<Passes>,
    /// Where not all of the segment lies in it: the time asked for.
    span: Option<(i64, i64)>,
    limit: usize,
    rows: OnceCell<Vec<u32>>,
}

impl<'q, 's> Hits<'q, 's> {
    pub(super) fn of(
        segment: &'q SegmentRows<'s>,
        passes: Vec<Passes>,
        query: &Query<'_>,
        limit: usize,
    ) -> Hits<'q, 's> {
        let zone = segment.segment().zone();
        let (from, to) = (query.from.unwrap_or(i64::MIN), query.to.unwrap_or(i64::MAX));
        let inside = i128::from(from) <= i128::from(zone.time_min) && i128::from(zone.time_max) <= i128::from(to);
        Hits {
            segment,
            passes,
            span: (!inside).then_some((from, to)),
            limit,
            rows: OnceCell::new(),
        }
    }

    /// The segment.
    pub fn segment(&self) -> &'q SegmentRows<'s> {
        self.segment
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        let whole = match self.by_kind() {
            Some(passes) => passes
                .iter()
                .zip(&self.segment.segment().zone().kinds)
                .map(|(passes, kind)| match passes {
                    Passes::None => 0,
                    Passes::All => kind.events as usize,
                    Passes::Some(mask) => ones(mask),
                })
                .sum(),
            None => self.rows().len(),
        };
        whole.min(self.limit) as u64
    }

    /// Which rows of each kind they are, in stored order; nothing where their time has to be looked at.
    pub fn by_kind(&self) -> Option<&[Passes]> {
        self.span.is_none().then_some(&self.passes)
    }

    /// Where they are stored, in the order of the trace.
    pub fn places(&self) -> Vec<Place> {
        let segment = self.segment.segment();
        let places = self.segment.note(segment.places_where(&self.passes));
        let mut places = places.unwrap_or_default();
        if let Some((from, to)) = self.span {
            places.retain(|place| (from..=to).contains(&place.time));
        }
        places.truncate(self.limit);
        places
    }

    /// Their rows, in the order of the trace.
    pub fn rows(&self) -> &[u32] {
        self.rows.get_or_init(|| {
            let segment = self.segment.segment();
            let mut rows = self.segment.note(segment.rows_where(&self.passes)).unwrap_or_default();
            if let Some((from, to)) = self.span {
                let times = self.segment.note(segment.times()).unwrap_or_default();
                rows.retain(|row| times.get(*row as usize).is_some_and(|time| (from..=to).contains(time)));
            }
            rows.truncate(self.limit);
            rows
        })
    }
}

/// How many ones there are.
fn ones(mask: &[u8]) -> usize {
    mask.chunks(255)
        .map(|block| usize::from(block.iter().sum::<u8>()))
        .sum()
}
