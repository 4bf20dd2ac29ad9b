//! What is known from /proc and not from a record: what ran before the capture, what came into the scope later, and what
//! is gone after losses.

use super::Tracker;
use crate::snapshot::{self, Sockets};
use crate::state::{FdEntry, Missing, Who};
use afterimage_abi::condition;
use afterimage_format::model::{Text, Thread};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

impl Tracker {
    /// Takes in which cgroups there are; those in scope are told to `in_scope`.
    pub(crate) fn find_cgroups(&mut self, mut in_scope: impl FnMut(u64)) {
        let root = snapshot::cgroup_root();
        for (id, parent, path) in root.map(|r| snapshot::cgroups(&r)).unwrap_or_default() {
            if self.cgroups.add(id, parent, path.as_os_str().as_bytes(), 0) && self.scope & condition::CGROUP != 0 {
                in_scope(id);
            }
        }
    }

    /// Takes in what runtimes have told by now, waiting at most so long for what is still to come; tells of each cgroup
    /// that is in scope because of it, those below it included.
    pub(crate) fn hear(&mut self, wait: Duration, mut in_scope: impl FnMut(u64)) {
        for id in self.cgroups.hear(wait) {
            in_scope(id);
            let path = self.cgroups.path(id);
            let root = snapshot::cgroup_root();
            for (below, parent, place) in root.map(|r| snapshot::cgroups(&r)).unwrap_or_default() {
                let place = place.as_os_str().as_bytes();
                let is_below = place.strip_prefix(&*path).is_some_and(|rest| rest.starts_with(b"/"));
                if is_below && self.cgroups.add(below, parent, place, 0) {
                    in_scope(below);
                }
            }
        }
    }

    /// After losses, threads whose end was lost are taken out: what /proc does not have any more is gone.
    pub(crate) fn reconcile(&mut self) {
        for id in self.threads.live() {
            let Some((pid, tid)) = self.threads.version(id).map(|t| (t.pid, t.tid)) else {
                continue;
            };
            if !snapshot::exists(pid, tid) {
                self.end_thread(Who { pid, tid });
            }
        }
    }

    /// Adds a process with its threads and descriptors from /proc.
    pub(crate) fn take_process(&mut self, pid: u32, cgroup: u64, sockets: &mut Sockets) {
        for tid in snapshot::threads(pid) {
            if let Some(thread) = snapshot::thread(pid, tid) {
                self.insert_thread(thread, cgroup);
            }
        }
        self.count_process(pid);
        self.take_descriptors(pid, sockets);
    }

    /// Adds the command that is about to be executed: what it will have from before its exec.
    pub(crate) fn expect(&mut self, pid: u32) {
        if let Some(mut thread) = snapshot::thread(pid, pid) {
            let cgroup = self.cgroups.by_path(&thread.cgroup).unwrap_or(0);
            // The name and the image are still the recorder's.
            for text in [&mut thread.comm, &mut thread.exe, &mut thread.exepath, &mut thread.args] {
                *text = Text::default();
            }
            self.insert_thread(thread, cgroup);
            self.take_descriptors(pid, &mut Sockets::default());
        }
    }

    fn take_descriptors(&mut self, pid: u32, sockets: &mut Sockets) {
        let found = snapshot::descriptors(pid, sockets).into_iter();
        let found: Vec<_> = found
            .map(|(fd, descriptor, cloexec)| {
                let descriptor = self.descriptors.intern(descriptor);
                (fd, FdEntry { descriptor, cloexec })
            })
            .collect();
        self.descriptors.replace(pid, found);
    }

    /// Adds a thread whose birth was not recorded, from /proc where `found`. The first one of its process brings the
    /// descriptors along; an earlier process with this id has ended unseen.
    pub(super) fn insert_late(&mut self, thread: Thread, cgroup: u64, found: bool) -> u64 {
        let pid = thread.pid;
        let known = self.threads.has_process(pid);
        let id = self.insert_thread(thread, cgroup);
        if !known {
            self.count_process(pid);
        }
        match (known, found) {
            (true, _) => {}
            (false, true) => self.take_descriptors(pid, &mut Sockets::default()),
            (false, false) => self.descriptors.forget(Who::first(pid), Missing::Gone),
        }
        id
    }

    pub(super) fn insert_thread(&mut self, mut thread: Thread, cgroup: u64) -> u64 {
        if let std::borrow::Cow::Owned(redacted) = self.chosen.redactor.arguments(&thread.args) {
            thread.args = redacted.into();
        }
        thread.cgroup_id = cgroup;
        thread.container = self.cgroups.container_of(cgroup);
        thread.cgroup = self.cgroups.path(cgroup);
        if thread.parent == 0 {
            thread.parent = self.threads.get(thread.ppid).map_or(0, |p| p.id);
        }
        self.threads.insert(thread)
    }

    /// After a snapshot, in which children may have come before their parents.
    pub(super) fn link_parents(&mut self) {
        for id in self.threads.live() {
            let Some(thread) = self.threads.version(id) else {
                continue;
            };
            let (tid, ppid, parent) = (thread.tid, thread.ppid, thread.parent);
            if parent == 0
                && let Some(parent) = self.threads.get(ppid).map(|p| p.id)
            {
                self.threads.relink(tid, parent);
            }
        }
    }

    /// A thread in /proc, if it is still the one of this cgroup: the id may belong to somebody outside by now.
    pub(super) fn look_up(&self, pid: u32, tid: u32, cgroup: u64) -> Option<Thread> {
        snapshot::thread(pid, tid).filter(|found| found.cgroup == self.cgroups.path(cgroup))
    }
}
