//! Signatures over a trace's root.

use super::PrivateKey;
use super::chain::Hash;
use crate::meta::{codes, record};
use ed25519_dalek::VerifyingKey;

const DOMAIN: &[u8; 30] = b"afterimage trace signature v1\0";

/// How a signature is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Algorithm {
    /// One that this program does not know: the trace is newer.
    #[default]
    Other,
    /// Ed25519 (RFC 8032), checked strictly.
    Ed25519,
}
codes!(Algorithm { Other = 0, Ed25519 = 1 } else |_| Algorithm::Other);

/// A signature as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Signature {
    pub(crate) algorithm: Algorithm,
    pub(crate) key: [u8; 32],
    /// 64 bytes.
    pub(crate) signature: Vec<u8>,
    /// What the key's file says of the key.
    pub(crate) comment: String,
}
record!(Signature {
    algorithm,
    key,
    signature,
    comment
});

/// Body of the SIGN block. It is never encrypted: whoever has no identity can still verify.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Signatures {
    /// The header's, which may be encrypted.
    pub(crate) capture_id: [u8; 16],
    pub(crate) list: Vec<Signature>,
}
record!(Signatures { capture_id, list });

fn message(capture_id: &[u8; 16], root: &Hash) -> Vec<u8> {
    [DOMAIN.as_slice(), capture_id, root].concat()
}

impl Signature {
    pub(crate) fn sign(key: &PrivateKey, capture_id: &[u8; 16], root: &Hash) -> Signature {
        let public = key.public();
        Signature {
            algorithm: Algorithm::Ed25519,
            key: *public.bytes(),
            signature: key.sign(&message(capture_id, root)).to_vec(),
            comment: public.comment().to_owned(),
        }
    }

    /// Whether it is this key's signature of that root.
    pub(crate) fn is_valid(&self, capture_id: &[u8; 16], root: &Hash) -> bool {
        let parts = VerifyingKey::from_bytes(&self.key).ok().zip(
            <&[u8; 64]>::try_from(self.signature.as_slice())
                .ok()
                .map(ed25519_dalek::Signature::from_bytes),
        );
        self.algorithm == Algorithm::Ed25519
            && parts.is_some_and(|(key, signature)| key.verify_strict(&message(capture_id, root), &signature).is_ok())
    }
}
