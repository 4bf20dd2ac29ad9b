//! Reading executed files: hash, dynamic linker, and the content of those that are kept.

use super::budget::Budget;
use super::open::failure;
use super::{Answer, Facts, Job, elf, key_of};
use afterimage_abi::ExecutedFile;
use sha2::{Digest, Sha256};
use std::io::{Read, Seek};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

/// Larger files are not hashed.
const HASHED_MAX: u64 = 1 << 30;
/// Larger files are not kept: their content is in memory until it is written.
pub(super) const KEPT_MAX: u64 = 16 << 20;

const OVERLAY: u32 = 0x794c_7630;
const TMPFS: u32 = 0x0102_1994;
const RAMFS: u32 = 0x8584_58f6;

/// Reads what is opened until the recorder ends. With a budget, new files are kept.
pub(super) fn run(jobs: &Receiver<Job>, answers: &SyncSender<Answer>, keep: Option<Arc<Budget>>, since: i64) {
    // SAFETY: no memory is involved; on Linux this concerns the calling thread. Reading can wait, recording cannot.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, 10) };
    for mut job in jobs {
        if answers.send(read(&mut job, keep.as_ref(), since)).is_err() {
            return;
        }
    }
}

/// Whether a file is new in its container. Of an overlay: what is not in the image. What lies in memory only is. Anything
/// else (no overlay, or a mount of its own in the container): what changed after the recording began.
fn is_new(file: &ExecutedFile, since: i64) -> bool {
    match file.magic {
        OVERLAY => file.upper != 0,
        TMPFS | RAMFS => true,
        _ => file.ctime >= since,
    }
}

fn read(job: &mut Job, keep: Option<&Arc<Budget>>, since: i64) -> Answer {
    let key = key_of(&job.file);
    if job.file.size > HASHED_MAX {
        return failure(key, "the file is larger than 1 GiB");
    }
    let wanted = job.file.size <= KEPT_MAX && is_new(&job.file, since);
    let mut content = keep.filter(|_| wanted).map(|budget| budget.take(job.file.size));
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 128 << 10];
    loop {
        match job.opened.read(&mut buffer) {
            Ok(0) => break,
            Ok(size) => {
                let bytes = buffer.get(..size).unwrap_or_default();
                hash.update(bytes);
                // One that grows meanwhile is not what was executed.
                if content.as_mut().is_some_and(|content| !content.add(bytes)) {
                    content = None;
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return failure(key, "the file could not be read"),
        }
    }
    let interpreter = match job.opened.rewind() {
        Ok(()) => elf::interpreter(&mut job.opened).unwrap_or_default(),
        Err(_) => Vec::new(),
    };
    Answer {
        key,
        facts: Facts {
            sha256: Some(hash.finalize().into()),
            missing: "",
            host_path: std::mem::take(&mut job.host_path),
            interpreter,
        },
        content,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_is_what_the_image_does_not_have() {
        let file = |magic, upper, ctime| ExecutedFile {
            magic,
            upper,
            ctime,
            ..ExecutedFile::default()
        };
        for (file, expected) in [
            (file(OVERLAY, 1, 0), true),
            (file(OVERLAY, 0, 100), false),
            (file(TMPFS, 0, 0), true),
            (file(0xef53, 0, 49), false),
            (file(0xef53, 0, 50), true),
        ] {
            assert_eq!(is_new(&file, 50), expected, "{file:?}");
        }
    }
}
