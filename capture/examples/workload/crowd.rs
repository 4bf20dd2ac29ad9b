//! More than a host usually has: processes, descriptors, arguments, paths.
//!
//! `workload crowd N` starts so many sleeping processes | `workload opened N` opens so many descriptors and reads from the
//! last one | `workload big` executes with the longest arguments and opens the longest path.

use std::ffi::CString;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::process::Command;

/// Does what the words say; `false`: nothing of this file's.
pub(super) fn run(words: &[&str]) -> bool {
    match words {
        ["crowd", count] => crowd(count.parse().unwrap()),
        ["opened", count] => opened(count.parse().unwrap()),
        ["big"] => big(),
        _ => return false,
    }
    true
}

/// Says that it is done, then waits until standard input ends or has a byte.
fn ready() {
    let mut out = std::io::stdout();
    out.write_all(b"ready\n").unwrap();
    out.flush().unwrap();
    let _ = std::io::stdin().read(&mut [0]);
}

fn crowd(count: usize) {
    let mut children = Vec::new();
    for _ in 0..count {
        // SAFETY: the child only waits for a signal, and goes with its parent.
        let pid = unsafe {
            let pid = libc::fork();
            if pid == 0 {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                loop {
                    libc::pause();
                }
            }
            pid
        };
        assert!(pid > 0, "{}", std::io::Error::last_os_error());
        children.push(pid);
    }
    ready();
    for pid in children {
        // SAFETY: our own child, which nobody has waited for.
        unsafe {
            libc::kill(pid, libc::SIGKILL);
            libc::waitpid(pid, std::ptr::null_mut(), 0);
        }
    }
}

fn opened(count: usize) {
    let limit = libc::rlimit {
        rlim_cur: count as u64 + 64,
        rlim_max: count as u64 + 64,
    };
    // SAFETY: a limit for this process, valid for the call.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
    let files: Vec<std::fs::File> = (0..count).map(|_| std::fs::File::open("/dev/zero").unwrap()).collect();
    ready();
    let mut last = files.last().unwrap();
    assert_eq!(last.read(&mut [0; 7]).unwrap(), 7);
    assert!(last.as_raw_fd() as usize >= count);
}

fn big() {
    // The kernel takes 128 KiB an argument and, with 8 MiB of stack, 2 MiB in all.
    let argument = "a".repeat((128 << 10) - 1);
    let mut command = Command::new("true");
    command.env_clear().args(vec![argument; 15]);
    assert!(command.status().unwrap().success());
    let part = b"/\n\xff\x1b[31m'\"";
    let path: Vec<u8> = part.iter().copied().cycle().take(4095).collect();
    let too_long: Vec<u8> = part.iter().copied().cycle().take(5000).collect();
    for path in [path, too_long] {
        let path = CString::new(path).unwrap();
        // SAFETY: `path` is a string.
        assert_eq!(unsafe { libc::open(path.as_ptr(), libc::O_RDONLY) }, -1);
    }
}
