//! Writing a trace: segments are appended whole; room for the index is reserved on the disk ahead of time, so that a
//! full disk still leaves a sealed file.

use super::index::{self, IndexEntry, Summary};
use super::layout::{self, FORMAT_VERSION};
use crate::model::Header;
use crate::segment::EncodedSegment;
use crate::{Error, Result, meta};
use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// How a file is created.
#[derive(Debug, Clone, Copy, Default)]
pub struct WriterOptions {
    /// Replace an existing file.
    pub force: bool,
}

/// A trace that is being written.
pub struct TraceWriter {
    file: File,
    path: PathBuf,
    /// Where the next block goes; everything before it is complete.
    end: u64,
    entries: Vec<IndexEntry>,
    /// Encoded size of the index entries so far, roughly.
    index_size: u64,
    /// Keys of the containers so far, each of which will be in the summary.
    containers: HashSet<u64>,
}

/// Reserved for the index's fixed part, its summary and the footer.
const INDEX_ROOM: u64 = 64 << 10;
/// Reserved for each container in the summary.
const CONTAINER_ROOM: u64 = 512;

impl TraceWriter {
    /// Creates `path` with mode 0600 and writes the header.
    ///
    /// # Errors
    /// [`Error::Exists`] unless forced, [`Error::Io`] otherwise.
    pub fn create(path: &Path, header: &Header, options: WriterOptions) -> Result<Self> {
        let mut open = OpenOptions::new();
        open.write(true).read(true).mode(0o600);
        // What is replaced goes first, so that neither its mode nor its other names (links) reach the trace.
        if options.force && path.symlink_metadata().is_ok_and(|m| m.is_file() || m.is_symlink()) {
            let replaced = std::fs::remove_file(path);
            replaced.map_err(|source| Error::Io {
                action: "cannot replace",
                path: path.to_owned(),
                source,
            })?;
        }
        open.create_new(true);
        let file = open.open(path).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists if options.force => {
                let source = io::Error::other("it is no regular file");
                Error::Io {
                    action: "cannot replace",
                    path: path.to_owned(),
                    source,
                }
            }
            io::ErrorKind::AlreadyExists => Error::Exists(path.to_owned()),
            _ => Error::Io {
                action: "cannot create",
                path: path.to_owned(),
                source,
            },
        })?;
        let mut writer = TraceWriter {
            file,
            path: path.to_owned(),
            end: 0,
            entries: Vec::new(),
            index_size: 0,
            containers: HashSet::new(),
        };
        let mut prefix = layout::MAGIC.to_vec();
        prefix.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        let body = meta::encode(header);
        let crc = crc32fast::hash(&body).to_le_bytes();
        let head = layout::block_header(layout::HEADER, (body.len() + crc.len()) as u64);
        writer.append_bytes(&[&prefix, &head, &crc, &body]).inspect_err(|_| {
            // Less than a header is no trace.
            let _ = std::fs::remove_file(path);
        })?;
        Ok(writer)
    }

    /// Appends a segment. After an error the file is as it was before, and can still be sealed.
    pub fn append(&mut self, segment: &EncodedSegment) -> Result<()> {
        let head = layout::block_header(layout::SEGMENT, segment.body.len() as u64);
        let mut crc = crc32fast::Hasher::new();
        crc.update(&head);
        crc.update(&segment.body);
        let offset = self.end;
        let entry_size = meta::encode(&segment.zone).len() as u64 + 32;
        self.index_size += entry_size;
        self.containers.extend(segment.zone.containers.iter().map(|c| c.key));
        if let Err(error) = self.append_bytes(&[&head, &segment.body]) {
            self.index_size -= entry_size;
            return Err(error);
        }
        self.entries.push(IndexEntry {
            offset,
            length: self.end - offset,
            crc: crc.finalize(),
            zone: segment.zone.clone(),
        });
        Ok(())
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.end
    }

    /// Writes index and footer and syncs the file to disk.
    pub fn seal(mut self, summary: Summary) -> Result<u64> {
        let body = index::encode(&self.entries, &summary);
        let crc = crc32fast::hash(&body).to_le_bytes();
        let head = layout::block_header(layout::INDEX, (body.len() + crc.len()) as u64);
        let offset = self.end;
        self.write_at(&[&head, &crc, &body, &layout::footer(offset)])?;
        // What was reserved and not used goes back.
        self.file.set_len(self.end).map_err(|e| self.error("cannot write", e))?;
        self.file.sync_all().map_err(|e| self.error("cannot sync", e))?;
        Ok(self.end)
    }

    fn append_bytes(&mut self, parts: &[&[u8]]) -> Result<()> {
        let len: usize = parts.iter().map(|p| p.len()).sum();
        let summary = CONTAINER_ROOM * self.containers.len() as u64;
        self.reserve(self.end, len as u64 + self.index_size + summary + INDEX_ROOM)?;
        let before = self.end;
        self.write_at(parts).inspect_err(|_| {
            // Half a block would be read as damage; what was complete stays.
            self.end = before;
            let _ = self.file.set_len(before);
        })
    }

    /// Takes disk blocks for `len` bytes behind `offset` without changing the file's size.
    fn reserve(&self, offset: u64, len: u64) -> Result<()> {
        // SAFETY: fallocate takes a descriptor that `self.file` keeps open, and integers.
        let done = unsafe {
            libc::fallocate(
                self.file.as_raw_fd(),
                libc::FALLOC_FL_KEEP_SIZE,
                offset as i64,
                len as i64,
            )
        };
        if done == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            // Not every file system can reserve; there a full disk costs the last segments instead.
            Some(libc::EOPNOTSUPP | libc::ENOSYS | libc::EINVAL | libc::ESPIPE | libc::ENODEV) => Ok(()),
            _ => Err(self.error("cannot write", error)),
        }
    }

    fn write_at(&mut self, parts: &[&[u8]]) -> Result<()> {
        for part in parts {
            self.file
                .write_all_at(part, self.end)
                .map_err(|e| self.error("cannot write", e))?;
            self.end += part.len() as u64;
        }
        Ok(())
    }

    fn error(&self, action: &'static str, source: io::Error) -> Error {
        Error::Io {
            action,
            path: self.path.clone(),
            source,
        }
    }
}
