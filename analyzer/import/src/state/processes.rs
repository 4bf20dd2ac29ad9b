//! Births, executions and their consequences.

use super::path::joined;
use super::thread::{Exe, Thread, elements, environment, flag, set};
use super::world::{Context, FdChange, World};
use crate::events::Event;
use crate::fields::until_nul;
use afterimage_format::model::Text;

/// A thread that is older cannot be the one that a child's event tells of: its number was used again.
const STALE: u64 = 2_000_000_000;

impl World {
    pub(super) fn clone_ends(&mut self, event: &Event<'_>, context: &mut Context) {
        let Some(child) = event.int("res").filter(|res| *res >= 0) else {
            return;
        };
        let flags = event.uint("flags").unwrap_or(0) as u32;
        let vtid = event.int("vtid").unwrap_or(event.tid);
        let vpid = event.int("vpid").unwrap_or(-1);
        let in_container = flags & flag::CHILD_IN_PIDNS != 0 || event.tid != vtid;
        if child != 0 {
            // In a pid namespace the number is not the one that others see: the child says it itself.
            if !in_container {
                self.born(event, event.tid, child, flags, None);
            }
            return;
        }
        if let Some(tid) = context.tid {
            let cloned = self.threads.get(&tid).map_or(0, |thread| thread.clone_time);
            if cloned != 0 && event.time.wrapping_sub(cloned) > STALE {
                self.remove(tid, true);
                context.tid = None;
            }
        }
        if context.tid.is_some() {
            if in_container {
                self.change(context, |thread| (thread.vtid, thread.vpid) = (vtid, vpid));
            }
            return;
        }
        let parent = if flags & flag::THREAD != 0 {
            event.int("pid")
        } else {
            event.int("ptid")
        };
        self.born(
            event,
            parent.unwrap_or(-1),
            event.tid,
            flags,
            in_container.then_some((vtid, vpid)),
        );
        if let Some(thread) = self.threads.get_mut(&event.tid) {
            thread.flags |= flag::INVERTED;
        }
    }

    /// A child is born; `inside` are its numbers in its namespace, and told by itself.
    fn born(&mut self, event: &Event<'_>, parent: i64, child: i64, flags: u32, inside: Option<(i64, i64)>) {
        if let Some(known) = self.threads.get(&child) {
            if known.flags & flag::INVERTED != 0 {
                return;
            }
            self.remove(child, true);
        }
        self.ensure(parent);
        let is_thread = flags & flag::THREAD != 0;
        let text = |name: &str| event.text(name).unwrap_or_default();
        let exe: Text = text("exe").into();
        let comm: Text = match event.text("comm") {
            Some(comm) => comm.into(),
            None => exe.clone(),
        };
        let args = elements(event.named("args").unwrap_or_default());
        let cwd: Text = self.cwd(parent).into();
        let mut thread = match self.threads.get_mut(&parent) {
            Some(parent) => {
                if parent.is_unknown() {
                    parent.comm = comm.clone();
                    parent.exe = exe.clone();
                    set(&mut parent.args, args);
                    parent.dirty = true;
                }
                Thread {
                    sid: parent.sid,
                    tty: parent.tty,
                    loginuid: parent.loginuid,
                    exepath: parent.exepath.clone(),
                    args: parent.args.clone(),
                    env: if is_thread { Text::default() } else { parent.env.clone() },
                    cgroups: parent.cgroups.clone(),
                    container: parent.container,
                    exe_file: parent.exe_file,
                    capabilities: parent.capabilities,
                    exec_time: parent.exec_time,
                    fds: if is_thread {
                        Default::default()
                    } else {
                        parent.fds.clone()
                    },
                    ..Thread::unknown(child)
                }
            }
            None => Thread::unknown(child),
        };
        if !is_thread && let Some(table) = self.table(parent) {
            thread.fds = table.clone();
        }
        thread.ptid = parent;
        thread.pid = if is_thread {
            event.int("pid").unwrap_or(parent)
        } else {
            child
        };
        thread.flags = flags;
        (thread.vtid, thread.vpid) = inside.unwrap_or((child, thread.pid));
        (thread.comm, thread.exe) = (comm, exe);
        set(&mut thread.args, args);
        thread.uid = event.uint("uid").map_or(u32::MAX, |uid| uid as u32);
        thread.gid = event.uint("gid").map_or(u32::MAX, |gid| gid as u32);
        thread.cwd = if is_thread { Text::default() } else { cwd };
        thread.clone_time = event.time;
        if let Some(cgroups) = event.named("cgroups") {
            self.set_cgroups(&mut thread, cgroups);
        }
        let pid = thread.pid;
        if self.insert(thread) && !is_thread {
            let from = self.threads.get(&parent).map_or(parent, |parent| parent.pid);
            self.fd_changes.push(FdChange::CopyOf(pid, from));
        }
    }

    pub(super) fn set_cgroups(&mut self, thread: &mut Thread, raw: &[u8]) {
        let mut list: Vec<u8> = Vec::with_capacity(raw.len());
        for entry in raw.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()) {
            let Some(at) = entry.iter().rposition(|byte| *byte == b'=') else {
                break;
            };
            let (name, path) = entry.split_at(at);
            let name = String::from_utf8_lossy(name).replace("_cgroup", "");
            let name = match name.as_str() {
                "perf" => "perf_event",
                "mem" => "memory",
                "io" => "blkio",
                name => name,
            };
            if !list.is_empty() {
                list.push(0);
            }
            list.extend_from_slice(name.as_bytes());
            list.extend_from_slice(path);
        }
        if *thread.cgroups != *list || thread.container == 0 {
            thread.container = self.containers.of_cgroups(&list);
        }
        set(&mut thread.cgroups, &list);
    }

    pub(super) fn exec(&mut self, event: &Event<'_>, context: &Context) {
        let Some(tid) = context.tid else { return };
        if event.int("res").is_none_or(|res| res < 0) {
            return;
        }
        let exepath = self.executed(event, context, tid);
        let Some(mut thread) = self.threads.remove(&tid) else {
            return;
        };
        let before = thread.counted;
        let text = |name: &str| event.text(name);
        set(&mut thread.exe, text("exe").unwrap_or_default());
        let comm = text("comm").or(text("exe")).unwrap_or_default();
        set(&mut thread.comm, comm);
        set(&mut thread.args, elements(event.named("args").unwrap_or_default()));
        if let Some(pid) = event.int("pid") {
            thread.pid = pid;
        }
        if thread.ptid == -1 {
            thread.ptid = event.int("ptid").unwrap_or(-1);
        }
        if let Some(env) = event.named("env") {
            set(&mut thread.env, environment(env));
        }
        if let Some(cgroups) = event.named("cgroups") {
            self.set_cgroups(&mut thread, cgroups);
        }
        if let Some(tty) = event.uint("tty") {
            thread.tty = tty as u32;
        }
        if let Some(exepath) = exepath {
            set(&mut thread.exepath, &exepath);
        }
        if let Some(uid) = event.uint("loginuid") {
            thread.loginuid = uid as u32;
        }
        if let Some(uid) = event.uint("uid") {
            thread.uid = uid as u32;
        }
        if let Some(gid) = event.uint("gid") {
            thread.gid = gid as u32;
        }
        let set = |name| event.uint(name);
        if let (Some(i), Some(p), Some(e)) = (set("cap_inheritable"), set("cap_permitted"), set("cap_effective")) {
            thread.capabilities = Some([i, p, e]);
        }
        let flags = event.uint("flags").unwrap_or(0);
        thread.exe_file = Exe {
            ino: set("exe_ino").unwrap_or(0),
            ctime: set("exe_ino_ctime").unwrap_or(0),
            mtime: set("exe_ino_mtime").unwrap_or(0),
            writable: flags & 1 != 0,
            upper_layer: event.named("exe_ino").is_some().then_some(flags & 2 != 0),
            memfd: flags & 4 != 0,
        };
        thread.executable = None;
        thread.exec_time = event.time;
        thread.flags &= flag::MAIN | flag::INVERTED;
        thread.dirty = true;
        thread.counted = thread.size();
        self.bytes = (self.bytes + thread.counted).saturating_sub(before);
        self.epoch += 1;
        self.threads.insert(tid, thread);
    }

    /// The path of what is executed, where the event or the one before tells it.
    fn executed(&mut self, event: &Event<'_>, context: &Context, tid: i64) -> Option<Vec<u8>> {
        if let Some(path) = event.text("trusted_exepath").filter(|path| !path.is_empty()) {
            return Some(path.to_vec());
        }
        let name = match event.code {
            331 => "pathname",
            _ => "filename",
        };
        let path = match self.begun(event, context, name) {
            Some(path) => until_nul(path).to_vec(),
            None => event.text(name)?.to_vec(),
        };
        if path.starts_with(b"<NA>") {
            return Some(b"<NA>".to_vec());
        }
        if event.code != 331 {
            let cwd = self.threads.get(&tid)?.cwd.to_vec();
            return Some(joined(&cwd, &path));
        }
        let dirfd = self.argument(event, context, "dirfd").unwrap_or(-100);
        let mut base = self.base(tid, dirfd, &path);
        if path.is_empty() {
            base.pop();
            return Some(base);
        }
        Some(joined(&base, &path))
    }
}
