//! Arguments as text.

use super::{Fields, Observed, mode, proc};
use crate::eval::Value;
use crate::fields::FieldArg;
use afterimage_format::constants;
use afterimage_format::model::{self, Kind, Param, ParamType, SockAddr, parse_sockaddr};
use hashbrown::HashMap;
use std::borrow::Cow;
use std::cell::RefCell;
use std::io::Write as _;
use std::net::SocketAddr;

/// How much of a payload `evt.args` shows, in bytes; `evt.arg.data` and `evt.buffer` have all of it.
const SHOWN_PAYLOAD: usize = 80;

impl<'s, E: Observed<'s>> Fields<'s, E> {
    /// `evt.arg`: what the argument means, or else its plain form. `res` is the result where no parameter has the name.
    pub(super) fn arg(&self, arg: &FieldArg) -> Value<'s> {
        let Some(kind) = self.kind() else { return Value::Missing };
        let at = match arg {
            FieldArg::Name(name) => kind.param(name),
            FieldArg::Index(at) => usize::try_from(*at).ok().filter(|at| !is_unnamed(kind, *at)),
            FieldArg::None => None,
        };
        let (at, ty, value) = match (at.and_then(|at| Some((at, kind.params.get(at)?))), arg) {
            (Some((at, param)), _) => (at, param.ty, self.raw_arg(at)),
            // Imported events tell all their parameters.
            (None, FieldArg::Name(name)) if name == "res" && !tells_number(kind) => {
                (usize::MAX, ParamType::Errno, int(self.result()))
            }
            _ => return Value::Missing,
        };
        match value {
            model::Value::Missing => Value::Missing,
            model::Value::Bytes(bytes) => Value::Str(shown_bytes(ty, bytes)),
            model::Value::Int(value) => {
                let mut out = Vec::new();
                if !self.write_meaning(at, ty, value, &mut out) {
                    write_number(ty, value, &mut out);
                }
                Value::owned(out)
            }
        }
    }

    /// `evt.args`: the result, where no parameter tells it, and all arguments.
    pub(super) fn args(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write_args(&mut out);
        out
    }

    /// Writes [`Fields::args`] behind what stands in `out` already.
    pub(crate) fn write_args(&self, out: &mut Vec<u8>) {
        let Some(kind) = self.kind() else { return };
        let result = int(self.result());
        let first = self.raw_arg(0);
        let told = kind.params.first().is_some_and(|param| {
            param.name == "res" || tells_number(kind) || param.ty == ParamType::Fd && first == result
        });
        let start = out.len();
        if !told && result != model::Value::Missing {
            self.write_arg(usize::MAX, "res", ParamType::Errno, result, out);
        }
        for (at, param) in kind
            .params
            .iter()
            .enumerate()
            .filter(|(_, param)| !param.name.is_empty())
        {
            if out.len() > start {
                out.push(b' ');
            }
            let value = if at == 0 { first } else { self.raw_arg(at) };
            self.write_arg(at, &param.name, param.ty, value, out);
        }
    }

    /// `name=number(meaning)`
    fn write_arg(&self, at: usize, name: &str, ty: ParamType, value: model::Value<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(name.as_bytes());
        out.push(b'=');
        match value {
            model::Value::Missing => out.extend_from_slice(b"<NA>"),
            model::Value::Bytes(bytes) if ty == ParamType::Bytes && bytes.len() > SHOWN_PAYLOAD => {
                out.extend_from_slice(&bytes[..SHOWN_PAYLOAD]);
                out.extend_from_slice(b"...");
            }
            model::Value::Bytes(bytes) => out.extend_from_slice(&shown_bytes(ty, bytes)),
            model::Value::Int(value) => {
                write_number(ty, value, out);
                let before = out.len();
                out.push(b'(');
                if self.write_meaning(at, ty, value, out) {
                    out.push(b')');
                } else {
                    out.truncate(before);
                }
            }
        }
    }

    /// Writes what a number means, where that is known.
    fn write_meaning(&self, at: usize, ty: ParamType, value: i64, out: &mut Vec<u8>) -> bool {
        match ty {
            ParamType::Fd if value >= 0 => self.write_descriptor(at, out),
            ParamType::Fd => write_name(ParamType::Errno, value, out),
            ParamType::Mode => {
                let names = mode::names(value);
                out.extend_from_slice(names.as_bytes());
                !names.is_empty()
            }
            ParamType::Uid | ParamType::Gid => self.write_account(ty, value, out),
            // Most numbers stand for themselves.
            ParamType::Int | ParamType::Uint | ParamType::Hex | ParamType::Pid => false,
            ty => write_name(ty, value, out),
        }
    }

    /// Writes the name of a user or group.
    fn write_account(&self, ty: ParamType, value: i64, out: &mut Vec<u8>) -> bool {
        let Ok(id) = u32::try_from(value) else { return false };
        let container = self.thread().map_or(0, |thread| thread.container);
        let name = if ty == ParamType::Uid {
            self.context().user(container, id).map(|user| &user.name)
        } else {
            self.context().group(container, id).map(|group| &group.name)
        };
        match name {
            Some(name) => out.extend_from_slice(name.as_bytes()),
            None if id == 0 => out.extend_from_slice(b"root"),
            None => return false,
        }
        true
    }

    /// `<f>/etc/passwd` for the first descriptor among the arguments, which is the one that the row knows.
    fn write_descriptor(&self, at: usize, out: &mut Vec<u8>) -> bool {
        let first = |kind: &Kind| kind.params.iter().position(|param| param.ty == ParamType::Fd);
        if self.kind().and_then(first) != Some(at) {
            return false;
        }
        let Some(descriptor) = self.descriptor().filter(|descriptor| descriptor.missing.is_empty()) else {
            return false;
        };
        let protocol = match descriptor.l4 {
            model::L4Proto::Tcp => "t",
            model::L4Proto::Udp => "u",
            model::L4Proto::Icmp => "i",
            model::L4Proto::Raw => "r",
            model::L4Proto::Unknown => "",
        };
        let mut letter = [0; 4];
        out.push(b'<');
        out.extend_from_slice(descriptor.ty.names().1.encode_utf8(&mut letter).as_bytes());
        out.extend_from_slice(protocol.as_bytes());
        out.push(b'>');
        out.extend_from_slice(&descriptor.name);
        true
    }
}

/// Names of constants that are kept: events have few of them, and many times.
const KEPT_NAMES: usize = 4096;

/// Names by what they stand for; nothing for numbers that have none.
type Names = HashMap<(ParamType, i64), Option<Box<str>>>;

thread_local! {
    static NAMES: RefCell<Names> = RefCell::default();
}

/// Writes the name of a constant, or the names of its bits.
fn write_name(ty: ParamType, value: i64, out: &mut Vec<u8>) -> bool {
    NAMES.with_borrow_mut(|names| {
        if names.len() >= KEPT_NAMES {
            names.clear();
        }
        let name = names
            .entry((ty, value))
            .or_insert_with(|| constants::name(ty, value).map(String::into_boxed_str));
        name.as_ref().is_some_and(|name| {
            out.extend_from_slice(name.as_bytes());
            true
        })
    })
}

/// Whether the number of the descriptor stands behind the arguments.
pub(super) fn tells_number(kind: &Kind) -> bool {
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

/// Writes a number as its type is written.
fn write_number(ty: ParamType, value: i64, out: &mut Vec<u8>) {
    let mut digits = itoa::Buffer::new();
    let text = match ty {
        ParamType::Hex => {
            // Writing to memory does not fail.
            let _ = write!(out, "0x{value:x}");
            return;
        }
        ParamType::Mode => {
            let _ = write!(out, "{value:04o}");
            return;
        }
        ParamType::Uint => digits.format(value as u64),
        // The level is a parameter of its own.
        ParamType::SocketOption => digits.format(value as u32),
        _ => digits.format(value),
    };
    out.extend_from_slice(text.as_bytes());
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
