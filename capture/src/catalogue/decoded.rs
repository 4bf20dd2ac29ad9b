//! The calls that are decoded. Parameter names are those of sysdig's event table.

mod files;
mod ipc;
mod kernel;
mod memory;
mod mounts;
mod processes;
mod sockets;
mod transfer;
mod waiting;

use super::{Decoded, Effect, FdOf, Source, Special, kind_of};
use afterimage_abi::extract::{
    BUFFER, CREDENTIALS, IOVEC, MMSGHDR, MSGHDR, SOCKADDR, SOCKADDR_OUT, SOCKET_OF_ARG, SOCKET_OF_RESULT, STRING,
    STRUCT, UNIX_OF_ARG, UNIX_OF_RESULT, pack,
};
use afterimage_abi::item;
use afterimage_format::model::{Category, Kind, ParamType as T};

pub(super) const fn s(arg: u32) -> u32 {
    pack(STRING, arg, 0)
}
pub(super) const fn b(arg: u32) -> u32 {
    pack(BUFFER, arg, 0)
}
const CREDS: u32 = pack(CREDENTIALS, 0, 0);
const SOCK: u32 = pack(SOCKET_OF_ARG, 0, 0);
const UNIX: u32 = pack(UNIX_OF_ARG, 0, 0);
const UNIX_R: u32 = pack(UNIX_OF_RESULT, 0, 0);
const SOCK_R: u32 = pack(SOCKET_OF_RESULT, 0, 0);

pub(super) use Source::{Arg as A, Item as I, Joined, Out, Result as R, Span, SpanMicro, Str, Whole, Word as W};

pub(super) const RES: (&str, T, Source) = ("res", T::Errno, R);
pub(super) const FD0: (&str, T, Source) = ("fd", T::Fd, A(0));
const NEW_FD: (&str, T, Source) = ("fd", T::Fd, R);

pub(super) const fn row(
    nr: u16,
    category: Category,
    args: u8,
    extracts: &'static [u32],
    params: &'static [(&'static str, T, Source)],
    fd: FdOf,
    effect: Effect,
) -> Decoded {
    Decoded {
        nr,
        category,
        args,
        extracts,
        params,
        fd,
        effect,
    }
}

const fn open(path: u8, dir: Option<u8>, flags: Option<Source>) -> Effect {
    Effect::Open { path, dir, flags }
}

use Category::{File, IoOther, IoRead, IoWrite, Ipc, Memory, Net, Process, Signal, User, Wait};
pub(super) use FdOf::{Arg as Of, None as NoFd, Result as New};

const CLONED: &[(&str, T, Source)] = &[
    ("res", T::Pid, R),
    ("exe", T::Text, Source::Exe),
    ("args", T::TextList, Source::Args),
    ("tid", T::Pid, Source::Tid),
    ("pid", T::Pid, Source::Pid),
    ("ptid", T::Pid, Source::Ppid),
    ("comm", T::Text, Source::Comm),
];
const EXECUTED: &[(&str, T, Source)] = &[
    RES,
    ("exe", T::Text, Source::Exe),
    ("args", T::TextList, Source::Args),
    ("tid", T::Pid, Source::Tid),
    ("pid", T::Pid, Source::Pid),
    ("ptid", T::Pid, Source::Ppid),
    ("cwd", T::Path, Source::Cwd),
    ("comm", T::Text, Source::Comm),
    ("filename", T::Path, Source::Exepath),
];

/// All of them.
pub(super) fn rows() -> impl Iterator<Item = &'static Decoded> {
    let tables = [
        ROWS,
        files::ROWS,
        ipc::ROWS,
        kernel::ROWS,
        memory::ROWS,
        mounts::ROWS,
        processes::ROWS,
        sockets::ROWS,
        transfer::ROWS,
        waiting::ROWS,
    ];
    tables.into_iter().flatten()
}

#[rustfmt::skip]
const ROWS: &[Decoded] = &[
    // Process life.
    row(56, Process, 1, &[], &[
        ("res", T::Pid, R), ("exe", T::Text, Source::Exe), ("args", T::TextList, Source::Args), ("tid", T::Pid, Source::Tid),
        ("pid", T::Pid, Source::Pid), ("ptid", T::Pid, Source::Ppid), ("comm", T::Text, Source::Comm), ("flags", T::CloneFlags, A(0)),
    ], NoFd, Effect::None),
    row(57, Process, 0, &[], CLONED, NoFd, Effect::None),
    row(58, Process, 0, &[], CLONED, NoFd, Effect::None),
    row(435, Process, 2, &[pack(STRUCT, 0, 88)], &[
        ("res", T::Pid, R), ("exe", T::Text, Source::Exe), ("args", T::TextList, Source::Args), ("tid", T::Pid, Source::Tid),
        ("pid", T::Pid, Source::Pid), ("ptid", T::Pid, Source::Ppid), ("comm", T::Text, Source::Comm), ("flags", T::CloneFlags, Source::WordOfParent(0, 0, 8)),
    ], NoFd, Effect::None),
    row(59, Process, 3, &[s(0)], EXECUTED, NoFd, Effect::None),
    row(322, Process, 5, &[s(1)], EXECUTED, NoFd, Effect::None),
    row(80, File, 1, &[s(0)], &[RES, ("path", T::Path, I(0))], NoFd, Effect::Chdir(0)),
    row(81, File, 1, &[], &[RES, FD0], Of(0), Effect::Fchdir),
    row(161, Process, 1, &[s(0)], &[RES, ("path", T::Path, I(0))], NoFd, Effect::Root),
    row(155, Process, 2, &[s(0), s(1)], &[RES, ("new_root", T::Path, I(0)), ("put_old", T::Path, I(1))], NoFd, Effect::Root),
    row(112, Process, 0, &[], &[("res", T::Pid, R)], NoFd, Effect::Setsid),
    row(157, Process, 5, &[s(1)], &[RES, ("option", T::PrctlOption, A(0)), ("arg2_str", T::Text, I(1)), ("arg2_int", T::Hex, A(1))], NoFd, Effect::Prctl),
    row(272, Process, 1, &[], &[RES, ("flags", T::CloneFlags, A(0))], NoFd, Effect::Unshare),
    row(308, Process, 2, &[], &[RES, FD0, ("nstype", T::CloneFlags, A(1))], Of(0), Effect::Root),

    // Files by path.
    row(2, File, 3, &[s(0)], &[NEW_FD, ("name", T::Path, I(0)), ("flags", T::OpenFlags, A(1)), ("mode", T::Mode, A(2))], New, open(0, None, Some(A(1)))),
    row(257, File, 4, &[s(1)], &[NEW_FD, ("dirfd", T::DirFd, A(0)), ("name", T::Path, I(1)), ("flags", T::OpenFlags, A(2)), ("mode", T::Mode, A(3))], New, open(1, Some(0), Some(A(2)))),
    row(437, File, 4, &[s(1), pack(STRUCT, 2, 24)], &[NEW_FD, ("dirfd", T::DirFd, A(0)), ("name", T::Path, I(1)), ("flags", T::OpenFlags, W(2, 0, 8)), ("mode", T::Mode, W(2, 8, 8)), ("resolve", T::ResolveFlags, W(2, 16, 8))], New, open(1, Some(0), Some(W(2, 0, 8)))),
    row(85, File, 2, &[s(0)], &[NEW_FD, ("name", T::Path, I(0)), ("mode", T::Mode, A(1))], New, open(0, None, None)),
    row(82, File, 2, &[s(0), s(1)], &[RES, ("oldpath", T::Path, I(0)), ("newpath", T::Path, I(1))], NoFd, Effect::None),
    row(264, File, 4, &[s(1), s(3)], &[RES, ("olddirfd", T::DirFd, A(0)), ("oldpath", T::Path, I(1)), ("newdirfd", T::DirFd, A(2)), ("newpath", T::Path, I(3))], NoFd, Effect::None),
    row(316, File, 5, &[s(1), s(3)], &[RES, ("olddirfd", T::DirFd, A(0)), ("oldpath", T::Path, I(1)), ("newdirfd", T::DirFd, A(2)), ("newpath", T::Path, I(3)), ("flags", T::RenameFlags, A(4))], NoFd, Effect::None),
    row(87, File, 1, &[s(0)], &[RES, ("path", T::Path, I(0))], NoFd, Effect::None),
    row(263, File, 3, &[s(1)], &[RES, ("dirfd", T::DirFd, A(0)), ("name", T::Path, I(1)), ("flags", T::AtFlags, A(2))], NoFd, Effect::None),
    row(86, File, 2, &[s(0), s(1)], &[RES, ("oldpath", T::Path, I(0)), ("newpath", T::Path, I(1))], NoFd, Effect::None),
    row(265, File, 5, &[s(1), s(3)], &[RES, ("olddir", T::DirFd, A(0)), ("oldpath", T::Path, I(1)), ("newdir", T::DirFd, A(2)), ("newpath", T::Path, I(3)), ("flags", T::AtFlags, A(4))], NoFd, Effect::None),
    row(88, File, 2, &[s(0), s(1)], &[RES, ("target", T::Path, I(0)), ("linkpath", T::Path, I(1))], NoFd, Effect::None),
    row(266, File, 3, &[s(0), s(2)], &[RES, ("target", T::Path, I(0)), ("linkdirfd", T::DirFd, A(1)), ("linkpath", T::Path, I(2))], NoFd, Effect::None),
    row(83, File, 2, &[s(0)], &[RES, ("path", T::Path, I(0)), ("mode", T::Mode, A(1))], NoFd, Effect::None),
    row(258, File, 3, &[s(1)], &[RES, ("dirfd", T::DirFd, A(0)), ("path", T::Path, I(1)), ("mode", T::Mode, A(2))], NoFd, Effect::None),
    row(84, File, 1, &[s(0)], &[RES, ("path", T::Path, I(0))], NoFd, Effect::None),
    row(90, File, 2, &[s(0)], &[RES, ("filename", T::Path, I(0)), ("mode", T::Mode, A(1))], NoFd, Effect::None),
    row(91, File, 2, &[], &[RES, FD0, ("mode", T::Mode, A(1))], Of(0), Effect::None),
    row(268, File, 3, &[s(1)], &[RES, ("dirfd", T::DirFd, A(0)), ("filename", T::Path, I(1)), ("mode", T::Mode, A(2))], NoFd, Effect::None),
    row(452, File, 4, &[s(1)], &[RES, ("dirfd", T::DirFd, A(0)), ("filename", T::Path, I(1)), ("mode", T::Mode, A(2)), ("flags", T::AtFlags, A(3))], NoFd, Effect::None),
    row(92, File, 3, &[s(0)], &[RES, ("path", T::Path, I(0)), ("uid", T::Uid, A(1)), ("gid", T::Gid, A(2))], NoFd, Effect::None),
    row(93, File, 3, &[], &[RES, FD0, ("uid", T::Uid, A(1)), ("gid", T::Gid, A(2))], Of(0), Effect::None),
    row(94, File, 3, &[s(0)], &[RES, ("path", T::Path, I(0)), ("uid", T::Uid, A(1)), ("gid", T::Gid, A(2))], NoFd, Effect::None),
    row(260, File, 5, &[s(1)], &[RES, ("dirfd", T::DirFd, A(0)), ("pathname", T::Path, I(1)), ("uid", T::Uid, A(2)), ("gid", T::Gid, A(3)), ("flags", T::AtFlags, A(4))], NoFd, Effect::None),
    row(165, File, 5, &[s(0), s(1), s(2)], &[RES, ("dev", T::Text, I(0)), ("dir", T::Path, I(1)), ("type", T::Text, I(2)), ("flags", T::MountFlags, A(3))], NoFd, Effect::None),
    row(166, File, 2, &[s(0)], &[RES, ("name", T::Path, I(0)), ("flags", T::UmountFlags, A(1))], NoFd, Effect::None),

    // Reading and writing.
    row(0, IoRead, 3, &[b(1)], &[RES, ("data", T::Bytes, I(1)), FD0, ("size", T::Uint, A(2))], Of(0), Effect::None),
    row(17, IoRead, 4, &[b(1)], &[RES, ("data", T::Bytes, I(1)), FD0, ("size", T::Uint, A(2)), ("pos", T::Int, A(3))], Of(0), Effect::None),
    row(19, IoRead, 3, &[pack(IOVEC, 1, 2)], &[RES, ("data", T::Bytes, I(1)), FD0], Of(0), Effect::None),
    row(295, IoRead, 4, &[pack(IOVEC, 1, 2)], &[RES, ("data", T::Bytes, I(1)), FD0, ("pos", T::Int, A(3))], Of(0), Effect::None),
    row(1, IoWrite, 3, &[b(1)], &[RES, ("data", T::Bytes, I(1)), FD0, ("size", T::Uint, A(2))], Of(0), Effect::None),
    row(18, IoWrite, 4, &[b(1)], &[RES, ("data", T::Bytes, I(1)), FD0, ("size", T::Uint, A(2)), ("pos", T::Int, A(3))], Of(0), Effect::None),
    row(20, IoWrite, 3, &[pack(IOVEC, 1, 2)], &[RES, ("data", T::Bytes, I(1)), FD0], Of(0), Effect::None),
    row(296, IoWrite, 4, &[pack(IOVEC, 1, 2)], &[RES, ("data", T::Bytes, I(1)), FD0, ("pos", T::Int, A(3))], Of(0), Effect::None),

    // Descriptors.
    row(3, IoOther, 1, &[], &[RES, FD0], Of(0), Effect::Close),
    row(436, IoOther, 3, &[], &[RES, ("first", T::Uint, Source::Low(0)), ("last", T::Uint, Source::Low(1)), ("flags", T::CloseRangeFlags, A(2))], NoFd, Effect::CloseRange),
    row(32, IoOther, 1, &[], &[("res", T::Fd, R), ("oldfd", T::Fd, A(0))], New, Effect::Dup { flags: None }),
    row(33, IoOther, 2, &[], &[("res", T::Fd, R), ("oldfd", T::Fd, A(0)), ("newfd", T::Fd, A(1))], New, Effect::Dup { flags: None }),
    row(292, IoOther, 3, &[], &[("res", T::Fd, R), ("oldfd", T::Fd, A(0)), ("newfd", T::Fd, A(1)), ("flags", T::DescriptorFlags, A(2))], New, Effect::Dup { flags: Some(2) }),
    row(72, IoOther, 3, &[], &[RES, FD0, ("cmd", T::FcntlCommand, A(1)), ("arg", T::Hex, A(2))], Of(0), Effect::Fcntl),
    row(22, Ipc, 1, &[pack(STRUCT, 0, 8)], &[RES, ("fd1", T::Fd, W(0, 0, 4)), ("fd2", T::Fd, W(0, 4, 4))], NoFd, Effect::Pipe { flags: None }),
    row(293, Ipc, 2, &[pack(STRUCT, 0, 8)], &[RES, ("fd1", T::Fd, W(0, 0, 4)), ("fd2", T::Fd, W(0, 4, 4)), ("flags", T::DescriptorFlags, A(1))], NoFd, Effect::Pipe { flags: Some(1) }),
    row(284, Ipc, 1, &[], &[NEW_FD, ("initval", T::Uint, Source::Low(0))], New, Effect::Special(Special::Eventfd, None)),
    row(290, Ipc, 2, &[], &[NEW_FD, ("initval", T::Uint, Source::Low(0)), ("flags", T::EventfdFlags, A(1))], New, Effect::Special(Special::Eventfd, Some(1))),
    row(213, Wait, 1, &[], &[NEW_FD, ("size", T::Int, Source::Signed(0))], New, Effect::Special(Special::Epoll, None)),
    row(291, Wait, 1, &[], &[NEW_FD, ("flags", T::DescriptorFlags, A(0))], New, Effect::Special(Special::Epoll, Some(0))),
    row(283, Category::Time, 2, &[], &[NEW_FD, ("clockid", T::ClockId, A(0)), ("flags", T::DescriptorFlags, A(1))], New, Effect::Special(Special::Timerfd, Some(1))),
    row(253, File, 0, &[], &[NEW_FD], New, Effect::Special(Special::Inotify, None)),
    row(294, File, 1, &[], &[NEW_FD, ("flags", T::DescriptorFlags, A(0))], New, Effect::Special(Special::Inotify, Some(0))),
    row(319, Memory, 2, &[s(0)], &[NEW_FD, ("name", T::Text, I(0)), ("flags", T::MemfdFlags, A(1))], New, Effect::Special(Special::Memfd, None)),
    row(434, Process, 2, &[], &[NEW_FD, ("pid", T::Pid, A(0)), ("flags", T::PidfdFlags, A(1))], New, Effect::Special(Special::Pidfd, None)),

    // Network.
    row(41, Net, 3, &[], &[NEW_FD, ("domain", T::Family, A(0)), ("type", T::SocketType, A(1)), ("proto", T::Uint, Source::Low(2))], New, Effect::Socket),
    row(53, Net, 4, &[pack(STRUCT, 3, 8)], &[RES, ("fd1", T::Fd, W(3, 0, 4)), ("fd2", T::Fd, W(3, 4, 4)), ("domain", T::Family, A(0)), ("type", T::SocketType, A(1)), ("proto", T::Uint, Source::Low(2))], NoFd, Effect::SocketPair),
    row(49, Net, 3, &[pack(SOCKADDR, 1, 2), SOCK, UNIX], &[RES, ("addr", T::SockAddr, I(1)), FD0], Of(0), Effect::Address),
    row(50, Net, 2, &[SOCK], &[RES, FD0, ("backlog", T::Int, Source::Signed(1))], Of(0), Effect::Address),
    row(42, Net, 3, &[pack(SOCKADDR, 1, 2), SOCK, UNIX], &[RES, FD0, ("addr", T::SockAddr, I(1))], Of(0), Effect::Address),
    row(43, Net, 3, &[pack(SOCKADDR_OUT, 1, 2), SOCK_R, UNIX_R], &[NEW_FD, ("listenfd", T::Fd, A(0)), ("addr", T::SockAddr, Source::Peer(1))], New, Effect::Accept { flags: None }),
    row(288, Net, 4, &[pack(SOCKADDR_OUT, 1, 2), SOCK_R, UNIX_R], &[NEW_FD, ("listenfd", T::Fd, A(0)), ("addr", T::SockAddr, Source::Peer(1)), ("flags", T::SocketType, A(3))], New, Effect::Accept { flags: Some(3) }),
    row(44, Net, 6, &[b(1), pack(SOCKADDR, 4, 5), SOCK], &[RES, ("data", T::Bytes, I(1)), FD0, ("size", T::Uint, A(2)), ("flags", T::MsgFlags, A(3)), ("addr", T::SockAddr, I(4))], Of(0), Effect::Address),
    row(45, Net, 6, &[b(1), pack(SOCKADDR_OUT, 4, 5)], &[RES, ("data", T::Bytes, I(1)), FD0, ("size", T::Uint, A(2)), ("flags", T::MsgFlags, A(3)), ("addr", T::SockAddr, I(4))], Of(0), Effect::None),
    row(46, Net, 3, &[pack(MSGHDR, 1, 0), SOCK], &[RES, ("data", T::Bytes, I(1)), FD0, ("flags", T::MsgFlags, A(2)), ("addr", T::SockAddr, I(item::MESSAGE_NAME))], Of(0), Effect::Address),
    row(47, Net, 3, &[pack(MSGHDR, 1, 0)], &[RES, ("data", T::Bytes, I(1)), FD0, ("flags", T::MsgFlags, A(2)), ("addr", T::SockAddr, I(item::MESSAGE_NAME))], Of(0), Effect::Receive { several: false }),
    // Of several messages, bytes and address are those of the first.
    row(307, Net, 4, &[pack(MMSGHDR, 1, 0), SOCK], &[RES, ("data", T::Bytes, I(1)), FD0, ("vlen", T::Uint, Source::Low(2)), ("flags", T::MsgFlags, A(3)), ("addr", T::SockAddr, I(item::MESSAGE_NAME))], Of(0), Effect::Address),
    row(299, Net, 5, &[pack(MMSGHDR, 1, 0)], &[RES, ("data", T::Bytes, I(1)), FD0, ("vlen", T::Uint, Source::Low(2)), ("flags", T::MsgFlags, A(3)), ("addr", T::SockAddr, I(item::MESSAGE_NAME))], Of(0), Effect::Receive { several: true }),
    row(48, Net, 2, &[], &[RES, FD0, ("how", T::ShutdownHow, A(1))], Of(0), Effect::None),

    // Rights and signals.
    row(105, User, 1, &[CREDS], &[RES, ("uid", T::Uid, A(0))], NoFd, Effect::Credentials),
    row(106, User, 1, &[CREDS], &[RES, ("gid", T::Gid, A(0))], NoFd, Effect::Credentials),
    row(113, User, 2, &[CREDS], &[RES, ("ruid", T::Uid, A(0)), ("euid", T::Uid, A(1))], NoFd, Effect::Credentials),
    row(114, User, 2, &[CREDS], &[RES, ("rgid", T::Gid, A(0)), ("egid", T::Gid, A(1))], NoFd, Effect::Credentials),
    row(117, User, 3, &[CREDS], &[RES, ("ruid", T::Uid, A(0)), ("euid", T::Uid, A(1)), ("suid", T::Uid, A(2))], NoFd, Effect::Credentials),
    row(119, User, 3, &[CREDS], &[RES, ("rgid", T::Gid, A(0)), ("egid", T::Gid, A(1)), ("sgid", T::Gid, A(2))], NoFd, Effect::Credentials),
    row(122, User, 1, &[], &[("res", T::Uid, R), ("uid", T::Uid, A(0))], NoFd, Effect::None),
    row(123, User, 1, &[], &[("res", T::Gid, R), ("gid", T::Gid, A(0))], NoFd, Effect::None),
    row(62, Signal, 2, &[], &[RES, ("pid", T::Pid, A(0)), ("sig", T::Signal, A(1))], NoFd, Effect::None),
    row(200, Signal, 2, &[], &[RES, ("tid", T::Pid, A(0)), ("sig", T::Signal, A(1))], NoFd, Effect::None),
    row(234, Signal, 3, &[], &[RES, ("pid", T::Pid, A(0)), ("tid", T::Pid, A(1)), ("sig", T::Signal, A(2))], NoFd, Effect::None),
    row(101, Process, 4, &[], &[RES, ("request", T::PtraceRequest, A(0)), ("pid", T::Pid, A(1)), ("addr", T::Hex, A(2)), ("data", T::Hex, A(3))], NoFd, Effect::None),
];

const URING: [(&str, T); 8] = [
    ("opcode", T::IoUringOperation),
    ("fd", T::Fd),
    ("user_data", T::Hex),
    ("dirfd", T::DirFd),
    ("path", T::Path),
    ("newpath", T::Path),
    ("data", T::Bytes),
    ("addr", T::SockAddr),
];

/// Kinds that are no system calls, in the order of [`super::Own`].
pub(super) fn own_kinds() -> Vec<Kind> {
    let raw = [
        ("res", T::Errno),
        ("ID", T::Uint),
        ("arg0", T::Hex),
        ("arg1", T::Hex),
        ("arg2", T::Hex),
        ("arg3", T::Hex),
        ("arg4", T::Hex),
        ("arg5", T::Hex),
    ];
    vec![
        kind_of(
            "procexit",
            Process,
            None,
            [
                ("status", T::Int),
                ("ret", T::Int),
                ("sig", T::Signal),
                ("core", T::Uint),
            ],
        ),
        kind_of("cgroup_mkdir", Category::Internal, None, [("path", T::Path)]),
        kind_of("cgroup_rmdir", Category::Internal, None, [("path", T::Path)]),
        kind_of("cgroup_attach_task", Category::Internal, None, [("path", T::Path)]),
        kind_of("syscall32", Category::Other, None, raw),
        kind_of("unknown", Category::Other, None, raw),
        kind_of(
            "signaldeliver",
            Signal,
            None,
            [
                ("spid", T::Pid),
                ("dpid", T::Pid),
                ("sig", T::Signal),
                ("code", T::SignalCode),
            ],
        ),
        kind_of(
            "oom_kill",
            Memory,
            None,
            [("pid", T::Pid), ("comm", T::Text), ("uid", T::Uid), ("by", T::Pid)],
        ),
        // Payload and addresses of io_uring are never visible: these two parameters never have a value.
        kind_of(
            "io_uring_op",
            IoOther,
            None,
            URING.into_iter().chain([("flags", T::IoUringEntryFlags)]),
        ),
        kind_of(
            "io_uring_op",
            IoOther,
            None,
            [("res", T::Errno)].into_iter().chain(URING),
        ),
        // In the order of `events/audit.rs`.
        kind_of(
            "k8s_audit",
            Category::Internal,
            None,
            [
                ("auditid", T::Text),
                ("stage", T::Text),
                ("verb", T::Text),
                ("uri", T::Text),
                ("user", T::Text),
                ("groups", T::TextList),
                ("impuser", T::Text),
                ("sourceips", T::TextList),
                ("useragent", T::Text),
                ("namespace", T::Text),
                ("resource", T::Text),
                ("subresource", T::Text),
                ("name", T::Text),
                ("container", T::Text),
                ("command", T::TextList),
                ("code", T::Int),
                ("reason", T::Text),
                ("decision", T::Text),
                ("authreason", T::Text),
                // Nanoseconds since 1970: of this stage, and when the request came.
                ("time", T::Uint),
                ("requested", T::Uint),
                ("request", T::Bytes),
                ("response", T::Bytes),
            ],
        ),
    ]
}
