//! Byte planes: all first bytes, then all second bytes, and so on. High bytes of a column repeat, and zstd sees long runs.

use super::super::pool;
use super::varint;
use super::wide::wide;

/// Values that are taken apart at a time: they stay in the nearest cache while one plane after the other is made of them.
const BLOCK: usize = 1024;

/// Bytes that the differences to the smallest value need.
pub(super) fn width(min: i64, max: i64) -> u8 {
    let range = max.wrapping_sub(min) as u64;
    (64 - range.leading_zeros()).div_ceil(8) as u8
}

/// Smallest and largest value.
pub(crate) fn bounds(values: &[i64]) -> (i64, i64) {
    wide(
        #[inline(always)]
        || {
            let (mut min, mut max) = (i64::MAX, i64::MIN);
            for value in values {
                min = min.min(*value);
                max = max.max(*value);
            }
            (min, max)
        },
    )
}

/// How often a value occurs.
pub(crate) fn occurrences(values: &[i64], value: i64) -> usize {
    wide(
        #[inline(always)]
        || values.iter().filter(|v| **v == value).count(),
    )
}

/// Smallest and largest difference of neighbours.
pub(super) fn delta_bounds(values: &[i64]) -> (i64, i64) {
    let later = values.get(1..).unwrap_or_default();
    wide(
        #[inline(always)]
        || {
            let (mut min, mut max) = (i64::MAX, i64::MIN);
            for (before, value) in values.iter().zip(later) {
                let delta = value.wrapping_sub(*before);
                min = min.min(delta);
                max = max.max(delta);
            }
            (min, max)
        },
    )
}

/// Base, width, planes of `value - base`.
pub(super) fn encode(values: &[i64], base: i64, width: u8, out: &mut Vec<u8>) {
    put(values.len(), base, width, out, |start, block| {
        block.copy_from_slice(&values[start..start + block.len()]);
    });
}

/// The same of the differences of neighbours, one less than there are values.
pub(super) fn encode_deltas(values: &[i64], base: i64, width: u8, out: &mut Vec<u8>) {
    put(values.len() - 1, base, width, out, |start, block| {
        let pairs = values[start..].iter().zip(&values[start + 1..]);
        for (to, (before, value)) in block.iter_mut().zip(pairs) {
            *to = value.wrapping_sub(*before);
        }
    });
}

/// `fill` writes the values from a row on.
fn put(rows: usize, base: i64, width: u8, out: &mut Vec<u8>, fill: impl Fn(usize, &mut [i64])) {
    varint::put_signed(base, out);
    out.push(width);
    let start = out.len();
    out.resize(start + rows * usize::from(width), 0);
    if rows == 0 {
        return;
    }
    let planes = &mut out[start..];
    wide(
        #[inline(always)]
        || {
            let mut block = [0; BLOCK];
            for from in (0..rows).step_by(BLOCK) {
                let block = &mut block[..BLOCK.min(rows - from)];
                fill(from, block);
                for (at, plane) in planes.chunks_exact_mut(rows).enumerate() {
                    let shift = 8 * at as u32;
                    for (to, value) in plane[from..].iter_mut().zip(&*block) {
                        *to = (value.wrapping_sub(base) as u64 >> shift) as u8;
                    }
                }
            }
        },
    );
}

/// The values; `None` where the bytes are not as many as they must be.
pub(super) fn decode(mut bytes: &[u8], rows: usize) -> Option<Vec<i64>> {
    let base = varint::take_signed(&mut bytes)?;
    let (width, planes) = bytes.split_first()?;
    let width = usize::from(*width);
    if width > 8 || planes.len() != rows.checked_mul(width)? {
        return None;
    }
    if rows == 0 {
        return Some(Vec::new());
    }
    // One more: the first value of a column of differences, which would double the vector.
    let mut out = pool::ints(rows + 1);
    wide(
        #[inline(always)]
        || match width {
            0 => out.resize(rows, base),
            1 => out.extend(planes.iter().map(|byte| base.wrapping_add(i64::from(*byte)))),
            2 => {
                let (low, high) = planes.split_at(rows);
                let value = |(low, high): (&u8, &u8)| base.wrapping_add(i64::from(*low) | i64::from(*high) << 8);
                out.extend(low.iter().zip(high).map(value));
            }
            _ => {
                out.resize(rows, base);
                for (from, block) in (0..rows).step_by(BLOCK).zip(out.chunks_mut(BLOCK)) {
                    for (at, plane) in planes.chunks_exact(rows).enumerate() {
                        let shift = 8 * at as u32;
                        for (value, byte) in block.iter_mut().zip(&plane[from..]) {
                            *value = value.wrapping_add((u64::from(*byte) << shift) as i64);
                        }
                    }
                }
            }
        },
    );
    Some(out)
}
