//! What gives power over the kernel, and what takes power away.

use super::{A, FD0, I, NEW_FD, New, NoFd, Of, Out, RES, Span, SpanMicro, Str, W, row, s};
use crate::catalogue::{Decoded, Effect, Source, Special};
use afterimage_abi::extract::{ARRAY, BYTES_IN, STRUCT, pack};
use afterimage_format::model::{Category, ParamType as T};

#[rustfmt::skip]
pub(super) const ROWS: &[Decoded] = &[
    // Code in the kernel.
    row(175, Category::Process, 3, &[pack(BYTES_IN, 0, 1), s(2)], &[RES, ("img", T::Bytes, I(0)), ("length", T::Uint, A(1)), ("uargs", T::Text, I(2))], NoFd, Effect::None),
    row(313, Category::Process, 3, &[s(1)], &[RES, FD0, ("uargs", T::Text, I(1)), ("flags", T::ModuleFlags, A(2))], Of(0), Effect::None),
    row(176, Category::Process, 2, &[s(0)], &[RES, ("name", T::Text, I(0)), ("flags", T::DescriptorFlags, A(1))], NoFd, Effect::None),
    row(246, Category::Process, 4, &[], &[RES, ("entry", T::Hex, A(0)), ("nr_segments", T::Uint, A(1)), ("flags", T::KexecFlags, A(3))], NoFd, Effect::None),
    row(320, Category::Process, 5, &[pack(BYTES_IN, 3, 2)], &[RES, ("kernel_fd", T::Fd, A(0)), ("initrd_fd", T::Fd, A(1)), ("cmdline", T::Text, Str(3)), ("flags", T::KexecFileFlags, A(4))], Of(0), Effect::None),
    // The attributes as the caller gave them: programs and maps have their names in them.
    row(321, Category::Process, 3, &[pack(BYTES_IN, 1, 2)], &[RES, ("fd", T::Fd, Source::BpfFd), ("cmd", T::BpfCommand, A(0)), ("attr", T::Bytes, I(1)), ("size", T::Uint, Source::Low(2))], NoFd, Effect::Bpf),
    row(298, Category::Process, 5, &[pack(STRUCT, 0, 16)], &[NEW_FD, ("type", T::Uint, W(0, 0, 4)), ("config", T::Hex, W(0, 8, 8)), ("pid", T::Pid, A(1)), ("cpu", T::Int, Source::Signed(2)), ("group_fd", T::Int, Source::Signed(3)), ("flags", T::PerfFlags, A(4))], New, Effect::Special(Special::Other, None)),
    row(323, Category::Memory, 1, &[], &[NEW_FD, ("flags", T::UserfaultfdFlags, A(0))], New, Effect::Special(Special::Userfaultfd, Some(0))),

    // io_uring. What its operations do is not seen as calls: see `io_uring_op`.
    row(425, Category::IoOther, 2, &[pack(STRUCT, 1, 24)], &[NEW_FD, ("entries", T::Uint, Source::Low(0)), ("sq_entries", T::Uint, Out(1, 0, 4)), ("cq_entries", T::Uint, Out(1, 4, 4)), ("flags", T::IoUringSetupFlags, W(1, 8, 4)), ("sq_thread_cpu", T::Uint, W(1, 12, 4)), ("sq_thread_idle", T::Uint, W(1, 16, 4)), ("features", T::IoUringFeatures, Out(1, 20, 4))], New, Effect::Special(Special::IoUring, None)),
    row(426, Category::IoOther, 4, &[], &[RES, FD0, ("to_submit", T::Uint, Source::Low(1)), ("min_complete", T::Uint, Source::Low(2)), ("flags", T::IoUringEnterFlags, A(3))], Of(0), Effect::None),
    row(427, Category::IoOther, 4, &[], &[RES, FD0, ("opcode", T::IoUringRegisterOp, A(1)), ("arg", T::Hex, A(2)), ("nr_args", T::Uint, Source::Low(3))], Of(0), Effect::None),

    // Less power.
    row(317, Category::Process, 3, &[pack(STRUCT, 2, 2)], &[RES, ("op", T::SeccompOperation, A(0)), ("flags", T::SeccompFlags, A(1)), ("instructions", T::Uint, W(2, 0, 2))], NoFd, Effect::None),
    row(444, Category::Process, 3, &[pack(ARRAY, 0, 1 | 1 << 8)], &[NEW_FD, ("handled_access_fs", T::LandlockFsAccess, W(0, 0, 8)), ("handled_access_net", T::LandlockNetAccess, W(0, 8, 8)), ("flags", T::LandlockCreateFlags, A(2))], New, Effect::Special(Special::Landlock, None)),
    row(445, Category::Process, 4, &[pack(STRUCT, 2, 12)], &[RES, ("ruleset_fd", T::Fd, A(0)), ("rule_type", T::LandlockRule, A(1)), ("allowed_access", T::Hex, W(2, 0, 8)), ("parent_fd", T::Int, W(2, 8, 4)), ("flags", T::Hex, A(3))], Of(0), Effect::None),
    row(446, Category::Process, 2, &[], &[RES, ("ruleset_fd", T::Fd, A(0)), ("flags", T::LandlockRestrictFlags, A(1))], Of(0), Effect::None),

    // Keys; what is in them is not recorded.
    row(248, Category::Other, 5, &[s(0), s(1)], &[RES, ("type", T::Text, I(0)), ("description", T::Text, I(1)), ("plen", T::Uint, A(3)), ("keyring", T::Key, A(4))], NoFd, Effect::None),
    row(249, Category::Other, 4, &[s(0), s(1), s(2)], &[RES, ("type", T::Text, I(0)), ("description", T::Text, I(1)), ("callout_info", T::Text, I(2)), ("keyring", T::Key, A(3))], NoFd, Effect::None),
    row(250, Category::Other, 5, &[], &[RES, ("operation", T::KeyctlOperation, A(0)), ("arg2", T::Hex, A(1)), ("arg3", T::Hex, A(2)), ("arg4", T::Hex, A(3)), ("arg5", T::Hex, A(4))], NoFd, Effect::None),

    // The machine.
    row(169, Category::Other, 4, &[], &[RES, ("magic1", T::Hex, Source::Low(0)), ("magic2", T::Hex, Source::Low(1)), ("cmd", T::RebootCommand, A(2))], NoFd, Effect::None),
    row(103, Category::Other, 3, &[], &[RES, ("type", T::SyslogAction, A(0)), ("len", T::Int, Source::Signed(2))], NoFd, Effect::None),
    row(318, Category::Other, 3, &[], &[RES, ("size", T::Uint, A(1)), ("flags", T::GetrandomFlags, A(2))], NoFd, Effect::None),
    row(164, Category::Time, 1, &[pack(STRUCT, 0, 16)], &[RES, ("time", T::Int, SpanMicro(0, 0))], NoFd, Effect::None),
    row(227, Category::Time, 2, &[pack(STRUCT, 1, 16)], &[RES, ("clockid", T::ClockId, A(0)), ("time", T::Int, Span(1, 0))], NoFd, Effect::None),
    row(159, Category::Time, 1, &[pack(STRUCT, 0, 4)], &[RES, ("modes", T::Hex, W(0, 0, 4))], NoFd, Effect::None),
    row(305, Category::Time, 2, &[pack(STRUCT, 1, 4)], &[RES, ("clockid", T::ClockId, A(0)), ("modes", T::Hex, W(1, 0, 4))], NoFd, Effect::None),
];
