//! Events of a trace as rows: where each field's value comes from.

mod args;
mod container;
mod context;
mod evt;
mod executable;
mod fd;
mod fs;
mod mode;
mod proc;
mod segment;

pub(crate) use container::{container_field, pod_field};
pub use context::TraceContext;
pub(crate) use fs::normalised;
pub use segment::SegmentRows;

use crate::eval::{Row, Value};
use crate::fields::{CaptureField, FieldArg, FieldId, GroupField, SyscallField, UserField};
use afterimage_format::model::{Container, Descriptor, EventFlags, Kind, Thread};

/// One event of a trace.
#[derive(Clone, Copy)]
pub struct EventRow<'s> {
    rows: &'s SegmentRows<'s>,
    row: usize,
}

impl<'s> EventRow<'s> {
    /// Row number `row` of the segment; a row that does not exist has no values.
    pub fn new(rows: &'s SegmentRows<'s>, row: usize) -> EventRow<'s> {
        EventRow { rows, row }
    }

    /// Its number in its segment.
    pub fn index(&self) -> usize {
        self.row
    }

    /// The rows of its segment.
    pub fn segment(&self) -> &'s SegmentRows<'s> {
        self.rows
    }

    /// `evt.num`
    pub fn num(&self) -> u64 {
        self.rows.segment().num(self.row)
    }

    /// Nanoseconds since 1970.
    pub fn time(&self) -> i64 {
        let times = self.rows.note(self.rows.segment().times());
        times.and_then(|times| times.get(self.row).copied()).unwrap_or(0)
    }

    /// The kind of event.
    pub fn kind(&self) -> Option<&'s Kind> {
        self.rows.note(self.rows.segment().kind(self.row))
    }

    /// The thread as it was at the time.
    pub fn thread(&self) -> Option<&'s Thread> {
        let indexes = self.rows.note(self.rows.segment().thread_indexes())?;
        let threads = self.rows.note(self.rows.segment().threads())?;
        threads.get(usize::try_from(*indexes.get(self.row)?).ok()?)
    }

    /// The descriptor that the event used or made.
    pub fn descriptor(&self) -> Option<&'s Descriptor> {
        self.rows.note(self.rows.segment().descriptor(self.row)).flatten()
    }

    /// The container, with what was learnt of it later.
    pub fn container(&self) -> Option<&'s Container> {
        self.rows.container(self.thread()?.container)
    }

    /// The number returned; nothing where the event has none.
    pub fn result(&self) -> Option<i64> {
        self.rows.note(self.rows.segment().result(self.row)).flatten()
    }

    /// The flags of the row.
    pub fn flags(&self) -> EventFlags {
        self.rows.note(self.rows.segment().flags(self.row)).unwrap_or_default()
    }
}

impl Row for EventRow<'_> {
    fn value(&self, field: FieldId, arg: &FieldArg) -> Value<'_> {
        match field {
            FieldId::Evt(field) => self.evt(field, arg),
            FieldId::Syscall(SyscallField::Type) => match self.kind() {
                Some(kind) if kind.syscall.is_some() => Value::str(&kind.name),
                _ => Value::Missing,
            },
            FieldId::Proc(field) => self.proc(field, arg),
            FieldId::Thread(field) => self.thread_field(field, arg),
            FieldId::User(field) => self.user(field),
            FieldId::Group(field) => self.group(field),
            FieldId::Fd(field) => self.fd(field),
            FieldId::Fs(field) => self.fs(field),
            FieldId::Container(field) => {
                self.thread()
                    .map_or(Value::Missing, |thread| match (thread.container, self.container()) {
                        (0, _) => container_field(None, field, self.time()),
                        (_, Some(container)) => container_field(Some(container), field, self.time()),
                        (_, None) => Value::Missing,
                    })
            }
            FieldId::K8s(field) => pod_field(self.container(), field),
            FieldId::Capture(CaptureField::Tag) => match arg {
                FieldArg::Name(key) => self.rows.context().tag(key).map_or(Value::Missing, Value::str),
                _ => Value::Missing,
            },
        }
    }
}

impl EventRow<'_> {
    fn user(&self, field: UserField) -> Value<'_> {
        let Some(thread) = self.thread() else {
            return Value::Missing;
        };
        match field {
            UserField::Uid => known(thread.uid),
            UserField::Name => superuser(thread.uid),
            // As elsewhere in the field: -1 says that there was no login.
            UserField::LoginUid if thread.loginuid == u32::MAX => Value::Int(-1),
            UserField::LoginUid => Value::Int(i64::from(thread.loginuid)),
        }
    }

    fn group(&self, field: GroupField) -> Value<'_> {
        let Some(thread) = self.thread() else {
            return Value::Missing;
        };
        match field {
            GroupField::Gid => known(thread.gid),
            GroupField::Name => superuser(thread.gid),
        }
    }
}

fn known(id: u32) -> Value<'static> {
    if id == u32::MAX {
        Value::Missing
    } else {
        Value::Uint(u64::from(id))
    }
}

/// A trace holds numbers, not names; only 0 means the same name everywhere.
fn superuser(id: u32) -> Value<'static> {
    if id == 0 { Value::str("root") } else { Value::Missing }
}

/// A string that is missing where it is empty.
fn unless_empty(text: &[u8]) -> Value<'_> {
    if text.is_empty() {
        Value::Missing
    } else {
        Value::str(text)
    }
}
