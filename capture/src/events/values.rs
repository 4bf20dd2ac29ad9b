//! Parameter values from where the catalogue says they are.

use super::Raw;
use crate::catalogue::Source;
use afterimage_format::model::{ParamType, Thread, Value};

/// The value of one parameter after the call.
pub(super) fn value<'a>(
    raw: &Raw<'a>,
    thread: Option<&'a Thread>,
    peer: &'a Peer,
    ty: ParamType,
    source: Source,
) -> Value<'a> {
    let text = |bytes: Option<&'a [u8]>| match bytes {
        Some(bytes) if !bytes.is_empty() => Value::Bytes(bytes),
        _ => Value::Missing,
    };
    let number = |n: Option<u32>| {
        n.filter(|n| *n != 0)
            .map_or(Value::Missing, |n| Value::Int(i64::from(n)))
    };
    match source {
        Source::Result => Value::Int(raw.header.result),
        Source::Arg(at) => Value::Int(integer(ty, raw.arg(at))),
        Source::Item(arg) => raw.bytes(arg).map_or(Value::Missing, Value::Bytes),
        Source::Peer(arg) => match peer.bytes() {
            Some(bytes) => Value::Bytes(bytes),
            None => raw.bytes(arg).map_or(Value::Missing, Value::Bytes),
        },
        Source::WordOfParent(..) if raw.header.result == 0 => Value::Missing,
        Source::Word(arg, offset, size) | Source::WordOfParent(arg, offset, size) => raw
            .word(arg, offset, size)
            .map_or(Value::Missing, |w| Value::Int(integer(ty, w))),
        // What was asked for. Where that could not be read, what a successful exec has become.
        Source::Exepath => match (raw.path(), thread) {
            (None, Some(thread)) if raw.header.result == 0 => text(Some(&thread.exepath)),
            (path, _) => text(path),
        },
        Source::Exe => text(thread.map(|t| &t.exe[..])),
        Source::Args => text(thread.map(|t| &t.args[..])),
        Source::Cwd => text(thread.map(|t| &t.cwd[..])),
        Source::Comm => text(thread.map(|t| &t.comm[..])),
        Source::Tid => number(thread.map(|t| t.tid)),
        Source::Pid => number(thread.map(|t| t.pid)),
        Source::Ppid => number(thread.map(|t| t.ppid)),
    }
}

/// Address of the other end of the kernel's socket, as a `struct sockaddr`.
pub(super) struct Peer {
    bytes: [u8; 28],
    len: usize,
}

impl Peer {
    /// Of the socket in a record, if that is one of the Internet.
    pub(super) fn of(raw: Option<&Raw<'_>>) -> Peer {
        let mut peer = Peer { bytes: [0; 28], len: 0 };
        let Some(socket) = raw.and_then(Raw::socket) else {
            return peer;
        };
        // Family, port, (flow,) address.
        let (at, size, len) = match socket.family {
            2 => (4, 4, 16),
            10 => (8, 16, 28),
            _ => return peer,
        };
        peer.bytes[..2].copy_from_slice(&socket.family.to_le_bytes());
        peer.bytes[2..4].copy_from_slice(&socket.remote_port_be.to_le_bytes());
        peer.bytes[at..at + size].copy_from_slice(&socket.remote[..size]);
        peer.len = len;
        peer
    }

    fn bytes(&self) -> Option<&[u8]> {
        (self.len > 0).then_some(&self.bytes[..self.len])
    }
}

/// A register as the kernel takes it: registers hold 64 bits, most parameters are 32 wide.
fn integer(ty: ParamType, register: u64) -> i64 {
    match ty {
        ParamType::Fd | ParamType::DirFd | ParamType::Pid | ParamType::Signal => i64::from(register as i32),
        ParamType::Uid
        | ParamType::Gid
        | ParamType::OpenFlags
        | ParamType::MsgFlags
        | ParamType::AtFlags
        | ParamType::Family
        | ParamType::SocketType => i64::from(register as u32),
        ParamType::Mode => i64::from(register as u16),
        _ => register as i64,
    }
}
