//! The chain: every block's header holds the BLAKE3 of the block before it, and the footer that of the index. So a
//! change anywhere changes what follows, up to the root, which a signature covers.

/// A BLAKE3 hash.
pub(crate) type Hash = [u8; 32];

/// BLAKE3 of some bytes, one part behind the other.
pub(crate) fn hash(parts: &[&[u8]]) -> Hash {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}

/// The end of the chain while a file is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chain {
    /// Hash of the last block.
    pub(crate) last: Hash,
    /// Number of the next block. Never used twice, not even after a failed write: the encryption's nonce is made of it.
    number: u64,
}

impl Chain {
    /// The beginning of a file whose first bytes are `prefix`.
    pub(crate) fn new(prefix: &[u8]) -> Chain {
        Chain {
            last: hash(&[prefix]),
            number: 0,
        }
    }

    /// Takes the next block's number.
    pub(crate) fn take_number(&mut self) -> u64 {
        let number = self.number;
        self.number += 1;
        number
    }
}
