//! Signals, timers, and waiting for descriptors.

use super::{A, FD0, I, New, NoFd, Of, Out, R, RES, Span, SpanMicro, W, row};
use crate::catalogue::{Decoded, Effect, Source, Special};
use afterimage_abi::extract::{ARRAY, STRUCT, pack};
use afterimage_format::model::{Category, ParamType as T};

#[rustfmt::skip]
pub(super) const ROWS: &[Decoded] = &[
    // Signals.
    row(13, Category::Signal, 3, &[pack(STRUCT, 1, 32)], &[RES, ("sig", T::Signal, A(0)), ("handler", T::Hex, W(1, 0, 8)), ("flags", T::SigactionFlags, W(1, 8, 8)), ("mask", T::SignalSet, W(1, 24, 8))], NoFd, Effect::None),
    row(14, Category::Signal, 3, &[pack(STRUCT, 1, 8), pack(STRUCT, 2, 8)], &[RES, ("how", T::SigmaskHow, A(0)), ("set", T::SignalSet, W(1, 0, 8)), ("oldset", T::SignalSet, Out(2, 0, 8))], NoFd, Effect::None),
    row(127, Category::Signal, 1, &[pack(STRUCT, 0, 8)], &[RES, ("set", T::SignalSet, Out(0, 0, 8))], NoFd, Effect::None),
    row(128, Category::Signal, 3, &[pack(STRUCT, 0, 8), pack(STRUCT, 2, 16)], &[RES, ("set", T::SignalSet, W(0, 0, 8)), ("timeout", T::Duration, Span(2, 0))], NoFd, Effect::None),
    row(129, Category::Signal, 3, &[pack(STRUCT, 2, 16)], &[RES, ("pid", T::Pid, A(0)), ("sig", T::Signal, A(1)), ("code", T::SignalCode, W(2, 8, 4))], NoFd, Effect::None),
    row(297, Category::Signal, 4, &[pack(STRUCT, 3, 16)], &[RES, ("pid", T::Pid, A(0)), ("tid", T::Pid, A(1)), ("sig", T::Signal, A(2)), ("code", T::SignalCode, W(3, 8, 4))], NoFd, Effect::None),
    row(424, Category::Signal, 4, &[], &[RES, ("pidfd", T::Fd, A(0)), ("sig", T::Signal, A(1)), ("flags", T::PidfdSignalFlags, A(3))], Of(0), Effect::None),
    row(130, Category::Signal, 1, &[pack(STRUCT, 0, 8)], &[RES, ("mask", T::SignalSet, W(0, 0, 8))], NoFd, Effect::None),
    row(131, Category::Signal, 2, &[pack(STRUCT, 0, 24)], &[RES, ("addr", T::Hex, W(0, 0, 8)), ("flags", T::Hex, W(0, 8, 4)), ("size", T::Uint, W(0, 16, 8))], NoFd, Effect::None),
    row(282, Category::Signal, 2, &[pack(STRUCT, 1, 8)], &[("res", T::Fd, R), ("oldfd", T::Int, Source::Signed(0)), ("mask", T::SignalSet, W(1, 0, 8))], New, Effect::Special(Special::Signalfd, None)),
    row(289, Category::Signal, 4, &[pack(STRUCT, 1, 8)], &[("res", T::Fd, R), ("oldfd", T::Int, Source::Signed(0)), ("mask", T::SignalSet, W(1, 0, 8)), ("flags", T::DescriptorFlags, A(3))], New, Effect::Special(Special::Signalfd, Some(3))),

    row(15, Category::Signal, 0, &[], &[RES], NoFd, Effect::Sigreturn),

    // Sleeping and timers.
    row(35, Category::Sleep, 1, &[pack(STRUCT, 0, 16)], &[RES, ("interval", T::Duration, Span(0, 0))], NoFd, Effect::None),
    row(230, Category::Sleep, 3, &[pack(STRUCT, 2, 16)], &[RES, ("clockid", T::ClockId, A(0)), ("flags", T::TimerFlags, A(1)), ("interval", T::Duration, Span(2, 0))], NoFd, Effect::None),
    row(36, Category::Time, 2, &[pack(STRUCT, 1, 32)], &[RES, ("which", T::ItimerWhich, A(0)), ("interval", T::Duration, Source::Done(&SpanMicro(1, 0))), ("value", T::Duration, Source::Done(&SpanMicro(1, 16)))], NoFd, Effect::None),
    row(38, Category::Time, 2, &[pack(STRUCT, 1, 32)], &[RES, ("which", T::ItimerWhich, A(0)), ("interval", T::Duration, SpanMicro(1, 0)), ("value", T::Duration, SpanMicro(1, 16))], NoFd, Effect::None),
    row(222, Category::Time, 3, &[pack(STRUCT, 1, 16), pack(STRUCT, 2, 4)], &[RES, ("clockid", T::ClockId, A(0)), ("sig", T::Signal, W(1, 8, 4)), ("notify", T::Int, W(1, 12, 4)), ("timerid", T::Int, Out(2, 0, 4))], NoFd, Effect::None),
    row(223, Category::Time, 3, &[pack(STRUCT, 2, 32)], &[RES, ("timerid", T::Int, Source::Signed(0)), ("flags", T::TimerFlags, A(1)), ("interval", T::Duration, Span(2, 0)), ("value", T::Duration, Span(2, 16))], NoFd, Effect::None),
    row(286, Category::Time, 3, &[pack(STRUCT, 2, 32)], &[RES, FD0, ("flags", T::TimerfdFlags, A(1)), ("interval", T::Duration, Span(2, 0)), ("value", T::Duration, Span(2, 16))], Of(0), Effect::None),
    row(228, Category::Time, 1, &[], &[RES, ("clockid", T::ClockId, A(0))], NoFd, Effect::None),
    row(229, Category::Time, 1, &[], &[RES, ("clockid", T::ClockId, A(0))], NoFd, Effect::None),

    // Waiting for descriptors.
    row(7, Category::Wait, 3, &[pack(ARRAY, 0, 1 | 8 << 8)], &[RES, ("fds", T::PollFds, I(0)), ("timeout", T::Int, Source::Signed(2))], NoFd, Effect::None),
    row(271, Category::Wait, 4, &[pack(ARRAY, 0, 1 | 8 << 8), pack(STRUCT, 2, 16), pack(STRUCT, 3, 8)], &[RES, ("fds", T::PollFds, I(0)), ("timeout", T::Duration, Span(2, 0)), ("sigmask", T::SignalSet, W(3, 0, 8))], NoFd, Effect::None),
    row(23, Category::Wait, 5, &[pack(STRUCT, 4, 16)], &[RES, ("nfds", T::Int, Source::Signed(0)), ("timeout", T::Duration, SpanMicro(4, 0))], NoFd, Effect::None),
    row(270, Category::Wait, 5, &[pack(STRUCT, 4, 16)], &[RES, ("nfds", T::Int, Source::Signed(0)), ("timeout", T::Duration, Span(4, 0))], NoFd, Effect::None),
    row(232, Category::Wait, 4, &[], &[RES, ("epfd", T::Fd, A(0)), ("maxevents", T::Int, Source::Signed(2)), ("timeout", T::Int, Source::Signed(3))], Of(0), Effect::None),
    row(281, Category::Wait, 5, &[pack(STRUCT, 4, 8)], &[RES, ("epfd", T::Fd, A(0)), ("maxevents", T::Int, Source::Signed(2)), ("timeout", T::Int, Source::Signed(3)), ("sigmask", T::SignalSet, W(4, 0, 8))], Of(0), Effect::None),
    row(441, Category::Wait, 5, &[pack(STRUCT, 3, 16), pack(STRUCT, 4, 8)], &[RES, ("epfd", T::Fd, A(0)), ("maxevents", T::Int, Source::Signed(2)), ("timeout", T::Duration, Span(3, 0)), ("sigmask", T::SignalSet, W(4, 0, 8))], Of(0), Effect::None),
    row(233, Category::Wait, 4, &[pack(STRUCT, 3, 12)], &[RES, ("epfd", T::Fd, A(0)), ("op", T::EpollOperation, A(1)), ("fd", T::Fd, A(2)), ("events", T::EpollEvents, W(3, 0, 4)), ("data", T::Hex, W(3, 4, 8))], Of(0), Effect::None),
];
