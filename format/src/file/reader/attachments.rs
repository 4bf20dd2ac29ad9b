//! Contents of attachments.

use super::Trace;
use crate::file::attachment::AttachmentHead;
use crate::file::block::Block;
use crate::file::layout::tag;
use crate::model::AttachmentEntry;
use crate::{Error, Result};

impl Trace {
    /// Attachments by name, in the order in which they were added.
    pub fn attachments(&self) -> &[AttachmentEntry] {
        &self.attachments
    }

    /// The content of an attachment, checked against its hash.
    ///
    /// # Errors
    /// [`Error::Damage`] where it is not there any more or not what it was.
    pub fn attachment(&self, entry: &AttachmentEntry) -> Result<Vec<u8>> {
        let read = || -> Result<Vec<u8>, String> {
            let block =
                Block::at(&self.map, entry.offset).map_err(|what| format!("where an attachment should be, {what}"))?;
            self.map.touch(block.offset..block.end());
            if block.header.tag != tag::ATCH {
                return Err(format!(
                    "where an attachment should be, there is a {} block",
                    block.header.name()
                ));
            }
            let body = block.checked_body(self.cipher.as_deref())?;
            let (head, stored) = AttachmentHead::decode(&body)?;
            if head.hash != entry.hash {
                return Err("an attachment is not the one that the index lists".into());
            }
            head.content(stored)
        };
        read().map_err(|what| Error::damage(entry.offset, what))
    }
}
