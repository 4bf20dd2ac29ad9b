//! Rights, limits and scheduling of processes, and one process acting on another.

use super::{A, I, Joined, NEW_FD, New, NoFd, Of, Out, R, RES, SOCK_R, UNIX_R, W, row};
use crate::catalogue::{Decoded, Effect, Source, Special};
use afterimage_abi::extract::{ARRAY, BYTES_IN, STRUCT, pack};
use afterimage_format::model::{Category, ParamType as T};

#[rustfmt::skip]
pub(super) const ROWS: &[Decoded] = &[
    // Ids.
    row(102, Category::User, 0, &[], &[("uid", T::Uid, R)], NoFd, Effect::None),
    row(104, Category::User, 0, &[], &[("gid", T::Gid, R)], NoFd, Effect::None),
    row(107, Category::User, 0, &[], &[("euid", T::Uid, R)], NoFd, Effect::None),
    row(108, Category::User, 0, &[], &[("egid", T::Gid, R)], NoFd, Effect::None),
    row(118, Category::User, 3, &[pack(STRUCT, 0, 4), pack(STRUCT, 1, 4), pack(STRUCT, 2, 4)], &[RES, ("ruid", T::Uid, Out(0, 0, 4)), ("euid", T::Uid, Out(1, 0, 4)), ("suid", T::Uid, Out(2, 0, 4))], NoFd, Effect::None),
    row(120, Category::User, 3, &[pack(STRUCT, 0, 4), pack(STRUCT, 1, 4), pack(STRUCT, 2, 4)], &[RES, ("rgid", T::Gid, Out(0, 0, 4)), ("egid", T::Gid, Out(1, 0, 4)), ("sgid", T::Gid, Out(2, 0, 4))], NoFd, Effect::None),
    row(39, Category::Process, 0, &[], &[("res", T::Pid, R)], NoFd, Effect::None),
    row(110, Category::Process, 0, &[], &[("res", T::Pid, R)], NoFd, Effect::None),
    row(111, Category::Process, 0, &[], &[("res", T::Pid, R)], NoFd, Effect::None),
    row(186, Category::Process, 0, &[], &[("res", T::Pid, R)], NoFd, Effect::None),
    row(109, Category::Process, 2, &[], &[RES, ("pid", T::Pid, A(0)), ("pgid", T::Pid, A(1))], NoFd, Effect::None),
    row(121, Category::Process, 1, &[], &[RES, ("pid", T::Pid, A(0))], NoFd, Effect::None),
    row(124, Category::Process, 1, &[], &[RES, ("pid", T::Pid, A(0))], NoFd, Effect::None),

    // Capabilities.
    row(125, Category::Process, 2, &[pack(STRUCT, 0, 8), pack(STRUCT, 1, 24)], &[RES, ("pid", T::Pid, W(0, 4, 4)), ("cap_inheritable", T::Capabilities, Source::Done(&Joined(1, 8, 20))), ("cap_permitted", T::Capabilities, Source::Done(&Joined(1, 4, 16))), ("cap_effective", T::Capabilities, Source::Done(&Joined(1, 0, 12)))], NoFd, Effect::None),
    row(126, Category::Process, 2, &[pack(STRUCT, 0, 8), pack(STRUCT, 1, 24)], &[RES, ("cap_inheritable", T::Capabilities, Joined(1, 8, 20)), ("cap_permitted", T::Capabilities, Joined(1, 4, 16)), ("cap_effective", T::Capabilities, Joined(1, 0, 12))], NoFd, Effect::None),

    // Limits.
    row(97, Category::Process, 2, &[pack(STRUCT, 1, 16)], &[RES, ("cur", T::Int, Out(1, 0, 8)), ("max", T::Int, Out(1, 8, 8)), ("resource", T::Resource, A(0))], NoFd, Effect::None),
    row(160, Category::Process, 2, &[pack(STRUCT, 1, 16)], &[RES, ("cur", T::Int, W(1, 0, 8)), ("max", T::Int, W(1, 8, 8)), ("resource", T::Resource, A(0))], NoFd, Effect::None),
    row(302, Category::Process, 4, &[pack(STRUCT, 2, 16), pack(STRUCT, 3, 16)], &[RES, ("newcur", T::Int, W(2, 0, 8)), ("newmax", T::Int, W(2, 8, 8)), ("oldcur", T::Int, Out(3, 0, 8)), ("oldmax", T::Int, Out(3, 8, 8)), ("pid", T::Pid, A(0)), ("resource", T::Resource, A(1))], NoFd, Effect::None),
    row(135, Category::Process, 1, &[], &[("res", T::Hex, R), ("persona", T::Personality, A(0))], NoFd, Effect::None),
    row(158, Category::Process, 2, &[], &[RES, ("option", T::ArchPrctlOption, A(0)), ("addr", T::Hex, A(1))], NoFd, Effect::None),

    // Waiting for children.
    row(61, Category::Wait, 3, &[pack(STRUCT, 1, 4)], &[RES, ("pid", T::Pid, A(0)), ("status", T::Int, Source::Found(&W(1, 0, 4))), ("options", T::WaitOptions, A(2))], NoFd, Effect::None),
    row(247, Category::Wait, 4, &[], &[RES, ("which", T::WaitIdType, A(0)), ("pid", T::Pid, A(1)), ("options", T::WaitOptions, A(3))], NoFd, Effect::None),

    // Scheduling.
    row(140, Category::Scheduler, 2, &[], &[RES, ("which", T::PriorityWhich, A(0)), ("who", T::Int, Source::Signed(1))], NoFd, Effect::None),
    row(141, Category::Scheduler, 3, &[], &[RES, ("which", T::PriorityWhich, A(0)), ("who", T::Int, Source::Signed(1)), ("prio", T::Int, Source::Signed(2))], NoFd, Effect::None),
    row(142, Category::Scheduler, 2, &[pack(STRUCT, 1, 4)], &[RES, ("pid", T::Pid, A(0)), ("priority", T::Int, W(1, 0, 4))], NoFd, Effect::None),
    row(143, Category::Scheduler, 2, &[pack(STRUCT, 1, 4)], &[RES, ("pid", T::Pid, A(0)), ("priority", T::Int, Out(1, 0, 4))], NoFd, Effect::None),
    row(144, Category::Scheduler, 3, &[pack(STRUCT, 2, 4)], &[RES, ("pid", T::Pid, A(0)), ("policy", T::SchedulerPolicy, A(1)), ("priority", T::Int, W(2, 0, 4))], NoFd, Effect::None),
    row(146, Category::Scheduler, 1, &[], &[RES, ("policy", T::SchedulerPolicy, A(0))], NoFd, Effect::None),
    row(147, Category::Scheduler, 1, &[], &[RES, ("policy", T::SchedulerPolicy, A(0))], NoFd, Effect::None),
    row(203, Category::Scheduler, 3, &[pack(ARRAY, 2, 1 | 1 << 8)], &[RES, ("pid", T::Pid, A(0)), ("len", T::Uint, Source::Low(1)), ("mask", T::Hex, W(2, 0, 8))], NoFd, Effect::None),
    row(204, Category::Scheduler, 3, &[pack(STRUCT, 2, 8)], &[RES, ("pid", T::Pid, A(0)), ("len", T::Uint, Source::Low(1)), ("mask", T::Hex, Out(2, 0, 8))], NoFd, Effect::None),
    row(314, Category::Scheduler, 3, &[pack(STRUCT, 1, 48)], &[RES, ("pid", T::Pid, A(0)), ("policy", T::SchedulerPolicy, W(1, 4, 4)), ("sched_flags", T::Hex, W(1, 8, 8)), ("nice", T::Int, W(1, 16, 4)), ("priority", T::Uint, W(1, 20, 4)), ("flags", T::Hex, A(2))], NoFd, Effect::None),

    // One process acting on another.
    row(312, Category::Process, 5, &[], &[RES, ("pid1", T::Pid, A(0)), ("pid2", T::Pid, A(1)), ("type", T::KcmpType, A(2)), ("idx1", T::Hex, A(3)), ("idx2", T::Hex, A(4))], NoFd, Effect::None),
    row(438, Category::Process, 3, &[SOCK_R, UNIX_R], &[NEW_FD, ("pid_fd", T::Fd, A(0)), ("target_fd", T::Int, Source::Signed(1)), ("flags", T::Hex, A(2))], New, Effect::Special(Special::Other, None)),
    row(448, Category::Memory, 2, &[], &[RES, ("pidfd", T::Fd, A(0)), ("flags", T::Hex, A(1))], Of(0), Effect::None),
    row(324, Category::Process, 3, &[], &[RES, ("cmd", T::MembarrierCommand, A(0)), ("flags", T::Hex, A(1)), ("cpu_id", T::Int, Source::Signed(2))], NoFd, Effect::None),

    // The name of the machine.
    row(170, Category::Other, 2, &[pack(BYTES_IN, 0, 1)], &[RES, ("name", T::Text, Source::Done(&I(0))), ("len", T::Int, Source::Signed(1))], NoFd, Effect::None),
    row(171, Category::Other, 2, &[pack(BYTES_IN, 0, 1)], &[RES, ("name", T::Text, Source::Done(&I(0))), ("len", T::Int, Source::Signed(1))], NoFd, Effect::None),
];
