//! Opening executed files in time.

use super::mounts::host_path;
use super::{Answer, ByPath, Facts, Job, key_of};
use crate::probe::ExecutedRing;
use afterimage_abi::{ExecutedFile, ExecutedKey};
use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Duration;

/// How long to wait for the kernel before looking whether a file is to be looked for by path.
const TURN: Duration = Duration::from_millis(20);

pub(super) const GONE: &str = "the process had ended before its file could be opened";
pub(super) const CHANGED: &str = "another file was there when it was opened";
pub(super) const REFUSED: &str = "the file could not be opened";

/// Opens what the kernel tells of until the recorder ends.
pub(super) fn run(
    mut ring: ExecutedRing,
    jobs: &SyncSender<Job>,
    failed: &SyncSender<Answer>,
    by_path: &Receiver<ByPath>,
) {
    loop {
        ring.wait(TURN);
        while let Some(now) = ring.next() {
            let pid = (now.tgid_tid >> 32) as u32;
            let found = open_of_process(pid, &now.file);
            if !hand_on(found, now.file, pid, jobs, failed) {
                return;
            }
        }
        while let Ok(wanted) = by_path.try_recv() {
            let file = ExecutedFile {
                ino: wanted.key.ino,
                size: wanted.key.size,
                ctime: wanted.key.ctime,
                dev: wanted.key.dev as u32,
                ..ExecutedFile::default()
            };
            let found = open_by_path(&wanted).and_then(|opened| same(opened, &file, true));
            if !hand_on(found, file, wanted.process, jobs, failed) {
                return;
            }
        }
    }
}

/// Gives a file to the reader, or says why there is none. False: nobody listens any more.
fn hand_on(
    found: Result<File, &'static str>,
    file: ExecutedFile,
    pid: u32,
    jobs: &SyncSender<Job>,
    failed: &SyncSender<Answer>,
) -> bool {
    match found {
        Ok(opened) => {
            let host_path = host_path(&opened, pid).unwrap_or_default();
            jobs.send(Job {
                file,
                opened,
                host_path,
            })
            .is_ok()
        }
        Err(missing) => failed.send(failure(key_of(&file), missing)).is_ok(),
    }
}

pub(super) fn failure(key: ExecutedKey, missing: &'static str) -> Answer {
    Answer {
        key,
        facts: Facts {
            missing,
            ..Facts::default()
        },
        content: None,
    }
}

fn open_of_process(pid: u32, file: &ExecutedFile) -> Result<File, &'static str> {
    let opened = File::open(format!("/proc/{pid}/exe")).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => GONE,
        _ => REFUSED,
    })?;
    same(opened, file, false)
}

/// The file if it is the one that was executed: the process may have gone on to another, or its number to another process.
/// A file that is executed cannot be written to, but its times can be set.
fn same(opened: File, file: &ExecutedFile, by_path: bool) -> Result<File, &'static str> {
    let found = opened.metadata().map_err(|_| REFUSED)?;
    let time = |seconds: i64, nanoseconds: i64| seconds.wrapping_mul(1_000_000_000).wrapping_add(nanoseconds);
    let unchanged = time(found.ctime(), found.ctime_nsec()) == file.ctime;
    let same_inode = found.ino() == file.ino || time(found.mtime(), found.mtime_nsec()) == file.mtime;
    // By its path another file can be found, which only the time of its last change tells.
    let same = found.is_file() && found.len() == file.size && if by_path { unchanged } else { same_inode };
    if same { Ok(opened) } else { Err(CHANGED) }
}

/// `struct open_how` (include/uapi/linux/openat2.h).
#[repr(C)]
struct How {
    flags: u64,
    mode: u64,
    resolve: u64,
}
const RESOLVE_NO_MAGICLINKS: u64 = 2;
const RESOLVE_IN_ROOT: u64 = 16;

/// Opens a path as a process sees it. What is there may be anything: it must neither block nor lead out of its root.
fn open_by_path(wanted: &ByPath) -> Result<File, &'static str> {
    let root = File::open(format!("/proc/{}/root", wanted.process)).map_err(|_| GONE)?;
    let path: &Path = &wanted.path;
    let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| GONE)?;
    let how = How {
        flags: (libc::O_RDONLY | libc::O_CLOEXEC | libc::O_NONBLOCK | libc::O_NOCTTY) as u64,
        mode: 0,
        resolve: RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    };
    // SAFETY: the descriptor is open, the path and the structure are valid for the call.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_openat2,
            root.as_raw_fd(),
            path.as_ptr(),
            &raw const how,
            size_of::<How>(),
        )
    };
    if fd < 0 {
        return Err(GONE);
    }
    // SAFETY: the call has just made it, and nobody else owns it.
    Ok(unsafe { File::from_raw_fd(fd as i32) })
}
