//! Threads as a segment stores them: a table of integers, a column a field. Texts are strings of the segment's
//! dictionary, each stored once however many versions share it.

use super::dictionary::{Dictionary, DictionaryBuilder};
use crate::model::{Text, Thread};
use hashbrown::HashMap;

/// Number of fields. A reader ignores columns beyond those it knows; those that a trace lacks are 0.
pub(super) const FIELDS: usize = 26;

const ID: usize = 0;
/// `id - life`.
const LIFE: usize = 1;
/// `id - parent`; 0: none.
const PARENT: usize = 2;
const TID: usize = 3;
/// `pid - tid`.
const PID: usize = 4;
const PPID: usize = 5;
/// `vtid - tid`.
const VTID: usize = 6;
/// `vpid - pid`.
const VPID: usize = 7;
const SID: usize = 8;
const TTY: usize = 9;
const UID: usize = 10;
/// `gid - uid`.
const GID: usize = 11;
const LOGINUID: usize = 12;
const COMM: usize = 13;
const EXE: usize = 14;
const EXEPATH: usize = 15;
const ARGS: usize = 16;
const CWD: usize = 17;
const CGROUP: usize = 18;
const EXE_INO: usize = 19;
const EXE_DEV: usize = 20;
/// Bit 0: the arguments were cut.
const MARKS: usize = 21;
const START: usize = 22;
/// 0: none; else twice `exec_time - start`, plus one.
const EXEC_TIME: usize = 23;
const CONTAINER: usize = 24;
const CGROUP_ID: usize = 25;

/// The fields of one thread version.
#[derive(Clone, Copy)]
pub(super) struct StoredThread([i64; FIELDS]);

impl StoredThread {
    /// The stored form; its texts go into `strings`.
    pub(super) fn new(t: &Thread, strings: &mut DictionaryBuilder) -> StoredThread {
        let mut text = |text: &Text| {
            if text.is_empty() {
                0
            } else {
                i64::from(strings.intern(text))
            }
        };
        let mut f = [0; FIELDS];
        f[ID] = t.id as i64;
        f[LIFE] = t.id.wrapping_sub(t.life) as i64;
        f[PARENT] = if t.parent == 0 {
            0
        } else {
            t.id.wrapping_sub(t.parent) as i64
        };
        f[TID] = i64::from(t.tid);
        f[PID] = i64::from(t.pid) - i64::from(t.tid);
        f[PPID] = i64::from(t.ppid);
        f[VTID] = i64::from(t.vtid) - i64::from(t.tid);
        f[VPID] = i64::from(t.vpid) - i64::from(t.pid);
        f[SID] = i64::from(t.sid);
        f[TTY] = i64::from(t.tty);
        f[UID] = i64::from(t.uid);
        f[GID] = i64::from(t.gid) - i64::from(t.uid);
        f[LOGINUID] = i64::from(t.loginuid);
        for (field, value) in [
            (COMM, &t.comm),
            (EXE, &t.exe),
            (EXEPATH, &t.exepath),
            (ARGS, &t.args),
            (CWD, &t.cwd),
            (CGROUP, &t.cgroup),
        ] {
            f[field] = text(value);
        }
        f[EXE_INO] = t.exe_ino as i64;
        f[EXE_DEV] = i64::from(t.exe_dev);
        f[MARKS] = i64::from(t.args_truncated);
        f[START] = t.start as i64;
        f[EXEC_TIME] = match t.exec_time {
            0 => 0,
            time => (time.wrapping_sub(t.start) as i64) << 1 | 1,
        };
        f[CONTAINER] = t.container as i64;
        f[CGROUP_ID] = t.cgroup_id as i64;
        StoredThread(f)
    }

    /// Value of a field.
    pub(super) fn field(&self, field: usize) -> i64 {
        self.0[field]
    }

    /// [`Thread::life`].
    pub(super) fn life(&self) -> u64 {
        self.0[ID].wrapping_sub(self.0[LIFE]) as u64
    }

    /// [`Thread::container`].
    pub(super) fn container(&self) -> u64 {
        self.0[CONTAINER] as u64
    }

    /// [`Thread::pid`].
    pub(super) fn pid(&self) -> u32 {
        self.0[PID].wrapping_add(self.0[TID]) as u32
    }
}

/// Thread number `row` of a table; texts that are used twice are shared.
pub(super) fn load(
    columns: &[Option<&[i64]>; FIELDS],
    row: usize,
    strings: &Dictionary,
    shared: &mut HashMap<i64, Text>,
) -> Thread {
    let f = |field: usize| columns[field].and_then(|c| c.get(row)).copied().unwrap_or(0);
    let mut text = |field: usize| -> Text {
        let id = f(field);
        match strings.get(id) {
            Some(text) => Text::clone(shared.entry(id).or_insert_with(|| text.into())),
            None => Text::default(),
        }
    };
    let (id, tid, uid, start) = (f(ID), f(TID), f(UID), f(START));
    let pid = tid.wrapping_add(f(PID));
    Thread {
        id: id as u64,
        life: id.wrapping_sub(f(LIFE)) as u64,
        parent: match f(PARENT) {
            0 => 0,
            distance => id.wrapping_sub(distance) as u64,
        },
        tid: tid as u32,
        pid: pid as u32,
        ppid: f(PPID) as u32,
        vtid: tid.wrapping_add(f(VTID)) as u32,
        vpid: pid.wrapping_add(f(VPID)) as u32,
        sid: f(SID) as u32,
        tty: f(TTY) as u32,
        uid: uid as u32,
        gid: uid.wrapping_add(f(GID)) as u32,
        loginuid: f(LOGINUID) as u32,
        comm: text(COMM),
        exe: text(EXE),
        exepath: text(EXEPATH),
        args: text(ARGS),
        cwd: text(CWD),
        cgroup: text(CGROUP),
        exe_ino: f(EXE_INO) as u64,
        exe_dev: f(EXE_DEV) as u32,
        args_truncated: f(MARKS) & 1 != 0,
        start: start as u64,
        exec_time: match f(EXEC_TIME) {
            0 => 0,
            time => start.wrapping_add(time >> 1) as u64,
        },
        container: f(CONTAINER) as u64,
        cgroup_id: f(CGROUP_ID) as u64,
    }
}
