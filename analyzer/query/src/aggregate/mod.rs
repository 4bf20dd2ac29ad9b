//! Events counted and summed up by the values of fields: `--by proc.name --sum evt.buflen`.

mod group;
mod measure;
mod names;

pub use group::group;
pub use measure::{Measure, Total};

use crate::fields::{FieldArg, FieldDef};
use hashbrown::HashMap;
use std::cmp::Ordering;

/// What events are put together by, and what is asked of each group.
#[derive(Debug)]
pub struct Grouping {
    /// Events with the same values of these fields are one group.
    pub keys: Vec<(&'static FieldDef, FieldArg)>,
    /// And of the same stretch of time, if one is given: so many nanoseconds, counted from 1970.
    pub every: Option<i64>,
    /// What is counted, summed up and so on. The first decides what is on top.
    pub measures: Vec<Measure>,
}

/// Groups that are kept; what more there are goes into one of its own, so that memory has a bound.
pub const MAX_GROUPS: usize = 1 << 18;

/// What a group has in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Begin of its stretch of time; 0 where none was asked for.
    pub time: i64,
    /// A value for each key as it is shown; nothing where it is missing.
    pub values: Box<[Option<Box<str>>]>,
}

/// A group: what it has in common, and a total for each measure.
pub type Found = (Key, Vec<Total>);

/// Groups with what was found of each.
#[derive(Debug, Default)]
pub struct Groups {
    groups: HashMap<Key, Vec<Total>>,
    /// What belongs to groups beyond [`MAX_GROUPS`].
    rest: Option<Vec<Total>>,
}

impl Groups {
    /// Adds what was found elsewhere.
    pub fn merge(&mut self, other: Groups) {
        if self.groups.is_empty() && self.rest.is_none() {
            *self = other;
            return;
        }
        for (key, totals) in other.groups {
            self.add(key, totals);
        }
        if let Some(totals) = other.rest {
            self.add_rest(totals);
        }
    }

    fn add(&mut self, key: Key, totals: Vec<Total>) {
        if let Some(known) = self.groups.get_mut(&key) {
            merge(known, totals);
        } else if self.groups.len() < MAX_GROUPS {
            self.groups.insert(key, totals);
        } else {
            self.add_rest(totals);
        }
    }

    fn add_rest(&mut self, totals: Vec<Total>) {
        match &mut self.rest {
            Some(rest) => merge(rest, totals),
            None => self.rest = Some(totals),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The groups, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &[Total])> {
        self.groups.iter().map(|(key, totals)| (key, totals.as_slice()))
    }

    /// What was found of a group.
    pub fn get(&self, key: &Key) -> Option<&[Total]> {
        self.groups.get(key).map(Vec::as_slice)
    }

    /// The groups, the largest first (of each stretch of time, in its order), at most `top` of them; and what did not find
    /// room, if there was too much.
    pub fn sorted(self, top: Option<usize>) -> (Vec<Found>, Option<Vec<Total>>) {
        let mut all: Vec<Found> = self.groups.into_iter().collect();
        all.sort_unstable_by(|(key, totals), (other_key, other)| {
            let larger = match (totals.first(), other.first()) {
                (Some(one), Some(other)) => other.number().total_cmp(&one.number()),
                _ => Ordering::Equal,
            };
            key.time
                .cmp(&other_key.time)
                .then(larger)
                .then_with(|| key.cmp(other_key))
        });
        if let Some(top) = top {
            let (mut time, mut count) = (None, 0);
            all.retain(|(key, _)| {
                if time != Some(key.time) {
                    (time, count) = (Some(key.time), 0);
                }
                count += 1;
                count <= top
            });
        }
        (all, self.rest)
    }
}

fn merge(known: &mut [Total], other: Vec<Total>) {
    for (known, other) in known.iter_mut().zip(other) {
        known.merge(other);
    }
}
