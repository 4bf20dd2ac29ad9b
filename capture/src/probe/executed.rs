//! The ring in which the kernel program tells of executed files that the recorder does not know.

use afterimage_abi::{ExecutedFile, ExecutedNow};
use aya::maps::{MapData, RingBuf};
use std::os::fd::AsRawFd;
use std::time::Duration;

/// The ring.
pub(crate) struct ExecutedRing(RingBuf<MapData>);

impl ExecutedRing {
    pub(super) fn new(ring: RingBuf<MapData>) -> ExecutedRing {
        ExecutedRing(ring)
    }

    /// Sleeps until a file is executed or the time is over.
    pub(crate) fn wait(&self, time: Duration) {
        let mut poll = libc::pollfd {
            fd: self.0.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one pollfd, valid for the call.
        unsafe { libc::poll(&mut poll, 1, time.as_millis() as i32) };
    }

    /// The next file.
    pub(crate) fn next(&mut self) -> Option<ExecutedNow> {
        parse(&self.0.next()?)
    }
}

fn parse(bytes: &[u8]) -> Option<ExecutedNow> {
    let u64_at = |at: usize| Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
    Some(ExecutedNow {
        file: file(bytes)?,
        tgid_tid: u64_at(56)?,
        cgroup: u64_at(64)?,
    })
}

/// An [`ExecutedFile`] at the beginning of `bytes`.
pub(crate) fn file(bytes: &[u8]) -> Option<ExecutedFile> {
    let u64_at = |at: usize| Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
    let u32_at = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
    Some(ExecutedFile {
        ino: u64_at(0)?,
        size: u64_at(8)?,
        mtime: u64_at(16)? as i64,
        ctime: u64_at(24)? as i64,
        dev: u32_at(32)?,
        uid: u32_at(36)?,
        gid: u32_at(40)?,
        nlink: u32_at(44)?,
        magic: u32_at(48)?,
        mode: u16::from_le_bytes(*bytes.get(52..)?.first_chunk()?),
        upper: *bytes.get(54)?,
        on_root: *bytes.get(55)?,
    })
}
