//! How glibc's allocator is to keep what is freed; others are left as they are.

/// From this size on memory is mapped, and goes back to the system when it is freed. It is glibc's own first value, which
/// it raises as larger pieces are freed: then columns of segments stay for ever, in the peak as well (45 MB instead of 41 for
/// 3 million getpid, 50 instead of 44 in bursts: `cargo xtask bench record`). It costs 0.04 us of CPU an event.
pub(crate) const MAPPED: usize = 128 << 10;

/// Heaps that all threads share: glibc gives each thread one of its own, and what one has free the others cannot use.
#[cfg(target_env = "gnu")]
const ARENAS: libc::c_int = 1;

/// To be called first.
pub(crate) fn keep_small() {
    #[cfg(target_env = "gnu")]
    // SAFETY: the call has no conditions.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED as libc::c_int);
        libc::mallopt(libc::M_ARENA_MAX, ARENAS);
    }
}

/// Gives back what is free: loading needs some 15 MB more than recording.
pub(crate) fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: the call has no conditions.
    unsafe {
        libc::malloc_trim(0);
    }
}
