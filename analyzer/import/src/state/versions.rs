//! Versions of threads, as a trace has them: an event refers to its thread as it was.

use super::thread::{Exe, Thread};
use super::world::World;
use crate::limits::MAX_ANCESTORS;
use afterimage_format::model::{self, Credentials, Executable, Text};
use std::rc::Rc;
use std::sync::Arc;

/// Threads of which only the number is known.
const MAX_ANONYMOUS: usize = 4096;

/// The key of the container of threads of which nothing is known: there is none with it.
const NO_CONTAINER: u64 = u64::MAX;

impl World {
    /// The version of a thread that rows show now.
    pub(super) fn shown_thread(&mut self, tid: i64) -> Rc<model::Thread> {
        match self.version(tid, 0) {
            Some(version) => version,
            None => self.anonymous(tid),
        }
    }

    /// What an event that tells of a container shows in place of a thread.
    pub(super) fn shown_container(&mut self, key: u64) -> Rc<model::Thread> {
        let name = self
            .containers
            .get(key)
            .map_or(String::new(), |container| container.short_id().to_owned());
        self.next_thread += 1;
        let thread = Rc::new(model::Thread {
            id: self.next_thread,
            life: self.next_thread,
            tid: u32::MAX,
            pid: u32::MAX,
            comm: format!("container:{name}").into_bytes().into(),
            container: key,
            ..model::Thread::default()
        });
        self.new_versions.push(thread.clone());
        thread
    }

    fn anonymous(&mut self, tid: i64) -> Rc<model::Thread> {
        if let Some(known) = self.anonymous.get(&tid) {
            return known.clone();
        }
        self.next_thread += 1;
        let thread = Rc::new(model::Thread {
            id: self.next_thread,
            life: self.next_thread,
            tid: id(tid),
            uid: u32::MAX,
            gid: u32::MAX,
            loginuid: u32::MAX,
            container: NO_CONTAINER,
            ..model::Thread::default()
        });
        if self.anonymous.len() >= MAX_ANONYMOUS {
            self.anonymous.clear();
        }
        self.anonymous.insert(tid, thread.clone());
        self.new_versions.push(thread.clone());
        thread
    }

    /// The version of a thread; nothing where it is not followed. Its ancestors are brought up to date first.
    fn version(&mut self, tid: i64, depth: usize) -> Option<Rc<model::Thread>> {
        let epoch = self.epoch;
        let thread = self.threads.get_mut(&tid)?;
        if thread.checked == epoch && thread.version.is_some() {
            return thread.version.clone();
        }
        // Where parents form a circle, this is what its last one finds.
        thread.checked = epoch;
        let main = self.main(tid);
        let epoch = self.epoch;
        let (cwd, env, ptid) = match main.and_then(|main| self.threads.get(&main)) {
            Some(main) => (main.cwd.clone(), main.env.clone(), main.ptid),
            None => (Text::default(), Text::default(), -1),
        };
        let parent = if depth < MAX_ANCESTORS && ptid != tid && Some(ptid) != main {
            self.version(ptid, depth + 1).map_or(0, |parent| parent.id)
        } else {
            0
        };
        let next = self.next_thread + 1;
        let thread = self.threads.get_mut(&tid)?;
        thread.checked = epoch;
        if let Some(old) = &thread.version
            && !thread.dirty
            && old.parent == parent
            && old.cwd == cwd
            && old.ppid == id(ptid)
        {
            return Some(old.clone());
        }
        thread.dirty = false;
        if thread.life == 0 {
            thread.life = next;
        }
        self.next_thread = next;
        let version = Rc::new(shown(thread, next, parent, id(ptid), cwd, &env));
        thread.version = Some(version.clone());
        self.new_versions.push(version.clone());
        Some(version)
    }

    /// Versions that are current now.
    pub(crate) fn current_versions(&self) -> impl Iterator<Item = &Rc<model::Thread>> {
        let threads = self.threads.values().filter_map(|thread| thread.version.as_ref());
        threads.chain(self.anonymous.values())
    }

    /// The versions of all threads that are followed.
    pub(crate) fn all_versions(&mut self) -> Vec<Rc<model::Thread>> {
        let mut tids: Vec<i64> = self.threads.keys().copied().collect();
        tids.sort_unstable();
        tids.into_iter().filter_map(|tid| self.version(tid, 0)).collect()
    }
}

/// Numbers that do not fit are not known.
pub(crate) fn id(id: i64) -> u32 {
    u32::try_from(id).unwrap_or(0)
}

fn shown(thread: &mut Thread, id_: u64, parent: u64, ppid: u32, cwd: Text, env: &Text) -> model::Thread {
    let executable = match &thread.executable {
        Some(executable) if executable.env == *env => executable.clone(),
        _ => Arc::new(executable(&thread.exe_file, env)),
    };
    thread.executable = Some(executable.clone());
    model::Thread {
        id: id_,
        life: thread.life,
        parent,
        tid: id(thread.tid),
        pid: id(thread.pid),
        ppid,
        vtid: id(thread.vtid),
        vpid: id(thread.vpid),
        sid: id(thread.sid),
        tty: thread.tty,
        uid: thread.uid,
        gid: thread.gid,
        loginuid: thread.loginuid,
        comm: thread.comm.clone(),
        exe: thread.exe.clone(),
        exepath: thread.exepath.clone(),
        args: thread.args.clone(),
        exe_ino: thread.exe_file.ino,
        executable,
        credentials: thread.capabilities.map(|[inheritable, permitted, effective]| {
            Box::new(Credentials {
                inheritable,
                permitted,
                effective,
                ruid: thread.uid,
                rgid: thread.gid,
                suid: thread.uid,
                sgid: thread.gid,
                ..Credentials::default()
            })
        }),
        cwd,
        start: thread.clone_time,
        exec_time: thread.exec_time,
        container: thread.container,
        cgroup: thread.cgroups.clone(),
        ..model::Thread::default()
    }
}

fn executable(file: &Exe, env: &Text) -> Executable {
    let mut marks = 0;
    for (is, mark) in [
        (file.memfd, Executable::MEMFD),
        (file.writable, Executable::WRITABLE),
        (file.upper_layer == Some(true), Executable::UPPER_LAYER),
        (file.upper_layer.is_some(), Executable::LAYER_KNOWN),
    ] {
        if is {
            marks |= mark;
        }
    }
    Executable {
        env: env.clone(),
        mtime: file.mtime as i64,
        ctime: file.ctime as i64,
        marks,
        // That something is known of the file is told by its mode, which captures do not have.
        mode: if file.ino != 0 { 0o100_755 } else { 0 },
        ..Executable::default()
    }
}
