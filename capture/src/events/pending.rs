//! The snapshot of what runs already, a piece at a time: on a host of 100,000 processes it takes seconds, and the rings
//! fill meanwhile. A process that a record tells of before its turn is looked at then.

use super::Tracker;
use crate::snapshot::{self, Sockets};
use afterimage_abi::condition;
use hashbrown::HashSet;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// What is still to be looked at.
#[derive(Default)]
pub(super) struct Pending {
    processes: HashSet<u32>,
    sockets: Sockets,
}

impl Tracker {
    /// Begins the snapshot: notes the processes that run, of `members` only where the scope is one of processes, and
    /// takes as many as it can in this time. `own` are the recorder's.
    pub(crate) fn begin_snapshot(&mut self, members: &BTreeSet<u32>, own: &[u32], time: Duration) {
        self.pending.processes = if self.scope & condition::PROCESS != 0 {
            members.iter().copied().collect()
        } else {
            snapshot::processes().collect()
        };
        for pid in own {
            self.pending.processes.remove(pid);
        }
        self.continue_snapshot(time);
    }

    /// Takes more of the snapshot. Returns whether it has just been completed.
    pub(crate) fn continue_snapshot(&mut self, time: Duration) -> bool {
        let end = Instant::now() + time;
        if self.pending.processes.is_empty() {
            return false;
        }
        while let Some(pid) = self.pending.processes.iter().next().copied() {
            self.take_if_pending(pid);
            if Instant::now() >= end && !self.pending.processes.is_empty() {
                return false;
            }
        }
        self.link_parents();
        self.pending = Pending::default();
        self.snapshot = crate::clock::boottime();
        true
    }

    /// Whether the snapshot is complete.
    pub(crate) fn is_complete(&self) -> bool {
        self.pending.processes.is_empty()
    }

    /// Births before this boot-clock time are in the snapshot, if it knows the thread.
    pub(super) fn snapshot_time(&self) -> u64 {
        if self.is_complete() { self.snapshot } else { u64::MAX }
    }

    /// Looks at a process now, if it is still to be looked at and in scope. Processes outside the scope are not looked
    /// at beyond their cgroup and user.
    #[inline]
    pub(super) fn take_if_pending(&mut self, pid: u32) {
        if !self.pending.processes.is_empty() && self.pending.processes.remove(&pid) {
            self.take_pending(pid);
        }
    }

    fn take_pending(&mut self, pid: u32) {
        let Some(cgroup) = snapshot::cgroup_of(pid) else { return };
        let known = self.cgroups.by_path(&cgroup);
        if self.scope & condition::CGROUP != 0 && known.is_none() {
            return;
        }
        if self.scope & condition::USER != 0 {
            let users = snapshot::users_of(pid).unwrap_or([u32::MAX; 2]);
            if !users.iter().any(|user| self.users.contains(user)) {
                return;
            }
        }
        let mut sockets = std::mem::take(&mut self.pending.sockets);
        self.take_process(pid, known.unwrap_or(0), &mut sockets);
        self.pending.sockets = sockets;
    }
}
