//! Public Ed25519 keys in the formats that people have: OpenSSH lines and PEM.

use crate::{Error, Result};
use ed25519_dalek::VerifyingKey;
use ed25519_dalek::pkcs8::DecodePublicKey;
use ssh_key::HashAlg;
use ssh_key::public::{Ed25519PublicKey, KeyData};
use std::path::Path;

/// A file of keys is not longer.
const MAX_FILE: u64 = 1 << 20;

/// A public key that signatures are checked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    bytes: [u8; 32],
    comment: String,
}

impl PublicKey {
    /// The keys of a file: a `.pub` file or `authorized_keys` of OpenSSH (keys of other types are passed over), or a
    /// PEM public key (`openssl pkey -pubout`).
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Key`] where there is no Ed25519 key in it.
    pub fn read_all(path: &Path) -> Result<Vec<PublicKey>> {
        Self::parse_all(&read(path)?, &path.display().to_string())
    }

    /// The keys in `text`; `name` is where it came from, for messages.
    pub fn parse_all(text: &[u8], name: &str) -> Result<Vec<PublicKey>> {
        let error = |what: String| Error::Key {
            name: name.to_owned(),
            what,
        };
        let text = std::str::from_utf8(text).map_err(|_| error("it is no key: not text".into()))?;
        if text.contains("PRIVATE KEY-----") {
            return Err(error(
                "it is a private key; pass the public one (`ssh-keygen -y -f KEY` or `openssl pkey -in KEY -pubout` prints it)"
                    .into(),
            ));
        }
        if let Some(at) = text.find("-----BEGIN PUBLIC KEY-----") {
            let key = VerifyingKey::from_public_key_pem(text[at..].trim_end()).map_err(|e| {
                error(format!(
                    "it is no Ed25519 public key ({e}); `openssl genpkey -algorithm ed25519` makes one"
                ))
            })?;
            return Ok(vec![PublicKey::new(key.to_bytes(), "")]);
        }
        let mut keys = Vec::new();
        for line in text
            .lines()
            .map(str::trim)
            .filter(|l| !l.is_empty() && !l.starts_with('#'))
        {
            // Options or principals may stand before the type, as in authorized_keys and allowed_signers.
            let Some((_, rest)) = line
                .match_indices("ssh-ed25519 ")
                .map(|(at, _)| line.split_at(at))
                .find(|(before, _)| before.is_empty() || before.ends_with(' '))
            else {
                continue;
            };
            let key =
                ssh_key::PublicKey::from_openssh(rest).map_err(|e| error(format!("a key in it is damaged ({e})")))?;
            if let KeyData::Ed25519(bytes) = key.key_data() {
                keys.push(PublicKey::new(bytes.0, key.comment()));
            }
        }
        if keys.is_empty() {
            return Err(error(
                "there is no Ed25519 public key in it; `ssh-keygen -t ed25519` makes one".into(),
            ));
        }
        Ok(keys)
    }

    pub(crate) fn new(bytes: [u8; 32], comment: &str) -> PublicKey {
        PublicKey {
            bytes,
            comment: comment.to_owned(),
        }
    }

    /// The 32 bytes of the key.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// What the key's file says of it; may be empty.
    pub fn comment(&self) -> &str {
        &self.comment
    }

    /// `SHA256:…`, as `ssh-keygen -lf` prints it.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.bytes)
    }
}

/// `SHA256:…` of a key's bytes.
pub(crate) fn fingerprint(key: &[u8; 32]) -> String {
    KeyData::Ed25519(Ed25519PublicKey(*key))
        .fingerprint(HashAlg::Sha256)
        .to_string()
}

/// The bytes of a file of keys.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    let io = Error::io("cannot read", path);
    let len = std::fs::metadata(path).map_err(&io)?.len();
    if len > MAX_FILE {
        return Err(Error::Key {
            name: path.display().to_string(),
            what: format!("it is no key: {len} bytes long"),
        });
    }
    std::fs::read(path).map_err(&io)
}
