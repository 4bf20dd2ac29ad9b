//! Calls the kernel more often than the recorder's rings can hold while the recorder, which is the parent, is stopped;
//! a counter of the kernel's own says how often exactly.
//!
//! starve CALLS: two threads make CALLS calls each. Prints `calls N`: all calls of this process from the one that starts
//! the counter (included) to the one that reads it (not included).

use std::io::Read;
use std::os::fd::{AsRawFd, FromRawFd};
use std::sync::Barrier;
use std::time::Duration;

const PERF_TYPE_TRACEPOINT: u32 = 2;
/// Also what threads do that begin later.
const INHERIT: u64 = 1 << 1;
const DISABLED: u64 = 1;
/// PERF_EVENT_IOC_ENABLE (include/uapi/linux/perf_event.h).
const ENABLE: libc::c_ulong = 0x2400;

/// The first bytes of `struct perf_event_attr` (PERF_ATTR_SIZE_VER0).
#[repr(C)]
#[derive(Default)]
struct Attributes {
    ty: u32,
    size: u32,
    config: u64,
    period: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup: u32,
    breakpoint: u32,
    address: u64,
}

/// A counter of the system calls of this process that return; not started.
fn counter() -> std::fs::File {
    let id = std::fs::read_to_string("/sys/kernel/tracing/events/raw_syscalls/sys_exit/id").expect("tracefs");
    let attributes = Attributes {
        ty: PERF_TYPE_TRACEPOINT,
        size: size_of::<Attributes>() as u32,
        config: id.trim().parse().expect("a number"),
        flags: DISABLED | INHERIT,
        ..Attributes::default()
    };
    // SAFETY: the attributes are as long as they say; the descriptor is this file's alone.
    unsafe {
        let fd = libc::syscall(libc::SYS_perf_event_open, &raw const attributes, 0, -1, -1, 0);
        assert!(fd >= 0, "perf_event_open: {}", std::io::Error::last_os_error());
        std::fs::File::from_raw_fd(fd as i32)
    }
}

fn signal_recorder(signal: i32) {
    // SAFETY: neither call touches memory.
    assert_eq!(unsafe { libc::kill(libc::getppid(), signal) }, 0);
}

fn main() {
    let calls: u64 = std::env::args().nth(1).and_then(|n| n.parse().ok()).expect("CALLS");
    let mut counter = counter();
    // SAFETY: the request takes no argument.
    assert_eq!(unsafe { libc::ioctl(counter.as_raw_fd(), ENABLE, 0) }, 0);
    let [begin, end, leave] = [3, 3, 3].map(Barrier::new);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                begin.wait();
                for _ in 0..calls {
                    // SAFETY: no memory effects.
                    unsafe { libc::syscall(libc::SYS_getppid) };
                }
                end.wait();
                leave.wait();
            });
        }
        // Births and deaths of threads come before and after, so that calls are all that is lost.
        std::thread::sleep(Duration::from_millis(300));
        signal_recorder(libc::SIGSTOP);
        begin.wait();
        end.wait();
        signal_recorder(libc::SIGCONT);
        std::thread::sleep(Duration::from_millis(500));
        leave.wait();
    });
    std::thread::sleep(Duration::from_millis(300));
    let mut count = [0; 8];
    counter.read_exact(&mut count).expect("a count");
    println!("calls {}", u64::from_le_bytes(count));
}
