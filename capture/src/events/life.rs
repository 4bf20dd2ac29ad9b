//! Life of processes and cgroups.

use super::executed::credentials;
use super::{Emit, Raw, Tracker, Verdict};
use crate::catalogue::Own;
use crate::probe::executed_file;
use crate::state::{Who, join};
use afterimage_abi::{item, shares, status};
use afterimage_format::model::{Text, Thread, Value, is_container_runtime_name};
use afterimage_format::segment::SegmentBuilder;
use std::sync::Arc;

/// High and low half.
pub(super) fn halves(word: u64) -> (u32, u32) {
    ((word >> 32) as u32, word as u32)
}

impl Tracker {
    /// A new image runs.
    pub(super) fn exec(&mut self, raw: &Raw<'_>) {
        let (pid, tid) = (raw.pid(), raw.tid());
        if self.threads.get(raw.arg(0) as u32).is_some_and(|t| t.pid == pid) {
            self.threads.exec(pid, raw.arg(0) as u32);
        }
        self.entries.rename(raw.arg(0) as u32, tid);
        self.thread_of(raw);
        let was_runtime = self.is_runtime(tid);
        let (uid, gid) = halves(raw.arg(1));
        let (vtid, vpid) = halves(raw.arg(2));
        let time = self.real_time(raw.header.time);
        let args = raw.items().find(|i| i.arg == item::ARGS);
        let truncated = args.is_some_and(|i| i.status & status::TRUNCATED != 0);
        let argv = args.and_then(|i| i.bytes).unwrap_or_default();
        let argv = argv.strip_suffix(b"\0").unwrap_or(argv);
        let (exe, rest) = match argv.iter().position(|b| *b == 0) {
            Some(at) => (&argv[..at], &argv[at + 1..]),
            None => (argv, &[][..]),
        };
        let given = raw.bytes(item::FILENAME).unwrap_or_default();
        let credentials = credentials(raw);
        let (executable, path) = self.executable(raw, credentials.as_ref());
        let described = raw.bytes(item::EXECUTED).and_then(executed_file);
        let (ino, dev) = described.map_or((0, 0), |file| (file.ino, file.dev));
        let executable = Arc::new(executable);
        let rest = self.chosen.redactor.arguments(rest);
        self.threads.update(tid, |t| {
            (t.uid, t.gid, t.vtid, t.vpid) = (uid, gid, vtid, vpid);
            t.ppid = raw.arg(3) as u32;
            t.comm = raw.bytes(item::COMM).unwrap_or_default().into();
            // Where the kernel's path is missing: the one that was asked for.
            t.exepath = match path.as_slice() {
                [] => join(&t.cwd, given).into(),
                path => path.into(),
            };
            (t.exe_ino, t.exe_dev) = (ino, dev);
            t.executable = Arc::clone(&executable);
            t.credentials = credentials.map(Box::new);
            t.exe = exe.into();
            t.args = (*rest).into();
            t.args_truncated = truncated;
            t.exec_time = time;
        });
        if was_runtime {
            self.count_process(tid);
            self.entered(tid);
        }
        self.await_content(raw);
        let open = raw.items().find(|i| i.arg == item::OPEN);
        let cut = open.is_some_and(|i| i.status & status::TRUNCATED != 0);
        let open = open.and_then(|i| i.bytes);
        self.descriptors.exec(pid, raw.arg(0) as u32, open, cut);
    }

    /// A task was born.
    pub(super) fn fork(&mut self, raw: &Raw<'_>) {
        let (pid, tid) = halves(raw.arg(0));
        let (uid, gid) = halves(raw.arg(1));
        let (vtid, vpid) = halves(raw.arg(2));
        // The snapshot came after this birth and knows more of it.
        let made = Who { pid, tid };
        let common = |what: u64| raw.arg(3) & what != 0;
        if raw.header.time < self.snapshot_time() && self.threads.get(tid).is_some_and(|t| t.pid == pid) {
            // But not what it has in common with others.
            if common(shares::DESCRIPTORS) {
                self.descriptors.fork(raw.who(), made, true);
            }
            if common(shares::DIRECTORY) {
                self.threads.share_directory(raw.who(), made, true);
            }
            return;
        }
        let parent = self.threads.get(raw.tid()).cloned();
        let same_process = pid == raw.pid();
        let ppid = raw.header.result as u32;
        // With CLONE_PARENT (and in container runtimes) the parent is not who made the call.
        let parent_id = match &parent {
            Some(p) if same_process => p.parent,
            Some(p) if ppid == raw.pid() => p.id,
            _ => self.threads.get(ppid).map_or(0, |p| p.id),
        };
        let child = Thread {
            tid,
            pid,
            ppid,
            vtid,
            vpid,
            uid,
            gid,
            comm: raw.bytes(item::COMM).unwrap_or_default().into(),
            start: self.real_time(raw.header.time),
            parent: parent_id,
            ..parent.unwrap_or(Thread {
                loginuid: u32::MAX,
                ..Thread::default()
            })
        };
        self.insert_thread(child, raw.header.cgroup);
        if !same_process {
            self.count_process(tid);
        }
        self.threads.share_directory(raw.who(), made, common(shares::DIRECTORY));
        self.descriptors.fork(raw.who(), made, common(shares::DESCRIPTORS));
    }

    /// A thread is gone, and perhaps its process with it.
    pub(super) fn end_thread(&mut self, who: Who) {
        self.descriptors.end(who);
        if self.threads.remove(who.tid) {
            self.descriptors.end_process(who.pid);
        }
    }

    /// A task ended.
    pub(super) fn exit(&mut self, raw: &Raw<'_>, cpu: u16, out: &mut SegmentBuilder) {
        let thread = self.thread_of(raw);
        self.entries.forget(raw.tid());
        // Before the event, so that the end of the descriptors comes with it.
        self.end_thread(raw.who());
        let code = raw.header.result;
        let args = [code, code >> 8 & 0xff, code & 0x7f, code >> 7 & 1].map(Value::Int);
        self.emit(
            raw,
            cpu,
            Emit {
                kind: Own::Procexit as u16,
                flags: 0,
                thread,
                descriptor: 0,
                args: &args,
            },
            out,
        );
    }

    /// A cgroup was made.
    pub(super) fn cgroup_mkdir(&mut self, raw: &Raw<'_>, cpu: u16, out: &mut SegmentBuilder) -> Verdict {
        let id = raw.arg(0);
        let path = raw.bytes(item::CGROUP).unwrap_or_default();
        let time = self.real_time(raw.header.time);
        self.vanished.remove(&id);
        // The snapshot may have found it first.
        let known = self.cgroups.contains(id) && *self.cgroups.path(id) == *path;
        if !known && !self.cgroups.add(id, raw.arg(1), path, time) {
            return Verdict::DropCgroup(id);
        }
        self.cgroup_event(Own::CgroupMkdir, raw, cpu, out);
        Verdict::Keep
    }

    /// A cgroup was removed.
    pub(super) fn cgroup_rmdir(&mut self, raw: &Raw<'_>, cpu: u16, out: &mut SegmentBuilder) {
        self.cgroup_event(Own::CgroupRmdir, raw, cpu, out);
        let time = self.real_time(raw.header.time);
        self.cgroups.remove(raw.arg(0), time);
    }

    /// What happens to a cgroup is done by a process that may be outside the scope; the event carries the container
    /// and no process.
    fn cgroup_event(&mut self, kind: Own, raw: &Raw<'_>, cpu: u16, out: &mut SegmentBuilder) {
        let cgroup = raw.arg(0);
        let thread = self.threads.detached(Thread {
            cgroup_id: cgroup,
            container: self.cgroups.container_of(cgroup),
            cgroup: self.cgroups.path(cgroup),
            uid: u32::MAX,
            gid: u32::MAX,
            loginuid: u32::MAX,
            ..Thread::default()
        });
        let args = [raw.bytes(item::CGROUP).map_or(Value::Missing, Value::Bytes)];
        self.emit(
            raw,
            cpu,
            Emit {
                kind: kind as u16,
                flags: 0,
                thread,
                descriptor: 0,
                args: &args,
            },
            out,
        );
    }

    fn is_runtime(&self, tid: u32) -> bool {
        self.threads.get(tid).is_some_and(Thread::is_container_runtime)
    }

    /// A process is in a container; the steps of its runtime are none of the container's.
    pub(super) fn count_process(&mut self, tid: u32) {
        let container = self.threads.get(tid).map_or(0, |thread| thread.container);
        if container != 0 && !self.is_runtime(tid) {
            self.cgroups.count_process(container);
        }
    }

    /// A task moved into a cgroup.
    pub(super) fn cgroup_attach(&mut self, raw: &Raw<'_>, cpu: u16, out: &mut SegmentBuilder) {
        let (pid, tid) = halves(raw.arg(0));
        let cgroup = raw.header.cgroup;
        let comm = raw.bytes(item::COMM).unwrap_or_default();
        // The one that is moved, or the one that moves it.
        if is_container_runtime_name(comm) || self.is_runtime(tid) || self.is_runtime(raw.tid()) {
            let time = self.real_time(raw.header.time);
            self.cgroups.promote(cgroup, time);
        }
        let thread = if self.threads.get(tid).is_some() {
            self.move_thread(tid, cgroup)
        } else {
            let (uid, gid) = halves(raw.arg(1));
            let (vtid, vpid) = halves(raw.arg(2));
            let (ppid, comm) = (raw.arg(3) as u32, Text::from(comm));
            // Where it comes from is outside the scope; where it is and what it has open it brings along.
            let found = self.look_up(pid, tid, cgroup);
            let here = found.is_some();
            let cwd = found.map(|t| t.cwd).unwrap_or_default();
            let start = self.real_time(raw.header.time);
            let loginuid = u32::MAX;
            let thread = Thread {
                tid,
                pid,
                ppid,
                vtid,
                vpid,
                uid,
                gid,
                loginuid,
                comm,
                cwd,
                start,
                ..Thread::default()
            };
            self.insert_late(thread, cgroup, here)
        };
        let args = [raw.bytes(item::CGROUP).map_or(Value::Missing, Value::Bytes)];
        self.emit(
            raw,
            cpu,
            Emit {
                kind: Own::CgroupAttach as u16,
                flags: 0,
                thread,
                descriptor: 0,
                args: &args,
            },
            out,
        );
    }
}
