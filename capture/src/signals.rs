//! SIGINT, SIGTERM, SIGHUP and SIGQUIT end a recording; the drain loop asks for them.

use anyhow::{Context, Result};
use std::io;
use std::sync::atomic::{AtomicI32, Ordering};

static RECEIVED: AtomicI32 = AtomicI32::new(0);

extern "C" fn note(signal: libc::c_int) {
    RECEIVED.store(signal, Ordering::Relaxed);
}

/// Notes signals from now on instead of dying of them.
pub(crate) fn install() -> Result<()> {
    // At a limit on file sizes the write shall fail, and the file be sealed, as on a full disk.
    // SAFETY: ignoring a signal has no preconditions.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT] {
        // SAFETY: zero is a valid sigaction; the handler only stores into an atomic.
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

/// The signal that came since the last call, if one did.
pub(crate) fn received() -> Option<i32> {
    match RECEIVED.swap(0, Ordering::Relaxed) {
        0 => None,
        signal => Some(signal),
    }
}
