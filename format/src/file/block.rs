//! Blocks: everything between the first bytes and the footer. A header of 64 bytes says what follows and how long it is,
//! so that a reader passes over what it does not know.

use super::layout::{MAX_BLOCK, MAX_SECRET, tag};
use crate::evidence::chain::{self, Hash};
use crate::evidence::seal::BlockCipher;
use std::borrow::Cow;

/// Bytes of a block's header.
pub(crate) const BLOCK_HEADER_LEN: usize = 64;
/// The body is encrypted.
pub(crate) const ENCRYPTED: u32 = 1;

/// A block's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlockHeader {
    pub(crate) tag: [u8; 4],
    pub(crate) flags: u32,
    /// Bytes of the body as stored.
    pub(crate) len: u64,
    /// Grows from block to block; the nonce of the encryption.
    pub(crate) number: u64,
    /// BLAKE3 of the block before, or of the file's first bytes.
    pub(crate) prev: Hash,
    /// CRC-32 of the body as stored.
    pub(crate) crc: u32,
}

impl BlockHeader {
    pub(crate) fn encode(&self) -> [u8; BLOCK_HEADER_LEN] {
        let mut out = [0; BLOCK_HEADER_LEN];
        out[..4].copy_from_slice(&self.tag);
        out[4..8].copy_from_slice(&self.flags.to_le_bytes());
        out[8..16].copy_from_slice(&self.len.to_le_bytes());
        out[16..24].copy_from_slice(&self.number.to_le_bytes());
        out[24..56].copy_from_slice(&self.prev);
        out[56..60].copy_from_slice(&self.crc.to_le_bytes());
        let crc = crc32fast::hash(&out[..60]);
        out[60..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// The header at the start of `bytes`; `None` where there is none.
    pub(crate) fn parse(bytes: &[u8]) -> Option<BlockHeader> {
        let bytes = bytes.first_chunk::<BLOCK_HEADER_LEN>()?;
        let tag = *bytes.first_chunk::<4>()?;
        // Before the checksum: this runs at every byte of what is damaged.
        if !tag.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()) {
            return None;
        }
        let word = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
        let long = |at: usize| Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
        let header = BlockHeader {
            tag,
            flags: word(4)?,
            len: long(8)?,
            number: long(16)?,
            prev: *bytes.get(24..)?.first_chunk()?,
            crc: word(56)?,
        };
        (header.len <= MAX_BLOCK && crc32fast::hash(&bytes[..60]) == word(60)?).then_some(header)
    }

    /// The tag for messages.
    pub(crate) fn name(&self) -> String {
        self.tag.iter().map(|b| char::from(*b)).collect()
    }
}

/// A block in a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block<'a> {
    pub(crate) offset: usize,
    pub(crate) header: BlockHeader,
    /// Its body as stored.
    pub(crate) stored: &'a [u8],
}

impl<'a> Block<'a> {
    /// The block at `offset`; the error says what is there instead.
    pub(crate) fn at(file: &'a [u8], offset: u64) -> Result<Block<'a>, &'static str> {
        let offset = usize::try_from(offset).map_err(|_| "it lies behind the end of the file")?;
        let bytes = file.get(offset..).ok_or("it lies behind the end of the file")?;
        let header = BlockHeader::parse(bytes).ok_or("there is no block")?;
        let stored = usize::try_from(header.len)
            .ok()
            .and_then(|len| bytes[BLOCK_HEADER_LEN..].get(..len))
            .ok_or("it runs past the end of the file")?;
        Ok(Block { offset, header, stored })
    }

    /// Offset behind it.
    pub(crate) fn end(&self) -> usize {
        self.offset + self.length()
    }

    /// Bytes with its header.
    pub(crate) fn length(&self) -> usize {
        BLOCK_HEADER_LEN + self.stored.len()
    }

    /// Its hash in the chain.
    pub(crate) fn hash(&self) -> Hash {
        chain::hash(&[&self.header.encode(), self.stored])
    }

    /// Whether the stored body is the one that was written.
    pub(crate) fn is_whole(&self) -> bool {
        crc32fast::hash(self.stored) == self.header.crc
    }

    /// The body, decrypted where the file is encrypted.
    pub(crate) fn body(&self, cipher: Option<&BlockCipher>) -> Result<Cow<'a, [u8]>, String> {
        let BlockHeader { tag, flags, number, .. } = self.header;
        if flags & !ENCRYPTED != 0 {
            return Err(format!(
                "a block has flags {flags:#x} that this program does not know; use a newer release"
            ));
        }
        match (cipher, flags & ENCRYPTED != 0) {
            // Decrypting takes as much memory again.
            (Some(_), true) if self.stored.len() > MAX_SECRET => Err(format!(
                "an encrypted block has {} bytes, over the limit of {MAX_SECRET}",
                self.stored.len()
            )),
            (Some(cipher), true) => cipher
                .decrypt(number, tag, flags, self.stored)
                .map(Cow::Owned)
                .ok_or_else(|| "a block does not decrypt: it was altered".into()),
            // Whoever has no key of the file could have put it there.
            (Some(_), false) if tag::is_secret(tag) => Err("a block of an encrypted file is not encrypted".into()),
            (None, true) => Err("a block is encrypted in a file without a key".into()),
            (_, false) => Ok(Cow::Borrowed(self.stored)),
        }
    }

    /// The same for blocks that have no checksums inside.
    pub(crate) fn checked_body(&self, cipher: Option<&BlockCipher>) -> Result<Cow<'a, [u8]>, String> {
        if self.is_whole() {
            self.body(cipher)
        } else {
            Err("checksum of a block does not match".into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_comes_back_and_every_flipped_bit_is_noticed() {
        let header = BlockHeader {
            tag: tag::SEGM,
            flags: ENCRYPTED,
            len: 1 << 20,
            number: 77,
            prev: [3; 32],
            crc: 5,
        };
        let mut bytes = header.encode();
        assert_eq!(BlockHeader::parse(&bytes), Some(header));
        assert_eq!(BlockHeader::parse(&bytes[..63]), None);
        for bit in 0..8 * bytes.len() {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(BlockHeader::parse(&bytes), None, "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        let huge = BlockHeader {
            len: MAX_BLOCK + 1,
            ..header
        };
        assert_eq!(BlockHeader::parse(&huge.encode()), None);
    }
}
