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

fn slice<'a>(ends: &[u32], bytes: &'a [u8], id: u32) -> Option<&'a [u8]> {
    let index = (id as usize).checked_sub(1)?;
    let start = if index == 0 { 0 } else { *ends.get(index - 1)? as usize };
    bytes.get(start..*ends.get(index)? as usize)
}

/// A decoded dictionary.
pub(crate) struct Dictionary {
    ends: Vec<u32>,
    bytes: Vec<u8>,
}

impl Dictionary {
    /// From lengths and text; `None` where they do not agree.
    pub(crate) fn new(lengths: &[i64], bytes: Vec<u8>) -> Option<Self> {
        let mut end = 0u32;
        let mut ends = Vec::with_capacity(lengths.len());
        for len in lengths {
            end = end.checked_add(u32::try_from(*len).ok()?)?;
            ends.push(end);
        }
        (end as usize == bytes.len()).then_some(Dictionary { ends, bytes })
    }

    /// Number of strings.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of all of them.
    pub(crate) fn len_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The string with `id`; `None` for 0 and for ids that do not exist.
    pub(crate) fn get(&self, id: i64) -> Option<&[u8]> {
        slice(&self.ends, &self.bytes, u32::try_from(id).ok()?)
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
        let dictionary = Dictionary::new(&lengths, bytes.to_vec()).unwrap();
        assert_eq!(
            [0, 1, 2, 3, 4, -1].map(|id| dictionary.get(id)),
            [None, Some(b"a".as_slice()), Some(b""), Some(b"bc"), None, None]
        );
        assert!(Dictionary::new(&[1, -1], b"".to_vec()).is_none());
        assert!(Dictionary::new(&[5], b"abc".to_vec()).is_none());
    }
}
