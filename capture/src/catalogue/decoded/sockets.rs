//! Sockets beyond connecting and moving data.

use super::{A, FD0, I, Of, RES, W, Whole, row};
use crate::catalogue::{Decoded, Effect, Source};
use afterimage_abi::extract::{BYTES_IN, SOCKADDR_OUT, STRUCT, pack};
use afterimage_format::model::{Category, ParamType as T};

#[rustfmt::skip]
pub(super) const ROWS: &[Decoded] = &[
    row(51, Category::Net, 3, &[pack(SOCKADDR_OUT, 1, 2)], &[RES, FD0, ("addr", T::SockAddr, I(1))], Of(0), Effect::None),
    row(52, Category::Net, 3, &[pack(SOCKADDR_OUT, 1, 2)], &[RES, FD0, ("addr", T::SockAddr, I(1))], Of(0), Effect::None),
    // `val` where the value is an integer, `val_bytes` whatever it is.
    row(54, Category::Net, 5, &[pack(BYTES_IN, 3, 4)], &[RES, FD0, ("level", T::SocketLevel, A(1)), ("optname", T::SocketOption, Source::Option(1, 2)), ("val", T::Int, Whole(3)), ("val_bytes", T::Bytes, I(3)), ("optlen", T::Uint, Source::Low(4))], Of(0), Effect::None),
    row(55, Category::Net, 5, &[pack(SOCKADDR_OUT, 3, 4), pack(STRUCT, 4, 4)], &[RES, FD0, ("level", T::SocketLevel, A(1)), ("optname", T::SocketOption, Source::Option(1, 2)), ("val", T::Int, Whole(3)), ("val_bytes", T::Bytes, I(3)), ("optlen", T::Uint, W(4, 0, 4))], Of(0), Effect::None),
];
