//! What the signatures of a trace are worth.

use crate::evidence::chain::Hash;
use crate::evidence::signature::{Signature, Signatures};
use crate::evidence::{Algorithm, PublicKey, fingerprint};

/// One signature, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureCheck {
    /// `SHA256:…` of the key that signed, as `ssh-keygen -lf` prints it.
    pub fingerprint: String,
    /// What the signer's key file says of the key. Anybody can write anything there.
    pub comment: String,
    /// How it was made.
    pub algorithm: Algorithm,
    /// Whether it is that key's signature of this file's root.
    pub valid: bool,
    /// Whether it is valid and the key is one of those that were given.
    pub trusted: bool,
}

/// Checks signatures of `root`; `capture_id` is the header's, where that can be read.
pub(crate) fn check_all(
    signatures: Option<&Signatures>,
    capture_id: Option<&[u8; 16]>,
    root: &Hash,
    keys: &[PublicKey],
) -> Vec<SignatureCheck> {
    let Some(signatures) = signatures else {
        return Vec::new();
    };
    let same_capture = capture_id.is_none_or(|id| *id == signatures.capture_id);
    let check = |signature: &Signature| {
        let valid = same_capture && signature.is_valid(&signatures.capture_id, root);
        SignatureCheck {
            fingerprint: fingerprint(&signature.key),
            comment: signature.comment.clone(),
            algorithm: signature.algorithm,
            valid,
            trusted: valid && keys.iter().any(|key| *key.bytes() == signature.key),
        }
    };
    signatures.list.iter().take(MAX_SIGNATURES).map(check).collect()
}

/// Signatures of one file that are looked at.
const MAX_SIGNATURES: usize = 64;
