//! Threads as a segment stores them: their texts are strings of the segment's dictionary, each stored once however many
//! versions share it.

use super::dictionary::{Dictionary, DictionaryBuilder};
use crate::model::{Text, Thread};
use bincode::{Decode, Encode};
use hashbrown::HashMap;

/// A [`Thread`] with string ids in place of its texts.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(super) struct StoredThread {
    id: u64,
    life: u64,
    parent: u64,
    tid: u32,
    pid: u32,
    ppid: u32,
    vtid: u32,
    vpid: u32,
    sid: u32,
    tty: u32,
    uid: u32,
    gid: u32,
    loginuid: u32,
    comm: u32,
    exe: u32,
    exepath: u32,
    exe_ino: u64,
    exe_dev: u32,
    args: u32,
    cwd: u32,
    args_truncated: bool,
    start: u64,
    exec_time: u64,
    container: u64,
    cgroup_id: u64,
    cgroup: u32,
}

impl StoredThread {
    /// The stored form; its texts go into `strings`.
    pub(super) fn new(t: &Thread, strings: &mut DictionaryBuilder) -> StoredThread {
        let mut text = |text: &Text| if text.is_empty() { 0 } else { strings.intern(text) };
        StoredThread {
            id: t.id,
            life: t.life,
            parent: t.parent,
            tid: t.tid,
            pid: t.pid,
            ppid: t.ppid,
            vtid: t.vtid,
            vpid: t.vpid,
            sid: t.sid,
            tty: t.tty,
            uid: t.uid,
            gid: t.gid,
            loginuid: t.loginuid,
            comm: text(&t.comm),
            exe: text(&t.exe),
            exepath: text(&t.exepath),
            exe_ino: t.exe_ino,
            exe_dev: t.exe_dev,
            args: text(&t.args),
            cwd: text(&t.cwd),
            args_truncated: t.args_truncated,
            start: t.start,
            exec_time: t.exec_time,
            container: t.container,
            cgroup_id: t.cgroup_id,
            cgroup: text(&t.cgroup),
        }
    }

    /// The thread; texts that are used twice are shared.
    pub(super) fn load(&self, strings: &Dictionary, shared: &mut HashMap<u32, Text>) -> Thread {
        let mut text = |id: u32| -> Text {
            let known = shared
                .entry(id)
                .or_insert_with(|| strings.get(i64::from(id)).unwrap_or_default().into());
            Text::clone(known)
        };
        Thread {
            id: self.id,
            life: self.life,
            parent: self.parent,
            tid: self.tid,
            pid: self.pid,
            ppid: self.ppid,
            vtid: self.vtid,
            vpid: self.vpid,
            sid: self.sid,
            tty: self.tty,
            uid: self.uid,
            gid: self.gid,
            loginuid: self.loginuid,
            comm: text(self.comm),
            exe: text(self.exe),
            exepath: text(self.exepath),
            exe_ino: self.exe_ino,
            exe_dev: self.exe_dev,
            args: text(self.args),
            cwd: text(self.cwd),
            args_truncated: self.args_truncated,
            start: self.start,
            exec_time: self.exec_time,
            container: self.container,
            cgroup_id: self.cgroup_id,
            cgroup: text(self.cgroup),
        }
    }
}
