//! Encryption of blocks: ChaCha20-Poly1305 with one key for the file, which an age file at its beginning holds for the
//! recipients. The block's number is the nonce, so blocks stay independent of each other.

use super::{Identity, Recipient};
use chacha20poly1305::aead::rand_core::RngCore;
use chacha20poly1305::aead::{AeadInPlace, OsRng};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit, Nonce};
use std::io::{self, Read, Write};
use zeroize::Zeroizing;

const CONTEXT: &str = "afterimage 2026-11 trace block encryption";
/// Bytes that encryption adds to a body.
pub(crate) const OVERHEAD: usize = 16;
/// Recipients of one file.
pub(crate) const MAX_RECIPIENTS: usize = 1024;

/// The age file is not longer: every identity is tried on every recipient in it.
const MAX_KEYS: usize = 256 << 10;

/// A file's key, ready for its blocks.
pub(crate) struct BlockCipher(ChaCha20Poly1305);

impl BlockCipher {
    /// A new key, and the age file that holds it for `recipients`.
    pub(crate) fn generate(recipients: &[Recipient]) -> io::Result<(BlockCipher, Vec<u8>)> {
        let mut key = Zeroizing::new([0; 32]);
        OsRng.try_fill_bytes(key.as_mut()).map_err(io::Error::other)?;
        let recipients = recipients.iter().map(|r| &r.0 as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
        let mut file = Vec::new();
        let mut out = encryptor.wrap_output(&mut file)?;
        out.write_all(key.as_ref())?;
        out.finish()?;
        Ok((BlockCipher::new(&key), file))
    }

    /// The key in an age file; `Ok(None)` where none of the identities opens it.
    pub(crate) fn unlock(file: &[u8], identities: &[Identity]) -> Result<Option<BlockCipher>, String> {
        if file.len() > MAX_KEYS {
            return Err(format!("it has {} bytes, over the limit of {MAX_KEYS}", file.len()));
        }
        let decryptor = age::Decryptor::new_buffered(file).map_err(|e| e.to_string())?;
        let identities = identities.iter().map(|i| &i.0 as &dyn age::Identity);
        let reader = match decryptor.decrypt(identities) {
            Ok(reader) => reader,
            Err(age::DecryptError::NoMatchingKeys) => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        let mut key = Zeroizing::new(Vec::with_capacity(33));
        reader.take(33).read_to_end(&mut key).map_err(|e| e.to_string())?;
        let key: &[u8; 32] = key.as_slice().try_into().map_err(|_| "its key has another length")?;
        Ok(Some(BlockCipher::new(key)))
    }

    fn new(file_key: &[u8; 32]) -> BlockCipher {
        let key = Zeroizing::new(blake3::derive_key(CONTEXT, file_key));
        BlockCipher(ChaCha20Poly1305::new(key.as_ref().into()))
    }

    /// Encrypts a body in place.
    pub(crate) fn encrypt(&self, number: u64, tag: [u8; 4], flags: u32, body: &mut Vec<u8>) -> io::Result<()> {
        self.0
            .encrypt_in_place(&nonce(number), &associated(tag, flags), body)
            .map_err(|_| io::Error::other("cannot encrypt a block"))
    }

    /// The body of a block; `None` where it is not what was encrypted.
    pub(crate) fn decrypt(&self, number: u64, tag: [u8; 4], flags: u32, stored: &[u8]) -> Option<Vec<u8>> {
        let mut body = stored.to_vec();
        self.0
            .decrypt_in_place(&nonce(number), &associated(tag, flags), &mut body)
            .ok()?;
        Some(body)
    }
}

fn nonce(number: u64) -> Nonce {
    let mut nonce = Nonce::default();
    nonce[..8].copy_from_slice(&number.to_le_bytes());
    nonce
}

fn associated(tag: [u8; 4], flags: u32) -> [u8; 8] {
    let mut out = [0; 8];
    out[..4].copy_from_slice(&tag);
    out[4..].copy_from_slice(&flags.to_le_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_recipient_reads_a_block_and_only_as_it_was() {
        let (mine, other) = (Identity::generate(), Identity::generate());
        let (cipher, file) = BlockCipher::generate(&[mine.recipient()]).unwrap();
        let mut body = b"secret".to_vec();
        cipher.encrypt(7, *b"SEGM", 1, &mut body).unwrap();
        assert_eq!(body.len(), 6 + OVERHEAD);
        assert!(BlockCipher::unlock(&file, &[]).unwrap().is_none());
        assert!(
            BlockCipher::unlock(&file, std::slice::from_ref(&other))
                .unwrap()
                .is_none()
        );
        let again = BlockCipher::unlock(&file, &[other, mine]).unwrap().unwrap();
        assert_eq!(again.decrypt(7, *b"SEGM", 1, &body).unwrap(), b"secret");
        assert!(again.decrypt(8, *b"SEGM", 1, &body).is_none());
        assert!(again.decrypt(7, *b"ATCH", 1, &body).is_none());
        assert!(again.decrypt(7, *b"SEGM", 1, &body[1..]).is_none());
        for cut in 0..file.len() {
            let cut = BlockCipher::unlock(&file[..cut], &[]);
            assert!(!matches!(cut, Ok(Some(_))));
        }
    }
}
