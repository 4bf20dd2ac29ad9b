//! Capabilities: what recording needs, and giving up the rest once it has begun.

use anyhow::{Context, Result};
use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Numbers from include/uapi/linux/capability.h.
const CAP_DAC_OVERRIDE: u32 = 1;
const CAP_DAC_READ_SEARCH: u32 = 2;
const CAP_SYS_PTRACE: u32 = 19;
const CAP_PERFMON: u32 = 38;
const CAP_BPF: u32 = 39;
/// Includes CAP_BPF and CAP_PERFMON.
pub(crate) const CAP_SYS_ADMIN: u32 = 21;

/// What is needed to begin a recording: number, name, what for.
pub(crate) const NEEDED: [(u32, &str, &str); 4] = [
    (CAP_BPF, "CAP_BPF", "loading the kernel program"),
    (CAP_PERFMON, "CAP_PERFMON", "reading kernel memory from it"),
    (
        CAP_SYS_PTRACE,
        "CAP_SYS_PTRACE",
        "reading descriptors of running processes",
    ),
    (
        CAP_DAC_READ_SEARCH,
        "CAP_DAC_READ_SEARCH",
        "reading /proc of other users",
    ),
];

/// `_LINUX_CAPABILITY_VERSION_3`: two words of 32 bits each.
const VERSION: u32 = 0x2008_0522;

#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Sets {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

fn get() -> Result<(u64, u64)> {
    let mut header = Header {
        version: VERSION,
        pid: 0,
    };
    let mut sets = [Sets::default(); 2];
    // SAFETY: a header and room for two words of sets, as version 3 wants them; 0 is the calling thread.
    if unsafe { libc::syscall(libc::SYS_capget, &raw mut header, sets.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error()).context("cannot read the capabilities");
    }
    let word = |low: u32, high: u32| u64::from(high) << 32 | u64::from(low);
    Ok((
        word(sets[0].effective, sets[1].effective),
        word(sets[0].permitted, sets[1].permitted),
    ))
}

fn set(effective: u64, permitted: u64) -> Result<()> {
    let mut header = Header {
        version: VERSION,
        pid: 0,
    };
    let word = |shift: u32| Sets {
        effective: (effective >> shift) as u32,
        permitted: (permitted >> shift) as u32,
        inheritable: 0,
    };
    let sets = [word(0), word(32)];
    // SAFETY: as in `get`.
    if unsafe { libc::syscall(libc::SYS_capset, &raw mut header, sets.as_ptr()) } != 0 {
        return Err(io::Error::last_os_error()).context("cannot give up capabilities");
    }
    Ok(())
}

/// The effective capabilities of this thread, a bit each.
pub(crate) fn effective() -> u64 {
    get().map_or(0, |(effective, _)| effective)
}

/// Gives up all capabilities but those for reading /proc, and for making files in `folders` where that takes one. To be
/// called before any other thread is started: each thread has its own. Loading and attaching is over by then, and maps
/// need no capability.
///
/// # Errors
/// When the kernel refuses, which it never has.
pub(crate) fn keep_what_is_needed(folders: &[impl AsRef<Path>]) -> Result<()> {
    let (_, permitted) = get()?;
    let reading = permitted & (1 << CAP_SYS_PTRACE | 1 << CAP_DAC_READ_SEARCH);
    let writing = permitted & 1 << CAP_DAC_OVERRIDE;
    set(reading, reading | writing)?;
    if writing != 0 {
        // Now as it would be without.
        let kept = if folders.iter().all(|folder| is_writable(folder.as_ref())) {
            reading
        } else {
            reading | writing
        };
        set(kept, kept)?;
    }
    Ok(())
}

/// Gives up all capabilities but these (a bit each), where there are any.
///
/// # Errors
/// When the kernel refuses, which it never has.
pub(crate) fn keep_only(wanted: u64) -> Result<()> {
    let (_, permitted) = get()?;
    set(permitted & wanted, permitted & wanted)
}

/// Whether files can be made in a folder with the effective rights.
fn is_writable(folder: &Path) -> bool {
    let Ok(path) = CString::new(folder.as_os_str().as_bytes()) else {
        return false;
    };
    // SAFETY: `path` is a string.
    unsafe { libc::faccessat(libc::AT_FDCWD, path.as_ptr(), libc::W_OK, libc::AT_EACCESS) == 0 }
}
