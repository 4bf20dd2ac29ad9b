//! Appending blocks so that the file is as before where it fails.

use super::{SyncPolicy, TraceWriter};
use crate::evidence::chain::{self, Hash};
use crate::evidence::seal::OVERHEAD;
use crate::file::block::{BLOCK_HEADER_LEN, BlockHeader, ENCRYPTED};
use crate::file::layout::{FOOTER_LEN, tag};
use crate::file::storage::Storage;
use crate::{Error, Result};
use std::borrow::Cow;
use std::io;
use std::time::Instant;

/// A block that is to be written.
pub(super) struct NewBlock<'b> {
    pub(super) tag: [u8; 4],
    pub(super) body: Cow<'b, [u8]>,
}

/// Where a block is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Placed {
    pub(super) offset: u64,
    pub(super) length: u64,
    pub(super) hash: Hash,
}

/// Reserved for the index's fixed part, its summary and what surrounds it.
const INDEX_ROOM: u64 = 64 << 10;
/// Reserved for each container in the summary.
const CONTAINER_ROOM: u64 = 512;
/// Reserved for the blocks' headers and their encryption.
const BLOCKS_ROOM: u64 = 4 * (BLOCK_HEADER_LEN + OVERHEAD) as u64;
/// Reserved for the signature.
const SIGNATURE_ROOM: u64 = 1 << 10;

/// Reserved for so many containers in the summary.
pub(super) fn container_room(containers: usize) -> u64 {
    CONTAINER_ROOM * containers as u64
}

impl<S: Storage> TraceWriter<S> {
    /// Appends blocks, all or none. `grow` is how much more the index will take because of them.
    pub(super) fn append_blocks(&mut self, blocks: &[NewBlock<'_>], grow: u64) -> Result<Vec<Placed>> {
        let stored: u64 = blocks.iter().map(|b| b.body.len() as u64).sum();
        let headers = (BLOCK_HEADER_LEN + OVERHEAD) as u64 * blocks.len() as u64;
        let len = stored + headers;
        self.check_open()?;
        self.make_room(len, self.tail_room() + grow)?;
        let before = (self.end, self.chain.last);
        self.write_blocks(blocks)
            .and_then(|placed| self.sync_by_policy().map(|()| placed))
            .inspect_err(|_| self.roll_back(before))
    }

    /// What LEAF, INDX, SIGN and the footer will take, roughly.
    fn tail_room(&self) -> u64 {
        let index = 2 * self.pending_size + self.root_size;
        let containers = container_room(self.containers.len());
        index + containers + INDEX_ROOM + BLOCKS_ROOM + SIGNATURE_ROOM + FOOTER_LEN as u64
    }

    /// Reserves room for `len` bytes and for what seals the file afterwards.
    fn make_room(&mut self, len: u64, tail: u64) -> Result<()> {
        let wanted = self.end + len + tail;
        if self.options.min_free > 0 {
            let free = self
                .storage
                .free()
                .map_err(Error::io("cannot ask for free space of", &self.path))?;
            let taken = wanted.saturating_sub(self.reserved.max(self.end));
            if free.saturating_sub(taken) < self.options.min_free {
                return Err(Error::DiskFloor {
                    path: self.path.clone(),
                    free,
                    floor: self.options.min_free,
                });
            }
        }
        self.storage
            .reserve(self.end, len + tail)
            .map_err(self.cannot_write())?;
        self.reserved = self.reserved.max(wanted);
        Ok(())
    }

    /// Writes blocks at the end without reserving.
    pub(super) fn write_blocks(&mut self, blocks: &[NewBlock<'_>]) -> Result<Vec<Placed>> {
        blocks.iter().map(|block| self.write_block(block)).collect()
    }

    fn write_block(&mut self, block: &NewBlock<'_>) -> Result<Placed> {
        let number = self.chain.take_number();
        let (mut flags, mut body) = (0, Cow::Borrowed(block.body.as_ref()));
        if let Some(cipher) = self.cipher.as_ref().filter(|_| tag::is_secret(block.tag)) {
            flags = ENCRYPTED;
            cipher
                .encrypt(number, block.tag, flags, body.to_mut())
                .map_err(Error::io("cannot encrypt", &self.path))?;
        }
        let header = BlockHeader {
            tag: block.tag,
            flags,
            len: body.len() as u64,
            number,
            prev: self.chain.last,
            crc: crc32fast::hash(&body),
        };
        let header = header.encode();
        let placed = Placed {
            offset: self.end,
            length: (header.len() + body.len()) as u64,
            hash: chain::hash(&[&header, &body]),
        };
        self.write(&header)?;
        self.write(&body)?;
        self.chain.last = placed.hash;
        Ok(placed)
    }

    /// Writes bytes at the end.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.storage
            .write_all_at(bytes, self.end)
            .map_err(Error::io("cannot write", &self.path))?;
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// Refuses what comes after sealing, and first removes what a failed append left behind.
    pub(super) fn check_open(&mut self) -> Result<()> {
        if self.sealed.is_some() {
            return Err(self.cannot_write()(io::Error::other("it is sealed already")));
        }
        if self.torn {
            self.storage.set_len(self.end).map_err(self.cannot_write())?;
            self.torn = false;
        }
        Ok(())
    }

    /// Half a block would be read as damage; what was complete stays. The numbers of blocks are not taken back.
    pub(super) fn roll_back(&mut self, (end, last): (u64, Hash)) {
        (self.end, self.chain.last) = (end, last);
        self.torn = self.storage.set_len(end).is_err();
        // Cutting gave back what was reserved. Where it cannot be had again, sealing may fail, and says so.
        let tail = self.tail_room();
        self.reserved = match self.storage.reserve(end, tail) {
            Ok(()) => end + tail,
            Err(_) => end,
        };
    }

    fn sync_by_policy(&mut self) -> Result<()> {
        let due = match self.options.sync {
            SyncPolicy::Seal => false,
            SyncPolicy::Segment => true,
            SyncPolicy::Every(interval) => self.synced.elapsed() >= interval,
        };
        if due { self.sync() } else { Ok(()) }
    }

    /// Forces what was appended to the disk.
    pub fn sync(&mut self) -> Result<()> {
        self.storage.sync_data().map_err(Error::io("cannot sync", &self.path))?;
        self.synced = Instant::now();
        Ok(())
    }

    fn cannot_write(&self) -> impl Fn(io::Error) -> Error + use<S> {
        Error::io("cannot write", &self.path)
    }
}
