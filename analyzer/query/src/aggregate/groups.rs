//! Groups of a whole trace.

use super::{Found, Key, MAX_GROUPS, Total};
use hashbrown::{DefaultHashBuilder, HashTable};
use std::cmp::Ordering;
use std::hash::BuildHasher;

/// Groups with what was found of each.
#[derive(Debug, Default)]
pub struct Groups {
    keys: Vec<Key>,
    /// Those of one group one behind the other.
    totals: Vec<Total>,
    /// Hash and number of each group.
    by_key: HashTable<(u64, usize)>,
    /// Names of which the group is known.
    names: Names,
    /// What belongs to groups beyond [`MAX_GROUPS`].
    rest: Option<Vec<Total>>,
    /// Seeded at random: whoever is recorded chooses the values.
    hasher: DefaultHashBuilder,
}

/// Names of descriptors and the groups of their events: a name is met again in every segment, and to make its key anew each
/// time would take longer than all the rest.
#[derive(Debug, Default)]
struct Names {
    /// Hash, end in `text` and group of each name; it begins where the one before it ends.
    ends: Vec<(u64, usize, usize)>,
    text: Vec<u8>,
    /// Numbers of names.
    table: HashTable<usize>,
    /// The name behind the one that was asked for last: names often come in the order in which they came before.
    next: usize,
}

impl Names {
    fn get(&self, number: usize) -> (&[u8], usize) {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before].1);
        let (_, end, group) = self.ends[number];
        (&self.text[start..end], group)
    }

    /// The group of a name.
    fn find(&mut self, name: &[u8], hasher: &DefaultHashBuilder) -> Option<usize> {
        let mut number = self.next;
        if number >= self.ends.len() || self.get(number).0 != name {
            let hash = hasher.hash_one(name);
            let is_it = |number: &usize| self.ends[*number].0 == hash && self.get(*number).0 == name;
            number = *self.table.find(hash, is_it)?;
        }
        self.next = number + 1;
        Some(self.get(number).1)
    }

    fn add(&mut self, name: &[u8], group: usize, hasher: &DefaultHashBuilder) {
        let hash = hasher.hash_one(name);
        self.text.extend_from_slice(name);
        self.ends.push((hash, self.text.len(), group));
        let ends = &self.ends;
        self.table.insert_unique(hash, ends.len() - 1, |number| ends[*number].0);
        self.next = ends.len();
    }
}

impl Groups {
    /// Adds what was found elsewhere.
    pub fn merge(&mut self, other: Groups) {
        if self.keys.is_empty() && self.rest.is_none() {
            *self = other;
            return;
        }
        let width = other.totals.len() / other.keys.len().max(1);
        let mut totals = other.totals.into_iter();
        for key in other.keys {
            self.add(key, totals.by_ref().take(width));
        }
        if let Some(totals) = other.rest {
            self.add_rest(totals.into_iter());
        }
    }

    /// Adds to the group with this key.
    pub(super) fn add(&mut self, key: Key, totals: impl ExactSizeIterator<Item = Total>) {
        match self.of_key(key) {
            Some(group) => self.add_to(group, totals),
            None => self.add_rest(totals),
        }
    }

    /// Adds to the group of a name, whose key is always the one that `key` makes.
    pub(super) fn add_named<E>(
        &mut self,
        name: &[u8],
        key: impl FnOnce() -> Result<Key, E>,
        totals: impl ExactSizeIterator<Item = Total>,
    ) -> Result<(), E> {
        if let Some(group) = self.names.find(name, &self.hasher) {
            self.add_to(group, totals);
            return Ok(());
        }
        match self.of_key(key()?) {
            Some(group) => {
                self.names.add(name, group, &self.hasher);
                self.add_to(group, totals);
            }
            None => self.add_rest(totals),
        }
        Ok(())
    }

    /// The group with this key; nothing where there are too many.
    fn of_key(&mut self, key: Key) -> Option<usize> {
        let hash = self.hasher.hash_one(&key);
        let keys = &self.keys;
        let found = self.by_key.find(hash, |(of, group)| *of == hash && keys[*group] == key);
        if let Some((_, group)) = found {
            return Some(*group);
        }
        if keys.len() >= MAX_GROUPS {
            return None;
        }
        self.keys.push(key);
        let group = self.keys.len() - 1;
        self.by_key.insert_unique(hash, (hash, group), |(hash, _)| *hash);
        Some(group)
    }

    fn add_to(&mut self, group: usize, totals: impl ExactSizeIterator<Item = Total>) {
        let start = group * totals.len();
        match self.totals.get_mut(start..start + totals.len()) {
            Some(known) => merge(known, totals),
            // A new group is behind all others.
            None => self.totals.extend(totals),
        }
    }

    fn add_rest(&mut self, totals: impl Iterator<Item = Total>) {
        match &mut self.rest {
            Some(rest) => merge(rest, totals),
            None => self.rest = Some(totals.collect()),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The groups, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &[Total])> {
        self.keys.iter().enumerate().map(|(group, key)| (key, self.of(group)))
    }

    /// What was found of a group.
    pub fn get(&self, key: &Key) -> Option<&[Total]> {
        let hash = self.hasher.hash_one(key);
        let is_it = |(of, group): &(u64, usize)| *of == hash && self.keys[*group] == *key;
        let (_, group) = self.by_key.find(hash, is_it)?;
        Some(self.of(*group))
    }

    fn of(&self, group: usize) -> &[Total] {
        let width = self.totals.len() / self.keys.len().max(1);
        self.totals.get(group * width..(group + 1) * width).unwrap_or_default()
    }

    /// The groups, the largest first (of each stretch of time, in its order), at most `top` of them; and what did not find
    /// room, if there was too much.
    pub fn sorted(self, top: Option<usize>) -> (Vec<Found>, Option<Vec<Total>>) {
        let width = self.totals.len() / self.keys.len().max(1);
        let mut totals = self.totals.into_iter();
        let of = |key| (key, totals.by_ref().take(width).collect());
        let mut all: Vec<Found> = self.keys.into_iter().map(of).collect();
        if let Some(top) = top
            && top < all.len()
            && all.iter().all(|(key, _)| key.time == all[0].0.time)
        {
            // To find a few takes less than to put all in order.
            all.select_nth_unstable_by(top, order);
            all.truncate(top);
        }
        all.sort_unstable_by(order);
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

/// The order in which groups are shown.
fn order((key, totals): &Found, (other_key, other): &Found) -> Ordering {
    let larger = match (totals.first(), other.first()) {
        (Some(one), Some(other)) => other.number().total_cmp(&one.number()),
        _ => Ordering::Equal,
    };
    key.time
        .cmp(&other_key.time)
        .then(larger)
        .then_with(|| key.cmp(other_key))
}

fn merge(known: &mut [Total], other: impl Iterator<Item = Total>) {
    for (known, other) in known.iter_mut().zip(other) {
        known.merge(other);
    }
}
