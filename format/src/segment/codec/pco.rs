//! Standalone pco files, of which only the kinds of chunks are read that are written here.

use super::super::pool;
use pco::metadata::{DynBins, Mode};
use pco::standalone::{DecompressorItem, FileDecompressor};

/// Level of pco. Its default of 8 looks for the best of 256 bins in a time that grows with their square, however few the
/// values are, and saves 1 % (docs/decisions/encodings.md).
const fn level(values: usize) -> usize {
    if values < 4096 { 6 } else { 7 }
}

/// pco of the values; `None` where it refuses.
pub(crate) fn encode(values: &[i64]) -> Option<Vec<u8>> {
    let config = pco::ChunkConfig::default()
        .with_compression_level(level(values.len()))
        .with_delta_spec(pco::DeltaSpec::NoOp);
    pco::standalone::simple_compress(values, &config).ok()
}

/// `rows` values out of a pco file; `None` where it has not exactly so many, or chunks that are not to be read.
pub(super) fn decode(bytes: &[u8], rows: usize) -> Option<Vec<i64>> {
    let (file, mut rest) = FileDecompressor::new(bytes).ok()?;
    let mut out = pool::some_ints(rows);
    let mut at = 0;
    loop {
        is_frugal(rest)?.then_some(())?;
        let mut chunk = match file.chunk_decompressor::<i64, _>(rest).ok()? {
            DecompressorItem::Chunk(chunk) => chunk,
            DecompressorItem::EndOfData(behind) => return (at == rows && behind.is_empty()).then_some(out),
        };
        let end = at.checked_add(chunk.n())?;
        let progress = chunk.read(out.get_mut(at..end)?).ok()?;
        (progress.n_processed == end - at).then_some(())?;
        (at, rest) = (end, chunk.into_src());
    }
}

/// Between which values all of a pco file lie, as its bins say; nothing where they do not.
pub(super) fn bounds(bytes: &[u8], rows: usize) -> Option<(i64, i64)> {
    let (file, rest) = FileDecompressor::new(bytes).ok()?;
    is_frugal(rest)?.then_some(())?;
    let DecompressorItem::Chunk(chunk) = file.chunk_decompressor::<i64, _>(rest).ok()? else {
        return None;
    };
    let meta = chunk.meta();
    if chunk.n() != rows || !matches!(meta.mode, Mode::Classic) {
        return None;
    }
    let DynBins::U64(bins) = &meta.per_latent_var.primary.bins else {
        return None;
    };
    let (mut min, mut max) = (u64::MAX, 0);
    for bin in bins {
        let span = 1u64.checked_shl(bin.offset_bits).map_or(u64::MAX, |size| size - 1);
        min = min.min(bin.lower);
        max = max.max(bin.lower.checked_add(span)?);
    }
    // Signed numbers are stored as unsigned ones in the same order.
    let signed = |latent: u64| (latent ^ 1 << 63) as i64;
    (min <= max).then(|| (signed(min), signed(max)))
}

/// Whether a chunk takes no more memory than its bytes and values. Those with a dictionary (mode 4) or with references
/// into a window (a delta encoding) can ask for 256 MiB in some ten bytes.
fn is_frugal(chunk: &[u8]) -> Option<bool> {
    const END: u8 = 0;
    if *chunk.first()? == END {
        return Some(true);
    }
    // Type (1) and number of values (3), then bits: mode (4), the base where the mode is 1 (64), delta encoding (4).
    let bits = chunk.get(4..)?;
    let delta = match bits.first()? & 15 {
        0 => bits.first()? >> 4,
        1 => bits.get(8)? >> 4,
        _ => return Some(false),
    };
    Some(delta == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_written_here_is_read() {
        let values: Vec<i64> = (0..3000).map(|at| 7 * (at * at % 1000)).collect();
        let bytes = encode(&values).unwrap();
        assert_eq!(decode(&bytes, 3000).as_deref(), Some(values.as_slice()));
        assert_eq!(decode(&bytes, 2999), None);
        assert_eq!(decode(&bytes, 3001), None);
        assert_eq!(decode(&[bytes.as_slice(), b"x"].concat(), 3000), None);
        let noise = |at: i64| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as i64) >> 40) % 5000;
        let noise: Vec<i64> = (0..3000).map(noise).collect();
        let (min, max) = bounds(&encode(&noise).unwrap(), 3000).unwrap();
        assert!(noise.iter().all(|value| (min..=max).contains(value)), "{min} {max}");
        assert!(min > -20_000 && max < 20_000, "{min} {max}");
        assert_eq!(bounds(&encode(&noise).unwrap(), 2999), None);
        for spec in [pco::DeltaSpec::TryLookback, pco::DeltaSpec::TryConsecutive(2)] {
            let config = pco::ChunkConfig::default().with_delta_spec(spec);
            let bytes = pco::standalone::simple_compress(&values, &config).unwrap();
            assert_eq!(decode(&bytes, 3000), None);
        }
    }
}
