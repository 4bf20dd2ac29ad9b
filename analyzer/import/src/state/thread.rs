//! Threads as they are followed.

use super::fd::{Fd, FdTable};
use afterimage_format::model::{self, Text};
use std::rc::Rc;
use std::sync::Arc;

/// Flags of a thread, as sysdig numbers them.
pub(crate) mod flag {
    /// The table of descriptors is that of the process.
    pub(crate) const FILES: u32 = 1;
    /// It is not the first thread of its process.
    pub(crate) const THREAD: u32 = 1 << 13;
    /// The child was heard of first.
    pub(crate) const INVERTED: u32 = 1 << 16;
    /// The child is in another pid namespace.
    pub(crate) const CHILD_IN_PIDNS: u32 = 1 << 29;
    /// It is the first thread of its process.
    pub(crate) const MAIN: u32 = 1 << 30;
}

/// What stands for a name that is not known.
pub(crate) const NO_NAME: &[u8] = b"<NA>";

/// Files that a process executes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Exe {
    pub(crate) ino: u64,
    pub(crate) ctime: u64,
    pub(crate) mtime: u64,
    pub(crate) writable: bool,
    pub(crate) upper_layer: Option<bool>,
    pub(crate) memfd: bool,
}

/// The event with which a call began.
#[derive(Debug, Clone, Default)]
pub(crate) struct Begun {
    pub(crate) code: u16,
    /// Its bytes and parameters, for calls whose end needs them.
    pub(crate) kept: bool,
    pub(crate) bytes: Vec<u8>,
    pub(crate) ranges: Vec<(u32, u32)>,
}

/// A thread.
#[derive(Debug, Clone, Default)]
pub(crate) struct Thread {
    pub(crate) tid: i64,
    pub(crate) pid: i64,
    /// -1: not known.
    pub(crate) ptid: i64,
    pub(crate) sid: i64,
    pub(crate) vtid: i64,
    pub(crate) vpid: i64,
    pub(crate) flags: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) loginuid: u32,
    pub(crate) tty: u32,
    pub(crate) comm: Text,
    pub(crate) exe: Text,
    pub(crate) exepath: Text,
    /// NUL between the elements.
    pub(crate) args: Text,
    pub(crate) env: Text,
    /// With a slash at the end.
    pub(crate) cwd: Text,
    /// `controller=path`, NUL between them.
    pub(crate) cgroups: Text,
    pub(crate) container: u64,
    pub(crate) exe_file: Exe,
    /// Inheritable, permitted, effective.
    pub(crate) capabilities: Option<[u64; 3]>,
    pub(crate) clone_time: u64,
    pub(crate) exec_time: u64,
    pub(crate) fds: FdTable,
    /// Numbers that are being closed, and whether another call has taken them meanwhile.
    pub(crate) closing: Vec<(i64, bool)>,
    /// Threads that it started, where it is the first one of its process.
    pub(crate) children: u32,

    pub(crate) last_fd: i64,
    pub(crate) last_code: u16,
    pub(crate) entered: u64,
    pub(crate) latency: u64,
    pub(crate) begun: Begun,

    /// Its life in the trace, and the version that rows refer to.
    pub(crate) life: u64,
    pub(crate) version: Option<Rc<model::Thread>>,
    /// Something that rows show has changed.
    pub(crate) dirty: bool,
    /// When it was last found to be current.
    pub(crate) checked: u64,
    /// Bytes that it was counted with.
    pub(crate) counted: usize,
    /// What its executed file and environment are in the trace.
    pub(crate) executable: Option<Arc<model::Executable>>,
}

impl Thread {
    /// One of which only the number is known.
    pub(crate) fn unknown(tid: i64) -> Thread {
        Thread {
            tid,
            pid: tid,
            ptid: -1,
            sid: -1,
            vtid: -1,
            vpid: -1,
            uid: u32::MAX,
            gid: u32::MAX,
            loginuid: u32::MAX,
            comm: NO_NAME.into(),
            exe: NO_NAME.into(),
            last_fd: -1,
            last_code: u16::MAX,
            dirty: true,
            ..Thread::default()
        }
    }

    pub(crate) fn is_main(&self) -> bool {
        self.pid == self.tid || self.flags & flag::MAIN != 0
    }

    pub(crate) fn is_unknown(&self) -> bool {
        &*self.comm == NO_NAME && self.uid == u32::MAX
    }

    /// Memory that it takes, roughly. Texts that it shares with its parent are counted with both.
    pub(crate) fn size(&self) -> usize {
        let texts = [
            &self.comm,
            &self.exe,
            &self.exepath,
            &self.args,
            &self.env,
            &self.cwd,
            &self.cgroups,
        ];
        let fds: usize = self.fds.values().map(fd_size).sum();
        2 * size_of::<Thread>() + texts.iter().map(|text| text.len()).sum::<usize>() + fds
    }
}

fn fd_size(fd: &Rc<Fd>) -> usize {
    // One that several tables share is counted in parts.
    32 + fd.size() / Rc::strong_count(fd).max(1)
}

/// Elements that end with NUL, as elements with NUL between them.
pub(crate) fn elements(bytes: &[u8]) -> &[u8] {
    bytes.strip_suffix(&[0]).unwrap_or(bytes)
}

/// Environment without the zeros that some recorders pad it with.
pub(crate) fn environment(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &bytes[..end]
}

/// Replaces a text; keeps the one that is there where it is the same.
pub(crate) fn set(text: &mut Text, value: &[u8]) {
    if &**text != value {
        *text = value.into();
    }
}
