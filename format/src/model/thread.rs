//! Threads. A thread has one *version* per state that events can see: exec, credentials, directory or container change
//! make a new one, so an event's thread is what it was at that moment.

use super::{Credentials, Executable};
use std::sync::Arc;

/// Captured bytes that many versions of a thread share.
pub type Text = Arc<[u8]>;

/// One version of a thread. Byte strings are as captured.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Thread {
    /// Unique per version in one capture, never 0 and never reused.
    pub id: u64,
    /// Shared by all versions of one thread; unique in one capture even when the kernel reuses the tid.
    pub life: u64,
    /// [`Thread::id`] of the version of the parent process's thread that is known; 0: unknown or outside the scope.
    pub parent: u64,
    /// Thread id in the initial pid namespace.
    pub tid: u32,
    /// Process (thread group) id in the initial pid namespace.
    pub pid: u32,
    /// Parent process id in the initial pid namespace; 0: unknown.
    pub ppid: u32,
    /// Thread id as seen inside the container; 0: unknown.
    pub vtid: u32,
    /// Process id as seen inside the container; 0: unknown.
    pub vpid: u32,
    /// Session id; 0: unknown.
    pub sid: u32,
    /// Controlling terminal's device number; 0: none or unknown.
    pub tty: u32,
    /// Effective user id; `u32::MAX`: unknown.
    pub uid: u32,
    /// Effective group id; `u32::MAX`: unknown.
    pub gid: u32,
    /// Login user id; `u32::MAX`: none or unknown.
    pub loginuid: u32,
    /// `comm`: at most 15 bytes.
    pub comm: Text,
    /// `argv[0]`.
    pub exe: Text,
    /// Path of the executed file as the process saw it; empty: unknown.
    pub exepath: Text,
    /// `argv[1..]`, elements separated by NUL.
    pub args: Text,
    /// Inode and device of the executed file; 0: unknown.
    pub exe_ino: u64,
    /// See `exe_ino`.
    pub exe_dev: u32,
    /// What else is known of the executed file; versions of one execution share it.
    pub executable: Arc<Executable>,
    /// Capabilities and the other ids; `None`: unknown.
    pub credentials: Option<Box<Credentials>>,
    /// Current directory; empty: unknown.
    pub cwd: Text,
    /// Whether argv was cut at the recorder's limit.
    pub args_truncated: bool,
    /// Birth of the process or thread (clone), nanoseconds since the Unix epoch; 0: unknown.
    pub start: u64,
    /// Last successful exec, nanoseconds since the Unix epoch; 0: none seen.
    pub exec_time: u64,
    /// [`crate::model::Container::key`]; 0: the host.
    pub container: u64,
    /// Cgroup v2 id; 0: unknown.
    pub cgroup_id: u64,
    /// Cgroup v2 path; empty: unknown.
    pub cgroup: Text,
}

/// Whether container runtimes call their own process so, before the container's program replaces it: `runc`,
/// `runc:[2:INIT]`, `crun`, `youki:[2:INIT]`.
pub fn is_container_runtime_name(comm: &[u8]) -> bool {
    comm == b"runc"
        || [&b"runc:"[..], b"crun", b"youki:"]
            .iter()
            .any(|name| comm.starts_with(name))
}

impl Thread {
    /// Path of what was executed: of a script, not of its interpreter.
    pub fn program(&self) -> &Text {
        if self.executable.script.is_empty() {
            &self.exepath
        } else {
            &self.executable.script
        }
    }

    /// Whether this is the process's first thread.
    pub fn is_main(&self) -> bool {
        self.tid == self.pid
    }

    /// Whether it is a step of a container runtime's own, which in a container is not yet the container's program: by its
    /// name, or by its file, since runc runs itself again from a copy with the name of a descriptor.
    pub fn is_container_runtime(&self) -> bool {
        let file = self.exepath.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let file = file.strip_prefix(b"memfd:").unwrap_or(file);
        // `runc`, `runc_cloned:/proc/self/exe`, `runc.8sD3kf`
        let of = |name: &[u8]| {
            let rest = file.strip_prefix(name);
            rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'.' | b'_')))
        };
        is_container_runtime_name(&self.comm) || [&b"runc"[..], b"crun", b"youki"].into_iter().any(of)
    }

    /// `argv[1..]`, element by element.
    pub fn arguments(&self) -> impl Iterator<Item = &[u8]> {
        let args: &[u8] = &self.args;
        args.split(|b| *b == 0)
            .take(if args.is_empty() { 0 } else { usize::MAX })
    }
}
