//! Who may read an encrypted trace: recipients and identities of age (<https://age-encryption.org/v1>).

use super::key;
use crate::{Error, Result};
use age::secrecy::ExposeSecret;
use age::x25519;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use zeroize::Zeroizing;

/// A public key (`age1…`) that a trace is encrypted to.
#[derive(Debug, Clone)]
pub struct Recipient(pub(super) x25519::Recipient);

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Recipient {
    type Err = Error;

    /// # Errors
    /// [`Error::Key`] where the text is no age recipient.
    fn from_str(text: &str) -> Result<Recipient> {
        let what = if text.starts_with("ssh-") {
            "SSH keys are not taken as recipients; `age-keygen` makes a key whose public half begins with age1"
        } else if text.starts_with("AGE-SECRET-KEY-") {
            // Not repeated: messages end in logs.
            return Err(Error::Key {
                name: "recipient".into(),
                what: "this is a secret key; pass the public one that begins with age1".into(),
            });
        } else {
            "it is no age recipient; one begins with age1, as `age-keygen -y IDENTITY` prints it"
        };
        text.trim().parse().map(Recipient).map_err(|_: &str| Error::Key {
            name: format!("recipient {text:?}"),
            what: what.into(),
        })
    }
}

/// A secret key that opens what was encrypted to its recipient.
#[derive(Clone)]
pub struct Identity(pub(super) x25519::Identity);

impl Identity {
    /// The identities of a file that `age-keygen` made: one a line, with comments.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Key`] where there is none in it or a line is something else.
    pub fn read_all(path: &Path) -> Result<Vec<Identity>> {
        let text = Zeroizing::new(key::read(path)?);
        Self::parse_all(&text, &path.display().to_string())
    }

    /// The identities in `text`; `name` is where it came from, for messages.
    pub fn parse_all(text: &[u8], name: &str) -> Result<Vec<Identity>> {
        let error = |what: String| Error::Key {
            name: name.to_owned(),
            what,
        };
        if text.starts_with(b"age-encryption.org/") || text.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----") {
            return Err(error(
                "it is protected by a passphrase; decrypt it first (`age -d -o COPY IDENTITY`) and pass the copy"
                    .into(),
            ));
        }
        let text = std::str::from_utf8(text).map_err(|_| error("it is no age identity: not text".into()))?;
        let mut identities = Vec::new();
        for (at, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let identity = line.parse().map_err(|_: &str| {
                let found = if line.starts_with("age1") {
                    "a recipient"
                } else {
                    "something else"
                };
                // The line itself is not shown: it may be a secret.
                error(format!(
                    "line {} is {found} and no age identity (AGE-SECRET-KEY-1…), as `age-keygen` makes it",
                    at + 1
                ))
            })?;
            identities.push(Identity(identity));
        }
        if identities.is_empty() {
            return Err(error("there is no age identity in it; `age-keygen` makes one".into()));
        }
        Ok(identities)
    }

    /// A new one.
    pub fn generate() -> Identity {
        Identity(x25519::Identity::generate())
    }

    /// It as text, for a file that [`Identity::read_all`] reads.
    pub fn secret(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.to_string().expose_secret().to_owned())
    }

    /// Its public half.
    pub fn recipient(&self) -> Recipient {
        Recipient(self.0.to_public())
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity of {}", self.0.to_public())
    }
}
