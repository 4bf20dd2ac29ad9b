//! Arguments as text.

use super::{Fields, Observed, mode, proc};
use crate::eval::Value;
use crate::fields::FieldArg;
use afterimage_format::constants;
use afterimage_format::model::{self, Kind, Param, ParamType, SockAddr, parse_sockaddr};
use std::borrow::Cow;
use std::net::SocketAddr;

/// How much of a payload `evt.args` shows, in bytes; `evt.arg.data` and `evt.buffer` have all of it.
const SHOWN_PAYLOAD: usize = 80;

/// An argument as text.
struct Shown<'s> {
    /// Number or text.
    plain: Cow<'s, [u8]>,
    /// What a number means, where that is known.
    meaning: Option<Vec<u8>>,
}

impl<'s, E: Observed<'s>> Fields<'s, E> {
    /// `evt.arg`: what the argument means, or else its plain form. `res` is the result where no parameter has the name.
    pub(super) fn arg(&self, arg: &FieldArg) -> Value<'s> {
        let Some(kind) = self.kind() else { return Value::Missing };
        let at = match arg {
            FieldArg::Name(name) => kind.param(name),
            FieldArg::Index(at) => usize::try_from(*at).ok().filter(|at| !is_unnamed(kind, *at)),
            FieldArg::None => None,
        };
        let shown = match (at.and_then(|at| Some((at, kind.params.get(at)?))), arg) {
            (Some((at, param)), _) => self.shown(at, param),
            // Imported events tell all their parameters.
            (None, FieldArg::Name(name)) if name == "res" && !tells_number(kind) => self.shown_result(),
            _ => None,
        };
        match shown {
            None => Value::Missing,
            Some(Shown {
                meaning: Some(meaning), ..
            }) => Value::owned(meaning),
            Some(Shown { plain, .. }) => Value::Str(plain),
        }
    }

    /// `evt.args`: the result, where no parameter tells it, and all arguments.
    pub(super) fn args(&self) -> Vec<u8> {
        let Some(kind) = self.kind() else { return Vec::new() };
        let mut out = Vec::new();
        let told = kind.params.first().is_some_and(|first| {
            first.name == "res"
                || tells_number(kind)
                || first.ty == ParamType::Fd && self.raw_arg(0) == int(self.result())
        });
        if !told {
            add(&mut out, "res", self.shown_result());
        }
        for (at, param) in kind.params.iter().enumerate() {
            if param.name.is_empty() {
                continue;
            }
            let mut shown = self.shown(at, param);
            if param.ty == ParamType::Bytes
                && let Some(shown) = &mut shown
                && shown.plain.len() > SHOWN_PAYLOAD
            {
                shown.plain = Cow::Owned([&shown.plain[..SHOWN_PAYLOAD], b"..."].concat());
            }
            add(&mut out, &param.name, Some(shown.unwrap_or_else(|| plain("<NA>"))));
        }
        out
    }

    fn shown_result(&self) -> Option<Shown<'s>> {
        let result = self.result()?;
        Some(Shown {
            plain: text(result),
            meaning: constants::name(ParamType::Errno, result).map(String::into_bytes),
        })
    }

    fn shown(&self, at: usize, param: &Param) -> Option<Shown<'s>> {
        match self.raw_arg(at) {
            model::Value::Missing => None,
            model::Value::Int(value) => Some(self.shown_int(at, param.ty, value)),
            model::Value::Bytes(bytes) => Some(Shown {
                plain: shown_bytes(param.ty, bytes),
                meaning: None,
            }),
        }
    }

    fn shown_int(&self, at: usize, ty: ParamType, value: i64) -> Shown<'s> {
        let plain = match ty {
            ParamType::Uint => text(value as u64),
            ParamType::Hex => text(format_args!("0x{value:x}")),
            ParamType::Mode => text(format_args!("{value:04o}")),
            // The level is a parameter of its own.
            ParamType::SocketOption => text(value as u32),
            _ => text(value),
        };
        let meaning = match ty {
            ParamType::Fd if value >= 0 => self.shown_descriptor(at),
            ParamType::Fd => constants::name(ParamType::Errno, value).map(String::into_bytes),
            ParamType::Mode => Some(mode::names(value))
                .filter(|names| !names.is_empty())
                .map(String::into_bytes),
            ParamType::Uid | ParamType::Gid => self.shown_account(ty, value),
            ty => constants::name(ty, value).map(String::into_bytes),
        };
        Shown { plain, meaning }
    }

    /// The name of a user or group.
    fn shown_account(&self, ty: ParamType, value: i64) -> Option<Vec<u8>> {
        let id = u32::try_from(value).ok()?;
        let container = self.thread().map_or(0, |thread| thread.container);
        let name = if ty == ParamType::Uid {
            self.context().user(container, id).map(|user| &user.name)
        } else {
            self.context().group(container, id).map(|group| &group.name)
        };
        match name {
            Some(name) => Some(name.clone().into_bytes()),
            None => (id == 0).then(|| b"root".to_vec()),
        }
    }

    /// `<f>/etc/passwd` for the first descriptor among the arguments, which is the one that the row knows.
    fn shown_descriptor(&self, at: usize) -> Option<Vec<u8>> {
        let first = self.kind()?.params.iter().position(|param| param.ty == ParamType::Fd)?;
        let descriptor = self.descriptor().filter(|_| first == at)?;
        if !descriptor.missing.is_empty() {
            return None;
        }
        let protocol = match descriptor.l4 {
            model::L4Proto::Tcp => "t",
            model::L4Proto::Udp => "u",
            model::L4Proto::Icmp => "i",
            model::L4Proto::Raw => "r",
            model::L4Proto::Unknown => "",
        };
        let mut out = format!("<{}{protocol}>", descriptor.ty.names().1).into_bytes();
        out.extend_from_slice(&descriptor.name);
        Some(out)
    }
}

/// Whether the number of the descriptor stands behind the arguments.
fn tells_number(kind: &Kind) -> bool {
    kind.params.last().is_some_and(Param::is_number_of_descriptor)
}

/// Whether it is no argument.
fn is_unnamed(kind: &Kind, at: usize) -> bool {
    kind.params.get(at).is_some_and(|param| param.name.is_empty())
}

fn int(result: Option<i64>) -> model::Value<'static> {
    result.map_or(model::Value::Missing, model::Value::Int)
}

fn text(value: impl std::fmt::Display) -> Cow<'static, [u8]> {
    Cow::Owned(value.to_string().into_bytes())
}

fn plain(text: &'static str) -> Shown<'static> {
    Shown {
        plain: Cow::Borrowed(text.as_bytes()),
        meaning: None,
    }
}

fn add(out: &mut Vec<u8>, name: &str, shown: Option<Shown<'_>>) {
    let Some(Shown { plain, meaning }) = shown else { return };
    if !out.is_empty() {
        out.push(b' ');
    }
    out.extend_from_slice(name.as_bytes());
    out.push(b'=');
    out.extend_from_slice(&plain);
    if let Some(meaning) = meaning {
        out.push(b'(');
        out.extend_from_slice(&meaning);
        out.push(b')');
    }
}

fn shown_bytes(ty: ParamType, bytes: &[u8]) -> Cow<'_, [u8]> {
    match ty {
        ParamType::TextList => Cow::Owned(proc::spaced(bytes)),
        ParamType::PollFds => Cow::Owned(poll_fds(bytes)),
        ParamType::SockAddr => match parse_sockaddr(bytes) {
            Some(SockAddr::Ip(address, port)) => text(SocketAddr::new(address, port)),
            Some(SockAddr::Unix([0, name @ ..])) => Cow::Owned([b"@", name].concat()),
            Some(SockAddr::Unix(path)) => Cow::Borrowed(path),
            Some(SockAddr::Netlink(port, groups)) => text(format_args!("{port}:{groups}")),
            Some(SockAddr::Other(family, _)) => match constants::family_name(i64::from(family)) {
                Some(name) => Cow::Borrowed(name.as_bytes()),
                None => text(family),
            },
            None => Cow::Borrowed(b""),
        },
        _ => Cow::Borrowed(bytes),
    }
}

/// `3:POLLIN 4:POLLIN|POLLOUT`: what is asked for of an array of `struct pollfd`.
fn poll_fds(bytes: &[u8]) -> Vec<u8> {
    let fds = bytes.chunks_exact(8).map(|one| {
        let fd = i32::from_le_bytes([one[0], one[1], one[2], one[3]]);
        format!("{fd}:{}", constants::poll_events(u16::from_le_bytes([one[4], one[5]])))
    });
    fds.collect::<Vec<_>>().join(" ").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::poll_fds;

    #[test]
    fn poll_fds_tell_what_is_waited_for() {
        let fds = [3, 0, 0, 0, 1, 0, 0, 0, 255, 255, 255, 255, 5, 0, 0, 0, 7];
        assert_eq!(poll_fds(&fds), b"3:POLLIN -1:POLLIN|POLLOUT");
        assert_eq!(poll_fds(b""), b"");
    }
}
