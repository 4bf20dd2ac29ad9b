//! 32-bit calls whose arguments or structures are not those of a 64-bit call.

use crate::catalogue::decoded::{A, FD0, I, NoFd, Of, Out, RES, W, b, row, s};
use crate::catalogue::{Decoded, Effect, Source};
use afterimage_abi::extract::{ARRAY, BYTES_IN, STRUCT, pack};
use afterimage_format::model::{Category, ParamType as T};

/// Seconds and their parts in two words of 32 bits.
const fn old_span(item: u8, offset: u16) -> Source {
    Source::OldSpan(item, offset, 1)
}
const fn old_micro(item: u8, offset: u16) -> Source {
    Source::OldSpan(item, offset, 1000)
}
use Source::{Low, Pair, Signed};

#[rustfmt::skip]
pub(crate) const ROWS: &[Decoded] = &[
    // Offsets of 64 bits in two registers.
    row(180, Category::IoRead, 5, &[b(1)], &[RES, ("data", T::Bytes, I(1)), FD0, ("size", T::Uint, A(2)), ("pos", T::Int, Pair(3, 4))], Of(0), Effect::None),
    row(181, Category::IoWrite, 5, &[b(1)], &[RES, ("data", T::Bytes, I(1)), FD0, ("size", T::Uint, A(2)), ("pos", T::Int, Pair(3, 4))], Of(0), Effect::None),
    row(193, Category::File, 3, &[s(0)], &[RES, ("path", T::Path, I(0)), ("length", T::Int, Pair(1, 2))], NoFd, Effect::None),
    row(194, Category::IoOther, 3, &[], &[RES, FD0, ("length", T::Int, Pair(1, 2))], Of(0), Effect::None),
    row(324, Category::IoOther, 6, &[], &[RES, FD0, ("mode", T::FallocateMode, A(1)), ("offset", T::Int, Pair(2, 3)), ("length", T::Int, Pair(4, 5))], Of(0), Effect::None),
    row(19, Category::IoOther, 3, &[], &[RES, FD0, ("offset", T::Int, Signed(1)), ("whence", T::Whence, A(2))], Of(0), Effect::None),
    row(140, Category::IoOther, 5, &[pack(STRUCT, 3, 8)], &[RES, FD0, ("offset", T::Int, Pair(2, 1)), ("result", T::Int, Out(3, 0, 8)), ("whence", T::Whence, A(4))], Of(0), Effect::None),
    row(225, Category::IoOther, 4, &[], &[RES, FD0, ("offset", T::Int, Pair(1, 2)), ("count", T::Uint, A(3))], Of(0), Effect::None),
    row(250, Category::IoOther, 5, &[], &[RES, FD0, ("offset", T::Int, Pair(1, 2)), ("len", T::Uint, A(3)), ("advice", T::FadviseAdvice, A(4))], Of(0), Effect::None),
    row(272, Category::IoOther, 6, &[], &[RES, FD0, ("offset", T::Int, Pair(1, 2)), ("len", T::Uint, Pair(3, 4)), ("advice", T::FadviseAdvice, A(5))], Of(0), Effect::None),
    row(314, Category::IoOther, 6, &[], &[RES, FD0, ("offset", T::Int, Pair(1, 2)), ("len", T::Int, Pair(3, 4)), ("flags", T::SyncRangeFlags, A(5))], Of(0), Effect::None),
    row(339, Category::File, 6, &[s(5)], &[RES, FD0, ("flags", T::FanotifyMarkFlags, A(1)), ("mask", T::FanotifyMask, Pair(2, 3)), ("dirfd", T::DirFd, A(4)), ("path", T::Path, I(5))], Of(0), Effect::None),

    // Arrays of 32-bit iovec, msghdr: their bytes are not followed.
    row(145, Category::IoRead, 3, &[], &[RES, FD0, ("vec", T::Hex, A(1)), ("vlen", T::Uint, A(2))], Of(0), Effect::None),
    row(146, Category::IoWrite, 3, &[], &[RES, FD0, ("vec", T::Hex, A(1)), ("vlen", T::Uint, A(2))], Of(0), Effect::None),
    row(333, Category::IoRead, 5, &[], &[RES, FD0, ("vec", T::Hex, A(1)), ("vlen", T::Uint, A(2)), ("pos", T::Int, Pair(3, 4))], Of(0), Effect::None),
    row(334, Category::IoWrite, 5, &[], &[RES, FD0, ("vec", T::Hex, A(1)), ("vlen", T::Uint, A(2)), ("pos", T::Int, Pair(3, 4))], Of(0), Effect::None),
    row(378, Category::IoRead, 6, &[], &[RES, FD0, ("vec", T::Hex, A(1)), ("vlen", T::Uint, A(2)), ("pos", T::Int, Pair(3, 4)), ("flags", T::RwFlags, A(5))], Of(0), Effect::None),
    row(379, Category::IoWrite, 6, &[], &[RES, FD0, ("vec", T::Hex, A(1)), ("vlen", T::Uint, A(2)), ("pos", T::Int, Pair(3, 4)), ("flags", T::RwFlags, A(5))], Of(0), Effect::None),
    row(316, Category::IoOther, 4, &[], &[RES, FD0, ("vec", T::Hex, A(1)), ("vlen", T::Uint, A(2)), ("flags", T::SpliceFlags, A(3))], Of(0), Effect::None),
    row(347, Category::Process, 6, &[pack(STRUCT, 3, 8)], &[RES, ("pid", T::Pid, A(0)), ("remote_addr", T::Hex, W(3, 0, 4)), ("flags", T::Hex, A(5))], NoFd, Effect::None),
    row(348, Category::Process, 6, &[pack(STRUCT, 3, 8)], &[RES, ("pid", T::Pid, A(0)), ("remote_addr", T::Hex, W(3, 0, 4)), ("flags", T::Hex, A(5))], NoFd, Effect::None),
    row(370, Category::Net, 3, &[], &[RES, FD0, ("msg", T::Hex, A(1)), ("flags", T::MsgFlags, A(2))], Of(0), Effect::None),
    row(372, Category::Net, 3, &[], &[RES, FD0, ("msg", T::Hex, A(1)), ("flags", T::MsgFlags, A(2))], Of(0), Effect::Receive { several: false }),
    row(345, Category::Net, 4, &[], &[RES, FD0, ("mmsg", T::Hex, A(1)), ("vlen", T::Uint, A(2)), ("flags", T::MsgFlags, A(3))], Of(0), Effect::None),
    row(337, Category::Net, 5, &[], &[RES, FD0, ("mmsg", T::Hex, A(1)), ("vlen", T::Uint, A(2)), ("flags", T::MsgFlags, A(3))], Of(0), Effect::Receive { several: true }),
    row(417, Category::Net, 5, &[], &[RES, FD0, ("mmsg", T::Hex, A(1)), ("vlen", T::Uint, A(2)), ("flags", T::MsgFlags, A(3))], Of(0), Effect::Receive { several: true }),
    row(187, Category::IoWrite, 4, &[pack(STRUCT, 2, 4)], &[RES, ("offset", T::Uint, W(2, 0, 4)), ("out_fd", T::Fd, A(0)), ("in_fd", T::Fd, A(1)), ("size", T::Uint, A(3))], Of(0), Effect::None),
    row(400, Category::Ipc, 4, &[pack(STRUCT, 1, 4)], &[RES, ("msqid", T::Int, Signed(0)), ("type", T::Int, W(1, 0, 4)), ("size", T::Uint, A(2)), ("msgflg", T::MsgIpcFlags, A(3))], NoFd, Effect::None),

    // Times of 32 bits.
    row(30, Category::File, 2, &[s(0), pack(STRUCT, 1, 8)], &[RES, ("path", T::Path, I(0)), ("atime", T::Int, Source::OldSeconds(1, 0)), ("mtime", T::Int, Source::OldSeconds(1, 4))], NoFd, Effect::None),
    row(271, Category::File, 2, &[s(0), pack(STRUCT, 1, 16)], &[RES, ("path", T::Path, I(0)), ("atime", T::Int, old_micro(1, 0)), ("mtime", T::Int, old_micro(1, 8))], NoFd, Effect::None),
    row(299, Category::File, 3, &[s(1), pack(STRUCT, 2, 16)], &[RES, ("dirfd", T::DirFd, A(0)), ("path", T::Path, I(1)), ("atime", T::Int, old_micro(2, 0)), ("mtime", T::Int, old_micro(2, 8))], NoFd, Effect::None),
    row(320, Category::File, 4, &[s(1), pack(STRUCT, 2, 16)], &[RES, ("dirfd", T::DirFd, A(0)), ("path", T::Path, I(1)), ("atime", T::Int, old_span(2, 0)), ("mtime", T::Int, old_span(2, 8)), ("flags", T::AtFlags, A(3))], NoFd, Effect::None),
    row(162, Category::Sleep, 1, &[pack(STRUCT, 0, 8)], &[RES, ("interval", T::Duration, old_span(0, 0))], NoFd, Effect::None),
    row(267, Category::Sleep, 3, &[pack(STRUCT, 2, 8)], &[RES, ("clockid", T::ClockId, A(0)), ("flags", T::TimerFlags, A(1)), ("interval", T::Duration, old_span(2, 0))], NoFd, Effect::None),
    row(79, Category::Time, 1, &[pack(STRUCT, 0, 8)], &[RES, ("time", T::Int, old_micro(0, 0))], NoFd, Effect::None),
    row(264, Category::Time, 2, &[pack(STRUCT, 1, 8)], &[RES, ("clockid", T::ClockId, A(0)), ("time", T::Int, old_span(1, 0))], NoFd, Effect::None),
    row(105, Category::Time, 2, &[pack(STRUCT, 1, 16)], &[RES, ("which", T::ItimerWhich, A(0)), ("interval", T::Duration, Source::Done(&old_micro(1, 0))), ("value", T::Duration, Source::Done(&old_micro(1, 8)))], NoFd, Effect::None),
    row(104, Category::Time, 2, &[pack(STRUCT, 1, 16)], &[RES, ("which", T::ItimerWhich, A(0)), ("interval", T::Duration, old_micro(1, 0)), ("value", T::Duration, old_micro(1, 8))], NoFd, Effect::None),
    row(259, Category::Time, 3, &[pack(STRUCT, 1, 12), pack(STRUCT, 2, 4)], &[RES, ("clockid", T::ClockId, A(0)), ("sig", T::Signal, W(1, 4, 4)), ("notify", T::Int, W(1, 8, 4)), ("timerid", T::Int, Out(2, 0, 4))], NoFd, Effect::None),
    row(260, Category::Time, 3, &[pack(STRUCT, 2, 16)], &[RES, ("timerid", T::Int, Signed(0)), ("flags", T::TimerFlags, A(1)), ("interval", T::Duration, old_span(2, 0)), ("value", T::Duration, old_span(2, 8))], NoFd, Effect::None),
    row(325, Category::Time, 3, &[pack(STRUCT, 2, 16)], &[RES, FD0, ("flags", T::TimerfdFlags, A(1)), ("interval", T::Duration, old_span(2, 0)), ("value", T::Duration, old_span(2, 8))], Of(0), Effect::None),
    row(177, Category::Signal, 3, &[pack(STRUCT, 0, 8), pack(STRUCT, 2, 8)], &[RES, ("set", T::SignalSet, W(0, 0, 8)), ("timeout", T::Duration, old_span(2, 0))], NoFd, Effect::None),
    row(82, Category::Wait, 1, &[pack(STRUCT, 0, 4)], &[RES, ("nfds", T::Int, W(0, 0, 4))], NoFd, Effect::None),
    row(142, Category::Wait, 5, &[pack(STRUCT, 4, 8)], &[RES, ("nfds", T::Int, Signed(0)), ("timeout", T::Duration, old_micro(4, 0))], NoFd, Effect::None),
    row(308, Category::Wait, 5, &[pack(STRUCT, 4, 8)], &[RES, ("nfds", T::Int, Signed(0)), ("timeout", T::Duration, old_span(4, 0))], NoFd, Effect::None),
    row(309, Category::Wait, 4, &[pack(ARRAY, 0, 1 | 8 << 8), pack(STRUCT, 2, 8), pack(STRUCT, 3, 8)], &[RES, ("fds", T::PollFds, I(0)), ("timeout", T::Duration, old_span(2, 0)), ("sigmask", T::SignalSet, W(3, 0, 8))], NoFd, Effect::None),
    row(279, Category::Ipc, 5, &[pack(BYTES_IN, 1, 2), pack(STRUCT, 4, 8)], &[RES, FD0, ("data", T::Bytes, I(1)), ("size", T::Uint, A(2)), ("prio", T::Uint, Low(3)), ("timeout", T::Int, old_span(4, 0))], Of(0), Effect::None),
    row(280, Category::Ipc, 5, &[b(1), pack(STRUCT, 3, 4), pack(STRUCT, 4, 8)], &[RES, FD0, ("data", T::Bytes, I(1)), ("size", T::Uint, A(2)), ("prio", T::Uint, Out(3, 0, 4)), ("timeout", T::Int, old_span(4, 0))], Of(0), Effect::None),

    // Structures with pointers or longs, and ids of 16 bits.
    row(76, Category::Process, 2, &[pack(STRUCT, 1, 8)], &[RES, ("cur", T::Uint, Out(1, 0, 4)), ("max", T::Uint, Out(1, 4, 4)), ("resource", T::Resource, A(0))], NoFd, Effect::None),
    row(191, Category::Process, 2, &[pack(STRUCT, 1, 8)], &[RES, ("cur", T::Uint, Out(1, 0, 4)), ("max", T::Uint, Out(1, 4, 4)), ("resource", T::Resource, A(0))], NoFd, Effect::None),
    row(75, Category::Process, 2, &[pack(STRUCT, 1, 8)], &[RES, ("cur", T::Uint, W(1, 0, 4)), ("max", T::Uint, W(1, 4, 4)), ("resource", T::Resource, A(0))], NoFd, Effect::None),
    row(174, Category::Signal, 3, &[pack(STRUCT, 1, 20)], &[RES, ("sig", T::Signal, A(0)), ("handler", T::Hex, W(1, 0, 4)), ("flags", T::SigactionFlags, W(1, 4, 4)), ("mask", T::SignalSet, W(1, 12, 8))], NoFd, Effect::None),
    row(186, Category::Signal, 2, &[pack(STRUCT, 0, 12)], &[RES, ("addr", T::Hex, W(0, 0, 4)), ("flags", T::Hex, W(0, 4, 4)), ("size", T::Uint, W(0, 8, 4))], NoFd, Effect::None),
    row(165, Category::User, 3, &[pack(STRUCT, 0, 2), pack(STRUCT, 1, 2), pack(STRUCT, 2, 2)], &[RES, ("ruid", T::Uid, Out(0, 0, 2)), ("euid", T::Uid, Out(1, 0, 2)), ("suid", T::Uid, Out(2, 0, 2))], NoFd, Effect::None),
    row(171, Category::User, 3, &[pack(STRUCT, 0, 2), pack(STRUCT, 1, 2), pack(STRUCT, 2, 2)], &[RES, ("rgid", T::Gid, Out(0, 0, 2)), ("egid", T::Gid, Out(1, 0, 2)), ("sgid", T::Gid, Out(2, 0, 2))], NoFd, Effect::None),
    row(90, Category::Memory, 1, &[pack(STRUCT, 0, 24)], &[RES, ("addr", T::Hex, W(0, 0, 4)), ("length", T::Uint, W(0, 4, 4)), ("prot", T::ProtFlags, W(0, 8, 4)), ("flags", T::MapFlags, W(0, 12, 4)), ("fd", T::Fd, W(0, 16, 4)), ("offset", T::Uint, W(0, 20, 4))], NoFd, Effect::None),
    row(192, Category::Memory, 6, &[], &[RES, ("addr", T::Hex, A(0)), ("length", T::Uint, A(1)), ("prot", T::ProtFlags, A(2)), ("flags", T::MapFlags, A(3)), ("fd", T::Fd, A(4)), ("pgoffset", T::Uint, A(5))], Of(4), Effect::None),
    row(22, Category::File, 1, &[s(0)], &[RES, ("name", T::Path, I(0))], NoFd, Effect::None),

    // Calls in one: the first argument says which, the others lie in memory.
    row(102, Category::Net, 2, &[pack(STRUCT, 1, 24)], &[RES, ("call", T::Socketcall, A(0)), ("arg0", T::Hex, W(1, 0, 4)), ("arg1", T::Hex, W(1, 4, 4)), ("arg2", T::Hex, W(1, 8, 4)), ("arg3", T::Hex, W(1, 12, 4)), ("arg4", T::Hex, W(1, 16, 4)), ("arg5", T::Hex, W(1, 20, 4))], NoFd, Effect::Forget),
    row(117, Category::Ipc, 6, &[], &[RES, ("call", T::IpcCall, A(0)), ("first", T::Int, Signed(1)), ("second", T::Hex, A(2)), ("third", T::Hex, A(3)), ("ptr", T::Hex, A(4)), ("fifth", T::Hex, A(5))], NoFd, Effect::None),
];
