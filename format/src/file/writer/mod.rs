//! Writing a trace: blocks are appended whole; room for the index is reserved on the disk ahead of time, so that a full
//! disk still leaves a sealed file.

mod append;
mod attach;
mod create;
mod options;
mod seal;

pub use options::{Sealed, SyncPolicy, WriterOptions};

use super::index::{Group, IndexEntry, Leaf};
use super::layout::{self, LEAF_SEGMENTS, MAX_BLOCK, MAX_LEAF, MAX_ROOT, MAX_SECRET, tag};
use super::storage::{FileStorage, Storage};
use crate::evidence::chain::{Chain, Hash};
use crate::evidence::seal::{BlockCipher, MAX_RECIPIENTS, OVERHEAD};
use crate::model::{AttachmentEntry, Header};
use crate::segment::{EncodedSegment, Zone};
use crate::{Error, Result, meta};
use append::{NewBlock, Placed};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A leaf is closed when its entries are so large together, so that no reader has to refuse it.
const LEAF_SIZE: u64 = 1 << 20;
/// The largest entry of one segment.
const MAX_ENTRY: u64 = (MAX_LEAF / 2) as u64;
/// The index may grow to this; the rest of a root's limit is for the summary.
const MAX_INDEX: u64 = (MAX_ROOT / 4 * 3) as u64;

/// A trace that is being written.
pub struct TraceWriter<S: Storage = FileStorage> {
    storage: S,
    path: PathBuf,
    options: WriterOptions,
    cipher: Option<BlockCipher>,
    capture_id: [u8; 16],
    chain: Chain,
    /// Where the next block goes; everything before it is complete.
    end: u64,
    /// Disk blocks are reserved up to here.
    reserved: u64,
    /// Behind `end` stands what a failed append left.
    torn: bool,
    sealed: Option<Sealed>,
    synced: Instant,
    /// Segments since the last leaf, and the encoded size of their entries.
    pending: Vec<IndexEntry>,
    pending_size: u64,
    groups: Vec<Group>,
    attachments: Vec<AttachmentEntry>,
    /// Where each attached content is, and the bytes of all of them.
    contents: HashMap<Hash, (u64, u64)>,
    attached: u64,
    custody: Vec<u64>,
    /// Encoded size of groups, attachments and custody in the root, roughly.
    root_size: u64,
    /// Keys of the containers so far, each of which will be in the summary.
    containers: HashSet<u64>,
}

impl TraceWriter {
    /// Creates `path` with mode 0600 and writes the header.
    ///
    /// # Errors
    /// [`Error::Exists`] unless forced, [`Error::DiskFloor`] where the disk is under the floor already, [`Error::Io`]
    /// otherwise. No file is left behind.
    pub fn create(path: &Path, header: &Header, options: WriterOptions) -> Result<Self> {
        let file = create::create(path, options.force)?;
        TraceWriter::with_storage(FileStorage::new(file, path), path, header, options).inspect_err(|_| {
            // Less than a header is no trace.
            let _ = std::fs::remove_file(path);
        })
    }
}

impl<S: Storage> TraceWriter<S> {
    /// Writes the header to an empty `storage`; `path` is for messages.
    pub fn with_storage(storage: S, path: &Path, header: &Header, options: WriterOptions) -> Result<Self> {
        let prefix = layout::prefix();
        let mut writer = TraceWriter {
            storage,
            path: path.to_owned(),
            options,
            cipher: None,
            capture_id: header.capture_id,
            chain: Chain::new(&prefix),
            end: 0,
            reserved: 0,
            torn: false,
            sealed: None,
            synced: Instant::now(),
            pending: Vec::new(),
            pending_size: 0,
            groups: Vec::new(),
            attachments: Vec::new(),
            contents: HashMap::new(),
            attached: 0,
            custody: Vec::new(),
            root_size: 0,
            containers: HashSet::new(),
        };
        let mut blocks = Vec::new();
        let recipients = &writer.options.recipients;
        if recipients.len() > MAX_RECIPIENTS {
            return Err(Error::Limit {
                what: "a list of recipients",
                found: recipients.len() as u64,
                limit: MAX_RECIPIENTS as u64,
            });
        }
        if !recipients.is_empty() {
            let (cipher, keys) = BlockCipher::generate(recipients).map_err(Error::io("cannot encrypt", path))?;
            writer.cipher = Some(cipher);
            blocks.push(NewBlock {
                tag: tag::KEYS,
                body: keys.into(),
            });
        }
        blocks.push(NewBlock {
            tag: tag::HEAD,
            body: meta::encode(header).into(),
        });
        writer.write(&prefix)?;
        writer.append_blocks(&blocks, 0)?;
        if writer.options.sync != SyncPolicy::Seal {
            // From here on only data is synced; the name has to be on the disk as well.
            writer.storage.sync_all().map_err(Error::io("cannot sync", path))?;
        }
        Ok(writer)
    }

    /// Appends a segment. After an error the file is as it was before, and can still be sealed.
    ///
    /// # Errors
    /// [`Error::DiskFloor`], [`Error::Limit`] where the index or the segment has become too large for any reader, and
    /// [`Error::Io`].
    pub fn append(&mut self, segment: &EncodedSegment) -> Result<()> {
        self.append_segment(&segment.body, &segment.zone)
    }

    pub(crate) fn append_segment(&mut self, body: &[u8], zone: &Zone) -> Result<()> {
        let limit = |what, found, limit| {
            if found > limit {
                Err(Error::Limit { what, found, limit })
            } else {
                Ok(())
            }
        };
        let mut entry = IndexEntry {
            zone: zone.clone(),
            ..IndexEntry::default()
        };
        // The entry's numbers are not known yet; they take up to 16 bytes more.
        let entry_size = meta::encode(&entry).len() as u64 + 16;
        limit("a segment's zone map", entry_size, MAX_ENTRY)?;
        let largest = if self.cipher.is_some() {
            MAX_SECRET as u64 - OVERHEAD as u64
        } else {
            MAX_BLOCK
        };
        limit("a segment", body.len() as u64, largest)?;
        self.check_index(2 * entry_size)?;

        let mut blocks = Vec::with_capacity(2);
        let full = self.pending.len() >= LEAF_SEGMENTS || self.pending_size + entry_size > LEAF_SIZE;
        let leaf = (full && !self.pending.is_empty()).then(|| self.leaf_block());
        let has_leaf = leaf.is_some();
        blocks.extend(leaf);
        blocks.push(NewBlock {
            tag: tag::SEGM,
            body: Cow::Borrowed(body),
        });
        let fresh = zone
            .containers
            .iter()
            .map(|c| c.key)
            .filter(|k| !self.containers.contains(k));
        let fresh: Vec<u64> = fresh.collect();
        let mut placed = self.append_blocks(&blocks, 2 * entry_size + append::container_room(fresh.len()))?;
        let segment = placed.pop().unwrap_or_default();
        if let Some(leaf) = placed.pop().filter(|_| has_leaf) {
            self.close_group(leaf);
        }
        (entry.offset, entry.length, entry.hash) = (segment.offset, segment.length, segment.hash);
        self.pending_size += entry_size;
        self.pending.push(entry);
        self.containers.extend(fresh);
        Ok(())
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.end
    }

    /// The path that was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The storage, for tests that make it fail.
    pub fn storage_mut(&mut self) -> &mut S {
        &mut self.storage
    }

    fn append_one(&mut self, block: NewBlock<'_>, grow: u64) -> Result<Placed> {
        let mut placed = self.append_blocks(&[block], grow)?;
        Ok(placed.pop().unwrap_or_default())
    }

    /// Refuses what would make the index larger than a reader takes.
    fn check_index(&self, grow: u64) -> Result<()> {
        let found = self.root_size + self.pending_size + grow;
        if found > MAX_INDEX {
            return Err(Error::Limit {
                what: "the index of a trace (start a new file: --rotate)",
                found,
                limit: MAX_INDEX,
            });
        }
        Ok(())
    }

    /// The block that lists the pending segments.
    fn leaf_block(&self) -> NewBlock<'static> {
        let leaf = Leaf {
            entries: self.pending.clone(),
        };
        NewBlock {
            tag: tag::LEAF,
            body: leaf.encode().into(),
        }
    }

    /// The group of the pending segments, whose leaf is at `leaf`.
    fn group(&self, leaf: Placed) -> Group {
        Group {
            offset: leaf.offset,
            length: leaf.length,
            hash: leaf.hash,
            ..Group::of(&self.pending)
        }
    }

    fn close_group(&mut self, leaf: Placed) {
        let group = self.group(leaf);
        self.root_size += meta::encode(&group).len() as u64;
        self.groups.push(group);
        self.pending.clear();
        self.pending_size = 0;
    }
}
