//! Fixed parts of the file: magic, tags, footer, limits. docs/format.md describes the same bytes.

use crate::evidence::chain::Hash;

/// Version of the format that this crate writes and reads. 0 was the draft before the first frozen version.
pub const FORMAT_VERSION: u32 = 1;

/// First bytes of every trace. Not sysdig's magic; the newline bytes show a copy in text mode, as in PNG.
pub(crate) const MAGIC: [u8; 12] = *b"\x89AFTERIMG\r\n\x1a";
/// Magic and version.
pub(crate) const PREFIX_LEN: usize = MAGIC.len() + 4;

/// The first bytes of a trace.
pub(crate) fn prefix() -> [u8; PREFIX_LEN] {
    let mut out = [0; PREFIX_LEN];
    out[..MAGIC.len()].copy_from_slice(&MAGIC);
    out[MAGIC.len()..].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
    out
}

/// Tags of blocks.
pub(crate) mod tag {
    /// The file's key, for its recipients.
    pub(crate) const KEYS: [u8; 4] = *b"KEYS";
    /// The header.
    pub(crate) const HEAD: [u8; 4] = *b"HEAD";
    /// An entry of the custody log.
    pub(crate) const CUST: [u8; 4] = *b"CUST";
    /// A segment.
    pub(crate) const SEGM: [u8; 4] = *b"SEGM";
    /// An attachment.
    pub(crate) const ATCH: [u8; 4] = *b"ATCH";
    /// Index entries of the segments since the last one.
    pub(crate) const LEAF: [u8; 4] = *b"LEAF";
    /// The root of the index.
    pub(crate) const INDX: [u8; 4] = *b"INDX";
    /// Signatures.
    pub(crate) const SIGN: [u8; 4] = *b"SIGN";

    /// Whether blocks of this kind are encrypted where the file is.
    pub(crate) fn is_secret(tag: [u8; 4]) -> bool {
        !matches!(tag, KEYS | SIGN)
    }
}

/// No block's body is longer: a segment of the largest size has some 64 MiB.
pub(crate) const MAX_BLOCK: u64 = 512 << 20;
/// The same for encrypted blocks, which a reader has to decrypt as a whole.
pub(crate) const MAX_SECRET: usize = 128 << 20;
/// Segments of one leaf.
pub(crate) const LEAF_SEGMENTS: usize = 256;
/// Decompressed size of a leaf.
pub(crate) const MAX_LEAF: usize = 8 << 20;
/// Decompressed size of the index's root.
pub(crate) const MAX_ROOT: usize = 32 << 20;
/// Size of the blocks of metadata that are not compressed.
pub(crate) const MAX_METADATA: usize = 16 << 20;
/// Entries of the custody log.
pub(crate) const MAX_CUSTODY: usize = 4096;
/// Attachments, references included.
pub(crate) const MAX_ATTACHMENTS: usize = 64 << 10;
/// Bytes of one attachment.
pub const MAX_ATTACHMENT: u64 = 64 << 20;
/// Bytes of all attachments of a file, each content counted once.
pub const MAX_ATTACHMENTS_SIZE: u64 = 1 << 30;

/// Last bytes of a sealed trace: offset (8) and BLAKE3 (32) of the index's root, zeros (4), CRC-32 of all that (4),
/// magic (8).
pub(crate) const FOOTER_LEN: usize = 56;
const FOOTER_MAGIC: [u8; 8] = *b"AFTERIMG";

/// What the footer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Footer {
    /// Offset of the INDX block.
    pub(crate) index: u64,
    /// Its hash: the root of the chain.
    pub(crate) root: Hash,
}

impl Footer {
    pub(crate) fn encode(&self) -> [u8; FOOTER_LEN] {
        let mut out = [0; FOOTER_LEN];
        out[..8].copy_from_slice(&self.index.to_le_bytes());
        out[8..40].copy_from_slice(&self.root);
        let crc = crc32fast::hash(&out[..44]);
        out[44..48].copy_from_slice(&crc.to_le_bytes());
        out[48..].copy_from_slice(&FOOTER_MAGIC);
        out
    }

    /// The footer in exactly these bytes.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Footer> {
        let bytes: &[u8; FOOTER_LEN] = bytes.try_into().ok()?;
        let (said, crc) = bytes[..48].split_at(44);
        let known = crc32fast::hash(said).to_le_bytes() == crc && said[40..] == [0; 4] && bytes[48..] == FOOTER_MAGIC;
        known.then_some(Footer {
            index: u64::from_le_bytes(*bytes.first_chunk()?),
            root: *bytes[8..].first_chunk()?,
        })
    }

    /// The footer at the end of a file.
    pub(crate) fn at_end(file: &[u8]) -> Option<Footer> {
        Footer::parse(file.get(file.len().checked_sub(FOOTER_LEN)?..)?)
    }
}
