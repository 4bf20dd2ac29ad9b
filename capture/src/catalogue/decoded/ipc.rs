//! System V IPC, message queues, futexes.

use super::{A, FD0, I, NEW_FD, New, NoFd, Of, RES, Span, W, b, row, s};
use crate::catalogue::{Decoded, Effect, Source, Special};
use afterimage_abi::extract::{ARRAY, BYTES_IN, STRUCT, pack};
use afterimage_format::model::{Category, ParamType as T};

#[rustfmt::skip]
pub(super) const ROWS: &[Decoded] = &[
    row(29, Category::Ipc, 3, &[], &[RES, ("key", T::Int, Source::Signed(0)), ("size", T::Uint, A(1)), ("shmflg", T::ShmgetFlags, A(2))], NoFd, Effect::None),
    row(30, Category::Ipc, 3, &[], &[RES, ("shmid", T::Int, Source::Signed(0)), ("addr", T::Hex, A(1)), ("shmflg", T::ShmatFlags, A(2))], NoFd, Effect::None),
    row(31, Category::Ipc, 2, &[], &[RES, ("shmid", T::Int, Source::Signed(0)), ("cmd", T::ShmctlCommand, A(1))], NoFd, Effect::None),
    row(67, Category::Ipc, 1, &[], &[RES, ("addr", T::Hex, A(0))], NoFd, Effect::None),
    row(64, Category::Ipc, 3, &[], &[RES, ("key", T::Int, Source::Signed(0)), ("nsems", T::Int, Source::Signed(1)), ("semflg", T::MsgIpcFlags, A(2))], NoFd, Effect::None),
    row(65, Category::Ipc, 3, &[pack(ARRAY, 1, 2 | 6 << 8)], &[RES, ("nsops", T::Uint, A(2)), ("sem_num_0", T::Uint, W(1, 0, 2)), ("sem_op_0", T::Int, W(1, 2, 2)), ("sem_flg_0", T::SemopFlags, W(1, 4, 2)), ("sem_num_1", T::Uint, W(1, 6, 2)), ("sem_op_1", T::Int, W(1, 8, 2)), ("sem_flg_1", T::SemopFlags, W(1, 10, 2)), ("semid", T::Int, Source::Signed(0))], NoFd, Effect::None),
    row(220, Category::Ipc, 4, &[pack(ARRAY, 1, 2 | 6 << 8), pack(STRUCT, 3, 16)], &[RES, ("nsops", T::Uint, A(2)), ("sem_num_0", T::Uint, W(1, 0, 2)), ("sem_op_0", T::Int, W(1, 2, 2)), ("sem_flg_0", T::SemopFlags, W(1, 4, 2)), ("sem_num_1", T::Uint, W(1, 6, 2)), ("sem_op_1", T::Int, W(1, 8, 2)), ("sem_flg_1", T::SemopFlags, W(1, 10, 2)), ("semid", T::Int, Source::Signed(0)), ("timeout", T::Duration, Span(3, 0))], NoFd, Effect::None),
    row(66, Category::Ipc, 4, &[], &[RES, ("semid", T::Int, Source::Signed(0)), ("semnum", T::Int, Source::Signed(1)), ("cmd", T::SemctlCommand, A(2)), ("val", T::Int, Source::Signed(3))], NoFd, Effect::None),
    row(68, Category::Ipc, 2, &[], &[RES, ("key", T::Int, Source::Signed(0)), ("msgflg", T::MsgIpcFlags, A(1))], NoFd, Effect::None),
    row(69, Category::Ipc, 4, &[pack(STRUCT, 1, 8)], &[RES, ("msqid", T::Int, Source::Signed(0)), ("type", T::Int, W(1, 0, 8)), ("size", T::Uint, A(2)), ("msgflg", T::MsgIpcFlags, A(3))], NoFd, Effect::None),
    row(70, Category::Ipc, 5, &[], &[RES, ("msqid", T::Int, Source::Signed(0)), ("size", T::Uint, A(2)), ("type", T::Int, A(3)), ("msgflg", T::MsgIpcFlags, A(4))], NoFd, Effect::None),
    row(71, Category::Ipc, 2, &[], &[RES, ("msqid", T::Int, Source::Signed(0)), ("cmd", T::MsgctlCommand, A(1))], NoFd, Effect::None),
    row(240, Category::Ipc, 3, &[s(0)], &[NEW_FD, ("name", T::Text, I(0)), ("flags", T::OpenFlags, A(1)), ("mode", T::Mode, A(2))], New, Effect::Special(Special::Other, Some(1))),
    row(241, Category::Ipc, 1, &[s(0)], &[RES, ("name", T::Text, I(0))], NoFd, Effect::None),
    row(242, Category::Ipc, 5, &[pack(BYTES_IN, 1, 2), pack(STRUCT, 4, 16)], &[RES, FD0, ("data", T::Bytes, I(1)), ("size", T::Uint, A(2)), ("prio", T::Uint, Source::Low(3)), ("timeout", T::Int, Span(4, 0))], Of(0), Effect::None),
    row(243, Category::Ipc, 5, &[b(1), pack(STRUCT, 3, 4), pack(STRUCT, 4, 16)], &[RES, FD0, ("data", T::Bytes, I(1)), ("size", T::Uint, A(2)), ("prio", T::Uint, Source::Out(3, 0, 4)), ("timeout", T::Int, Span(4, 0))], Of(0), Effect::None),
    row(202, Category::Ipc, 6, &[], &[RES, ("addr", T::Hex, A(0)), ("op", T::FutexOperation, A(1)), ("val", T::Uint, Source::Low(2))], NoFd, Effect::None),
];
