//! Mounts.

use super::{A, I, NEW_FD, New, NoFd, Of, RES, W, row, s};
use crate::catalogue::{Decoded, Effect, Special};
use afterimage_abi::extract::{ARRAY, pack};
use afterimage_format::model::{Category, ParamType as T};

#[rustfmt::skip]
pub(super) const ROWS: &[Decoded] = &[
    row(428, Category::File, 3, &[s(1)], &[NEW_FD, ("dirfd", T::DirFd, A(0)), ("path", T::Path, I(1)), ("flags", T::OpenTreeFlags, A(2))], New, Effect::Special(Special::Other, None)),
    row(429, Category::File, 5, &[s(1), s(3)], &[RES, ("from_dirfd", T::DirFd, A(0)), ("from_path", T::Path, I(1)), ("to_dirfd", T::DirFd, A(2)), ("to_path", T::Path, I(3)), ("flags", T::MoveMountFlags, A(4))], NoFd, Effect::None),
    row(430, Category::File, 2, &[s(0)], &[NEW_FD, ("fsname", T::Text, I(0)), ("flags", T::FsopenFlags, A(1))], New, Effect::Special(Special::Other, None)),
    row(431, Category::File, 5, &[s(2), s(3)], &[RES, ("fd", T::Fd, A(0)), ("cmd", T::FsconfigCommand, A(1)), ("key", T::Text, I(2)), ("value_charbuf", T::Text, I(3)), ("aux", T::Int, A(4))], Of(0), Effect::None),
    row(432, Category::File, 3, &[], &[NEW_FD, ("fs_fd", T::Fd, A(0)), ("flags", T::FsmountFlags, A(1)), ("attr_flags", T::MountAttributes, A(2))], New, Effect::Special(Special::Other, None)),
    row(433, Category::File, 3, &[s(1)], &[NEW_FD, ("dirfd", T::DirFd, A(0)), ("path", T::Path, I(1)), ("flags", T::FspickFlags, A(2))], New, Effect::Special(Special::Other, None)),
    row(442, Category::File, 5, &[s(1), pack(ARRAY, 3, 4 | 1 << 8)], &[RES, ("dirfd", T::DirFd, A(0)), ("path", T::Path, I(1)), ("flags", T::AtFlags, A(2)), ("attr_set", T::MountAttributes, W(3, 0, 8)), ("attr_clr", T::MountAttributes, W(3, 8, 8)), ("propagation", T::MountFlags, W(3, 16, 8)), ("userns_fd", T::Int, W(3, 24, 8))], NoFd, Effect::None),
    row(467, Category::File, 5, &[s(1), pack(ARRAY, 3, 4 | 1 << 8)], &[NEW_FD, ("dirfd", T::DirFd, A(0)), ("path", T::Path, I(1)), ("flags", T::OpenTreeFlags, A(2)), ("attr_set", T::MountAttributes, W(3, 0, 8)), ("attr_clr", T::MountAttributes, W(3, 8, 8))], New, Effect::Special(Special::Other, None)),
];
