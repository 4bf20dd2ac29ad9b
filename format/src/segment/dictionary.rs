//! Byte strings of a segment, each stored once. Id 0 is "missing"; the first string has id 1.

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

/// Builds a dictionary; lookups do not allocate.
#[derive(Default)]
pub(crate) struct DictionaryBuilder {
    table: HashTable<u32>,
    /// Seeded at random: whoever is recorded chooses the strings.
    hasher: DefaultHashBuilder,
    ends: Vec<u32>,
    bytes: Vec<u8>,
}

impl DictionaryBuilder {
    /// The id of `value`, which is added when it is new.
    pub(crate) fn intern(&mut self, value: &[u8]) -> u32 {
        let DictionaryBuilder {
            table,
            hasher,
            ends,
            bytes,
        } = self;
        let id = ends.len() as u32 + 1;
        let at = |id: u32| slice(ends, bytes, id).unwrap_or_default();
        let hash = |value: &[u8]| hasher.hash_one(value);
        match table.entry(hash(value), |id| at(*id) == value, |id| hash(at(*id))) {
            Entry::Occupied(found) => return *found.get(),
            Entry::Vacant(place) => place.insert(id),
        };
        bytes.extend_from_slice(value);
        ends.push(bytes.len() as u32);
        id
    }

    /// As [`DictionaryBuilder::intern`], where the value is often the one that `last` stands for.
    pub(crate) fn intern_near(&mut self, value: &[u8], last: u32) -> u32 {
        match slice(&self.ends, &self.bytes, last) {
            Some(same) if same == value => last,
            _ => self.intern(value),
        }
    }

    /// Lengths and text, as they are stored.
    pub(crate) fn parts(&self) -> (Vec<i64>, &[u8]) {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        (
            self.ends
                .iter()
                .zip(starts)
                .map(|(end, start)| i64::from(end - start))
                .collect(),
            &self.bytes,
        )
    }

    /// Bytes of text so far.
    pub(crate) fn len_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Empties it and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.table.clear();
        self.ends.clear();
        self.bytes.clear();
    }
}

#[inline]
fn slice<'a>(ends: &[u32], bytes: &'a [u8], id: u32) -> Option<&'a [u8]> {
    let index = (id as usize).checked_sub(1)?;
    let start = if index == 0 { 0 } else { *ends.get(index - 1)? as usize };
    bytes.get(start..*ends.get(index)? as usize)
}

/// Where each string of so many bytes of text ends, from their lengths; `None` where these do not agree.
pub(crate) fn ends(lengths: &[i64], bytes: usize) -> Option<Vec<u32>> {
    let mut end = 0u32;
    let mut ends = Vec::with_capacity(lengths.len());
    for len in lengths {
        end = end.checked_add(u32::try_from(*len).ok()?)?;
        ends.push(end);
    }
    (end as usize == bytes).then_some(ends)
}

/// The strings, or the payloads, of a segment.
#[derive(Clone, Copy)]
pub struct Dictionary<'s> {
    ends: &'s [u32],
    bytes: &'s [u8],
}

impl<'s> Dictionary<'s> {
    /// Of this text, in which strings end there: as [`ends`] says.
    pub(crate) fn new(ends: &'s [u32], bytes: &'s [u8]) -> Self {
        Dictionary { ends, bytes }
    }

    /// Number of strings; their ids run from 1 to this.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes of all of them.
    pub(crate) fn len_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The string with `id`; `None` for 0 and for ids that do not exist.
    #[inline]
    pub fn get(&self, id: i64) -> Option<&'s [u8]> {
        slice(self.ends, self.bytes, u32::try_from(id).ok()?)
    }

    /// Ids of the strings that have something of `length` bytes in them, ascending. `find` says where it begins first in a
    /// text, which can be that of many strings: to look through all of them at once takes a tenth of one by one.
    pub fn with(&self, length: usize, find: impl Fn(&[u8]) -> Option<usize>) -> Vec<usize> {
        let (mut found, mut from, mut string) = (Vec::new(), 0, 0);
        while let Some(at) = self.bytes.get(from..).and_then(&find) {
            let at = from + at;
            while self.ends.get(string).is_some_and(|end| *end as usize <= at) {
                string += 1;
            }
            let Some(end) = self.ends.get(string) else { break };
            from = *end as usize;
            if at + length <= from {
                found.push(string + 1);
            } else {
                // It begins in one string and ends in another.
                from = at + 1;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_strings_share_an_id() {
        let mut builder = DictionaryBuilder::default();
        assert_eq!(
            [b"a".as_slice(), b"", b"bc", b"a", b""].map(|s| builder.intern(s)),
            [1, 2, 3, 1, 2]
        );
        let (lengths, bytes) = builder.parts();
        let found = ends(&lengths, bytes.len()).unwrap();
        let dictionary = Dictionary::new(&found, bytes);
        assert_eq!(
            [0, 1, 2, 3, 4, -1].map(|id| dictionary.get(id)),
            [None, Some(b"a".as_slice()), Some(b""), Some(b"bc"), None, None]
        );
        assert!(ends(&[1, -1], 0).is_none());
        assert!(ends(&[5], 3).is_none());
    }

    #[test]
    fn strings_are_found_by_what_they_have_in_them() {
        let strings = [b"abab".as_slice(), b"", b"a", b"bab", b"xaby", b"ab"];
        let lengths = strings.map(|string| string.len() as i64);
        let bytes = strings.concat();
        let found = ends(&lengths, bytes.len()).unwrap();
        let dictionary = Dictionary::new(&found, &bytes);
        for needle in [b"ab".as_slice(), b"a", b"bab", b"y", b"aba", b"zz"] {
            let find = |text: &[u8]| text.windows(needle.len()).position(|part| part == needle);
            let has = |string: &&[u8]| find(string).is_some();
            let expected: Vec<usize> = (1..=6).filter(|id| has(&strings[id - 1])).collect();
            assert_eq!(dictionary.with(needle.len(), find), expected, "{needle:?}");
        }
    }
}
