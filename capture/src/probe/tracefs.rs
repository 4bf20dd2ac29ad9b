//! Where the kernel describes its tracepoints. Not every host has it mounted, and a recorder changes nothing on a host.

use anyhow::{Context, Result};
use std::ffi::CStr;
use std::io;
use std::path::Path;

/// Where it is mounted; the second place is that of older systems.
const PLACES: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];
const PLACE: &CStr = c"/sys/kernel/tracing";

/// Whether it tells of tracepoints of this category here.
pub(super) fn has(category: &str) -> bool {
    PLACES
        .iter()
        .any(|root| Path::new(root).join("events").join(category).is_dir())
}

/// Does `work` where tracepoints of this category can be seen: here, or else in a thread that mounts tracefs for itself
/// alone.
///
/// # Errors
/// The kernel does not let it be mounted (it needs CAP_SYS_ADMIN), or does not have it.
pub(super) fn with<T: Send>(category: &str, work: impl FnOnce() -> T + Send) -> Result<T> {
    if has(category) {
        return Ok(work());
    }
    std::thread::scope(|scope| {
        let alone = scope.spawn(|| -> Result<T> {
            mount_for_this_thread().with_context(|| format!("mount -t tracefs tracefs {}", PLACES[0]))?;
            anyhow::ensure!(has(category), "this kernel has no {category} in tracefs");
            Ok(work())
        });
        alone
            .join()
            .unwrap_or_else(|_| Err(anyhow::anyhow!("the thread that mounts tracefs has ended")))
    })
}

/// What this thread mounts is gone with it, and nobody else sees it.
fn mount_for_this_thread() -> io::Result<()> {
    let done = |result: libc::c_int| {
        if result == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    };
    // SAFETY: all strings are constants that end with a NUL; no data is handed over.
    unsafe {
        done(libc::unshare(libc::CLONE_NEWNS))?;
        let private = libc::MS_REC | libc::MS_PRIVATE;
        done(libc::mount(
            std::ptr::null(),
            c"/".as_ptr(),
            std::ptr::null(),
            private,
            std::ptr::null(),
        ))?;
        let kind = c"tracefs".as_ptr();
        done(libc::mount(kind, PLACE.as_ptr(), kind, 0, std::ptr::null()))
    }
}
