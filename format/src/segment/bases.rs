//! Addresses. Those of a process are random as a whole (ASLR) and near each other: each is stored as its distance from a
//! *base*, the first address that its thread used in that neighbourhood. Distances repeat from process to process.

use super::codec::{self, varint};
use super::pool;

/// How far from its base an address may be.
const NEAR: u64 = 1 << 32;
/// Bases of a thread; further neighbourhoods are stored as they are.
const MOST: usize = 16;

/// Whether a value may be an address of user space worth a base.
pub(super) fn is_address(value: i64) -> bool {
    value >= 1 << 32
}

/// Finds the bases, thread by thread.
#[derive(Default)]
pub(super) struct BaseFinder {
    bases: Vec<i64>,
    counts: Vec<i64>,
    /// Where those of the current thread begin.
    start: usize,
}

impl BaseFinder {
    /// The next thread begins.
    pub(super) fn next_thread(&mut self) {
        self.start = self.bases.len();
        self.counts.push(0);
    }

    /// Number of the base (from 1; 0: none) and distance from it.
    pub(super) fn relative(&mut self, value: i64) -> (i64, i64) {
        if !is_address(value) {
            return (0, value);
        }
        let own = &self.bases[self.start..];
        if let Some(at) = own.iter().position(|base| base.abs_diff(value) < NEAR) {
            return (at as i64 + 1, value - own[at]);
        }
        if own.len() == MOST {
            return (0, value);
        }
        let number = own.len() as i64 + 1;
        self.bases.push(value);
        if let Some(count) = self.counts.last_mut() {
            *count += 1;
        }
        (number, 0)
    }

    /// All bases, and how many each thread has.
    pub(super) fn parts(&self) -> (&[i64], &[i64]) {
        (&self.bases, &self.counts)
    }
}

/// Encodes a column of numbers of bases and distances.
pub(super) fn encode(numbers: &[i64], distances: &[i64], out: &mut Vec<u8>) {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    let codecs = [codec::long(numbers, &mut first), codec::long(distances, &mut second)];
    varint::put(first.len() as u64, out);
    out.push(codecs[0]);
    out.extend_from_slice(&first);
    out.push(codecs[1]);
    out.extend_from_slice(&second);
}

/// The other way round; `runs` are rows one behind the other of a thread that has these bases.
pub(super) fn decode<'b>(
    mut bytes: &[u8],
    rows: usize,
    runs: impl Iterator<Item = (usize, &'b [i64])>,
) -> Option<Vec<i64>> {
    let length = usize::try_from(varint::take(&mut bytes)?).ok()?;
    let (codec_of_first, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_at_checked(length)?;
    let (codec_of_second, second) = rest.split_first()?;
    let numbers = codec::decode(*codec_of_first, first, rows)?;
    let mut out = codec::decode(*codec_of_second, second, rows)?;
    let mut left = out.iter_mut().zip(&numbers);
    for (rows, bases) in runs {
        for (value, number) in left.by_ref().take(rows) {
            if *number != 0 {
                let at = usize::try_from(*number).ok()?.checked_sub(1)?;
                *value = value.wrapping_add(*bases.get(at)?);
            }
        }
    }
    left.next().is_none().then_some(())?;
    pool::give(std::iter::once(numbers), std::iter::empty());
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_share_a_base() {
        let mut finder = BaseFinder::default();
        finder.next_thread();
        let mmap = 0x7f00_0000_0000;
        let values = [mmap, 7, mmap + 0x1000, 0x5500_0000_0000, mmap - 0x2000, -1, i64::MAX];
        let stored: Vec<(i64, i64)> = values.iter().map(|v| finder.relative(*v)).collect();
        assert_eq!(
            stored,
            [(1, 0), (0, 7), (1, 0x1000), (2, 0), (1, -0x2000), (0, -1), (3, 0)]
        );
        finder.next_thread();
        assert_eq!(finder.relative(mmap), (1, 0));
        assert_eq!(finder.parts().1, [3, 1]);
        let (numbers, distances): (Vec<i64>, Vec<i64>) = stored.into_iter().unzip();
        let mut out = Vec::new();
        encode(&numbers, &distances, &mut out);
        let bases = finder.parts().0;
        let decoded = |bytes, runs: &[(usize, &[i64])]| decode(bytes, 7, runs.iter().copied());
        assert_eq!(decoded(&out, &[(7, &bases[..3])]).as_deref(), Some(values.as_slice()));
        assert_eq!(
            decoded(&out, &[(3, &bases[..1]), (4, &bases[..3])]).as_deref(),
            Some(values.as_slice())
        );
        assert_eq!(decoded(&out, &[(7, &bases[..2])]), None);
        assert_eq!(decoded(&out, &[(6, &bases[..3])]), None);
        for cut in 0..out.len() {
            assert_eq!(decoded(&out[..cut], &[(7, bases)]), None);
        }
    }
}
