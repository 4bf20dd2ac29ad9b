//! Secrets come from files or the environment, never from settings or arguments, and never show.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Bytes of a secret.
const SECRET_MAX: u64 = 64 << 10;

/// A secret. It cannot be printed, and its memory is overwritten when it goes.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// From its text.
    pub fn new(text: String) -> Secret {
        Secret(Zeroizing::new(text))
    }

    /// The secret itself, for whoever must send it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether it is this one, in a time that does not depend on where they differ.
    pub fn is(&self, other: &[u8]) -> bool {
        // Digests have one length: the time does not depend on the secret's either.
        let digest = |bytes: &[u8]| ring::digest::digest(&ring::digest::SHA256, bytes);
        digest(self.0.as_bytes()).as_ref().ct_eq(digest(other).as_ref()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// Where a secret is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum SecretPlace {
    /// A file; white space at its end does not count.
    File(PathBuf),
    /// An environment variable.
    Env(String),
}

/// Why there is no secret. Says the place, never the content.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("cannot read the secret in {0}: {1}")]
    File(PathBuf, std::io::Error),
    /// There is no such variable.
    #[error("the environment variable {0} is not set")]
    Env(String),
    /// There is nothing in it.
    #[error("the secret in {0} is empty")]
    Empty(String),
    /// This is no secret but something else.
    #[error("the secret in {0} is longer than 64 KiB")]
    Long(String),
}

impl SecretPlace {
    /// Of a pair `…_file`, `…_env`.
    pub(crate) fn of(file: Option<&Path>, env: Option<&str>) -> Option<SecretPlace> {
        match (file, env) {
            (Some(file), _) => Some(SecretPlace::File(file.to_owned())),
            (None, Some(env)) => Some(SecretPlace::Env(env.to_owned())),
            (None, None) => None,
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// There is none, it is empty, or it is too long to be one.
    pub fn read(&self) -> Result<Secret, SecretError> {
        use std::io::Read;
        let text = match self {
            SecretPlace::File(path) => {
                let wrong = |error| SecretError::File(path.clone(), error);
                let mut text = String::new();
                let file = std::fs::File::open(path).map_err(wrong)?;
                file.take(SECRET_MAX + 1).read_to_string(&mut text).map_err(wrong)?;
                text
            }
            SecretPlace::Env(name) => std::env::var(name).map_err(|_| SecretError::Env(name.clone()))?,
        };
        let text = Zeroizing::new(text);
        let trimmed = text.trim_end();
        if trimmed.is_empty() {
            return Err(SecretError::Empty(self.to_string()));
        }
        if text.len() as u64 > SECRET_MAX {
            return Err(SecretError::Long(self.to_string()));
        }
        Ok(Secret::new(trimmed.to_owned()))
    }
}

impl fmt::Display for SecretPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretPlace::File(path) => write!(f, "{}", path.display()),
            SecretPlace::Env(name) => write!(f, "the environment variable {name}"),
        }
    }
}
