//! How captures are written: key and recipients, read before anything is recorded.

use super::config::Captures;
use afterimage_format::evidence::{PrivateKey, Recipient};
use afterimage_format::file::{SyncPolicy, WriterOptions};
use anyhow::{Context, Result, anyhow};

/// What is the same for all captures.
#[derive(Clone, Default)]
pub(crate) struct Writing {
    pub(crate) sign_key: Option<PrivateKey>,
    pub(crate) recipients: Vec<Recipient>,
}

impl Writing {
    /// Reads what the configuration names.
    ///
    /// # Errors
    /// A key that is none.
    pub(crate) fn read(config: &Captures) -> Result<Writing> {
        let key = config.sign_key.get_ref();
        let sign_key = match key.as_os_str().is_empty() {
            true => None,
            false => Some(PrivateKey::read(key).with_context(|| "`sign_key` of [captures]".to_owned())?),
        };
        let recipients = config.encrypt_to.iter().map(|text| text.get_ref().parse());
        Ok(Writing {
            sign_key,
            recipients: recipients
                .collect::<Result<_, afterimage_format::Error>>()
                .map_err(|error| anyhow!("`encrypt_to` of [captures]: {error}"))?,
        })
    }

    /// For one file.
    pub(crate) fn options(&self, min_free: u64) -> WriterOptions {
        WriterOptions {
            force: false,
            sync: SyncPolicy::Seal,
            min_free,
            sign_key: self.sign_key.clone(),
            recipients: self.recipients.clone(),
        }
    }
}
