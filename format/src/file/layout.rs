//! Fixed parts of the file: magic, block headers, footer. docs/format.md describes the same bytes.

/// Version of the format that this crate writes and reads. 0 is the draft before the first frozen version.
pub const FORMAT_VERSION: u32 = 0;

/// First bytes of every trace. Not sysdig's magic; the newline bytes show a copy in text mode, as in PNG.
pub(crate) const MAGIC: [u8; 12] = *b"\x89AFTERIMG\r\n\x1a";
/// Magic and version.
pub(crate) const PREFIX_LEN: usize = MAGIC.len() + 4;

/// Tag of the header block.
pub(crate) const HEADER: [u8; 4] = *b"HEAD";
/// Tag of a segment.
pub(crate) const SEGMENT: [u8; 4] = *b"SEGM";
/// Tag of the index.
pub(crate) const INDEX: [u8; 4] = *b"INDX";

/// tag (4), body length (8), CRC-32 of both (4).
pub(crate) const BLOCK_HEADER_LEN: usize = 16;
/// No block is longer: a segment of the largest size has some 64 MiB.
pub(crate) const MAX_BLOCK: u64 = 512 << 20;

/// Last bytes of a sealed trace: index offset (8), CRC-32 of it (4), magic (8).
pub(crate) const FOOTER_LEN: usize = 20;
const FOOTER_MAGIC: [u8; 8] = *b"AFTERIMG";

/// The bytes of a block header.
pub(crate) fn block_header(tag: [u8; 4], len: u64) -> [u8; BLOCK_HEADER_LEN] {
    let mut out = [0; BLOCK_HEADER_LEN];
    out[..4].copy_from_slice(&tag);
    out[4..12].copy_from_slice(&len.to_le_bytes());
    let crc = crc32fast::hash(&out[..12]);
    out[12..].copy_from_slice(&crc.to_le_bytes());
    out
}

/// Tag and body length of the block header at the start of `bytes`; `None` where there is none.
pub(crate) fn parse_block_header(bytes: &[u8]) -> Option<([u8; 4], u64)> {
    let (head, crc) = bytes.get(..BLOCK_HEADER_LEN)?.split_at(12);
    let (tag, len) = head.split_first_chunk::<4>()?;
    let len = u64::from_le_bytes(*len.first_chunk()?);
    let known = matches!(*tag, HEADER | SEGMENT | INDEX);
    (known && len <= MAX_BLOCK && crc32fast::hash(head).to_le_bytes() == crc).then_some((*tag, len))
}

/// The bytes of a footer.
pub(crate) fn footer(index_offset: u64) -> [u8; FOOTER_LEN] {
    let mut out = [0; FOOTER_LEN];
    out[..8].copy_from_slice(&index_offset.to_le_bytes());
    out[8..12].copy_from_slice(&crc32fast::hash(&index_offset.to_le_bytes()).to_le_bytes());
    out[12..].copy_from_slice(&FOOTER_MAGIC);
    out
}

/// The index offset of a sealed file; `None` where its last bytes are no footer.
pub(crate) fn parse_footer(file: &[u8]) -> Option<u64> {
    let footer = file.get(file.len().checked_sub(FOOTER_LEN)?..)?;
    let offset = footer.first_chunk::<8>()?;
    let crc = crc32fast::hash(offset).to_le_bytes();
    (footer[8..12] == crc && footer[12..] == FOOTER_MAGIC).then_some(u64::from_le_bytes(*offset))
}
