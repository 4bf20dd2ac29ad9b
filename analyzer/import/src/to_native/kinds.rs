//! Kinds of rows: one for each code with the number of parameters that it comes with.

use super::flags;
use crate::events::{Event, EventInfo, ParamInfo, Values, Wire, info, syscall};
use crate::limits::MAX_KINDS;
use afterimage_format::model::{Category, Kind, Param, ParamType};
use hashbrown::HashMap;

/// What the rows of a kind are made of.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    /// Parameters as they stand in the event; behind those that are known, ones without a type.
    pub(super) params: Vec<ParamInfo>,
    /// Types that they have in the trace.
    pub(super) types: Vec<ParamType>,
    /// The number of the row's descriptor stands behind the parameters.
    pub(super) has_fd: bool,
    /// Position of the parameter that is the result, and whether it is one of an enter event.
    pub(super) result: Option<usize>,
}

/// All kinds so far.
#[derive(Default)]
pub(super) struct Kinds {
    index: HashMap<(u16, u16, u16, bool), u16>,
    pub(super) kinds: Vec<Kind>,
    pub(super) shapes: Vec<Shape>,
    last: Option<((u16, u16, u16, bool), u16)>,
}

/// Codes of events that have no code of their own for their call.
const GENERIC: [u16; 2] = [0, 1];

impl Kinds {
    /// The kind of an event; `is_state` is for what only tells of the state.
    pub(super) fn of(&mut self, event: &Event<'_>, is_state: bool) -> u16 {
        let call = if GENERIC.contains(&event.code) {
            event.raw(0).and_then(crate::fields::unsigned).unwrap_or(0) as u16
        } else {
            0
        };
        let key = (event.code, call, event.params.len() as u16, is_state);
        if let Some((last, kind)) = self.last
            && last == key
        {
            return kind;
        }
        let kind = match self.index.get(&key) {
            Some(kind) => *kind,
            None => self.add(key),
        };
        self.last = Some((key, kind));
        kind
    }

    fn add(&mut self, key: (u16, u16, u16, bool)) -> u16 {
        let (code, call, count, is_state) = key;
        if self.kinds.len() >= MAX_KINDS {
            // The last one stands for all that come.
            return (self.kinds.len() - 1) as u16;
        }
        let is_last = self.kinds.len() + 1 == MAX_KINDS;
        let (kind, shape) = if is_last {
            made(u16::MAX, 0, 0, false)
        } else {
            made(code, call, usize::from(count), is_state)
        };
        let at = self.kinds.len() as u16;
        self.kinds.push(kind);
        self.shapes.push(shape);
        self.index.insert(key, at);
        at
    }
}

fn made(code: u16, call: u16, count: usize, is_state: bool) -> (Kind, Shape) {
    let known = info(code);
    let mut params: Vec<ParamInfo> = known.map(|info| info.params.clone()).unwrap_or_default();
    params.truncate(count);
    // Those of a newer writer are there without a name.
    let known_params = params.len();
    params.resize(
        count,
        ParamInfo {
            name: "",
            wire: Wire::Unknown,
            values: Values::Plain,
        },
    );
    let mut kind = Kind::default();
    match known {
        Some(_) if GENERIC.contains(&code) => {
            if let Some(call) = syscall(call) {
                kind.name = call.name.to_owned();
                kind.category = call.category;
                kind.syscall = Some(call.native.unwrap_or(u16::MAX));
            } else {
                kind.name = "<unknown>".to_owned();
            }
        }
        Some(info) => {
            kind.name = info.name.to_owned();
            kind.category = info.category;
            kind.syscall = info.syscall;
        }
        None => kind.name = "unknown".to_owned(),
    }
    if is_state {
        kind.category = Category::State;
    }
    let types: Vec<ParamType> = params.iter().map(param_type).collect();
    let named = params.iter().enumerate().map(|(at, param)| Param {
        name: if at < known_params {
            param.name.to_owned()
        } else {
            format!("arg{at}")
        },
        ty: types[at],
    });
    kind.params = named.collect();
    let has_fd = known.is_some_and(needs_fd);
    if has_fd {
        kind.params.push(Param {
            name: String::new(),
            ty: ParamType::Fd,
        });
    }
    let result = params.iter().position(|param| param.name == "res").or_else(|| {
        let creates = known.is_some_and(|info| info.creates_fd) && code % 2 == 1;
        params.iter().position(|param| param.name == "fd").filter(|_| creates)
    });
    (
        kind,
        Shape {
            params,
            types,
            has_fd,
            result,
        },
    )
}

/// Whether readers could take another number for that of the row's descriptor, or find none.
fn needs_fd(info: &EventInfo) -> bool {
    info.uses_fd || info.creates_fd || info.params.iter().any(|param| param.wire == Wire::Fd)
}

fn param_type(param: &ParamInfo) -> ParamType {
    use ParamType as T;
    match param.wire {
        Wire::Int => match param.values {
            Values::Hex => T::Hex,
            _ => T::Int,
        },
        Wire::Uint => match param.values {
            Values::Hex => T::Hex,
            Values::Octal => T::Mode,
            _ => T::Uint,
        },
        Wire::Errno => T::Errno,
        Wire::Fd => match param.name {
            "dirfd" | "olddirfd" | "newdirfd" | "olddir" | "newdir" | "linkdirfd" => T::DirFd,
            _ => T::Fd,
        },
        Wire::Pid => T::Pid,
        Wire::Uid => T::Uid,
        Wire::Gid => T::Gid,
        Wire::Flags => flags::param_type(param.values),
        Wire::Mode => T::Mode,
        Wire::Signal => T::Signal,
        Wire::SignalSet => T::SignalSet,
        Wire::RelTime => T::Duration,
        Wire::AbsTime | Wire::Port => T::Uint,
        Wire::Path | Wire::RelPath => T::Path,
        Wire::Bytes if param.name == "data" || param.name == "event_data" => T::Bytes,
        Wire::Bytes if matches!(param.name, "args" | "env" | "cgroups") => T::TextList,
        Wire::Bytes | Wire::Dynamic | Wire::Unknown => T::Text,
        Wire::TextList | Wire::PairList => T::TextList,
        Wire::Syscall => T::Text,
        Wire::Text | Wire::SockAddr | Wire::SockTuple | Wire::FdList | Wire::Ipv4 | Wire::Ipv6 => T::Text,
    }
}
