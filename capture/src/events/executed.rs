//! What new images are made of.

use super::{Raw, Tracker};
use crate::executed::{Answer, Facts, key_of};
use crate::probe::executed_file;
use crate::state::join;
use afterimage_abi::{ExecutedFile, ExecutedKey, item, status};
use afterimage_format::model::{Credentials, Executable, Text, Thread};
use hashbrown::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;

/// Files that are remembered; the kernel program remembers as many.
const MOST_FILES: usize = 8192;
const CAP_DAC_OVERRIDE: u64 = 1 << 1;

/// Files of which the content is known or asked for.
#[derive(Default)]
pub(super) struct Files {
    known: HashMap<ExecutedKey, Facts>,
    /// Executions that wait for an answer.
    waiting: HashMap<ExecutedKey, Waiting>,
}

/// Executions of one file: life of the thread and time of its exec.
#[derive(Default)]
struct Waiting {
    executions: Vec<(u64, u64)>,
    /// Whether it was looked for by path.
    again: bool,
}

/// What an answer asks for.
pub(crate) enum Next {
    /// Nothing.
    Done,
    /// The process had ended: look for the file at this path, as this process sees it.
    LookAt(u32, PathBuf),
    /// Keep the content under this name.
    Keep(String),
}

impl Tracker {
    /// The executable of the exec in a record, and the path of its file as the process sees it.
    pub(super) fn executable(&mut self, raw: &Raw<'_>, credentials: Option<&Credentials>) -> (Executable, Vec<u8>) {
        let mut out = Executable::default();
        let mut path = Vec::new();
        let file = raw.file();
        if let Some(file) = &file {
            if file.is_memfd() {
                out.marks |= Executable::MEMFD;
            }
            file.describe(&mut path);
        }
        if let Some(env) = raw.items().find(|i| i.arg == item::ENV) {
            let bytes = env.bytes.unwrap_or_default();
            let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
            out.env = (*self.chosen.redactor.environment(bytes)).into();
            if env.status & status::TRUNCATED != 0 {
                out.marks |= Executable::ENV_TRUNCATED;
            }
        }
        if let Some(interpreter) = raw.bytes(item::INTERPRETER) {
            out.interpreter = interpreter.into();
            let cwd = self
                .threads
                .get(raw.tid())
                .map(|t| Text::clone(&t.cwd))
                .unwrap_or_default();
            out.script = join(&cwd, raw.bytes(item::FILENAME).unwrap_or_default()).into();
        }
        let Some(described) = raw.bytes(item::EXECUTED).and_then(executed_file) else {
            return (out, path);
        };
        out.mode = u32::from(described.mode);
        (out.size, out.mtime, out.ctime) = (described.size, described.mtime, described.ctime);
        let deleted = described.nlink == 0 && out.marks & Executable::MEMFD == 0;
        let ids = (raw.arg(1) >> 32) as u32;
        for (mark, set) in [
            (Executable::DELETED, deleted),
            (Executable::UPPER_LAYER, described.upper != 0),
            (Executable::LAYER_KNOWN, true),
            (
                Executable::WRITABLE,
                may_write(&described, ids, raw.arg(1) as u32, credentials),
            ),
        ] {
            out.marks |= if set { mark } else { 0 };
        }
        if let Some(facts) = self.files.known.get(&key_of(&described)) {
            learn(&mut out, facts);
        }
        (out, path)
    }

    /// The content of the file that a thread has just executed is asked for, unless it is known.
    pub(super) fn await_content(&mut self, raw: &Raw<'_>) {
        let Some(described) = raw.bytes(item::EXECUTED).and_then(executed_file) else {
            return;
        };
        let key = key_of(&described);
        let Some(thread) = self.threads.get(raw.tid()) else {
            return;
        };
        let execution = (thread.life, thread.exec_time);
        if !self.files.known.contains_key(&key) {
            self.files.waiting.entry(key).or_default().executions.push(execution);
        }
    }

    /// Whether anybody executed this file and waits for an answer.
    pub(crate) fn awaits(&self, file: &ExecutedKey) -> bool {
        self.files.waiting.contains_key(file)
    }

    /// Whether executed files are still asked for.
    pub(crate) fn awaits_content(&self) -> bool {
        !self.files.waiting.is_empty()
    }

    /// An answer about the content of a file goes to all who executed it.
    pub(crate) fn content(&mut self, answer: &Answer) -> Next {
        if answer.facts.sha256.is_none()
            && let Some(place) = self.other_place(&answer.key)
        {
            return place;
        }
        let waiting = self.files.waiting.remove(&answer.key).unwrap_or_default();
        let mut name = None;
        for (life, exec_time) in waiting.executions {
            let executed = |t: &Thread| t.life == life && t.exec_time == exec_time;
            let Some(first) = self.threads.find(executed) else {
                continue;
            };
            let mut executable = Executable::clone(&first.executable);
            let place = self
                .cgroups
                .container(first.container)
                .map_or("host", |c| c.full_id.as_str());
            name.get_or_insert_with(|| {
                let path = String::from_utf8_lossy(&first.exepath).into_owned();
                format!("executed/{place}/{}", path.trim_start_matches('/'))
            });
            learn(&mut executable, &answer.facts);
            let executable = Arc::new(executable);
            self.threads.amend(executed, |t| t.executable = Arc::clone(&executable));
        }
        if answer.facts.sha256.is_some() {
            if self.files.known.len() >= MOST_FILES {
                self.files.known.clear();
            }
            self.files.known.insert(answer.key, answer.facts.clone());
        }
        match (&answer.content, name) {
            (Some(_), name) => Next::Keep(name.unwrap_or_else(|| "executed/unknown".to_owned())),
            _ => Next::Done,
        }
    }

    /// Where a file may be found whose process had ended: as that process's parent sees it, once.
    fn other_place(&mut self, key: &ExecutedKey) -> Option<Next> {
        let waiting = self.files.waiting.get_mut(key).filter(|w| !w.again)?;
        waiting.again = true;
        let (life, exec_time) = *waiting.executions.first()?;
        let thread = self.threads.find(|t| t.life == life && t.exec_time == exec_time)?;
        let parent = self.threads.version(thread.parent);
        // A parent in another container sees other files.
        let same = parent.filter(|p| p.container == thread.container && thread.exepath.starts_with(b"/"))?;
        Some(Next::LookAt(
            same.pid,
            PathBuf::from(OsStr::from_bytes(&thread.exepath)),
        ))
    }
}

/// The credentials in a record.
pub(super) fn credentials(raw: &Raw<'_>) -> Option<Credentials> {
    let id = |at: u16| raw.word(item::CREDENTIALS, 8 + 4 * at, 4).map(|id| id as u32);
    let set = |at: u16| raw.word(item::CREDENTIALS, 24 + 8 * at, 8);
    Some(Credentials {
        ruid: id(0)?,
        rgid: id(1)?,
        suid: id(2)?,
        sgid: id(3)?,
        inheritable: set(0)?,
        permitted: set(1)?,
        effective: set(2)?,
        bounding: set(3)?,
        ambient: set(4)?,
    })
}

/// Whether the mode lets this user write; access control lists and read-only mounts are not looked at.
fn may_write(file: &ExecutedFile, uid: u32, gid: u32, credentials: Option<&Credentials>) -> bool {
    credentials.is_some_and(|c| c.effective & CAP_DAC_OVERRIDE != 0)
        || file.uid == uid && file.mode & 0o200 != 0
        || file.gid == gid && file.mode & 0o020 != 0
        || file.mode & 0o002 != 0
}

fn learn(executable: &mut Executable, facts: &Facts) {
    match &facts.sha256 {
        Some(hash) => (executable.sha256, executable.no_sha256) = (hash.as_slice().into(), Text::default()),
        None => executable.no_sha256 = facts.missing.as_bytes().into(),
    }
    executable.host_path = facts.host_path.as_slice().into();
    if executable.interpreter.is_empty() {
        executable.interpreter = facts.interpreter.as_slice().into();
    }
}
