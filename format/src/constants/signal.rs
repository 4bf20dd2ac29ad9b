//! Signals.

#[rustfmt::skip]
pub(super) const MASK: &[(i64, &str)] = &[
    (0, "SIG_BLOCK"), (1, "SIG_UNBLOCK"), (2, "SIG_SETMASK"),
];

#[rustfmt::skip]
pub(super) const ACTION: &[(i64, &str)] = &[
    (1, "SA_NOCLDSTOP"), (2, "SA_NOCLDWAIT"), (4, "SA_SIGINFO"), (0x400, "SA_UNSUPPORTED"),
    (0x800, "SA_EXPOSE_TAGBITS"), (0x4000000, "SA_RESTORER"), (0x8000000, "SA_ONSTACK"), (0x10000000, "SA_RESTART"),
    (0x40000000, "SA_NODEFER"), (0x80000000, "SA_RESETHAND"),
];

#[rustfmt::skip]
pub(super) const CODE: &[(i64, &str)] = &[
    (-60, "SI_ASYNCNL"), (-7, "SI_DETHREAD"), (-6, "SI_TKILL"), (-5, "SI_SIGIO"), (-4, "SI_ASYNCIO"), (-3, "SI_MESGQ"),
    (-2, "SI_TIMER"), (-1, "SI_QUEUE"), (0, "SI_USER"), (128, "SI_KERNEL"),
];
