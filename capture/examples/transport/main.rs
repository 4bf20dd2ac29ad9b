//! Work for the tests of the transport: calls that say in their payload which they are.
//!
//! - `stream COUNT MOST`: COUNT writes of up to MOST bytes to /dev/null, each with content and length of its own, with
//!   pauses, so that a small ring can hold what comes between two looks at it.
//! - `hop THREADS COUNT`: each thread makes COUNT writes of its number and a counter, and changes its CPU all the time.
//! - `bursts COUNT SIZE`: COUNT times nothing for a while, then writes that fill SIZE bytes of a ring, and again.
//! - `on CPU COUNT`: COUNT writes on this CPU.
//! - `crowd COUNT CHILDREN`: stops the recorder, which is the parent, makes COUNT calls and then CHILDREN children that end at
//!   once, all on CPU 0, and lets the recorder go on.
//! - `come CPU COUNT`: COUNT writes on CPU 0 and, after taking it online, on this one; then it goes offline, and all again.

mod content;

use content::content;
use std::fs::File;
use std::io::Write;
use std::time::Duration;

/// Pins this thread.
fn pin(cpu: usize) {
    // SAFETY: a set of CPUs that is all zeros is an empty one, and valid for the call.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(cpu, &mut set);
        assert_eq!(
            libc::sched_setaffinity(0, size_of_val(&set), &raw const set),
            0,
            "CPU {cpu}"
        );
    }
}

fn on(mut null: &File, cpu: u32, count: u32) {
    pin(cpu as usize);
    for at in 0..count {
        null.write_all(format!("on {cpu} {at}").as_bytes()).unwrap();
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse::<u32>().expect("a number");
    let mut null = File::create("/dev/null").expect("/dev/null");
    match words.as_slice() {
        ["stream", count, most] => {
            let (count, most) = (number(count), number(most));
            for at in 0..count {
                null.write_all(&content(at, most)).unwrap();
                if at % 64 == 63 {
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
        }
        ["hop", threads, count] => {
            let count = number(count);
            let cpus = std::thread::available_parallelism().map_or(1, usize::from);
            std::thread::scope(|scope| {
                for thread in 0..number(threads) {
                    let mut null = &null;
                    scope.spawn(move || {
                        for at in 0..count {
                            if at % 16 == 0 {
                                pin((thread + at / 16) as usize % cpus);
                            }
                            let word = u64::from(thread) << 32 | u64::from(at);
                            null.write_all(&word.to_le_bytes()).unwrap();
                        }
                    });
                }
            });
        }
        ["bursts", count, size] => {
            // Header, three arguments, payload with its header, padded to 8.
            let record = 40 + 3 * 8 + 8 + 64;
            pin(0);
            for _ in 0..number(count) {
                std::thread::sleep(Duration::from_millis(400));
                for _ in 0..2 {
                    for _ in 0..number(size) / record {
                        null.write_all(&[b'b'; 64]).unwrap();
                    }
                    std::thread::sleep(Duration::from_millis(40));
                }
            }
        }
        ["on", cpu, count] => on(&null, number(cpu), number(count)),
        ["come", cpu, count] => {
            let switch = format!("/sys/devices/system/cpu/cpu{cpu}/online");
            for _ in 0..2 {
                on(&null, 0, number(count));
                std::fs::write(&switch, "1").unwrap();
                on(&null, number(cpu), number(count));
                pin(0);
                std::fs::write(&switch, "0").unwrap();
            }
        }
        ["crowd", count, children] => {
            pin(0);
            // SAFETY: no call touches memory; the child ends at once.
            unsafe {
                let recorder = libc::getppid();
                assert_eq!(libc::kill(recorder, libc::SIGSTOP), 0);
                for _ in 0..number(count) {
                    libc::syscall(libc::SYS_getppid);
                }
                for _ in 0..number(children) {
                    let child = libc::fork();
                    if child == 0 {
                        libc::_exit(7);
                    }
                    assert_eq!(libc::waitpid(child, std::ptr::null_mut(), 0), child);
                }
                assert_eq!(libc::kill(recorder, libc::SIGCONT), 0);
            }
            std::thread::sleep(Duration::from_millis(300));
        }
        other => panic!("unknown work {other:?}"),
    }
}
