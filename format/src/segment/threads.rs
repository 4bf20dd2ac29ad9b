//! Threads as a segment stores them: a table of integers, a column a field. Texts are strings of the segment's
//! dictionary, each stored once however many versions share it.

use super::dictionary::{Dictionary, DictionaryBuilder};
use crate::model::{Credentials, Executable, Text, Thread};
use hashbrown::HashMap;
use std::sync::Arc;

/// Number of fields. A reader ignores columns beyond those it knows; those that a trace lacks are 0.
pub(super) const FIELDS: usize = 46;

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
/// Bit 0: the arguments were cut; bit 1: the credentials are known.
const MARKS: usize = 21;
const START: usize = 22;
/// 0: none; else twice `exec_time - start`, plus one.
const EXEC_TIME: usize = 23;
const CONTAINER: usize = 24;
const CGROUP_ID: usize = 25;
const ENV: usize = 26;
const HOST_PATH: usize = 27;
const INTERPRETER: usize = 28;
const SCRIPT: usize = 29;
const SHA256: usize = 30;
const NO_SHA256: usize = 31;
const EXE_MODE: usize = 32;
const EXE_SIZE: usize = 33;
const EXE_MTIME: usize = 34;
const EXE_CTIME: usize = 35;
/// [`Executable::marks`].
const EXE_MARKS: usize = 36;
const INHERITABLE: usize = 37;
const PERMITTED: usize = 38;
const EFFECTIVE: usize = 39;
const BOUNDING: usize = 40;
const AMBIENT: usize = 41;
const RUID: usize = 42;
const RGID: usize = 43;
const SUID: usize = 44;
const SGID: usize = 45;

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
            (ENV, &t.executable.env),
            (HOST_PATH, &t.executable.host_path),
            (INTERPRETER, &t.executable.interpreter),
            (SCRIPT, &t.executable.script),
            (SHA256, &t.executable.sha256),
            (NO_SHA256, &t.executable.no_sha256),
        ] {
            f[field] = text(value);
        }
        f[EXE_INO] = t.exe_ino as i64;
        f[EXE_DEV] = i64::from(t.exe_dev);
        f[MARKS] = i64::from(t.args_truncated) | i64::from(t.credentials.is_some()) << 1;
        f[EXE_MODE] = i64::from(t.executable.mode);
        f[EXE_SIZE] = t.executable.size as i64;
        f[EXE_MTIME] = t.executable.mtime;
        f[EXE_CTIME] = t.executable.ctime;
        f[EXE_MARKS] = i64::from(t.executable.marks);
        if let Some(c) = &t.credentials {
            for (field, value) in [
                (INHERITABLE, c.inheritable),
                (PERMITTED, c.permitted),
                (EFFECTIVE, c.effective),
                (BOUNDING, c.bounding),
                (AMBIENT, c.ambient),
            ] {
                f[field] = value as i64;
            }
            for (field, value) in [(RUID, c.ruid), (RGID, c.rgid), (SUID, c.suid), (SGID, c.sgid)] {
                f[field] = i64::from(value);
            }
        }
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

/// What threads of a table share in memory.
#[derive(Default)]
pub(super) struct Shared {
    texts: HashMap<i64, Text>,
    executables: HashMap<[i64; EXE_MARKS - ENV + 1], Arc<Executable>>,
}

impl Shared {
    /// Bytes that an executable takes at most, beside its texts.
    pub(super) const EXECUTABLE: usize = size_of::<Executable>() + 2 * (8 * (EXE_MARKS - ENV + 1) + 8) + 16;

    /// How many executables there are.
    pub(super) fn executables(&self) -> usize {
        self.executables.len()
    }

    fn text(&mut self, id: i64, strings: Dictionary<'_>) -> Text {
        match strings.get(id) {
            Some(text) => Text::clone(self.texts.entry(id).or_insert_with(|| text.into())),
            None => Text::default(),
        }
    }

    fn executable(&mut self, f: impl Fn(usize) -> i64, strings: Dictionary<'_>) -> Arc<Executable> {
        let key = std::array::from_fn(|at| f(ENV + at));
        if let Some(known) = self.executables.get(&key) {
            return Arc::clone(known);
        }
        let made = Arc::new(Executable {
            env: self.text(f(ENV), strings),
            host_path: self.text(f(HOST_PATH), strings),
            interpreter: self.text(f(INTERPRETER), strings),
            script: self.text(f(SCRIPT), strings),
            sha256: self.text(f(SHA256), strings),
            no_sha256: self.text(f(NO_SHA256), strings),
            mode: f(EXE_MODE) as u32,
            size: f(EXE_SIZE) as u64,
            mtime: f(EXE_MTIME),
            ctime: f(EXE_CTIME),
            marks: f(EXE_MARKS) as u32,
        });
        self.executables.insert(key, Arc::clone(&made));
        made
    }
}

/// Thread number `row` of a table; texts and executables that are used twice are shared.
pub(super) fn load(
    columns: &[Option<&[i64]>; FIELDS],
    row: usize,
    strings: Dictionary<'_>,
    shared: &mut Shared,
) -> Thread {
    let f = |field: usize| columns[field].and_then(|c| c.get(row)).copied().unwrap_or(0);
    let executable = shared.executable(f, strings);
    let mut text = |field: usize| shared.text(f(field), strings);
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
        executable,
        credentials: (f(MARKS) & 2 != 0).then(|| {
            Box::new(Credentials {
                inheritable: f(INHERITABLE) as u64,
                permitted: f(PERMITTED) as u64,
                effective: f(EFFECTIVE) as u64,
                bounding: f(BOUNDING) as u64,
                ambient: f(AMBIENT) as u64,
                ruid: f(RUID) as u32,
                rgid: f(RGID) as u32,
                suid: f(SUID) as u32,
                sgid: f(SGID) as u32,
            })
        }),
    }
}
