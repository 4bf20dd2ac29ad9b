//! Closing a tracepoint of a system call waits until no CPU can be in it, some 50 ms for each, one after the other
//! (`perf_trace_destroy` under `event_mutex`). With the tracepoints of all calls that are read when they begin that is
//! seconds, which neither sealing nor whoever waits for the recorder's end should pay. So a process that does nothing else
//! keeps them open a little longer than the recorder.

use anyhow::{Context, Result};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// The process that closes last; it ends when this is dropped or the recorder dies.
pub(super) struct Closer {
    pid: u32,
    /// The other end is the process's; nothing is ever written.
    _alive: OwnedFd,
}

impl Closer {
    /// Forks the process, with all descriptors that are open now. To be called before any thread is started, and before
    /// there is anything that must be detached at once.
    pub(super) fn start() -> Result<Closer> {
        let mut fds = [0; 2];
        // SAFETY: `fds` has room for the two descriptors.
        if unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
            return Err(io::Error::last_os_error()).context("cannot make a pipe");
        }
        // SAFETY: the call has just made both, and nobody else owns them.
        let (ended, alive) = unsafe { (OwnedFd::from_raw_fd(fds[0]), OwnedFd::from_raw_fd(fds[1])) };
        // SAFETY: this process has one thread; the child makes only async-signal-safe calls and never returns.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()).context("cannot fork"),
            // SAFETY: this is the child; both descriptors are its own copies.
            0 => unsafe { wait(ended.as_raw_fd(), alive.as_raw_fd()) },
            pid => Ok(Closer {
                pid: pid as u32,
                _alive: alive,
            }),
        }
    }

    /// Its process id.
    pub(super) fn pid(&self) -> u32 {
        self.pid
    }
}

/// What the child does.
///
/// # Safety
/// Only async-signal-safe calls are made, on descriptors that are this process's own.
unsafe fn wait(ended: i32, alive: i32) -> ! {
    // SAFETY: see above; every pointer is to something on this stack or static.
    unsafe {
        // Ctrl-C goes to all processes of a terminal, and it is the recorder that decides.
        let mut all = std::mem::zeroed();
        libc::sigfillset(&mut all);
        libc::sigprocmask(libc::SIG_BLOCK, &all, std::ptr::null_mut());
        libc::prctl(libc::PR_SET_NAME, c"capture-closer".as_ptr());
        // Whoever reads what the recorder says waits for its end, not for this one's.
        let null = libc::open(c"/dev/null".as_ptr(), libc::O_RDWR);
        for standard in 0..3 {
            libc::dup2(null, standard);
        }
        libc::close(alive);
        let mut byte = 0u8;
        while libc::read(ended, (&raw mut byte).cast(), 1) == -1 && *libc::__errno_location() == libc::EINTR {}
        // The recorder is about to end, or is ending: its descriptors go first.
        libc::usleep(200_000);
        libc::_exit(0)
    }
}
