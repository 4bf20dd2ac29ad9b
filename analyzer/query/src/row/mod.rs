//! Events of a trace as rows: where each field's value comes from.

mod args;
mod audit;
mod container;
mod context;
pub(crate) mod domain;
mod evt;
mod executable;
mod fd;
mod fs;
mod mode;
mod observed;
mod proc;
mod segment;
mod stored;

pub(crate) use container::{container_field, exec_of, pod_field};
pub use context::TraceContext;
pub(crate) use fs::normalised;
pub use observed::Observed;
pub use segment::SegmentRows;
pub(crate) use stored::{Known, StoredRow};

use crate::eval::{Row, Value};
use crate::fields::{CaptureField, ContainerField, FieldArg, FieldId, GroupField, SyscallField, UserField};
use afterimage_format::model::{self, Category, Container, Descriptor, EventFlags, Kind, Thread};
use std::marker::PhantomData;
use std::ops::Deref;

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

    /// When the event before it in the trace happened; nothing for the first.
    pub fn before(&self) -> Option<i64> {
        self.rows.before(self.row)
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

    /// Nanoseconds from entry to exit of the call; nothing where they were not measured.
    pub fn duration(&self) -> Option<u64> {
        self.rows.note(self.rows.segment().duration(self.row)).flatten()
    }

    /// The flags of the row.
    pub fn flags(&self) -> EventFlags {
        self.rows.note(self.rows.segment().flags(self.row)).unwrap_or_default()
    }

    /// `evt.args`, written behind what stands in `out` already.
    pub(crate) fn write_args(&self, out: &mut Vec<u8>) {
        // Where the row is stored is looked up once, not for each argument.
        let segment = self.rows.segment();
        let kind = self
            .rows
            .note(segment.kind_indexes())
            .and_then(|kinds| kinds.get(self.row));
        let kind = kind.and_then(|kind| usize::try_from(*kind).ok());
        if let (Some(kind), Some(rank)) = (kind, self.rows.note(segment.rank(self.row))) {
            let rows = self.rows;
            Fields::of(StoredRow { rows, kind, rank }).write_args(out);
        }
    }

    /// Parameter number `at` as recorded.
    pub(crate) fn raw_arg(&self, at: usize) -> model::Value<'s> {
        self.rows
            .note(self.rows.segment().arg(self.row, at))
            .unwrap_or(model::Value::Missing)
    }
}

impl<'s> Observed<'s> for EventRow<'s> {
    fn num(&self) -> u64 {
        EventRow::num(self)
    }
    fn time(&self) -> i64 {
        EventRow::time(self)
    }
    fn before(&self) -> Option<i64> {
        EventRow::before(self)
    }
    fn kind(&self) -> Option<&'s Kind> {
        EventRow::kind(self)
    }
    fn thread(&self) -> Option<&'s Thread> {
        EventRow::thread(self)
    }
    fn version(&self, id: u64) -> Option<&'s Thread> {
        self.rows.thread(id)
    }
    fn descriptor(&self) -> Option<&'s Descriptor> {
        EventRow::descriptor(self)
    }
    fn container(&self) -> Option<&'s Container> {
        EventRow::container(self)
    }
    fn result(&self) -> Option<i64> {
        EventRow::result(self)
    }
    fn duration(&self) -> Option<u64> {
        EventRow::duration(self)
    }
    fn flags(&self) -> EventFlags {
        EventRow::flags(self)
    }
    fn cpu(&self) -> Option<i64> {
        self.rows
            .note(self.rows.segment().cpus())
            .and_then(|cpus| cpus.get(self.row).copied())
    }
    fn raw_arg(&self, at: usize) -> model::Value<'s> {
        EventRow::raw_arg(self, at)
    }
    fn context(&self) -> &'s TraceContext {
        self.rows.context()
    }
}

impl Row for EventRow<'_> {
    fn value(&self, field: FieldId, arg: &FieldArg) -> Value<'_> {
        Fields::of(*self).value(field, arg)
    }

    fn is_state(&self) -> bool {
        self.kind().is_some_and(|kind| kind.category == Category::State)
    }
}

/// The value of a field for any event.
pub fn value<'s>(event: impl Observed<'s>, field: FieldId, arg: &FieldArg) -> Value<'s> {
    Fields::of(event).value(field, arg)
}

/// The fields of an event; where each value comes from is in the files beside this one.
pub(crate) struct Fields<'s, E> {
    event: E,
    refers: PhantomData<&'s ()>,
}

impl<E> Deref for Fields<'_, E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.event
    }
}

impl<'s, E: Observed<'s>> Fields<'s, E> {
    pub(crate) fn of(event: E) -> Fields<'s, E> {
        Fields {
            event,
            refers: PhantomData,
        }
    }

    fn value(&self, field: FieldId, arg: &FieldArg) -> Value<'s> {
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
            FieldId::Syslog(field) => self.syslog(field),
            FieldId::Fdlist(field) => self.fdlist(field),
            FieldId::Container(ContainerField::Entry) => self.thread().map_or(Value::Missing, |thread| {
                container::entry(thread, self.ancestors(thread))
            }),
            FieldId::Container(field) => {
                self.thread()
                    .map_or(Value::Missing, |thread| match (thread.container, self.container()) {
                        (0, _) => container_field(None, field, arg, self.time()),
                        (_, Some(container)) => container_field(Some(container), field, arg, self.time()),
                        (_, None) => Value::Missing,
                    })
            }
            FieldId::K8s(field) if field.is_of_process() => {
                let (Some(thread), Some(container)) = (self.thread(), self.container()) else {
                    return Value::Missing;
                };
                container::exec_field(exec_of(container, thread, self.ancestors(thread)), field)
            }
            FieldId::K8s(field) => pod_field(self.container(), field, arg),
            FieldId::Ka(field) => self.ka(field, arg),
            FieldId::Jevt(field) => self.jevt(field, arg),
            FieldId::Capture(CaptureField::Tag) => match arg {
                FieldArg::Name(key) => self.context().tag(key).map_or(Value::Missing, Value::str),
                _ => Value::Missing,
            },
        }
    }
}

impl<'s, E: Observed<'s>> Fields<'s, E> {
    fn user(&self, field: UserField) -> Value<'s> {
        let Some(thread) = self.thread() else {
            return Value::Missing;
        };
        match field {
            UserField::HomeDir | UserField::Shell => {
                let user = self.context().user(thread.container, thread.uid);
                user.map_or(Value::Missing, |user| {
                    unless_empty(
                        if field == UserField::Shell {
                            &user.shell
                        } else {
                            &user.home
                        }
                        .as_bytes(),
                    )
                })
            }
            UserField::LoginName => match self.context().user(0, thread.loginuid) {
                Some(user) => Value::str(&user.name),
                None => superuser(thread.loginuid),
            },
            UserField::Uid => known(thread, thread.uid),
            UserField::Name => match self.context().user(thread.container, thread.uid) {
                Some(user) => Value::str(&user.name),
                None => superuser(thread.uid),
            },
            // As elsewhere in the field: -1 says that there was no login.
            UserField::LoginUid if thread.pid == 0 => Value::Missing,
            UserField::LoginUid if thread.loginuid == u32::MAX => Value::Int(-1),
            UserField::LoginUid => Value::Int(i64::from(thread.loginuid)),
        }
    }

    fn group(&self, field: GroupField) -> Value<'s> {
        let Some(thread) = self.thread() else {
            return Value::Missing;
        };
        match field {
            GroupField::Gid => known(thread, thread.gid),
            GroupField::Name => match self.context().group(thread.container, thread.gid) {
                Some(group) => Value::str(&group.name),
                None => superuser(thread.gid),
            },
        }
    }
}

/// A user or group; one that is not known is the highest number, as elsewhere in the field.
fn known(thread: &Thread, id: u32) -> Value<'static> {
    if thread.pid == 0 {
        Value::Missing
    } else {
        Value::Uint(u64::from(id))
    }
}

/// Where a trace has no names, only 0 means the same everywhere.
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
