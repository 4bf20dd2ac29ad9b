//! Sealing: the rest of the index, the signature and the footer.

use super::append::NewBlock;
use super::{Sealed, TraceWriter};
use crate::evidence::chain::Hash;
use crate::evidence::signature::{Signature, Signatures};
use crate::file::index::{Root, Summary};
use crate::file::layout::{Footer, MAX_ROOT, tag};
use crate::file::storage::Storage;
use crate::{Error, Result, meta};

impl<S: Storage> TraceWriter<S> {
    /// Writes index, signature and footer and forces the file to the disk. After an error the file is as it was before,
    /// and sealing can be tried again; what was sealed is not sealed twice.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Limit`] where the summary is too large.
    pub fn seal(&mut self, summary: &Summary) -> Result<Sealed> {
        if let Some(sealed) = self.sealed {
            return Ok(sealed);
        }
        self.check_open()?;
        let before = (self.end, self.chain.last);
        let sealed = self.write_tail(summary).inspect_err(|_| self.roll_back(before))?;
        self.sealed = Some(sealed);
        Ok(sealed)
    }

    fn write_tail(&mut self, summary: &Summary) -> Result<Sealed> {
        let mut root = Root {
            groups: self.groups.clone(),
            summary: summary.clone(),
            attachments: self.attachments.clone(),
            custody: self.custody.clone(),
        };
        if !self.pending.is_empty() {
            let leaf = self.leaf_block();
            let placed = self.write_blocks(&[leaf])?;
            root.groups.extend(placed.first().map(|leaf| self.group(*leaf)));
        }
        let body = root.encode().ok_or_else(|| Error::Limit {
            what: "the index of a trace with its summary",
            found: meta::encode(&root.summary).len() as u64 + self.root_size + self.pending_size,
            limit: MAX_ROOT as u64,
        })?;
        let index = NewBlock {
            tag: tag::INDX,
            body: body.into(),
        };
        let placed = self.write_blocks(&[index])?.pop().unwrap_or_default();
        self.write_signature(&placed.hash)?;
        let footer = Footer {
            index: placed.offset,
            root: placed.hash,
        };
        self.write(&footer.encode())?;
        // What was reserved and not used goes back.
        let cannot_write = Error::io("cannot write", &self.path);
        self.storage.set_len(self.end).map_err(cannot_write)?;
        self.storage.sync_all().map_err(Error::io("cannot sync", &self.path))?;
        Ok(Sealed {
            bytes: self.end,
            root: placed.hash,
        })
    }

    fn write_signature(&mut self, root: &Hash) -> Result<()> {
        let Some(key) = &self.options.sign_key else {
            return Ok(());
        };
        let signatures = Signatures {
            capture_id: self.capture_id,
            list: vec![Signature::sign(key, &self.capture_id, root)],
        };
        let block = NewBlock {
            tag: tag::SIGN,
            body: meta::encode(&signatures).into(),
        };
        self.write_blocks(&[block]).map(|_| ())
    }
}
