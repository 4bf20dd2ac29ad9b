//! `workload steady DIR RATE`: so many calls a second that the profile forensic records, and others, by two threads. It says
//! `ready`, begins with the first byte on standard input, ends with the second, says how many of those calls were made after
//! it was ready, and waits for the end of standard input.

use std::fs::{File, OpenOptions};
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::os::fd::IntoRawFd;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const THREADS: usize = 2;
/// Calls of a round that are recorded.
const ROUND: u64 = 5 * 5 + 20 + 20 + 1;

/// Does what the words say; `false`: nothing of this file's.
pub(super) fn run(words: &[&str]) -> bool {
    let ["steady", dir, rate] = words else {
        return false;
    };
    steady(Path::new(dir), rate.parse().unwrap());
    true
}

fn steady(dir: &Path, rate: f64) {
    // Threads with memory of their own would call mprotect as it grows, which is recorded; this one calls brk, which is not.
    #[cfg(target_env = "gnu")]
    // SAFETY: the call has no conditions.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
    for at in 0..100 {
        std::fs::write(page(dir, at), format!("page {at}: {}", "content ".repeat(60))).unwrap();
    }
    let (ready, go, stop) = (
        Barrier::new(THREADS + 1),
        Barrier::new(THREADS + 1),
        AtomicBool::new(false),
    );
    let mut byte = [0];
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|number| {
                let mut caller = Caller::new(dir, number);
                let (ready, go, stop) = (&ready, &go, &stop);
                scope.spawn(move || {
                    // What a thread allocates for its first work is not counted.
                    caller.round();
                    ready.wait();
                    go.wait();
                    caller.until(stop, rate / THREADS as f64)
                })
            })
            .collect();
        ready.wait();
        let mut out = std::io::stdout();
        out.write_all(b"ready\n").unwrap();
        out.flush().unwrap();
        std::io::stdin().read_exact(&mut byte).unwrap();
        go.wait();
        std::io::stdin().read_exact(&mut byte).unwrap();
        stop.store(true, Ordering::Relaxed);
        let calls: u64 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        // Two reads, the ends of the threads, and this write.
        let calls = calls + 3 + THREADS as u64;
        out.write_all(format!("{calls}\n").as_bytes()).unwrap();
        out.flush().unwrap();
    });
    let _ = std::io::stdin().read(&mut byte);
}

fn page(dir: &Path, at: u64) -> PathBuf {
    dir.join(format!("page-{at}"))
}

struct Caller {
    dir: PathBuf,
    rounds: u64,
    own: File,
    pipe: (PipeReader, PipeWriter),
    datagrams: (UnixDatagram, UnixDatagram),
}

impl Caller {
    fn new(dir: &Path, number: usize) -> Caller {
        let own = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .clone();
        Caller {
            dir: dir.to_owned(),
            rounds: 0,
            own: own.open(dir.join(format!("own-{number}"))).unwrap(),
            pipe: std::io::pipe().unwrap(),
            datagrams: UnixDatagram::pair().unwrap(),
        }
    }

    /// [`ROUND`] calls that are recorded, and some that are not.
    fn round(&mut self) {
        self.rounds += 1;
        let mut bytes = [0; 1024];
        for at in 0..5 {
            let mut file = File::open(page(&self.dir, (self.rounds + at) % 100)).unwrap();
            let length = file.metadata().unwrap().len();
            assert_eq!(file.read(&mut bytes).unwrap() as u64, length);
            assert_eq!(file.read(&mut bytes).unwrap(), 0);
            file.read_at(&mut bytes, 8).unwrap();
            // Dropping it, a debug build asks first whether it is open.
            // SAFETY: nobody else owns the descriptor any more.
            unsafe { libc::close(file.into_raw_fd()) };
        }
        for at in 0..10 {
            let text = format!("round {} {at}", self.rounds);
            self.own.write_all_at(text.as_bytes(), at * 100).unwrap();
            self.own.read_exact_at(&mut bytes[..text.len()], at * 100).unwrap();
        }
        for _ in 0..5 {
            self.pipe.1.write_all(&bytes[..40]).unwrap();
            self.pipe.0.read_exact(&mut bytes[..40]).unwrap();
            self.datagrams.0.send(&bytes[..120]).unwrap();
            self.datagrams.1.recv(&mut bytes).unwrap();
        }
        assert!(File::open(self.dir.join("missing")).is_err());
        for _ in 0..10 {
            // SAFETY: getppid has no arguments and no effect.
            unsafe { libc::syscall(libc::SYS_getppid) };
        }
    }

    /// How many were recorded until it was told to stop.
    fn until(mut self, stop: &AtomicBool, rate: f64) -> u64 {
        let mut calls = 0;
        let mut since = (Instant::now(), 0);
        while !stop.load(Ordering::Relaxed) {
            self.round();
            calls += ROUND;
            let due = Duration::from_secs_f64((calls - since.1) as f64 / rate);
            let elapsed = since.0.elapsed();
            if elapsed > due + Duration::from_secs(1) {
                // Too late to be made up for.
                since = (Instant::now(), calls);
            } else if due > elapsed + Duration::from_millis(1) {
                thread::sleep(due - elapsed);
            }
        }
        // What it has open is closed by the process's end.
        std::mem::forget(self);
        calls
    }
}
