//! Where a trace is written to: a file, or in tests something that fails when it is told to.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// What a [`super::TraceWriter`] does to its file.
pub trait Storage {
    /// Writes all of `bytes` at `offset`. After an error any part of them may be there.
    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Takes disk blocks for `len` bytes behind `offset` without changing the size; `Ok` where that cannot be done here.
    fn reserve(&mut self, offset: u64, len: u64) -> io::Result<()>;
    /// Cuts or extends to `len` bytes, and gives back what was reserved behind.
    fn set_len(&mut self, len: u64) -> io::Result<()>;
    /// Data, and the size that is needed to read it, are on the disk when this returns.
    fn sync_data(&mut self) -> io::Result<()>;
    /// The same with everything else, the name in its folder included.
    fn sync_all(&mut self) -> io::Result<()>;
    /// Bytes that the disk has free for this user.
    fn free(&self) -> io::Result<u64>;
}

/// A file on a disk.
#[derive(Debug)]
pub struct FileStorage {
    file: File,
    path: PathBuf,
}

impl FileStorage {
    /// A file that is open for writing, and its path.
    pub fn new(file: File, path: &Path) -> FileStorage {
        FileStorage {
            file,
            path: path.to_owned(),
        }
    }
}

impl Storage for FileStorage {
    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    fn reserve(&mut self, offset: u64, len: u64) -> io::Result<()> {
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
            _ => Err(error),
        }
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn sync_all(&mut self) -> io::Result<()> {
        self.file.sync_all()?;
        let folder = self.path.parent().filter(|p| !p.as_os_str().is_empty());
        // A folder that may be searched but not read cannot be synced; the file itself is.
        match File::open(folder.unwrap_or(Path::new("."))) {
            Ok(folder) => folder.sync_all(),
            Err(_) => Ok(()),
        }
    }

    fn free(&self) -> io::Result<u64> {
        // SAFETY: all zeros is a valid statvfs: it holds integers only.
        let mut found: libc::statvfs = unsafe { std::mem::zeroed() };
        // SAFETY: the descriptor is open as long as `self.file`, and `found` is writable for the call.
        let done = unsafe { libc::fstatvfs(self.file.as_raw_fd(), &mut found) };
        if done == 0 {
            Ok(found.f_bavail.saturating_mul(found.f_frsize))
        } else {
            Err(io::Error::last_os_error())
        }
    }
}
