//! Files by path: what they are, their times, attributes and watches.

use super::{A, FD0, I, NEW_FD, New, NoFd, Of, RES, Span, SpanMicro, Str, W, b, row, s};
use crate::catalogue::{Decoded, Effect, Source, Special};
use afterimage_abi::extract::{ARRAY, BYTES_IN, STRUCT, TEXT_OUT, pack};
use afterimage_format::model::{Category, ParamType as T};

#[rustfmt::skip]
pub(super) const ROWS: &[Decoded] = &[
    // What a file is.
    row(4, Category::File, 1, &[s(0)], &[RES, ("path", T::Path, I(0))], NoFd, Effect::None),
    row(5, Category::IoOther, 1, &[], &[RES, FD0], Of(0), Effect::None),
    row(6, Category::File, 1, &[s(0)], &[RES, ("path", T::Path, I(0))], NoFd, Effect::None),
    row(262, Category::File, 4, &[s(1)], &[RES, ("dirfd", T::DirFd, A(0)), ("path", T::Path, I(1)), ("flags", T::AtFlags, A(3))], NoFd, Effect::None),
    row(332, Category::File, 4, &[s(1)], &[RES, ("dirfd", T::DirFd, A(0)), ("path", T::Path, I(1)), ("flags", T::AtFlags, A(2)), ("mask", T::StatxMask, A(3))], NoFd, Effect::None),
    row(21, Category::File, 2, &[s(0)], &[RES, ("name", T::Path, I(0)), ("mode", T::AccessMode, A(1))], NoFd, Effect::None),
    row(269, Category::File, 3, &[s(1)], &[RES, ("dirfd", T::DirFd, A(0)), ("name", T::Path, I(1)), ("mode", T::AccessMode, A(2))], NoFd, Effect::None),
    row(439, Category::File, 4, &[s(1)], &[RES, ("dirfd", T::DirFd, A(0)), ("name", T::Path, I(1)), ("mode", T::AccessMode, A(2)), ("flags", T::AccessAtFlags, A(3))], NoFd, Effect::None),
    row(89, Category::File, 3, &[s(0), pack(TEXT_OUT, 1, 0)], &[RES, ("path", T::Path, I(0)), ("target", T::Text, I(1)), ("size", T::Uint, A(2))], NoFd, Effect::None),
    row(267, Category::File, 4, &[s(1), pack(TEXT_OUT, 2, 0)], &[RES, ("dirfd", T::DirFd, A(0)), ("path", T::Path, I(1)), ("target", T::Text, I(2)), ("size", T::Uint, A(3))], NoFd, Effect::None),
    row(79, Category::File, 2, &[pack(TEXT_OUT, 0, 0)], &[RES, ("path", T::Path, Str(0))], NoFd, Effect::None),
    row(137, Category::File, 1, &[s(0)], &[RES, ("path", T::Path, I(0))], NoFd, Effect::None),
    row(138, Category::IoOther, 1, &[], &[RES, FD0], Of(0), Effect::None),
    row(303, Category::File, 5, &[s(1)], &[RES, ("dirfd", T::DirFd, A(0)), ("path", T::Path, I(1)), ("flags", T::AtFlags, A(4))], NoFd, Effect::None),
    row(304, Category::File, 3, &[], &[NEW_FD, ("mountfd", T::Fd, A(0)), ("flags", T::OpenFlags, A(2))], New, Effect::Special(Special::Other, Some(2))),
    row(468, Category::File, 5, &[s(1)], &[RES, ("dirfd", T::DirFd, A(0)), ("path", T::Path, I(1)), ("flags", T::AtFlags, A(4))], NoFd, Effect::None),
    row(469, Category::File, 5, &[s(1), pack(ARRAY, 2, 3 | 1 << 8)], &[RES, ("dirfd", T::DirFd, A(0)), ("path", T::Path, I(1)), ("xflags", T::Hex, W(2, 0, 8)), ("flags", T::AtFlags, A(4))], NoFd, Effect::None),

    // What changes it.
    row(76, Category::File, 2, &[s(0)], &[RES, ("path", T::Path, I(0)), ("length", T::Int, A(1))], NoFd, Effect::None),
    row(77, Category::IoOther, 2, &[], &[RES, FD0, ("length", T::Int, A(1))], Of(0), Effect::None),
    row(285, Category::IoOther, 4, &[], &[RES, FD0, ("mode", T::FallocateMode, A(1)), ("offset", T::Int, A(2)), ("length", T::Int, A(3))], Of(0), Effect::None),
    row(132, Category::File, 2, &[s(0), pack(STRUCT, 1, 16)], &[RES, ("path", T::Path, I(0)), ("atime", T::Int, Source::Seconds(1, 0)), ("mtime", T::Int, Source::Seconds(1, 8))], NoFd, Effect::None),
    row(235, Category::File, 2, &[s(0), pack(STRUCT, 1, 32)], &[RES, ("path", T::Path, I(0)), ("atime", T::Int, SpanMicro(1, 0)), ("mtime", T::Int, SpanMicro(1, 16))], NoFd, Effect::None),
    row(261, Category::File, 3, &[s(1), pack(STRUCT, 2, 32)], &[RES, ("dirfd", T::DirFd, A(0)), ("path", T::Path, I(1)), ("atime", T::Int, SpanMicro(2, 0)), ("mtime", T::Int, SpanMicro(2, 16))], NoFd, Effect::None),
    row(280, Category::File, 4, &[s(1), pack(STRUCT, 2, 32)], &[RES, ("dirfd", T::DirFd, A(0)), ("path", T::Path, I(1)), ("atime", T::Int, Span(2, 0)), ("mtime", T::Int, Span(2, 16)), ("flags", T::AtFlags, A(3))], NoFd, Effect::None),
    row(133, Category::File, 3, &[s(0)], &[RES, ("path", T::Path, I(0)), ("mode", T::Mode, A(1)), ("dev", T::Device, A(2))], NoFd, Effect::None),
    row(259, Category::File, 4, &[s(1)], &[RES, ("dirfd", T::DirFd, A(0)), ("path", T::Path, I(1)), ("mode", T::Mode, A(2)), ("dev", T::Device, A(3))], NoFd, Effect::None),
    row(95, Category::File, 1, &[], &[("res", T::Mode, Source::Result), ("mask", T::Mode, A(0))], NoFd, Effect::None),
    row(163, Category::File, 1, &[s(0)], &[RES, ("path", T::Path, I(0))], NoFd, Effect::None),
    row(167, Category::File, 2, &[s(0)], &[RES, ("path", T::Path, I(0)), ("flags", T::SwapFlags, A(1))], NoFd, Effect::None),
    row(168, Category::File, 1, &[s(0)], &[RES, ("path", T::Path, I(0))], NoFd, Effect::None),
    row(179, Category::File, 3, &[s(1)], &[RES, ("cmd", T::QuotaCommand, A(0)), ("special", T::Text, I(1)), ("id", T::Int, A(2))], NoFd, Effect::None),
    row(443, Category::File, 3, &[], &[RES, FD0, ("cmd", T::QuotaCommand, A(1)), ("id", T::Int, A(2))], Of(0), Effect::None),

    // Extended attributes.
    row(188, Category::File, 5, &[s(0), s(1), pack(BYTES_IN, 2, 3)], &[RES, ("path", T::Path, I(0)), ("name", T::Text, I(1)), ("value", T::Bytes, I(2)), ("size", T::Uint, A(3)), ("flags", T::XattrFlags, A(4))], NoFd, Effect::None),
    row(189, Category::File, 5, &[s(0), s(1), pack(BYTES_IN, 2, 3)], &[RES, ("path", T::Path, I(0)), ("name", T::Text, I(1)), ("value", T::Bytes, I(2)), ("size", T::Uint, A(3)), ("flags", T::XattrFlags, A(4))], NoFd, Effect::None),
    row(190, Category::File, 5, &[s(1), pack(BYTES_IN, 2, 3)], &[RES, FD0, ("name", T::Text, I(1)), ("value", T::Bytes, I(2)), ("size", T::Uint, A(3)), ("flags", T::XattrFlags, A(4))], Of(0), Effect::None),
    row(191, Category::File, 4, &[s(0), s(1), b(2)], &[RES, ("path", T::Path, I(0)), ("name", T::Text, I(1)), ("value", T::Bytes, I(2)), ("size", T::Uint, A(3))], NoFd, Effect::None),
    row(192, Category::File, 4, &[s(0), s(1), b(2)], &[RES, ("path", T::Path, I(0)), ("name", T::Text, I(1)), ("value", T::Bytes, I(2)), ("size", T::Uint, A(3))], NoFd, Effect::None),
    row(193, Category::File, 4, &[s(1), b(2)], &[RES, FD0, ("name", T::Text, I(1)), ("value", T::Bytes, I(2)), ("size", T::Uint, A(3))], Of(0), Effect::None),
    row(194, Category::File, 3, &[s(0), b(1)], &[RES, ("path", T::Path, I(0)), ("list", T::TextList, I(1)), ("size", T::Uint, A(2))], NoFd, Effect::None),
    row(195, Category::File, 3, &[s(0), b(1)], &[RES, ("path", T::Path, I(0)), ("list", T::TextList, I(1)), ("size", T::Uint, A(2))], NoFd, Effect::None),
    row(196, Category::File, 3, &[b(1)], &[RES, FD0, ("list", T::TextList, I(1)), ("size", T::Uint, A(2))], Of(0), Effect::None),
    row(197, Category::File, 2, &[s(0), s(1)], &[RES, ("path", T::Path, I(0)), ("name", T::Text, I(1))], NoFd, Effect::None),
    row(198, Category::File, 2, &[s(0), s(1)], &[RES, ("path", T::Path, I(0)), ("name", T::Text, I(1))], NoFd, Effect::None),
    row(199, Category::File, 2, &[s(1)], &[RES, FD0, ("name", T::Text, I(1))], Of(0), Effect::None),
    row(463, Category::File, 5, &[s(1), s(3), pack(STRUCT, 4, 16)], &[RES, ("dirfd", T::DirFd, A(0)), ("path", T::Path, I(1)), ("at_flags", T::AtFlags, A(2)), ("name", T::Text, I(3)), ("size", T::Uint, W(4, 8, 4)), ("flags", T::XattrFlags, W(4, 12, 4))], NoFd, Effect::None),
    row(464, Category::File, 5, &[s(1), s(3), pack(STRUCT, 4, 16)], &[RES, ("dirfd", T::DirFd, A(0)), ("path", T::Path, I(1)), ("at_flags", T::AtFlags, A(2)), ("name", T::Text, I(3)), ("size", T::Uint, W(4, 8, 4))], NoFd, Effect::None),
    row(465, Category::File, 5, &[s(1), b(3)], &[RES, ("dirfd", T::DirFd, A(0)), ("path", T::Path, I(1)), ("at_flags", T::AtFlags, A(2)), ("list", T::TextList, I(3)), ("size", T::Uint, A(4))], NoFd, Effect::None),
    row(466, Category::File, 4, &[s(1), s(3)], &[RES, ("dirfd", T::DirFd, A(0)), ("path", T::Path, I(1)), ("at_flags", T::AtFlags, A(2)), ("name", T::Text, I(3))], NoFd, Effect::None),

    // Watches.
    row(254, Category::File, 3, &[s(1)], &[("res", T::Errno, Source::Result), FD0, ("path", T::Path, I(1)), ("mask", T::InotifyMask, A(2))], Of(0), Effect::None),
    row(255, Category::File, 2, &[], &[RES, FD0, ("wd", T::Int, A(1))], Of(0), Effect::None),
    row(300, Category::File, 2, &[], &[NEW_FD, ("flags", T::FanotifyInitFlags, A(0)), ("event_f_flags", T::OpenFlags, A(1))], New, Effect::Special(Special::Other, None)),
    row(301, Category::File, 5, &[s(4)], &[RES, FD0, ("flags", T::FanotifyMarkFlags, A(1)), ("mask", T::FanotifyMask, A(2)), ("dirfd", T::DirFd, A(3)), ("path", T::Path, I(4))], Of(0), Effect::None),
];
