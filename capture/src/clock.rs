//! Clocks: the kernel program stamps records with the boot clock, the trace has real time.

use afterimage_format::model::ClockAnchor;

fn now(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place for the result; the clocks used here always exist.
    unsafe { libc::clock_gettime(clock, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Nanoseconds of the boot clock.
pub(crate) fn boottime() -> u64 {
    now(libc::CLOCK_BOOTTIME)
}

/// Both clocks at the same instant: of a few tries, the one with the least time between.
pub(crate) fn anchor() -> ClockAnchor {
    let measure = || {
        let before = boottime();
        let realtime = now(libc::CLOCK_REALTIME);
        let after = boottime();
        (
            after - before,
            ClockAnchor {
                boottime: before + (after - before) / 2,
                realtime,
            },
        )
    };
    (0..8)
        .map(|_| measure())
        .min_by_key(|(spread, _)| *spread)
        .map(|(_, anchor)| anchor)
        .unwrap_or_default()
}
