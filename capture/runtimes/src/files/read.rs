//! Reading below a directory, without leaving it and without being held up.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Bytes of most files.
pub(super) const FILE_MAX: u64 = 1 << 20;

/// Whether an id can be the name of one file.
pub(crate) fn is_name(id: &str) -> bool {
    !id.is_empty() && id.len() <= 255 && id != "." && id != ".." && !id.contains(['/', '\0'])
}

/// The JSON in a regular file of at most `max` bytes below `root`. No link in `path` is followed, not even within
/// `root`: runtimes make none there, somebody else might.
pub(super) fn json(root: &Path, path: &str, max: u64) -> Option<serde_json::Value> {
    serde_json::from_slice(&bytes(root, path, max).ok()?).ok()
}

fn bytes(root: &Path, path: &str, max: u64) -> io::Result<Vec<u8>> {
    let root = File::options()
        .read(true)
        .custom_flags(libc::O_PATH | libc::O_DIRECTORY)
        .open(root)?;
    let path = CString::new(Path::new(path).as_os_str().as_bytes())?;
    // SAFETY: open_how is plain integers, for which zero is a value.
    let mut how: libc::open_how = unsafe { std::mem::zeroed() };
    // A FIFO in the place of the file must not hold up the reader.
    how.flags = (libc::O_RDONLY | libc::O_CLOEXEC | libc::O_NONBLOCK | libc::O_NOCTTY) as u64;
    how.resolve = libc::RESOLVE_BENEATH | libc::RESOLVE_NO_SYMLINKS;
    // SAFETY: the path ends with a zero byte and `how` has the size that is given.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_openat2,
            root.as_raw_fd(),
            path.as_ptr(),
            &how,
            size_of_val(&how),
        )
    };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made this descriptor, and nobody else has it.
    let file = unsafe { File::from_raw_fd(fd as i32) };
    let about = file.metadata()?;
    if !about.is_file() || about.len() > max {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = Vec::new();
    file.take(max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_small_regular_files_that_are_there_themselves() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(dir.path().join("outside"), "1").unwrap();
        std::fs::write(root.join("inside"), "1").unwrap();
        std::os::unix::fs::symlink("../outside", root.join("out")).unwrap();
        std::os::unix::fs::symlink("inside", root.join("in")).unwrap();
        let fifo = CString::new(root.join("fifo").as_os_str().as_bytes()).unwrap();
        // SAFETY: the path ends with a zero byte.
        assert_eq!(unsafe { libc::mkfifo(fifo.as_ptr(), 0o600) }, 0);
        assert!(json(&root, "inside", 1).is_some());
        assert!(json(&root, "inside", 0).is_none());
        for path in ["out", "in", "../outside", "fifo", "missing", "/etc/hostname"] {
            assert!(bytes(&root, path, FILE_MAX).is_err(), "{path}");
        }
    }

    #[test]
    fn a_tower_of_brackets_is_no_description() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("deep"), "[".repeat(1 << 19)).unwrap();
        assert!(json(dir.path(), "deep", FILE_MAX).is_none());
    }
}
