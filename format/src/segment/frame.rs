//! Frames: the unit of compression and of checksums.

use super::{MAX_FRAME, pool};
use std::cell::RefCell;

/// Where a frame is and what its bytes must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameInfo {
    /// Bytes in the file.
    pub(crate) stored: u32,
    /// Bytes when decompressed; equal to `stored` where the frame is not compressed.
    pub(crate) raw: u32,
    /// CRC-32 of the stored bytes.
    pub(crate) crc: u32,
}

/// Compresses frames one behind the other.
pub(crate) struct FrameWriter {
    compressor: zstd::bulk::Compressor<'static>,
    level: i32,
    /// What was compressed last; kept for its memory.
    packed: Vec<u8>,
}

impl FrameWriter {
    pub(crate) fn new(level: i32) -> std::io::Result<Self> {
        Ok(FrameWriter {
            compressor: zstd::bulk::Compressor::new(level)?,
            level,
            packed: Vec::new(),
        })
    }

    /// Compresses what follows at this level.
    pub(crate) fn set_level(&mut self, level: i32) -> std::io::Result<()> {
        if level != self.level {
            self.compressor.set_compression_level(level)?;
            self.level = level;
        }
        Ok(())
    }

    /// `raw` compressed, or as it is where that is not smaller.
    pub(crate) fn compress<'a>(&'a mut self, raw: &'a [u8]) -> &'a [u8] {
        // With this much room nothing that the compressor makes is too long for it.
        self.packed.clear();
        self.packed.reserve(zstd::zstd_safe::compress_bound(raw.len()));
        match self.compressor.compress_to_buffer(raw, &mut self.packed) {
            Ok(len) if len < raw.len() => &self.packed,
            _ => raw,
        }
    }

    /// Appends `raw` to `out` as one frame, compressed where that is smaller.
    pub(crate) fn write(&mut self, raw: &[u8], out: &mut Vec<u8>) -> FrameInfo {
        append(self.compress(raw), raw.len(), out)
    }
}

/// Appends what [`FrameWriter::compress`] made of `raw` bytes.
pub(crate) fn append(stored: &[u8], raw: usize, out: &mut Vec<u8>) -> FrameInfo {
    out.extend_from_slice(stored);
    FrameInfo {
        stored: stored.len() as u32,
        raw: raw as u32,
        crc: crc32fast::hash(stored),
    }
}

/// Checks and decompresses the frame with these stored bytes; the error says what is wrong.
pub(crate) fn read(info: &FrameInfo, stored: &[u8]) -> Result<Vec<u8>, String> {
    let crc = crc32fast::hash(stored);
    if crc != info.crc {
        return Err(format!("checksum of a frame is {crc:08x}, expected {:08x}", info.crc));
    }
    decompress(stored, info.raw)
}

thread_local! {
    /// Making a context costs more than decompressing a short frame.
    static DECOMPRESSOR: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Decompresses `stored` to `raw` bytes, which are the same where they are equally many.
pub(crate) fn decompress(stored: &[u8], raw: u32) -> Result<Vec<u8>, String> {
    let raw = raw as usize;
    if raw > MAX_FRAME {
        return Err(format!("a frame claims {raw} bytes, over the limit of {MAX_FRAME}"));
    }
    if raw == stored.len() {
        let mut out = pool::bytes(raw);
        out.extend_from_slice(stored);
        return Ok(out);
    }
    let mut out = pool::bytes(raw);
    DECOMPRESSOR.with_borrow_mut(|context| {
        let context = match context {
            Some(context) => context,
            None => context.insert(zstd::bulk::Decompressor::new().map_err(|e| e.to_string())?),
        };
        out.clear();
        let done = context.decompress_to_buffer(stored, &mut out);
        done.map_err(|e| format!("a frame does not decompress: {e}"))
    })?;
    if out.len() != raw {
        return Err(format!("a frame decompressed to {} bytes, expected {raw}", out.len()));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_and_damage_is_noticed() {
        for raw in [vec![7; 1000], b"abc".to_vec()] {
            let mut stored = Vec::new();
            let info = FrameWriter::new(3).unwrap().write(&raw, &mut stored);
            assert!(stored.len() < 100);
            assert_eq!(read(&info, &stored).unwrap(), raw);
            for byte in 0..stored.len() {
                stored[byte] ^= 1;
                assert!(read(&info, &stored).is_err(), "byte {byte}");
                stored[byte] ^= 1;
            }
            assert!(read(&FrameInfo { raw: 1 << 30, ..info }, &stored).is_err());
            assert!(read(&FrameInfo { raw: 999, ..info }, &stored).is_err());
        }
    }
}
