//! Attachments and custody entries.

use super::TraceWriter;
use super::append::NewBlock;
use crate::evidence::chain;
use crate::file::attachment::{AttachmentHead, Storing};
use crate::file::layout::{MAX_ATTACHMENT, MAX_ATTACHMENTS, MAX_ATTACHMENTS_SIZE, MAX_CUSTODY, tag};
use crate::file::storage::Storage;
use crate::meta;
use crate::model::{AttachmentEntry, CustodyEntry};
use crate::{Error, Result};

/// Bytes of a name or a media type.
const MAX_NAME: usize = 4096;

impl<S: Storage> TraceWriter<S> {
    /// Adds `content` under `name`. A content that the file has already is not stored again.
    ///
    /// # Errors
    /// [`Error::Attachment`] where it is over a limit; otherwise as [`TraceWriter::append`].
    pub fn attach(&mut self, name: &str, media_type: &str, content: &[u8]) -> Result<AttachmentEntry> {
        let refuse = |what: String| Error::Attachment {
            name: name.to_owned(),
            what,
        };
        let size = content.len() as u64;
        if size > MAX_ATTACHMENT {
            return Err(refuse(format!(
                "it has {size} bytes, and one attachment may have {MAX_ATTACHMENT}; attach a part of it or its hash"
            )));
        }
        if name.len() > MAX_NAME || media_type.len() > MAX_NAME {
            return Err(refuse(format!(
                "its name or type is longer than {MAX_NAME} bytes; give it a shorter one"
            )));
        }
        if self.attachments.len() >= MAX_ATTACHMENTS {
            return Err(refuse(format!(
                "the trace has {MAX_ATTACHMENTS} attachments already; start a new file"
            )));
        }
        let hash = chain::hash(&[content]);
        let known = self.contents.get(&hash).copied();
        if known.is_none() && self.attached + size > MAX_ATTACHMENTS_SIZE {
            return Err(refuse(format!(
                "with it the trace would hold {} bytes of attachments, over the limit of {MAX_ATTACHMENTS_SIZE}; start a new \
                 file or leave it out",
                self.attached + size
            )));
        }
        let head = AttachmentHead {
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            size,
            hash,
            storing: if known.is_some() {
                Storing::Reference
            } else {
                Storing::Plain
            },
        };
        let mut entry = AttachmentEntry {
            name: head.name.clone(),
            media_type: head.media_type.clone(),
            size,
            hash,
            ..AttachmentEntry::default()
        };
        // Its entry in the index is as long as this, but for two offsets.
        let grow = meta::encode(&entry).len() as u64 + 18;
        self.check_index(grow)?;
        let block = NewBlock {
            tag: tag::ATCH,
            body: head.encode(content).into(),
        };
        let placed = self.append_one(block, grow)?;
        (entry.offset, entry.length) = known.unwrap_or((placed.offset, placed.length));
        if known.is_none() {
            self.contents.insert(hash, (placed.offset, placed.length));
            self.attached += size;
        }
        self.root_size += grow;
        self.attachments.push(entry.clone());
        Ok(entry)
    }

    /// Adds an entry to the custody log.
    ///
    /// # Errors
    /// [`Error::Limit`] where the log is full; otherwise as [`TraceWriter::append`].
    pub fn add_custody(&mut self, entry: &CustodyEntry) -> Result<()> {
        if self.custody.len() >= MAX_CUSTODY {
            return Err(Error::Limit {
                what: "a custody log",
                found: self.custody.len() as u64 + 1,
                limit: MAX_CUSTODY as u64,
            });
        }
        let grow = 9;
        let block = NewBlock {
            tag: tag::CUST,
            body: meta::encode(entry).into(),
        };
        let placed = self.append_one(block, grow)?;
        self.root_size += grow;
        self.custody.push(placed.offset);
        Ok(())
    }
}
