//! Moving data between descriptors, and where they stand.

use super::{A, FD0, I, NoFd, Of, RES, W, row};
use crate::catalogue::{Decoded, Effect};
use afterimage_abi::extract::{IOVEC, STRUCT, pack};
use afterimage_format::model::{Category, ParamType as T};

#[rustfmt::skip]
pub(super) const ROWS: &[Decoded] = &[
    row(327, Category::IoRead, 6, &[pack(IOVEC, 1, 2)], &[RES, ("data", T::Bytes, I(1)), FD0, ("pos", T::Int, A(3)), ("flags", T::RwFlags, A(5))], Of(0), Effect::None),
    row(328, Category::IoWrite, 6, &[pack(IOVEC, 1, 2)], &[RES, ("data", T::Bytes, I(1)), FD0, ("pos", T::Int, A(3)), ("flags", T::RwFlags, A(5))], Of(0), Effect::None),
    // Offsets behind pointers are those when the call has returned.
    row(40, Category::IoWrite, 4, &[pack(STRUCT, 2, 8)], &[RES, ("offset", T::Uint, W(2, 0, 8)), ("out_fd", T::Fd, A(0)), ("in_fd", T::Fd, A(1)), ("size", T::Uint, A(3))], Of(0), Effect::None),
    row(275, Category::IoOther, 6, &[], &[RES, ("fd_in", T::Fd, A(0)), ("fd_out", T::Fd, A(2)), ("size", T::Uint, A(4)), ("flags", T::SpliceFlags, A(5))], Of(0), Effect::None),
    row(276, Category::IoOther, 4, &[], &[RES, ("fd_in", T::Fd, A(0)), ("fd_out", T::Fd, A(1)), ("size", T::Uint, A(2)), ("flags", T::SpliceFlags, A(3))], Of(0), Effect::None),
    row(278, Category::IoOther, 4, &[pack(IOVEC, 1, 2)], &[RES, ("data", T::Bytes, I(1)), FD0, ("flags", T::SpliceFlags, A(3))], Of(0), Effect::None),
    row(326, Category::IoOther, 6, &[pack(STRUCT, 1, 8), pack(STRUCT, 3, 8)], &[RES, ("fdin", T::Fd, A(0)), ("offin", T::Uint, W(1, 0, 8)), ("fdout", T::Fd, A(2)), ("offout", T::Uint, W(3, 0, 8)), ("len", T::Uint, A(4))], Of(0), Effect::None),
    row(8, Category::IoOther, 3, &[], &[RES, FD0, ("offset", T::Int, A(1)), ("whence", T::Whence, A(2))], Of(0), Effect::None),
    row(16, Category::IoOther, 3, &[], &[RES, FD0, ("request", T::IoctlRequest, A(1)), ("argument", T::Hex, A(2))], Of(0), Effect::None),
    row(73, Category::IoOther, 2, &[], &[RES, FD0, ("operation", T::FlockOperation, A(1))], Of(0), Effect::None),
    row(221, Category::IoOther, 4, &[], &[RES, FD0, ("offset", T::Int, A(1)), ("len", T::Uint, A(2)), ("advice", T::FadviseAdvice, A(3))], Of(0), Effect::None),
    row(277, Category::IoOther, 4, &[], &[RES, FD0, ("offset", T::Int, A(1)), ("len", T::Int, A(2)), ("flags", T::SyncRangeFlags, A(3))], Of(0), Effect::None),
    row(78, Category::IoOther, 3, &[], &[RES, FD0, ("size", T::Uint, A(2))], Of(0), Effect::None),
    row(217, Category::IoOther, 3, &[], &[RES, FD0, ("size", T::Uint, A(2))], Of(0), Effect::None),
    // Memory of another process: what was read from it or written into it, and where it lies there.
    row(310, Category::Process, 6, &[pack(IOVEC, 1, 2), pack(STRUCT, 3, 16)], &[RES, ("pid", T::Pid, A(0)), ("data", T::Bytes, I(1)), ("remote_addr", T::Hex, W(3, 0, 8)), ("flags", T::Hex, A(5))], NoFd, Effect::None),
    row(311, Category::Process, 6, &[pack(IOVEC, 1, 2), pack(STRUCT, 3, 16)], &[RES, ("pid", T::Pid, A(0)), ("data", T::Bytes, I(1)), ("remote_addr", T::Hex, W(3, 0, 8)), ("flags", T::Hex, A(5))], NoFd, Effect::None),
];
