//! How the recorder behaves as a process: the rights that it keeps, the calls that it can make, the CPU that it takes.

mod capabilities;
mod limit;
mod seccomp;

pub(crate) use capabilities::{CAP_SYS_ADMIN, NEEDED, effective, keep_only, keep_what_is_needed};
pub(crate) use limit::CpuLimit;
pub(crate) use seccomp::{confine, confine_agent};

use anyhow::{Context, Result};
use std::io;

/// Sets the nice level of this process and of the threads that it will start.
///
/// # Errors
/// A level below the present one needs CAP_SYS_NICE.
pub(crate) fn set_nice(level: i32) -> Result<()> {
    // SAFETY: setpriority has no memory effects; 0 is this process.
    if unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, level) } != 0 {
        return Err(io::Error::last_os_error()).with_context(|| format!("cannot set the nice level {level}"));
    }
    Ok(())
}
