//! `capture record` as a child: started, known to be ready, sealed, and what it took.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process;

/// Exit status of `capture` and `analyze` for "done, and the trace tells of losses".
pub(crate) const DONE_WITH_LOSSES: i32 = 3;

/// Attaching may have to read the kernel's types on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A recorder at work; killed when dropped before it was sealed.
pub(crate) struct Recorder {
    child: Child,
    ended: bool,
}

/// A recorder that has ended.
pub(crate) struct Sealed {
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// Processor time of the recorder and its children, user and system.
    pub(crate) cpu: Duration,
    /// Largest resident memory in bytes.
    pub(crate) peak_memory: u64,
}

impl Recorder {
    /// Starts `capture record` into `trace`, with further arguments, and waits until it records.
    ///
    /// `scratch` takes the file that says so.
    pub(crate) fn start(capture: &Path, trace: &Path, scratch: &Path, arguments: &[&str]) -> Result<Self> {
        let ready = scratch.join("recorder-ready");
        // One of an earlier recorder would be taken for this one's.
        if ready.exists() {
            fs::remove_file(&ready).with_context(|| format!("cannot remove {}", ready.display()))?;
        }
        let mut command = Command::new(capture);
        command
            .args(["record", "--force", "-o"])
            .arg(trace)
            .arg("--ready-file")
            .arg(&ready)
            .args(arguments);
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {}", capture.display()))?;
        let mut recorder = Self { child, ended: false };
        let started = process::wait_until(PATIENCE, || match recorder.child.try_wait()? {
            Some(status) => {
                bail!("the recorder ended before it was ready: {status} (`capture doctor` says what is missing)")
            }
            None => Ok(ready.exists()),
        })?;
        if !started {
            bail!("the recorder was not ready within {} seconds", PATIENCE.as_secs());
        }
        Ok(recorder)
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends the recording as Ctrl-C does, and waits for the sealed file.
    pub(crate) fn seal(mut self) -> Result<Sealed> {
        process::signal(self.child.id(), libc::SIGINT)?;
        let sealed = wait(self.child.id())?;
        self.ended = true;
        Ok(sealed)
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if !self.ended {
            // Both fail only where it has ended already.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

impl Sealed {
    /// An error where the recorder failed; losses, which the trace tells of, are no failure.
    pub(crate) fn check(&self) -> Result<()> {
        match self.status.code() {
            Some(0 | DONE_WITH_LOSSES) => Ok(()),
            _ => bail!("the recorder failed: {}", self.status),
        }
    }
}

/// Waits for a child and takes what it used, which std does not tell.
fn wait(pid: u32) -> Result<Sealed> {
    let pid = libc::pid_t::try_from(pid).context("process id out of range")?;
    let mut status = 0;
    // SAFETY: an all-zero rusage is a valid one, made of integers only.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers are to live variables of the types that wait4 writes.
        if unsafe { libc::wait4(pid, &mut status, 0, &mut usage) } == pid {
            break;
        }
        let error = std::io::Error::last_os_error();
        if error.kind() != std::io::ErrorKind::Interrupted {
            return Err(error).context("cannot wait for the recorder");
        }
    }
    Ok(Sealed {
        status: ExitStatus::from_raw(status),
        cpu: duration(usage.ru_utime) + duration(usage.ru_stime),
        // Linux counts in KiB (getrusage(2)).
        peak_memory: u64::try_from(usage.ru_maxrss).unwrap_or(0) * 1024,
    })
}

fn duration(time: libc::timeval) -> Duration {
    let part = |value: i64| u64::try_from(value).unwrap_or(0);
    Duration::from_secs(part(time.tv_sec)) + Duration::from_micros(part(time.tv_usec))
}
