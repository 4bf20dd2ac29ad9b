//! A thread that changes the memory of another one's system calls while they run, as an attacker would to hide what they
//! are about: `race DIR blind|later CALL ROUNDS`. Every call is given a name that ends with `a` or `b`, and the last byte
//! flips. What the kernel really did is asked of the kernel and written to `DIR/CALL`: a letter a round.

mod calls;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};

/// Between the racer and the calls. In memory that a child shares: an exec is raced by its parent.
#[repr(C)]
pub(crate) struct Shared {
    /// Rounds begun; the racer strikes once in each where it is not blind.
    round: AtomicU32,
    /// Rounds struck.
    struck: AtomicU32,
    /// Whether the racer waits until the call has begun.
    pub(crate) waits: AtomicBool,
    /// The byte that flips.
    place: AtomicPtr<u8>,
    /// The call has returned and been looked at.
    done: AtomicBool,
    /// Memory of names.
    pub(crate) text: [u8; 4096],
    /// Memory of addresses.
    pub(crate) address: [u8; 128],
}

impl Shared {
    /// Pages that stay shared after a fork.
    fn new() -> &'static Shared {
        // SAFETY: a new mapping of zeros, which is a valid value of each field; it is never unmapped.
        unsafe {
            let memory = libc::mmap(
                std::ptr::null_mut(),
                size_of::<Shared>(),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS,
                -1,
                0,
            );
            assert_ne!(memory, libc::MAP_FAILED);
            &*memory.cast::<Shared>()
        }
    }

    /// Writes `bytes` to memory that the racer knows.
    pub(crate) fn fill(&self, memory: &[u8], bytes: &[u8]) {
        assert!(bytes.len() < memory.len());
        // SAFETY: in bounds; the racer writes single bytes of it at the same time, which is what this is about.
        unsafe {
            let to = memory.as_ptr().cast_mut();
            for (at, byte) in bytes.iter().enumerate() {
                to.add(at).write_volatile(*byte);
            }
            to.add(bytes.len()).write_volatile(0);
        }
    }

    /// From here on the racer may flip this byte of `memory`, and a call that takes it follows.
    pub(crate) fn begin(&self, memory: &[u8], at: usize) {
        self.place.store(memory[at..].as_ptr().cast_mut(), Ordering::Relaxed);
        self.round.fetch_add(1, Ordering::Release);
    }

    /// The call has returned: the racer is not to flip any more.
    pub(crate) fn end(&self) {
        let round = self.round.load(Ordering::Relaxed);
        self.place.store(std::ptr::null_mut(), Ordering::Release);
        while self.struck.load(Ordering::Acquire) != round {
            std::hint::spin_loop();
        }
    }

    fn flip(&self) {
        let place = self.place.load(Ordering::Acquire);
        if !place.is_null() {
            // SAFETY: it points into this structure; see `fill`.
            unsafe { place.write_volatile(place.read_volatile() ^ 3) };
        }
    }

    /// Flips all the time, not knowing where the call is.
    fn blind(&self) {
        let mut random = 88_172_645_463_325_252u64;
        while !self.done.load(Ordering::Relaxed) {
            self.flip();
            self.struck.store(self.round.load(Ordering::Acquire), Ordering::Release);
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            for _ in 0..random % 512 {
                std::hint::spin_loop();
            }
        }
    }

    /// Flips once, when the kernel has begun to walk the name and so has its own copy of it: it has been at the link in
    /// the name, which shows in that link's time of access.
    fn later(&self, dir: &Path) {
        let link = dir.join("link");
        let mut seen = 0;
        while !self.done.load(Ordering::Relaxed) {
            let round = self.round.load(Ordering::Acquire);
            if round == seen {
                std::hint::spin_loop();
                continue;
            }
            seen = round;
            while !self.place.load(Ordering::Acquire).is_null() {
                if link.symlink_metadata().unwrap().atime() != 0 {
                    self.flip();
                    break;
                }
            }
            self.struck.store(round, Ordering::Release);
        }
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    // An executed copy of this program tells by its status which one it is.
    if args.len() == 1 {
        let path = std::env::current_exe().unwrap();
        let last = path.as_os_str().as_encoded_bytes().last().copied().unwrap();
        std::process::exit(i32::from(last));
    }
    let [_, dir, mode, call, rounds] = args.try_into().expect("race DIR blind|later CALL ROUNDS");
    let dir: PathBuf = Path::new(&dir).canonicalize().unwrap();
    let shared = Shared::new();
    shared.waits.store(mode == "later", Ordering::Relaxed);
    std::os::unix::fs::symlink(".", dir.join("link")).unwrap();
    let outcome = std::thread::scope(|scope| {
        scope.spawn(|| {
            if mode == "later" {
                shared.later(&dir)
            } else {
                shared.blind()
            }
        });
        let outcome = calls::run(shared, &dir, &call, rounds.parse().unwrap());
        shared.done.store(true, Ordering::Relaxed);
        outcome
    });
    std::fs::write(dir.join(format!("{call}.outcome")), outcome).unwrap();
}
