//! Memory mappings.

use super::{A, NEW_FD, New, NoFd, Of, R, RES, row};
use crate::catalogue::{Decoded, Effect, Source, Special};
use afterimage_format::model::{Category, ParamType as T};

#[rustfmt::skip]
pub(super) const ROWS: &[Decoded] = &[
    row(9, Category::Memory, 6, &[], &[RES, ("addr", T::Hex, A(0)), ("length", T::Uint, A(1)), ("prot", T::ProtFlags, A(2)), ("flags", T::MapFlags, A(3)), ("fd", T::Fd, A(4)), ("offset", T::Uint, A(5))], Of(4), Effect::None),
    row(10, Category::Memory, 3, &[], &[RES, ("addr", T::Hex, A(0)), ("length", T::Uint, A(1)), ("prot", T::ProtFlags, A(2))], NoFd, Effect::None),
    row(329, Category::Memory, 4, &[], &[RES, ("addr", T::Hex, A(0)), ("length", T::Uint, A(1)), ("prot", T::ProtFlags, A(2)), ("pkey", T::Int, Source::Signed(3))], NoFd, Effect::None),
    row(330, Category::Memory, 2, &[], &[RES, ("flags", T::Hex, A(0)), ("access_rights", T::PkeyRights, A(1))], NoFd, Effect::None),
    row(11, Category::Memory, 2, &[], &[RES, ("addr", T::Hex, A(0)), ("length", T::Uint, A(1))], NoFd, Effect::None),
    row(12, Category::Memory, 1, &[], &[("res", T::Hex, R), ("addr", T::Hex, A(0))], NoFd, Effect::None),
    row(25, Category::Memory, 5, &[], &[RES, ("addr", T::Hex, A(0)), ("old_length", T::Uint, A(1)), ("length", T::Uint, A(2)), ("flags", T::MremapFlags, A(3)), ("new_addr", T::Hex, A(4))], NoFd, Effect::None),
    row(26, Category::Memory, 3, &[], &[RES, ("addr", T::Hex, A(0)), ("length", T::Uint, A(1)), ("flags", T::MsyncFlags, A(2))], NoFd, Effect::None),
    row(28, Category::Memory, 3, &[], &[RES, ("addr", T::Hex, A(0)), ("length", T::Uint, A(1)), ("advice", T::MadviseAdvice, A(2))], NoFd, Effect::None),
    row(440, Category::Memory, 5, &[], &[RES, ("pidfd", T::Fd, A(0)), ("vlen", T::Uint, A(2)), ("advice", T::MadviseAdvice, A(3)), ("flags", T::Hex, A(4))], Of(0), Effect::None),
    row(149, Category::Memory, 2, &[], &[RES, ("addr", T::Hex, A(0)), ("len", T::Uint, A(1))], NoFd, Effect::None),
    row(150, Category::Memory, 2, &[], &[RES, ("addr", T::Hex, A(0)), ("len", T::Uint, A(1))], NoFd, Effect::None),
    row(325, Category::Memory, 3, &[], &[RES, ("addr", T::Hex, A(0)), ("len", T::Uint, A(1)), ("flags", T::MlockFlags, A(2))], NoFd, Effect::None),
    row(151, Category::Memory, 1, &[], &[RES, ("flags", T::MlockallFlags, A(0))], NoFd, Effect::None),
    row(216, Category::Memory, 5, &[], &[RES, ("addr", T::Hex, A(0)), ("length", T::Uint, A(1)), ("prot", T::ProtFlags, A(2)), ("pgoff", T::Uint, A(3)), ("flags", T::MapFlags, A(4))], NoFd, Effect::None),
    row(447, Category::Memory, 1, &[], &[NEW_FD, ("flags", T::DescriptorFlags, A(0))], New, Effect::Special(Special::Secret, Some(0))),
    row(462, Category::Memory, 3, &[], &[RES, ("addr", T::Hex, A(0)), ("length", T::Uint, A(1)), ("flags", T::Hex, A(2))], NoFd, Effect::None),
];
