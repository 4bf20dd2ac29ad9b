//! Byte planes: all first bytes, then all second bytes, and so on. High bytes of a column repeat, and zstd sees long runs.

use super::super::pool;
use super::varint;

/// Bytes that the differences to the smallest value need.
pub(super) fn width(min: i64, max: i64) -> u8 {
    let range = max.wrapping_sub(min) as u64;
    (64 - range.leading_zeros()).div_ceil(8) as u8
}

/// Smallest and largest value.
pub(super) fn bounds(values: impl Iterator<Item = i64>) -> (i64, i64) {
    values.fold((i64::MAX, i64::MIN), |(lo, hi), v| (lo.min(v), hi.max(v)))
}

/// Base, width, planes of `value - base`.
pub(super) fn encode(values: impl Iterator<Item = i64>, rows: usize, base: i64, width: u8, out: &mut Vec<u8>) {
    varint::put_signed(base, out);
    out.push(width);
    let start = out.len();
    out.resize(start + rows * usize::from(width), 0);
    let planes = &mut out[start..];
    for (row, value) in values.enumerate() {
        let bytes = value.wrapping_sub(base).to_le_bytes();
        for (plane, byte) in bytes.iter().take(usize::from(width)).enumerate() {
            planes[plane * rows + row] = *byte;
        }
    }
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
    let mut planes = planes.chunks_exact(rows);
    // One more: the first value of a column of differences, which would double the vector.
    let mut out = pool::ints(rows + 1);
    match planes.next() {
        Some(first) => out.extend(first.iter().map(|byte| base.wrapping_add(i64::from(*byte)))),
        None => out.resize(rows, base),
    }
    for (plane, column) in planes.enumerate() {
        let shift = 8 * (plane + 1);
        for (value, byte) in out.iter_mut().zip(column) {
            *value = value.wrapping_add((u64::from(*byte) << shift) as i64);
        }
    }
    Some(out)
}
