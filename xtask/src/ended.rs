//! Children that have ended: how, and what they took.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// Exit status of `capture` and `analyze` for "done, and the trace tells of losses".
pub(crate) const DONE_WITH_LOSSES: i32 = 3;

/// A child that has ended.
pub(crate) struct Ended {
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// Processor time of it and its children, user and system.
    pub(crate) cpu: Duration,
    /// Largest resident memory in bytes.
    pub(crate) peak_memory: u64,
}

impl Ended {
    /// For one of this workspace's programs: an error where it failed; losses, which the trace tells of, are no failure.
    pub(crate) fn check(&self, program: &str) -> Result<()> {
        match self.status.code() {
            Some(0 | DONE_WITH_LOSSES) => Ok(()),
            _ => bail!("{program} failed: {}", self.status),
        }
    }
}

/// Waits for a child and takes what it used, which std does not tell.
pub(crate) fn wait(pid: u32) -> Result<Ended> {
    let id = libc::pid_t::try_from(pid).context("process id out of range")?;
    let mut status = 0;
    // SAFETY: an all-zero rusage is a valid one, made of integers only.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers are to live variables of the types that wait4 writes.
        if unsafe { libc::wait4(id, &mut status, 0, &mut usage) } == id {
            break;
        }
        let error = std::io::Error::last_os_error();
        if error.kind() != std::io::ErrorKind::Interrupted {
            return Err(error).with_context(|| format!("cannot wait for process {pid}"));
        }
    }
    Ok(Ended {
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
