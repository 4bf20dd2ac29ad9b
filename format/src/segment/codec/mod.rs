//! Integer columns to bytes and back.

mod choose;
mod pco;
mod planes;
pub(crate) mod varint;
mod wide;

use super::pool;

pub(crate) use choose::Memory;
pub(crate) use planes::{bounds, occurrences};
pub use wide::wide;

/// All rows have the same value: one signed varint.
pub(crate) const CONSTANT: u8 = 0;
/// A signed varint a row.
pub(crate) const VARINT: u8 = 1;
/// The same of the differences to the row before; the first row's to 0.
pub(crate) const VARINT_DELTA: u8 = 2;
/// base (signed varint), width (1 byte), then `width` planes of one byte a row of `value - base`.
pub(crate) const PLANES: u8 = 3;
/// First value (signed varint), then as [`PLANES`] for the differences of the remaining rows.
pub(crate) const PLANES_DELTA: u8 = 4;
/// A standalone pco file (<https://github.com/pcodec/pcodec>) of 64-bit signed integers.
pub(crate) const PCO: u8 = 5;
/// Addresses: length of the first part (varint), then codec (1 byte) and bytes of each of two columns; see
/// [`super::bases`].
pub(crate) const ADDRESS: u8 = 6;
/// The bytes are not integers (dictionary text, metadata).
pub(crate) const RAW: u8 = 7;

/// Encodes values with the better of the two codecs for short columns.
pub(crate) fn short(values: &[i64], out: &mut Vec<u8>) -> u8 {
    if let Some(value) = constant(values) {
        varint::put_signed(value, out);
        return CONSTANT;
    }
    let start = out.len();
    values.iter().for_each(|v| varint::put_signed(*v, out));
    let plain = out.len() - start;
    let mut before = 0i64;
    for value in values {
        varint::put_signed(value.wrapping_sub(before), out);
        before = *value;
    }
    if out.len() - start < 2 * plain {
        out.drain(start..start + plain);
        VARINT_DELTA
    } else {
        out.truncate(start + plain);
        VARINT
    }
}

/// The one value of a column; 0 of an empty one.
pub(crate) fn constant(values: &[i64]) -> Option<i64> {
    let first = values.first().copied().unwrap_or(0);
    // Most columns that have several values show it soon.
    let (start, rest) = values.split_at(values.len().min(16));
    if start.iter().any(|v| *v != first) {
        return None;
    }
    let same = wide(
        #[inline(always)]
        || {
            let differs = |block: &[i64]| block.iter().fold(0, |bits, v| bits | (v ^ first)) != 0;
            !rest.chunks(256).any(differs)
        },
    );
    same.then_some(first)
}

/// Planes of the values or of their differences, whichever is narrower.
pub(crate) fn long(values: &[i64], out: &mut Vec<u8>) -> u8 {
    if let Some(value) = constant(values) {
        varint::put_signed(value, out);
        return CONSTANT;
    }
    let (min, max) = bounds(values);
    let (dmin, dmax) = planes::delta_bounds(values);
    let (plain, delta) = (planes::width(min, max), planes::width(dmin, dmax));
    if delta < plain {
        varint::put_signed(values[0], out);
        planes::encode_deltas(values, dmin, delta, out);
        PLANES_DELTA
    } else {
        planes::encode(values, min, plain, out);
        PLANES
    }
}

fn filled(value: i64, rows: usize) -> Vec<i64> {
    let mut out = pool::ints(rows);
    out.resize(rows, value);
    out
}

/// Decodes `rows` values of any codec but [`ADDRESS`] and [`RAW`]; `None` where the bytes do not fit.
pub(crate) fn decode(codec: u8, mut bytes: &[u8], rows: usize) -> Option<Vec<i64>> {
    match codec {
        CONSTANT => {
            let value = varint::take_signed(&mut bytes)?;
            bytes.is_empty().then(|| filled(value, rows))
        }
        VARINT | VARINT_DELTA => {
            if rows > bytes.len() {
                return None;
            }
            let mut out = pool::ints(rows);
            let mut before = 0i64;
            for _ in 0..rows {
                let value = varint::take_signed(&mut bytes)?;
                before = if codec == VARINT {
                    value
                } else {
                    before.wrapping_add(value)
                };
                out.push(before);
            }
            bytes.is_empty().then_some(out)
        }
        PLANES => planes::decode(bytes, rows),
        PLANES_DELTA => {
            let mut value = varint::take_signed(&mut bytes)?;
            let mut out = planes::decode(bytes, rows.checked_sub(1)?)?;
            for delta in &mut out {
                value = value.wrapping_add(std::mem::replace(delta, value));
            }
            out.push(value);
            Some(out)
        }
        PCO => pco::decode(bytes, rows),
        _ => None,
    }
}

/// Between which values those of a column lie, as far as its first bytes say that.
pub(crate) fn limits(codec: u8, mut bytes: &[u8], rows: usize) -> Option<(i64, i64)> {
    match codec {
        CONSTANT => {
            let value = varint::take_signed(&mut bytes)?;
            bytes.is_empty().then_some((value, value))
        }
        PLANES => {
            let base = varint::take_signed(&mut bytes)?;
            let (width, planes) = bytes.split_first()?;
            let bits = 8 * u32::from(*width);
            // Sums that do not fit wrap around.
            let max = base.checked_add_unsigned(1u64.checked_shl(bits)? - 1)?;
            (planes.len() == rows.checked_mul(usize::from(*width))?).then_some((base, max))
        }
        PCO => pco::bounds(bytes, rows),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(encode: fn(&[i64], &mut Vec<u8>) -> u8, values: &[i64], codec: u8, bytes: usize) {
        let mut out = Vec::new();
        assert_eq!(encode(values, &mut out), codec, "{values:?}");
        assert_eq!(out.len(), bytes, "{values:?}");
        assert_eq!(decode(codec, &out, values.len()).as_deref(), Some(values));
    }

    #[test]
    fn round_trips_with_the_expected_codec() {
        for encode in [short, long] {
            check(encode, &[], CONSTANT, 1);
            check(encode, &[7, 7, 7], CONSTANT, 1);
        }
        check(short, &[1, 50, 3], VARINT, 3);
        check(short, &[1_000_000, 1_000_001, 1_000_002], VARINT_DELTA, 5);
        check(long, &[1, 255, 3], PLANES, 2 + 3);
        check(long, &[-1, 300, 3], PLANES, 2 + 6);
        check(long, &[1_000_000, 1_000_100, 1_000_300], PLANES_DELTA, 3 + 3 + 2);
        check(long, &[i64::MIN, i64::MAX], PLANES_DELTA, 10 + 2);
        check(long, &[i64::MIN, 0, i64::MAX], PLANES, 11 + 24);
    }

    #[test]
    fn long_columns_of_all_widths_come_back() {
        for width in 0..=8 {
            let most = if width == 8 { u64::MAX } else { (1 << (8 * width)) - 1 };
            for count in [2, 255, 1024, 1025, 5000] {
                let values: Vec<i64> = (0..count)
                    .map(|at: u64| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) & most) as i64 - 77)
                    .collect();
                let mut out = Vec::new();
                let codec = long(&values, &mut out);
                assert_eq!(decode(codec, &out, values.len()), Some(values), "{width} {count}");
            }
            assert_eq!(constant(&[[3; 300].as_slice(), &[4 + width]].concat()), None);
        }
        assert_eq!(constant(&[3; 700]), Some(3));
        assert_eq!(bounds(&[-3, 9, i64::MIN, i64::MAX, 0, 1, 2]), (i64::MIN, i64::MAX));
        assert_eq!(occurrences(&[1, 2, 1, 1, 0, 3, 1, 2, 1], 1), 5);
    }

    #[test]
    fn bytes_that_do_not_fit_are_refused() {
        for encode in [short, long] {
            let mut out = Vec::new();
            let codec = encode(&[1, 2, 900], &mut out);
            for cut in 0..out.len() {
                assert_eq!(decode(codec, &out[..cut], 3), None, "cut at {cut}");
            }
            assert_eq!(decode(codec, &out, 4), None);
        }
        let values: Vec<i64> = (0..1000).map(|i| i * i % 777).collect();
        let packed = pco::encode(&values).unwrap();
        assert_eq!(decode(PCO, &packed, 1000), Some(values));
        assert_eq!(limits(PLANES, &[2, 1, 7, 9], 2), Some((1, 256)));
        assert_eq!(limits(PLANES, &[2, 1, 7, 9], 3), None);
        assert_eq!(limits(CONSTANT, &[2], 5), Some((1, 1)));
        assert_eq!(limits(CONSTANT, &[2, 2], 5), None);
        assert_eq!(decode(PCO, &packed, 999), None);
        assert_eq!(decode(PCO, &packed, 1001), None);
        assert_eq!(decode(99, &[0], 1), None);
    }
}
