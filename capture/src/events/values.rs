//! Parameter values from where the catalogue says they are.

use super::Raw;
use crate::catalogue::{Source, bpf_makes_descriptor};
use afterimage_abi::flags;
use afterimage_format::constants::of_register;
use afterimage_format::model::{ParamType, Thread, Value};

/// Sets the value of one parameter after the call.
pub(super) fn set<'a>(
    to: &mut Value<'a>,
    raw: &Raw<'a>,
    thread: Option<&'a Thread>,
    peer: Option<&'a Peer>,
    ty: ParamType,
    source: Source,
) {
    let text = |bytes: Option<&'a [u8]>| match bytes {
        Some(bytes) if !bytes.is_empty() => Value::Bytes(bytes),
        _ => Value::Missing,
    };
    let number = |n: Option<u32>| {
        n.filter(|n| *n != 0)
            .map_or(Value::Missing, |n| Value::Int(i64::from(n)))
    };
    let int = |n: Option<i64>| n.map_or(Value::Missing, Value::Int);
    let result = raw.header.result;
    *to = match source {
        Source::Result => Value::Int(result),
        // Registers of 32 bits have no upper half that could hold a sign.
        Source::Arg(at) if ty == ParamType::Int && raw.header.flags & flags::COMPAT != 0 => {
            Value::Int(i64::from(raw.arg(at) as i32))
        }
        Source::Arg(at) => Value::Int(of_register(ty, raw.arg(at))),
        Source::Signed(at) => Value::Int(i64::from(raw.arg(at) as i32)),
        Source::Low(at) => Value::Int(i64::from(raw.arg(at) as u32)),
        Source::Pair(low, high) => {
            let joined = raw.arg(low) & 0xffff_ffff | raw.arg(high) << 32;
            Value::Int(of_register(ty, joined))
        }
        Source::Option(level, name) => {
            Value::Int(i64::from(raw.arg(level) as i32) << 32 | i64::from(raw.arg(name) as u32))
        }
        Source::BpfFd if result >= 0 && bpf_makes_descriptor(raw.arg(0)) => Value::Int(result),
        Source::BpfFd => Value::Missing,
        // Elements of a list are separated; the last one's NUL separates nothing.
        Source::Item(arg) if ty == ParamType::TextList => {
            text(raw.bytes(arg).map(|list| list.strip_suffix(b"\0").unwrap_or(list)))
        }
        Source::Item(arg) => raw.bytes(arg).map_or(Value::Missing, Value::Bytes),
        Source::Peer(arg) => match peer {
            Some(peer) => Value::Bytes(peer.bytes()),
            None => raw.bytes(arg).map_or(Value::Missing, Value::Bytes),
        },
        Source::Str(arg) => text(raw.bytes(arg).and_then(|b| b.split(|byte| *byte == 0).next())),
        Source::WordOfParent(..) if result == 0 => Value::Missing,
        Source::Out(..) | Source::Done(_) if result < 0 => Value::Missing,
        Source::Found(_) if result <= 0 => Value::Missing,
        Source::Done(inner) | Source::Found(inner) => return set(to, raw, thread, peer, ty, *inner),
        Source::Word(arg, offset, size) | Source::Out(arg, offset, size) | Source::WordOfParent(arg, offset, size) => {
            int(raw.word(arg, offset, size).map(|w| integer(ty, w, size)))
        }
        Source::Whole(arg) => match raw.bytes(arg).map(<[u8]>::len) {
            Some(size @ (1 | 2 | 4 | 8)) => int(raw.word(arg, 0, size as u8).map(|w| integer(ty, w, size as u8))),
            _ => Value::Missing,
        },
        Source::Joined(arg, low, high) => int(raw
            .word(arg, low, 4)
            .and_then(|low| Some((low | raw.word(arg, high, 4)? << 32) as i64))),
        Source::Span(arg, offset) => int(span(raw, arg, offset, 1)),
        Source::SpanMicro(arg, offset) => int(span(raw, arg, offset, 1000)),
        Source::Seconds(arg, offset) => int(raw.word(arg, offset, 8).map(|s| (s as i64).saturating_mul(SECOND))),
        Source::OldSpan(arg, offset, part) => int(old_span(raw, arg, offset, i64::from(part))),
        Source::OldSeconds(arg, offset) => int(raw.word(arg, offset, 4).map(|s| i64::from(s as i32) * SECOND)),
        // What was asked for. Where that could not be read, what a successful exec has become.
        Source::Exepath => match (raw.path(), thread) {
            (None, Some(thread)) if result == 0 => text(Some(&thread.exepath)),
            (path, _) => text(path),
        },
        Source::Exe => text(thread.map(|t| &t.exe[..])),
        Source::Args => text(thread.map(|t| &t.args[..])),
        Source::Cwd => text(thread.map(|t| &t.cwd[..])),
        Source::Comm => text(thread.map(|t| &t.comm[..])),
        Source::Tid => number(thread.map(|t| t.tid)),
        Source::Pid => number(thread.map(|t| t.pid)),
        Source::Ppid => number(thread.map(|t| t.ppid)),
    };
}

/// Address of the other end of the kernel's socket, as a `struct sockaddr`.
pub(super) struct Peer {
    bytes: [u8; 28],
    len: usize,
}

impl Peer {
    /// Of the socket in a record, if that is one of the Internet.
    pub(super) fn of(raw: &Raw<'_>) -> Option<Peer> {
        let socket = raw.socket()?;
        // Family, port, (flow,) address.
        let (at, size, len) = match socket.family {
            2 => (4, 4, 16),
            10 => (8, 16, 28),
            _ => return None,
        };
        let mut bytes = [0; 28];
        bytes[..2].copy_from_slice(&socket.family.to_le_bytes());
        bytes[2..4].copy_from_slice(&socket.remote_port_be.to_le_bytes());
        bytes[at..at + size].copy_from_slice(&socket.remote[..size]);
        Some(Peer { bytes, len })
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

const SECOND: i64 = 1_000_000_000;

/// Seconds and the parts of a second behind them, of so many nanoseconds each. `None` for what is no time, such as
/// `UTIME_NOW`.
fn span(raw: &Raw<'_>, arg: u8, offset: u16, part: i64) -> Option<i64> {
    let seconds = raw.word(arg, offset, 8)? as i64;
    let parts = i64::try_from(raw.word(arg, offset.checked_add(8)?, 8)?).ok()?;
    let rest = parts.checked_mul(part).filter(|rest| *rest < SECOND)?;
    Some(seconds.saturating_mul(SECOND).saturating_add(rest))
}

/// As [`span`], with words of 32 bits.
fn old_span(raw: &Raw<'_>, arg: u8, offset: u16, part: i64) -> Option<i64> {
    let seconds = i64::from(raw.word(arg, offset, 4)? as i32);
    let parts = i64::from(raw.word(arg, offset.checked_add(4)?, 4)? as u32);
    let rest = parts.checked_mul(part).filter(|rest| *rest < SECOND)?;
    Some(seconds.saturating_mul(SECOND).saturating_add(rest))
}

/// A word of memory: signed types have the sign of their own size.
fn integer(ty: ParamType, word: u64, size: u8) -> i64 {
    match (ty, size) {
        (ParamType::Int, 1) => i64::from(word as i8),
        (ParamType::Int, 2) => i64::from(word as i16),
        (ParamType::Int, 4) => i64::from(word as i32),
        _ => of_register(ty, word),
    }
}
