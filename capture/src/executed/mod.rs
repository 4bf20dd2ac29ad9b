//! Executed files: their content is hashed, and kept where it is asked for, aside of the recording. The kernel program
//! tells of each file that is not known yet; one thread opens it while its process lives, another one reads it.

mod budget;
mod elf;
mod mounts;
mod open;
mod read;

use crate::probe::ExecutedRing;
use afterimage_abi::{ExecutedFile, ExecutedKey};
use anyhow::{Context, Result};
use budget::Budget;
pub(crate) use budget::Content;
use std::fs::File;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

/// Open files that wait to be read.
const WAITING: usize = 128;
/// Answers that wait to be taken. Where the recording itself waits, so do these threads.
const ANSWERS: usize = 1024;
/// Bytes of content in memory, from when it is read until it is written: four of the largest files.
const CONTENT_MAX: u64 = 4 * read::KEPT_MAX;

/// What was found out about a file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// SHA-256 of its content; `None`: `missing` says why not.
    pub(crate) sha256: Option<[u8; 32]>,
    /// Why there is no hash.
    pub(crate) missing: &'static str,
    /// Its path on the host; empty: unknown.
    pub(crate) host_path: Vec<u8>,
    /// The dynamic linker that it names; empty: none.
    pub(crate) interpreter: Vec<u8>,
}

/// An answer about one file.
pub(crate) struct Answer {
    /// Which file.
    pub(crate) key: ExecutedKey,
    /// What was found out.
    pub(crate) facts: Facts,
    /// Its content, where it is to be kept.
    pub(crate) content: Option<Content>,
}

/// A file to look at.
struct Job {
    file: ExecutedFile,
    opened: File,
    host_path: Vec<u8>,
}

/// A file of which the process has ended: where it may be found.
struct ByPath {
    key: ExecutedKey,
    /// A process that sees the same files.
    process: u32,
    path: PathBuf,
}

/// What identifies a file.
pub(crate) fn key_of(file: &ExecutedFile) -> ExecutedKey {
    ExecutedKey {
        ino: file.ino,
        ctime: file.ctime,
        size: file.size,
        dev: u64::from(file.dev),
    }
}

/// The two threads. They end with the recorder.
pub(crate) struct Executed {
    answers: Receiver<Answer>,
    again: Sender<ByPath>,
}

impl Executed {
    /// Starts the threads. Files changed after `since` (nanoseconds since the Unix epoch) count as new where nothing else
    /// tells; with `keep` the content of new ones is kept.
    pub(crate) fn start(ring: ExecutedRing, keep: bool, since: i64) -> Result<Executed> {
        let (jobs, to_read): (SyncSender<Job>, _) = sync_channel(WAITING);
        let (answer, answers) = sync_channel(ANSWERS);
        let (again, by_path) = channel();
        let failed = answer.clone();
        let spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
            let started = std::thread::Builder::new().name(name.to_owned()).spawn(run);
            started.with_context(|| format!("cannot start the thread {name}"))
        };
        spawn(
            "executed-open",
            Box::new(move || open::run(ring, &jobs, &failed, &by_path)),
        )?;
        spawn(
            "executed-read",
            Box::new(move || read::run(&to_read, &answer, keep.then(|| Budget::new(CONTENT_MAX)), since)),
        )?;
        Ok(Executed { answers, again })
    }

    /// What has been found out since the last time.
    pub(crate) fn answers(&self) -> impl Iterator<Item = Answer> + '_ {
        self.answers.try_iter()
    }

    /// Looks for a file whose process had ended: at `path` as `process` sees it.
    pub(crate) fn look_at(&self, key: ExecutedKey, process: u32, path: PathBuf) {
        let _ = self.again.send(ByPath { key, process, path });
    }
}
