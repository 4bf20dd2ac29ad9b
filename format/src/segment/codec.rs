//! Integer columns to bytes and back. Values are split into byte planes, because the high bytes of a column repeat and
//! zstd then sees long runs.

/// All rows have the same value: 8 bytes.
pub(crate) const CONSTANT: u8 = 0;
/// base (8 bytes), width (1 byte), then `width` planes of one byte a row of `value - base`.
pub(crate) const FRAME_OF_REFERENCE: u8 = 1;
/// first value (8 bytes), then as [`FRAME_OF_REFERENCE`] for the differences of the remaining rows.
pub(crate) const DELTA: u8 = 2;
/// The bytes are not integers (dictionary text, metadata).
pub(crate) const RAW: u8 = 3;

/// Encodes `values` behind what `out` holds; returns the codec chosen. Empty columns are constant.
pub(crate) fn encode(values: &[i64], out: &mut Vec<u8>) -> u8 {
    let Some((&first, rest)) = values.split_first() else {
        out.extend_from_slice(&0i64.to_le_bytes());
        return CONSTANT;
    };
    let (min, max) = bounds(values.iter().copied());
    if min == max {
        out.extend_from_slice(&first.to_le_bytes());
        return CONSTANT;
    }
    let deltas = || values.windows(2).map(|w| w[1].wrapping_sub(w[0]));
    let (dmin, dmax) = bounds(deltas());
    if width(dmin, dmax) < width(min, max) {
        out.extend_from_slice(&first.to_le_bytes());
        planes(deltas(), rest.len(), dmin, width(dmin, dmax), out);
        DELTA
    } else {
        planes(values.iter().copied(), values.len(), min, width(min, max), out);
        FRAME_OF_REFERENCE
    }
}

/// Decodes `rows` values; `None` where the bytes do not fit the codec.
pub(crate) fn decode(codec: u8, bytes: &[u8], rows: usize) -> Option<Vec<i64>> {
    match codec {
        CONSTANT => {
            let (value, rest) = bytes.split_first_chunk::<8>()?;
            rest.is_empty().then(|| vec![i64::from_le_bytes(*value); rows])
        }
        FRAME_OF_REFERENCE => unplane(bytes, rows),
        DELTA => {
            let (first, rest) = bytes.split_first_chunk::<8>()?;
            let mut value = i64::from_le_bytes(*first);
            let mut out = Vec::with_capacity(rows);
            out.push(value);
            for delta in unplane(rest, rows.checked_sub(1)?)? {
                value = value.wrapping_add(delta);
                out.push(value);
            }
            Some(out)
        }
        _ => None,
    }
}

fn bounds(values: impl Iterator<Item = i64>) -> (i64, i64) {
    values.fold((i64::MAX, i64::MIN), |(lo, hi), v| (lo.min(v), hi.max(v)))
}

fn width(min: i64, max: i64) -> u8 {
    let range = max.wrapping_sub(min) as u64;
    (64 - range.leading_zeros()).div_ceil(8) as u8
}

fn planes(values: impl Iterator<Item = i64>, rows: usize, base: i64, width: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(&base.to_le_bytes());
    out.push(width);
    let start = out.len();
    out.resize(start + rows * usize::from(width), 0);
    for (row, value) in values.enumerate() {
        let bytes = value.wrapping_sub(base).to_le_bytes();
        for (plane, byte) in bytes.iter().take(usize::from(width)).enumerate() {
            out[start + plane * rows + row] = *byte;
        }
    }
}

fn unplane(bytes: &[u8], rows: usize) -> Option<Vec<i64>> {
    let (base, rest) = bytes.split_first_chunk::<8>()?;
    let base = i64::from_le_bytes(*base);
    let (width, planes) = rest.split_first()?;
    let width = usize::from(*width);
    if width > 8 || planes.len() != rows.checked_mul(width)? {
        return None;
    }
    let mut out = vec![0u64; rows];
    if rows > 0 {
        for (plane, column) in planes.chunks_exact(rows).enumerate() {
            for (value, byte) in out.iter_mut().zip(column) {
                *value |= u64::from(*byte) << (8 * plane);
            }
        }
    }
    Some(out.into_iter().map(|v| base.wrapping_add(v as i64)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[i64], codec: u8, bytes: usize) {
        let mut out = Vec::new();
        assert_eq!(encode(values, &mut out), codec, "{values:?}");
        assert_eq!(out.len(), bytes, "{values:?}");
        assert_eq!(decode(codec, &out, values.len()).as_deref(), Some(values));
    }

    #[test]
    fn round_trips_with_the_expected_codec() {
        check(&[], CONSTANT, 8);
        check(&[7, 7, 7], CONSTANT, 8);
        check(&[1, 255, 3], FRAME_OF_REFERENCE, 9 + 3);
        check(&[-1, 300, 3], FRAME_OF_REFERENCE, 9 + 6);
        check(&[1_000_000, 1_000_100, 1_000_300], DELTA, 8 + 9 + 2);
        check(&[i64::MIN, i64::MAX], DELTA, 8 + 9);
        check(&[i64::MIN, 0, i64::MAX], FRAME_OF_REFERENCE, 9 + 24);
    }

    #[test]
    fn bytes_that_do_not_fit_are_refused() {
        let mut out = Vec::new();
        let codec = encode(&[1, 2, 900], &mut out);
        for cut in 0..out.len() {
            assert_eq!(decode(codec, &out[..cut], 3), None, "cut at {cut}");
        }
        assert_eq!(decode(codec, &out, 4), None);
        assert_eq!(decode(99, &out, 3), None);
    }
}
