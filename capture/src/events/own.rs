//! Processes of the recorder's own that the kernel program does not know of, with those that they start: what they do is
//! not taken in. The kernel program leaves out the recorder and one helper by itself.

use super::life::halves;
use super::{Raw, Tracker};
use afterimage_abi::kind;

/// Their process ids.
#[derive(Default)]
pub(super) struct Own(Vec<u32>);

impl Own {
    /// Whether a record is about what one of them did. Their children are added at birth and go when they end.
    pub(super) fn made(&mut self, raw: &Raw<'_>) -> bool {
        if self.0.is_empty() || !self.0.contains(&raw.pid()) {
            return false;
        }
        let (pid, _) = halves(raw.arg(0));
        match raw.header.kind {
            kind::FORK if !self.0.contains(&pid) => self.0.push(pid),
            kind::EXIT if raw.pid() == raw.tid() => self.0.retain(|own| *own != raw.pid()),
            _ => {}
        }
        true
    }
}

impl Tracker {
    /// The life of a process's first thread and its container, where it lives.
    pub(crate) fn process(&mut self, pid: u32) -> Option<(u64, u64)> {
        self.take_if_pending(pid);
        let thread = self.threads.get(pid).filter(|thread| thread.is_main())?;
        Some((thread.life, thread.container))
    }

    /// From now on these are the recorder's own.
    pub(crate) fn leave_out(&mut self, processes: &[u32]) {
        self.own.0.extend(processes);
    }
}
