//! Metadata that is compressed where that is smaller: raw length (4), then zstd, or the bytes themselves where they are
//! as long as that says.

/// Packs `raw`.
pub(crate) fn pack(raw: &[u8]) -> Vec<u8> {
    let packed = zstd::bulk::compress(raw, 3).ok().filter(|p| p.len() < raw.len());
    let mut out = (raw.len() as u32).to_le_bytes().to_vec();
    out.extend_from_slice(packed.as_deref().unwrap_or(raw));
    out
}

/// Bytes that so many stored ones may stand for in what is decoded for every segment when a file without an index is
/// opened. Opening takes a time in proportion to the file then; without this a megabyte could take hours.
pub(crate) fn modest(stored: usize) -> usize {
    4096 + stored.saturating_mul(64)
}

/// Packs `raw`, but keeps it plain where that would be more than [`modest`].
pub(crate) fn pack_modestly(raw: &[u8]) -> Vec<u8> {
    let packed = pack(raw);
    if raw.len() <= modest(packed.len()) {
        return packed;
    }
    [(raw.len() as u32).to_le_bytes().as_slice(), raw].concat()
}

/// The other way round; refuses more than `limit` bytes before it allocates them.
pub(crate) fn unpack(bytes: &[u8], limit: usize) -> Result<Vec<u8>, String> {
    let (len, stored) = bytes.split_first_chunk::<4>().ok_or("it ends early")?;
    decompress(stored, u64::from(u32::from_le_bytes(*len)), limit)
}

/// `len` bytes out of `stored`, which is plain where it is as long.
pub(crate) fn decompress(stored: &[u8], len: u64, limit: usize) -> Result<Vec<u8>, String> {
    let len = usize::try_from(len)
        .ok()
        .filter(|len| *len <= limit)
        .ok_or_else(|| format!("it claims {len} bytes, over the limit of {limit}"))?;
    if stored.len() == len {
        return Ok(stored.to_vec());
    }
    let out = zstd::bulk::decompress(stored, len).map_err(|e| format!("it does not decompress: {e}"))?;
    if out.len() == len {
        Ok(out)
    } else {
        Err(format!("it decompressed to {} bytes, expected {len}", out.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_bytes_come_back_and_lies_are_refused() {
        for raw in [b"".as_slice(), b"abc", &[7; 5000]] {
            let packed = pack(raw);
            assert!(packed.len() <= 4 + raw.len());
            assert_eq!(unpack(&packed, 5000).unwrap(), raw);
        }
        let mut packed = pack(&[7; 5000]);
        assert!(unpack(&packed, 4999).is_err() && unpack(&packed[..9], 5000).is_err() && unpack(&[1], 5).is_err());
        packed[0] ^= 1;
        assert!(unpack(&packed, 6000).is_err());
    }
}
