//! Operations of io_uring: what they did to descriptors, and their events. The result comes with the address of the
//! request alone; what was submitted is remembered until then.

use super::{Emit, Raw, Tracker};
use crate::catalogue::Own;
use crate::state::Missing;
use afterimage_abi::{item, uring};
use afterimage_format::model::{EventFlags, Value};
use afterimage_format::segment::SegmentBuilder;
use hashbrown::HashMap;

/// Requests that are remembered; more than any program has under way. Beyond, results come without descriptor and path.
const MOST: usize = 64 << 10;
/// `IOSQE_FIXED_FILE`.
const FIXED_FILE: u8 = 1;
/// `IORING_CQE_F_MORE`: there will be another result.
const MORE: u64 = 2;
/// What the program says where a result belongs to no request.
const NO_OPERATION: u8 = u8::MAX;

/// What was submitted and has no result yet, by the address of its request.
#[derive(Default)]
pub(super) struct Pending(HashMap<u64, Operation>);

#[derive(Clone, Default)]
struct Operation {
    /// The thread that submitted it; the kernel may go on with it in a thread of its own.
    tid: u32,
    code: u8,
    flags: u8,
    /// It makes or closes an entry of the ring's own table.
    in_ring: bool,
    fd: i32,
    path: Option<Vec<u8>>,
    newpath: Option<Vec<u8>>,
}

/// Operations on a descriptor (`needs_file` in io_uring/opdef.c).
fn takes_descriptor(code: u8) -> bool {
    matches!(code, 1..=6 | 8..=10 | 13 | 16 | 17 | 22..=24 | 26 | 27 | 30 | 33 | 34 | 40 | 41 | 43 | 46..=49 | 54..=61)
}

/// Operations on a path that may be relative to a descriptor.
fn takes_directory(code: u8) -> bool {
    use uring::{LINKAT, MKDIRAT, OPENAT, OPENAT2, RENAMEAT, SYMLINKAT, UNLINKAT};
    matches!(
        code,
        OPENAT | OPENAT2 | UNLINKAT | MKDIRAT | RENAMEAT | LINKAT | SYMLINKAT
    )
}

impl Operation {
    fn of(raw: &Raw<'_>) -> Operation {
        let owned = |item| raw.bytes(item).map(<[u8]>::to_vec);
        let what = raw.arg(1);
        Operation {
            tid: raw.tid(),
            code: what as u8,
            flags: (what >> 8) as u8,
            in_ring: what >> 16 & 1 != 0,
            fd: raw.arg(2) as i32,
            path: owned(item::FILENAME),
            newpath: owned(item::NEW_FILENAME),
        }
    }

    /// The descriptor that it is about, unless that is one of the ring's own.
    fn descriptor(&self) -> Option<i32> {
        let own = self.in_ring || self.flags & FIXED_FILE != 0;
        (!own && (takes_descriptor(self.code) || self.code == uring::CLOSE)).then_some(self.fd)
    }

    fn args(&self, user_data: u64) -> [Value<'_>; 8] {
        let int = |n: Option<i32>| n.map_or(Value::Missing, |n| Value::Int(i64::from(n)));
        [
            match self.code {
                NO_OPERATION => Value::Missing,
                code => Value::Int(i64::from(code)),
            },
            int(self.descriptor()),
            Value::Int(user_data as i64),
            int(takes_directory(self.code).then_some(self.fd)),
            self.path.as_deref().map_or(Value::Missing, Value::Bytes),
            self.newpath.as_deref().map_or(Value::Missing, Value::Bytes),
            // Not visible.
            Value::Missing,
            Value::Missing,
        ]
    }
}

impl Tracker {
    /// An operation begins.
    pub(super) fn uring_submit(&mut self, raw: &Raw<'_>, cpu: u16, out: &mut SegmentBuilder) {
        let thread = self.thread_of(raw);
        let operation = Operation::of(raw);
        let mut args = [Value::Missing; 9];
        args[..8].copy_from_slice(&operation.args(raw.arg(3)));
        args[8] = Value::Int(i64::from(operation.flags));
        let emit = Emit {
            kind: Own::UringSubmit as u16,
            flags: EventFlags::ENTER,
            thread,
            descriptor: self.uring_descriptor(raw, &operation),
            args: &args,
        };
        self.emit(raw, cpu, emit, out);
        let request = raw.arg(0);
        if self.uring.0.len() < MOST || self.uring.0.contains_key(&request) {
            self.uring.0.insert(request, operation);
        }
    }

    /// It has a result.
    pub(super) fn uring_complete(&mut self, raw: &Raw<'_>, cpu: u16, out: &mut SegmentBuilder) {
        let more = raw.arg(2) & MORE != 0;
        let submitted = if more {
            self.uring.0.get(&raw.arg(0)).cloned()
        } else {
            self.uring.0.remove(&raw.arg(0))
        };
        // The request of one that began before the recording is known by its code alone.
        let operation = submitted.unwrap_or(Operation {
            code: raw.arg(1) as u8,
            flags: FIXED_FILE,
            ..Operation::default()
        });
        let submitter = self.threads.get(operation.tid).filter(|t| t.pid == raw.pid());
        let thread = match submitter.map(|t| t.id) {
            Some(thread) => thread,
            None => self.thread_of(raw),
        };
        let descriptor = self.uring_descriptor(raw, &operation);
        let mut args = [Value::Missing; 9];
        args[0] = Value::Int(raw.header.result);
        args[1..].copy_from_slice(&operation.args(raw.arg(3)));
        let emit = Emit {
            kind: Own::UringComplete as u16,
            flags: EventFlags::HAS_RESULT,
            thread,
            descriptor,
            args: &args,
        };
        self.emit(raw, cpu, emit, out);
        self.uring_effect(raw, &operation);
    }

    fn uring_descriptor(&mut self, raw: &Raw<'_>, operation: &Operation) -> u64 {
        let whole = takes_descriptor(operation.code) || operation.code == uring::CLOSE;
        match operation.descriptor().filter(|fd| *fd >= 0) {
            Some(fd) => match self.descriptors.get(raw.who(), fd) {
                Some(entry) => entry.descriptor,
                None => self.descriptors.unknown(self.descriptors.missing(raw.who())),
            },
            None if whole && (operation.in_ring || operation.flags & FIXED_FILE != 0) => {
                self.descriptors.unknown(Missing::RingTable)
            }
            None => 0,
        }
    }

    /// What was closed is closed; what was opened the kernel has told of.
    fn uring_effect(&mut self, raw: &Raw<'_>, operation: &Operation) {
        let result = raw.header.result;
        if result < 0 || operation.in_ring {
            return;
        }
        let fd = result as i32;
        match operation.code {
            uring::CLOSE => self.descriptors.close(raw.who(), operation.fd),
            uring::OPENAT | uring::OPENAT2 | uring::ACCEPT | uring::SOCKET if !self.was_told(raw, fd) => {
                self.set_unknown(raw, fd, Missing::Uring);
            }
            _ => {}
        }
    }
}
