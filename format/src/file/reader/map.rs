//! The file in memory, of which only what was used last stays resident.

use crate::evidence::chain::Hash;
use crate::{Error, Result};
use memmap2::{Mmap, UncheckedAdvice};
use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::ops::{Deref, Range};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// So much of the file stays resident behind the one who reads it.
const RESIDENT: usize = 8 << 20;
/// A page fault maps pages around it too, up to this alignment.
const AROUND: usize = 64 << 10;

/// A mapped file.
pub(crate) struct Map {
    map: Mmap,
    /// Device and inode.
    id: (u64, u64),
    /// Ranges that were used, the oldest first, and their size.
    recent: Mutex<(VecDeque<Range<usize>>, usize)>,
}

impl Map {
    pub(crate) fn open(path: &Path) -> Result<Map> {
        let io = Error::io("cannot open", path);
        let metadata = std::fs::metadata(path).map_err(&io)?;
        if metadata.is_dir() {
            return Err(io(io::Error::from(io::ErrorKind::IsADirectory)));
        }
        // Opening a pipe would wait for somebody to write.
        if !metadata.is_file() {
            return Err(io(io::Error::other("not a regular file; copy it to one first")));
        }
        let file = File::open(path).map_err(&io)?;
        // Another file may have come to stand at the path meanwhile: what counts is the one that was opened.
        let metadata = file.metadata().map_err(&io)?;
        if metadata.len() == 0 {
            return Err(Error::Empty(path.to_owned()));
        }
        // SAFETY: the map is read only. Another process that truncates the file meanwhile raises SIGBUS, which ends
        // this program and cannot make it read wrong memory.
        let map = unsafe { Mmap::map(&file) }.map_err(&io)?;
        Ok(Map {
            map,
            id: (metadata.dev(), metadata.ino()),
            recent: Mutex::default(),
        })
    }

    /// Which file it is, whatever its name is by now.
    pub(crate) fn id(&self) -> (u64, u64) {
        self.id
    }

    /// Says that `range` is being read now, so that what was read long before may leave memory.
    pub(crate) fn touch(&self, range: Range<usize>) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.1 += range.len();
        recent.0.push_back(range);
        while recent.1 > RESIDENT && recent.0.len() > 1 {
            if let Some(old) = recent.0.pop_front() {
                recent.1 -= old.len();
                self.release(old);
            }
        }
    }

    fn release(&self, range: Range<usize>) {
        let start = range.start / AROUND * AROUND;
        let end = range.end.div_ceil(AROUND).saturating_mul(AROUND).min(self.map.len());
        // SAFETY: the map is a read-only map of a file: pages that are dropped come back from the file with the same
        // bytes when somebody, another thread included, reads them again.
        let released = unsafe {
            self.map
                .unchecked_advise_range(UncheckedAdvice::DontNeed, start, end.saturating_sub(start))
        };
        // It is advice: without it only more memory is used.
        let _ = released;
    }

    /// Reads `range` in pieces that leave memory again.
    pub(crate) fn stream(&self, range: Range<usize>, mut each: impl FnMut(&[u8])) {
        let mut at = range.start;
        while at < range.end {
            let piece = at..range.end.min(at + (1 << 20));
            each(self.map.get(piece.clone()).unwrap_or_default());
            at = piece.end;
            self.touch(piece);
        }
    }

    /// BLAKE3 of the whole file.
    pub(crate) fn hash(&self) -> Hash {
        let mut hasher = blake3::Hasher::new();
        self.stream(0..self.map.len(), |piece| {
            hasher.update(piece);
        });
        *hasher.finalize().as_bytes()
    }
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map
    }
}
