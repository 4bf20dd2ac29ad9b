//! Clocks and timers.

#[rustfmt::skip]
pub(super) const CLOCK: &[(i64, &str)] = &[
    (0, "CLOCK_REALTIME"), (1, "CLOCK_MONOTONIC"), (2, "CLOCK_PROCESS_CPUTIME_ID"), (3, "CLOCK_THREAD_CPUTIME_ID"),
    (4, "CLOCK_MONOTONIC_RAW"), (5, "CLOCK_REALTIME_COARSE"), (6, "CLOCK_MONOTONIC_COARSE"), (7, "CLOCK_BOOTTIME"),
    (8, "CLOCK_REALTIME_ALARM"), (9, "CLOCK_BOOTTIME_ALARM"), (11, "CLOCK_TAI"),
];

#[rustfmt::skip]
pub(super) const TIMER: &[(i64, &str)] = &[
    (1, "TIMER_ABSTIME"),
];

#[rustfmt::skip]
pub(super) const TIMERFD: &[(i64, &str)] = &[
    (1, "TFD_TIMER_ABSTIME"), (2, "TFD_TIMER_CANCEL_ON_SET"),
];

#[rustfmt::skip]
pub(super) const ITIMER: &[(i64, &str)] = &[
    (0, "ITIMER_REAL"), (1, "ITIMER_VIRTUAL"), (2, "ITIMER_PROF"),
];
