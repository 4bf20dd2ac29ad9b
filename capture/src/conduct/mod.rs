//! How the recorder behaves as a process: the rights that it keeps, the calls that it can make, the CPU that it takes.

mod capabilities;
mod limit;
mod pages;
mod seccomp;

pub(crate) use capabilities::{CAP_SYS_ADMIN, NEEDED, effective, keep_only, keep_what_is_needed};
pub(crate) use limit::CpuLimit;
pub(crate) use pages::OwnPages;
pub(crate) use seccomp::{confine, confine_agent};

use anyhow::{Context, Result};
use std::io;

/// Lets any thread of this process take a nice level as low as this, without CAP_SYS_NICE; [`set_nice`] is for later, when
/// other threads have been started.
///
/// # Errors
/// It needs CAP_SYS_RESOURCE.
pub(crate) fn allow_nice(level: i32) -> Result<()> {
    // As getrlimit(2) counts: 20 minus the level.
    let most = libc::rlim_t::try_from(20 - level.clamp(-20, 19)).unwrap_or(1);
    let limit = libc::rlimit {
        rlim_cur: most,
        rlim_max: most,
    };
    // SAFETY: the structure is valid for the call.
    if unsafe { libc::setrlimit(libc::RLIMIT_NICE, &raw const limit) } != 0 {
        return Err(io::Error::last_os_error()).with_context(|| format!("cannot allow the nice level {level}"));
    }
    Ok(())
}

/// Sets the nice level of this thread and of those that it will start.
///
/// # Errors
/// A level below the present one needs CAP_SYS_NICE or [`allow_nice`].
pub(crate) fn set_nice(level: i32) -> Result<()> {
    // SAFETY: setpriority has no memory effects; 0 is this thread.
    if unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, level) } != 0 {
        return Err(io::Error::last_os_error()).with_context(|| format!("cannot set the nice level {level}"));
    }
    Ok(())
}
