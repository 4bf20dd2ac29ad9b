//! Frames: the unit of compression and of checksums.

use super::MAX_FRAME;
use bincode::{Decode, Encode};

/// Where a frame is and what its bytes must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(crate) struct FrameInfo {
    /// Offset behind the segment's directory.
    pub(crate) offset: u32,
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
}

impl FrameWriter {
    pub(crate) fn new(level: i32) -> std::io::Result<Self> {
        Ok(FrameWriter {
            compressor: zstd::bulk::Compressor::new(level)?,
        })
    }

    /// Appends `raw` to `out` as one frame, compressed where that is smaller.
    pub(crate) fn write(&mut self, raw: &[u8], out: &mut Vec<u8>) -> FrameInfo {
        let start = out.len();
        // The worst case of zstd is a little more than its input; where it grows, the bytes are stored as they are.
        out.resize(start + zstd::zstd_safe::compress_bound(raw.len()), 0);
        match self.compressor.compress_to_buffer(raw, &mut out[start..]) {
            Ok(len) if len < raw.len() => out.truncate(start + len),
            _ => {
                out.truncate(start);
                out.extend_from_slice(raw);
            }
        }
        FrameInfo {
            offset: start as u32,
            stored: (out.len() - start) as u32,
            raw: raw.len() as u32,
            crc: crc32fast::hash(&out[start..]),
        }
    }
}

/// Checks and decompresses one frame of `frames`; the error says what is wrong.
pub(crate) fn read(info: &FrameInfo, frames: &[u8]) -> Result<Vec<u8>, String> {
    let start = info.offset as usize;
    let stored = start
        .checked_add(info.stored as usize)
        .and_then(|end| frames.get(start..end));
    let stored =
        stored.ok_or_else(|| format!("a frame of {} bytes at {start} lies outside the segment", info.stored))?;
    let crc = crc32fast::hash(stored);
    if crc != info.crc {
        return Err(format!("checksum of a frame is {crc:08x}, expected {:08x}", info.crc));
    }
    let raw = info.raw as usize;
    if raw > MAX_FRAME {
        return Err(format!("a frame claims {raw} bytes, over the limit of {MAX_FRAME}"));
    }
    if info.raw == info.stored {
        return Ok(stored.to_vec());
    }
    let out = zstd::bulk::decompress(stored, raw).map_err(|e| format!("a frame does not decompress: {e}"))?;
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
        let mut out = Vec::new();
        let mut writer = FrameWriter::new(3).unwrap();
        let long = writer.write(&[7; 1000], &mut out);
        let short = writer.write(b"abc", &mut out);
        assert!(long.stored < 100);
        assert_eq!(read(&long, &out).unwrap(), [7; 1000]);
        assert_eq!(read(&short, &out).unwrap(), b"abc");
        for byte in 0..out.len() {
            out[byte] ^= 1;
            assert!(read(&long, &out).is_err() || read(&short, &out).is_err(), "byte {byte}");
            out[byte] ^= 1;
        }
        assert!(read(&FrameInfo { raw: 1 << 30, ..long }, &out).is_err());
        assert!(
            read(
                &FrameInfo {
                    offset: u32::MAX,
                    ..long
                },
                &out
            )
            .is_err()
        );
    }
}
