//! Private Ed25519 keys: OpenSSH's own format and PKCS#8 PEM, without passphrases.

use super::PublicKey;
use super::key;
use crate::{Error, Result};
use ed25519_dalek::pkcs8::DecodePrivateKey;
use ed25519_dalek::{Signer, SigningKey};
use std::fmt;
use std::path::Path;
use zeroize::Zeroizing;

/// A key that signs traces. Its secret is wiped from memory when it is dropped.
#[derive(Clone)]
pub struct PrivateKey {
    key: SigningKey,
    comment: String,
}

impl PrivateKey {
    /// Reads an Ed25519 key that `ssh-keygen -t ed25519` or `openssl genpkey -algorithm ed25519` made.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Key`] where it is another type of key, has a passphrase or is no key.
    pub fn read(path: &Path) -> Result<PrivateKey> {
        let text = Zeroizing::new(key::read(path)?);
        Self::parse(&text, &path.display().to_string())
    }

    /// The key in `text`; `name` is where it came from, for messages.
    pub fn parse(text: &[u8], name: &str) -> Result<PrivateKey> {
        parse(text).map_err(|what| Error::Key {
            name: name.to_owned(),
            what,
        })
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey::new(self.key.verifying_key().to_bytes(), &self.comment)
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({})", self.public().fingerprint())
    }
}

const MAKE_ONE: &str = "`ssh-keygen -t ed25519 -N '' -f KEY` makes one that fits";

fn parse(text: &[u8]) -> Result<PrivateKey, String> {
    let text = std::str::from_utf8(text).map_err(|_| format!("it is no private key: not text; {MAKE_ONE}"))?;
    let begins = |label: &str| {
        text.find(&format!("-----BEGIN {label}-----"))
            .map(|at| text[at..].trim_end())
    };
    if let Some(pem) = begins("OPENSSH PRIVATE KEY") {
        return parse_openssh(pem);
    }
    if let Some(pem) = begins("PRIVATE KEY") {
        let key = SigningKey::from_pkcs8_pem(pem)
            .map_err(|e| format!("it is no Ed25519 key or damaged ({e}); {MAKE_ONE}"))?;
        let comment = String::new();
        return Ok(PrivateKey { key, comment });
    }
    Err(if begins("ENCRYPTED PRIVATE KEY").is_some() {
        "it is protected by a passphrase; make a copy without one (`openssl pkey -in KEY -out COPY`) and pass that"
            .into()
    } else if text.contains("PRIVATE KEY-----") {
        format!("it is not an Ed25519 key; {MAKE_ONE}")
    } else if text.contains("PUBLIC KEY-----") || text.starts_with("ssh-") {
        "it is a public key; pass the private one".into()
    } else {
        format!("it is no private key; {MAKE_ONE}")
    })
}

fn parse_openssh(pem: &str) -> Result<PrivateKey, String> {
    let key = ssh_key::PrivateKey::from_openssh(pem)
        .map_err(|e| format!("it is damaged or not an Ed25519 key ({e}); {MAKE_ONE}"))?;
    if key.is_encrypted() {
        return Err(
            "it is protected by a passphrase; make a copy without one (`cp KEY COPY; ssh-keygen -p -N '' -f COPY`) and pass that"
                .into(),
        );
    }
    let pair = key
        .key_data()
        .ed25519()
        .ok_or_else(|| format!("it is a key of type {}, not Ed25519; {MAKE_ONE}", key.algorithm()))?;
    let signing = SigningKey::from_bytes(&pair.private.to_bytes());
    if signing.verifying_key().to_bytes() != pair.public.0 {
        return Err("it is damaged: its public half does not fit".into());
    }
    Ok(PrivateKey {
        key: signing,
        comment: key.comment().to_owned(),
    })
}
