//! Parameters of an event as values of a row.

use super::flags;
use super::kinds::Shape;
use crate::events::{Event, ParamInfo, Values, Wire, syscall};
use crate::fields::{Fields, signed, unsigned, until_nul};
use crate::state::{sockaddr, socktuple};
use afterimage_format::model::{ParamType, Value};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Texts that had to be made.
#[derive(Default)]
pub(super) struct Made {
    bytes: Vec<u8>,
}

/// A value, or where its text stands among those that were made.
#[derive(Clone, Copy)]
enum Slot<'b> {
    Value(Value<'b>),
    Made(usize, usize),
}

/// Calls `with` with the values of all parameters of an event.
pub(super) fn with_values<T>(
    event: &Event<'_>,
    shape: &Shape,
    fd: Option<i64>,
    made: &mut Made,
    with: impl FnOnce(&[Value<'_>]) -> T,
) -> T {
    const MOST: usize = crate::limits::MAX_PARAMS + 1;
    made.bytes.clear();
    let mut slots = [Slot::Value(Value::Missing); MOST];
    let count = shape.params.len().min(MOST - 1);
    for (at, (slot, param)) in slots.iter_mut().zip(&shape.params).enumerate().take(count) {
        if let Some(raw) = event.raw(at) {
            *slot = converted(param, shape.types[at], raw, made);
        }
    }
    let mut values = [Value::Missing; MOST];
    for (value, slot) in values.iter_mut().zip(&slots).take(count) {
        *value = match slot {
            Slot::Value(value) => *value,
            Slot::Made(start, end) => Value::Bytes(&made.bytes[*start..*end]),
        };
    }
    let mut length = count;
    if shape.has_fd {
        values[count] = fd.map_or(Value::Missing, Value::Int);
        length += 1;
    }
    with(&values[..length])
}

fn int<'b>(value: Option<i64>) -> Slot<'b> {
    Slot::Value(value.map_or(Value::Missing, Value::Int))
}

fn converted<'b>(param: &ParamInfo, ty: ParamType, raw: &'b [u8], made: &mut Made) -> Slot<'b> {
    match param.wire {
        Wire::Int | Wire::Errno | Wire::Fd | Wire::Pid => int(signed(raw)),
        Wire::Flags => int(unsigned(raw).map(|value| flags::linux(param.values, value))),
        Wire::Uid | Wire::Gid => int(unsigned(raw).map(|id| if id == u64::from(u32::MAX) { -1 } else { id as i64 })),
        Wire::Mode if param.values == Values::Mode => int(unsigned(raw).map(|mode| mode as i64)),
        Wire::Uint | Wire::Mode | Wire::Signal | Wire::SignalSet | Wire::RelTime | Wire::AbsTime | Wire::Port => {
            int(unsigned(raw).map(|value| value as i64))
        }
        Wire::Text | Wire::Path | Wire::RelPath => Slot::Value(Value::Bytes(until_nul(raw))),
        Wire::Bytes if ty == ParamType::TextList => Slot::Value(Value::Bytes(raw.strip_suffix(&[0]).unwrap_or(raw))),
        Wire::Bytes | Wire::TextList | Wire::PairList | Wire::Unknown => Slot::Value(Value::Bytes(raw)),
        Wire::SockAddr => made.text(&sockaddr(raw).text()),
        Wire::SockTuple => made.text(&socktuple(raw).text()),
        Wire::FdList => made.text(poll_list(raw).as_bytes()),
        Wire::Syscall => match unsigned(raw).and_then(|number| syscall(number as u16)) {
            Some(call) => made.text(call.name.as_bytes()),
            None => made.text(b"<unknown syscall>"),
        },
        Wire::Dynamic => made.text(dynamic(raw).as_bytes()),
        Wire::Ipv4 => match <[u8; 4]>::try_from(raw) {
            Ok(octets) => made.text(Ipv4Addr::from(octets).to_string().as_bytes()),
            Err(_) => Slot::Value(Value::Missing),
        },
        Wire::Ipv6 => match <[u8; 16]>::try_from(raw) {
            Ok(octets) => made.text(Ipv6Addr::from(octets).to_string().as_bytes()),
            Err(_) => Slot::Value(Value::Missing),
        },
    }
}

impl Made {
    fn text<'b>(&mut self, text: &[u8]) -> Slot<'b> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(text);
        Slot::Made(start, self.bytes.len())
    }
}

/// Descriptors with the events that are waited for, as in `3:1 4:5`.
fn poll_list(raw: &[u8]) -> String {
    let mut fields = Fields(raw);
    let count = fields.u16().unwrap_or(0);
    let mut out = String::new();
    for _ in 0..count {
        let (Some(fd), Some(events)) = (fields.i64(), fields.u16()) else {
            break;
        };
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&format!("{fd}:{events:x}"));
    }
    out
}

/// A value whose first byte says of which kind it is.
fn dynamic(raw: &[u8]) -> String {
    match raw.split_first() {
        Some((_, rest)) => match signed(rest) {
            Some(value) => value.to_string(),
            None => rest.iter().map(|byte| format!("{byte:02x}")).collect(),
        },
        None => String::new(),
    }
}
