//! The metadata encoding of docs/format.md, read and written without the crate under test.

/// Bytes that are taken from the front.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    /// The next `count` bytes.
    pub(crate) fn bytes(&mut self, count: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(count).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    /// An integer.
    pub(crate) fn int(&mut self) -> Option<u64> {
        let first = self.bytes(1)?[0];
        let width = match first {
            0..=250 => return Some(first.into()),
            251 => 2,
            252 => 4,
            253 => 8,
            _ => return None,
        };
        let mut wide = [0; 8];
        wide[..width].copy_from_slice(self.bytes(width as u64)?);
        Some(u64::from_le_bytes(wide))
    }

    /// The body of a record, or a byte string.
    pub(crate) fn record(&mut self) -> Option<&'a [u8]> {
        let len = self.int()?;
        self.bytes(len)
    }

    /// A list of which each element is read by `element`.
    pub(crate) fn list<T>(&mut self, mut element: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.int()?;
        // Each takes a byte at least.
        (count <= self.0.len() as u64).then_some(())?;
        (0..count).map(|_| element(self)).collect()
    }
}

/// Appends an integer.
pub(crate) fn put_int(value: u64, out: &mut Vec<u8>) {
    match value {
        0..=250 => out.push(value as u8),
        251..=0xffff => {
            out.push(251);
            out.extend_from_slice(&(value as u16).to_le_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(252);
            out.extend_from_slice(&(value as u32).to_le_bytes());
        }
        _ => {
            out.push(253);
            out.extend_from_slice(&value.to_le_bytes());
        }
    }
}

/// Appends a record with this body.
pub(crate) fn put_record(body: &[u8], out: &mut Vec<u8>) {
    put_int(body.len() as u64, out);
    out.extend_from_slice(body);
}

/// A little-endian word at `at`.
pub(crate) fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// What is decompressed at most: more would only make the fuzzer slow.
const MOST: usize = 1 << 20;

/// `stored` decompressed to `raw` bytes; itself where it is as long.
pub(crate) fn decompress(stored: &[u8], raw: u32) -> Option<Vec<u8>> {
    let raw = raw as usize;
    if stored.len() == raw {
        return Some(stored.to_vec());
    }
    (raw <= MOST)
        .then(|| zstd::bulk::decompress(stored, raw).ok())
        .flatten()
}
