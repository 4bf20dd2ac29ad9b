//! SIGINT, SIGTERM and SIGQUIT end a recording, SIGHUP begins another file, SIGUSR1 asks how it is going; the drain loop
//! looks for them.

use anyhow::{Context, Result};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

static END: AtomicI32 = AtomicI32::new(0);
static ROTATE: AtomicBool = AtomicBool::new(false);
static STATUS: AtomicBool = AtomicBool::new(false);

extern "C" fn note(signal: libc::c_int) {
    match signal {
        libc::SIGHUP => ROTATE.store(true, Ordering::Relaxed),
        libc::SIGUSR1 => STATUS.store(true, Ordering::Relaxed),
        _ => END.store(signal, Ordering::Relaxed),
    }
}

/// Notes signals from now on instead of dying of them.
pub(crate) fn install() -> Result<()> {
    // At a limit on file sizes the write shall fail, and the file be sealed, as on a full disk.
    // SAFETY: ignoring a signal has no preconditions.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGQUIT, libc::SIGHUP, libc::SIGUSR1] {
        // SAFETY: zero is a valid sigaction; the handler only stores into atomics.
        let done = unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = note as *const () as usize;
            libc::sigaction(signal, &action, std::ptr::null_mut())
        };
        if done != 0 {
            return Err(io::Error::last_os_error()).context("cannot handle signals");
        }
    }
    Ok(())
}

/// The signal to end that came since the last call, if one did.
pub(crate) fn received() -> Option<i32> {
    match END.swap(0, Ordering::Relaxed) {
        0 => None,
        signal => Some(signal),
    }
}

/// Whether another file was asked for since the last call.
pub(crate) fn wants_rotation() -> bool {
    ROTATE.swap(false, Ordering::Relaxed)
}

/// Whether somebody asked how it is going since the last call.
pub(crate) fn wants_status() -> bool {
    STATUS.swap(false, Ordering::Relaxed)
}
