//! What the load has done so far, in memory that it shares with whoever measures: telling it takes no call that would be
//! recorded.

use std::fs::File;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail};

/// Threads of all processes of a load.
pub(super) const THREADS: usize = 8;
/// Words of the whole file, and of each thread: a cache line.
const WORDS: usize = (THREADS + 1) * SLOT;
const SLOT: usize = 8;
/// Places of the words that all share.
const PHASE: usize = 0;
const READY: usize = 1;
const EACH_PROGRAM: usize = 2;
/// Places of a thread's words.
const MADE: usize = 0;
const SELECTED: usize = 1;
const PROGRAMS: usize = 2;

/// What the load is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing.
    Wait,
    /// Start [`super::load::TRIED`] programs, so that it is known how many events one makes.
    Try,
    /// Its work.
    Run,
    /// Nothing any more.
    Stop,
}

/// What one or all threads have done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Done {
    /// Calls.
    pub(super) made: u64,
    /// Those of them that the profile records.
    pub(super) selected: u64,
    /// Programs started; their calls are not in the others.
    pub(super) programs: u64,
}

/// The shared memory.
pub(super) struct Counts(NonNull<[AtomicU64; WORDS]>);

// SAFETY: the memory is mapped for as long as this lives, and is only used through atomics.
unsafe impl Sync for Counts {}
// SAFETY: as above; no thread owns it.
unsafe impl Send for Counts {}

impl Counts {
    /// Makes the file.
    pub(super) fn make(path: &Path) -> Result<Self> {
        let file = File::create_new(path).with_context(|| format!("cannot make {}", path.display()))?;
        file.set_len(size_of::<[AtomicU64; WORDS]>() as u64)?;
        Self::open(path)
    }

    /// Maps the file that another process has made.
    pub(super) fn open(path: &Path) -> Result<Self> {
        use std::os::fd::AsRawFd;
        let file = File::options().read(true).write(true).open(path);
        let file = file.with_context(|| format!("cannot open {}", path.display()))?;
        let (length, rights) = (size_of::<[AtomicU64; WORDS]>(), libc::PROT_READ | libc::PROT_WRITE);
        if file.metadata()?.len() != length as u64 {
            bail!("{} has not been made by `bench`", path.display());
        }
        // SAFETY: a new mapping of a file of that length; it stays when the descriptor is closed.
        let at = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                rights,
                libc::MAP_SHARED,
                file.as_raw_fd(),
                0,
            )
        };
        if at == libc::MAP_FAILED {
            bail!("cannot map {}: {}", path.display(), std::io::Error::last_os_error());
        }
        NonNull::new(at.cast()).map(Self).context("mapped at zero")
    }

    fn word(&self, at: usize) -> &AtomicU64 {
        // SAFETY: mapped, aligned to a page, and as long as the array; atomics may change under a shared reference.
        let words = unsafe { self.0.as_ref() };
        &words[at]
    }

    pub(super) fn phase(&self) -> Phase {
        match self.word(PHASE).load(Ordering::Acquire) {
            0 => Phase::Wait,
            1 => Phase::Try,
            2 => Phase::Run,
            _ => Phase::Stop,
        }
    }

    pub(super) fn set_phase(&self, phase: Phase) {
        self.word(PHASE).store(phase as u64, Ordering::Release);
    }

    /// A thread waits for its work.
    pub(super) fn add_ready(&self) {
        self.word(READY).fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn ready(&self) -> u64 {
        self.word(READY).load(Ordering::Acquire)
    }

    /// Events of one program from its fork to its end; 0: not known yet.
    pub(super) fn each_program(&self) -> u64 {
        self.word(EACH_PROGRAM).load(Ordering::Relaxed)
    }

    pub(super) fn set_each_program(&self, events: u64) {
        self.word(EACH_PROGRAM).store(events, Ordering::Relaxed);
    }

    /// Tells what a thread has done in all.
    pub(super) fn tell(&self, thread: usize, done: Done) {
        let slot = (thread + 1) * SLOT;
        for (at, value) in [(MADE, done.made), (SELECTED, done.selected), (PROGRAMS, done.programs)] {
            self.word(slot + at).store(value, Ordering::Relaxed);
        }
    }

    /// What all have done.
    pub(super) fn all(&self) -> Done {
        let sum = |at| {
            let of = |thread: usize| self.word((thread + 1) * SLOT + at).load(Ordering::Relaxed);
            (0..THREADS).map(of).sum()
        };
        Done {
            made: sum(MADE),
            selected: sum(SELECTED),
            programs: sum(PROGRAMS),
        }
    }
}

impl Drop for Counts {
    fn drop(&mut self) {
        // SAFETY: nobody has a reference any more.
        unsafe { libc::munmap(self.0.as_ptr().cast(), size_of::<[AtomicU64; WORDS]>()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_tells_another_reads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("counts");
        let (ours, theirs) = (Counts::make(&path).unwrap(), Counts::open(&path).unwrap());
        assert_eq!(theirs.phase(), Phase::Wait);
        ours.set_phase(Phase::Stop);
        assert_eq!(theirs.phase(), Phase::Stop);
        let done = Done {
            made: 3,
            selected: 2,
            programs: 1,
        };
        theirs.tell(0, done);
        theirs.tell(THREADS - 1, done);
        assert_eq!(ours.all().made, 6);
        assert!(Counts::make(&path).is_err(), "it is there already");
    }
}
