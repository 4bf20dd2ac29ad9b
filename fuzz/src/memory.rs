//! Files in memory, which the interfaces of files take by the path of their descriptor.

use afterimage_format::file::Storage;
use std::cell::OnceCell;
use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// An empty file in memory, and the path that leads to it.
pub fn create() -> (File, PathBuf) {
    let name = CString::new("trace.scap").expect("no NUL");
    // SAFETY: the name is a string that ends with NUL and lives for the call.
    let fd = unsafe { libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC) };
    assert!(fd >= 0, "memfd_create: {}", io::Error::last_os_error());
    // SAFETY: the kernel has just made this descriptor and nobody else has it.
    let file = unsafe { File::from_raw_fd(fd) };
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    (file, path)
}

thread_local! {
    static INPUT: OnceCell<(File, PathBuf)> = const { OnceCell::new() };
}

/// Calls `with` with the path of a file that has these bytes. The same file serves every input.
pub fn with_file<T>(bytes: &[u8], with: impl FnOnce(&Path) -> T) -> T {
    INPUT.with(|input| {
        let (file, path) = input.get_or_init(create);
        file.set_len(0).expect("memory");
        file.write_all_at(bytes, 0).expect("memory");
        with(path)
    })
}

/// A folder of this process in memory, for programs that create files.
pub fn folder() -> PathBuf {
    let folder = PathBuf::from(format!("/dev/shm/afterimage-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder in /dev/shm");
    folder
}

/// A file in memory that is written to and never synced.
pub struct Unsynced(pub File);

impl Storage for Unsynced {
    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }
    fn reserve(&mut self, _: u64, _: u64) -> io::Result<()> {
        Ok(())
    }
    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }
    fn sync_data(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn sync_all(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn free(&self) -> io::Result<u64> {
        Ok(u64::MAX)
    }
}
