//! The command that a recording runs: it waits until the probes are attached and is recorded from its exec on.

use anyhow::{Context, Result};
use std::ffi::{CString, OsString};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

/// A child that has not exec'ed yet.
pub(super) struct Command {
    pid: libc::pid_t,
    go: Option<OwnedFd>,
    failed: OwnedFd,
    program: String,
}

fn pipe() -> Result<(OwnedFd, OwnedFd)> {
    let mut fds = [0; 2];
    // SAFETY: `fds` has room for the two descriptors.
    if unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
        return Err(io::Error::last_os_error()).context("cannot make a pipe");
    }
    // SAFETY: the call has just made both, and nobody else owns them.
    Ok(unsafe { (OwnedFd::from_raw_fd(fds[0]), OwnedFd::from_raw_fd(fds[1])) })
}

impl Command {
    /// Forks the child, which waits. To be called before any thread is started.
    pub(super) fn prepare(argv: &[OsString]) -> Result<Command> {
        let program = argv.first().context("no command")?.to_string_lossy().into_owned();
        let args: Vec<CString> = argv
            .iter()
            .map(|a| CString::new(a.as_bytes()))
            .collect::<Result<_, _>>()
            .context("a NUL byte in the command")?;
        let mut pointers: Vec<*const libc::c_char> = args.iter().map(|a| a.as_ptr()).collect();
        pointers.push(std::ptr::null());
        let (wait, go) = pipe()?;
        let (failed, tell) = pipe()?;
        // SAFETY: this process has one thread; the child makes only async-signal-safe calls.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()).context("cannot fork"),
            0 => {
                // SAFETY: descriptors and arrays are valid in the child, too; `_exit` ends it without running anything
                // of the parent's.
                unsafe {
                    let mut byte = 0u8;
                    libc::close(go.as_raw_fd());
                    // Nothing to read: the recorder gave up.
                    if libc::read(wait.as_raw_fd(), (&raw mut byte).cast(), 1) == 1 {
                        libc::execvp(pointers[0], pointers.as_ptr());
                        let error = *libc::__errno_location();
                        libc::write(tell.as_raw_fd(), (&raw const error).cast(), size_of_val(&error));
                    }
                    libc::_exit(127)
                }
            }
            pid => Ok(Command {
                pid,
                go: Some(go),
                failed,
                program,
            }),
        }
    }

    /// Process id of the child.
    pub(super) fn pid(&self) -> u32 {
        self.pid as u32
    }

    /// Lets it exec.
    ///
    /// # Errors
    /// When it cannot be executed.
    pub(super) fn start(&mut self) -> Result<()> {
        let go = self.go.take().context("the command runs already")?;
        // SAFETY: `go` is open and the byte is valid.
        if unsafe { libc::write(go.as_raw_fd(), [1u8].as_ptr().cast(), 1) } != 1 {
            return Err(io::Error::last_os_error()).context("the command ended before it was started");
        }
        let mut errno = [0u8; 4];
        // SAFETY: `errno` has room for four bytes; the other end closes at exec.
        if unsafe { libc::read(self.failed.as_raw_fd(), errno.as_mut_ptr().cast(), 4) } == 4 {
            let error = io::Error::from_raw_os_error(i32::from_le_bytes(errno));
            return Err(error).with_context(|| format!("cannot execute {}", self.program));
        }
        Ok(())
    }

    /// The exit status as a shell gives it, once it has ended.
    pub(super) fn exit_status(&self) -> Option<u8> {
        let mut status = 0;
        // SAFETY: `status` is a valid place for the result.
        if unsafe { libc::waitpid(self.pid, &mut status, libc::WNOHANG) } != self.pid {
            return None;
        }
        Some(if libc::WIFSIGNALED(status) {
            128 + libc::WTERMSIG(status) as u8
        } else {
            libc::WEXITSTATUS(status) as u8
        })
    }

    /// Passes a signal on.
    pub(super) fn signal(&self, signal: i32) {
        // SAFETY: kill has no memory effects; the child has not been waited for, so the id is its own.
        unsafe { libc::kill(self.pid, signal) };
    }
}
