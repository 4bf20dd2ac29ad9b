//! What a program of the kernel's does that meets another one at work on its CPU, as one in an interrupt would: it writes
//! nothing and counts. Whether another one is at work is a word in memory that the recorder shares; here the recorder sets
//! it.

use super::rings::Source;
use super::{Probe, Settings, Wanted, Way};
use crate::catalogue::Catalogue;
use crate::events::Raw;
use afterimage_abi::{RING_SIZE, condition, loss};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

const CALLS: u64 = 1000;
/// The answer that lets it go, and its own.
const BESIDE: u64 = 2;

/// Whether this test can run; else says that it does not, where `cargo xtask test` looks.
fn can_record(name: &str) -> bool {
    // SAFETY: geteuid has no preconditions.
    if unsafe { libc::geteuid() } == 0 {
        return true;
    }
    println!("SKIPPED: {name}: not root");
    if let Some(log) = std::env::var_os("AFTERIMAGE_SKIP_LOG") {
        let mut log = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        writeln!(log, "SKIPPED: {name}: not root").unwrap();
    }
    false
}

/// A process on CPU 0 that makes [`CALLS`] calls whenever a byte comes, and answers with one.
struct Caller {
    pid: i32,
    line: UnixStream,
}

impl Caller {
    fn start() -> Caller {
        let (line, other) = UnixStream::pair().unwrap();
        let (mine, theirs) = (line.as_raw_fd(), other.as_raw_fd());
        // SAFETY: the child makes only system calls, with memory of its own stack, and ends with `_exit`.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            // SAFETY: as above.
            unsafe {
                let mut set: libc::cpu_set_t = std::mem::zeroed();
                libc::CPU_SET(0, &mut set);
                libc::sched_setaffinity(0, size_of_val(&set), &raw const set);
                libc::close(mine);
                let mut byte = 0u8;
                while libc::read(theirs, (&raw mut byte).cast(), 1) == 1 {
                    for _ in 0..CALLS {
                        libc::syscall(libc::SYS_getppid);
                    }
                    libc::write(theirs, (&raw const byte).cast(), 1);
                }
                libc::_exit(0)
            }
        }
        Caller { pid, line }
    }

    fn call(&mut self) {
        self.line.write_all(&[1]).unwrap();
        self.line.read_exact(&mut [0]).unwrap();
        // Its answer is here before its call returns.
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        // SAFETY: no memory effects; the child has not been waited for.
        unsafe {
            libc::kill(self.pid, libc::SIGKILL);
            libc::waitpid(self.pid, std::ptr::null_mut(), 0);
        }
    }
}

fn check(name: &str, wanted: Wanted) {
    if !can_record(name) {
        return;
    }
    let catalogue = Catalogue::new();
    let mut probe = Probe::load(&Settings {
        helper: 0,
        scope: condition::PROCESS,
        snaplen: 0,
        latency: false,
        way: Way {
            wanted,
            size: RING_SIZE,
        },
        specs: catalogue.specs,
        entries: Vec::new(),
        compat_specs: catalogue.compat_specs,
    })
    .unwrap();
    let mut caller = Caller::start();
    // What it does to begin with is over then.
    caller.call();
    probe.add_alone(caller.pid as u32).unwrap();
    probe.attach().unwrap();
    let rings = &probe.rings;
    caller.call();
    let (written, lost) = rings.counters(0);
    assert_eq!((written, lost), (CALLS + BESIDE, [0; 3]));
    let before = rings.span(0);
    assert!(before.at < before.end && !before.writing);

    rings.head(0).set_busy(true);
    caller.call();
    assert!(rings.is_writing() && rings.span(0).writing);
    rings.head(0).set_busy(false);
    let (written, lost) = rings.counters(0);
    assert_eq!(written, CALLS + BESIDE, "something was written");
    assert_eq!(lost[loss::BUSY], CALLS + BESIDE, "{lost:?}");
    assert_eq!((lost[loss::FULL], lost[loss::SCOPE]), (0, 0));
    assert_eq!(rings.span(0), before, "something was published");

    caller.call();
    assert_eq!(rings.counters(0).0, 2 * (CALLS + BESIDE));
    // Twice the same, one behind the other, and nothing between them.
    let (mut at, mut calls) = (before.at, Vec::new());
    let end = rings.span(0).end;
    while at < end {
        let found = rings.record(0, at, end).unwrap();
        let header = Raw::header(found.bytes).unwrap();
        assert_eq!((header.tgid_tid >> 32, found.cpu), (caller.pid as u64, 0));
        calls.push(i64::from(header.nr));
        at = found.next;
    }
    let mut once = vec![libc::SYS_read];
    once.extend([libc::SYS_getppid; CALLS as usize]);
    once.push(libc::SYS_write);
    assert_eq!(calls, [once.clone(), once].concat());
}

#[test]
fn what_meets_a_program_at_work_is_counted() {
    check("what_meets_a_program_at_work_is_counted", Wanted::Ring);
}

#[test]
fn what_meets_a_program_at_work_is_counted_with_ring_buffers() {
    check(
        "what_meets_a_program_at_work_is_counted_with_ring_buffers",
        Wanted::Ringbuf,
    );
}
