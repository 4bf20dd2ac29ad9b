//! Rows where they are stored, kind by kind: what is asked of all rows of a kind needs no order of time.

use super::{Observed, SegmentRows, TraceContext};
use crate::eval::{Row, Value};
use crate::fields::{FieldArg, FieldId};
use afterimage_format::model::{self, Container, Descriptor, EventFlags, Kind, Thread};

/// Row number `rank` among those of a kind of the segment. Reads only what it is asked for.
#[derive(Clone, Copy)]
pub(crate) struct StoredRow<'s> {
    pub(crate) rows: &'s SegmentRows<'s>,
    pub(crate) kind: usize,
    pub(crate) rank: usize,
}

impl<'s> StoredRow<'s> {
    fn of<T: Copy>(&self, column: Result<&'s [T], afterimage_format::Error>) -> Option<T> {
        self.rows.note(column)?.get(self.rank).copied()
    }

    /// Its place in the order of reading.
    fn place(&self) -> Option<usize> {
        let place = self.of(self.rows.segment().place_column(self.kind))?;
        usize::try_from(place).ok()
    }
}

impl<'s> Observed<'s> for StoredRow<'s> {
    fn num(&self) -> u64 {
        self.place().map_or(0, |row| self.rows.segment().num(row))
    }

    fn time(&self) -> i64 {
        let times = self.rows.note(self.rows.segment().times());
        let time = self.place().and_then(|row| times?.get(row).copied());
        time.unwrap_or(0)
    }

    fn before(&self) -> Option<i64> {
        self.rows.before(self.place()?)
    }

    fn kind(&self) -> Option<&'s Kind> {
        self.rows.segment().kinds().get(self.kind)
    }

    fn thread(&self) -> Option<&'s Thread> {
        let index = self.of(self.rows.segment().thread_column(self.kind))?;
        self.rows.note(self.rows.segment().threads())?.get(index as usize)
    }

    fn version(&self, id: u64) -> Option<&'s Thread> {
        self.rows.thread(id)
    }

    fn descriptor(&self) -> Option<&'s Descriptor> {
        let index = self.of(self.rows.segment().descriptor_column(self.kind))?;
        let index = usize::try_from(index).ok()?.checked_sub(1)?;
        self.rows.note(self.rows.segment().descriptor_at(index))?
    }

    fn container(&self) -> Option<&'s Container> {
        self.rows.container(self.thread()?.container)
    }

    fn result(&self) -> Option<i64> {
        let has = self.flags().has(EventFlags::HAS_RESULT);
        has.then(|| self.of(self.rows.segment().result_column(self.kind)))
            .flatten()
    }

    fn duration(&self) -> Option<u64> {
        let duration = self.of(self.rows.segment().duration_column(self.kind))?;
        u64::try_from(duration).ok().filter(|duration| *duration != 0)
    }

    fn flags(&self) -> EventFlags {
        EventFlags(self.of(self.rows.segment().flags_column(self.kind)).unwrap_or(0) as u8)
    }

    fn cpu(&self) -> Option<i64> {
        let place = self.place()?;
        self.rows.note(self.rows.segment().cpus())?.get(place).copied()
    }

    fn raw_arg(&self, at: usize) -> model::Value<'s> {
        let read = || -> Result<model::Value<'s>, afterimage_format::Error> {
            let segment = self.rows.segment();
            let Some(param) = segment.kinds().get(self.kind).and_then(|kind| kind.params.get(at)) else {
                return Ok(model::Value::Missing);
            };
            segment.param_value(self.kind, at, param.ty, self.rank)
        };
        self.rows.note(read()).unwrap_or(model::Value::Missing)
    }

    fn context(&self) -> &'s TraceContext {
        self.rows.context()
    }
}

impl Row for StoredRow<'_> {
    fn value(&self, field: FieldId, arg: &FieldArg) -> Value<'_> {
        super::value(*self, field, arg)
    }
}

/// A row of which only some things are known, for tests of values that depend on nothing else. What is not known reads as
/// missing.
#[derive(Clone, Copy)]
pub(crate) struct Known<'s> {
    /// Where it is.
    pub(crate) rows: &'s SegmentRows<'s>,
    /// Its kind.
    pub(crate) kind: Option<&'s Kind>,
    /// Its thread.
    pub(crate) thread: Option<&'s Thread>,
    /// Its descriptor.
    pub(crate) descriptor: Option<&'s Descriptor>,
    /// Its result.
    pub(crate) result: Option<i64>,
    /// How long it took.
    pub(crate) duration: Option<u64>,
    /// Its flags.
    pub(crate) flags: EventFlags,
    /// Its CPU.
    pub(crate) cpu: Option<i64>,
    /// A parameter.
    pub(crate) arg: Option<(usize, model::Value<'s>)>,
}

impl<'s> Known<'s> {
    /// A row of this kind of which nothing else is known.
    pub(crate) fn of_kind(rows: &'s SegmentRows<'s>, kind: usize) -> Known<'s> {
        Known {
            rows,
            kind: rows.segment().kinds().get(kind),
            thread: None,
            descriptor: None,
            result: None,
            duration: None,
            flags: EventFlags::default(),
            cpu: None,
            arg: None,
        }
    }
}

impl<'s> Observed<'s> for Known<'s> {
    fn num(&self) -> u64 {
        0
    }
    fn time(&self) -> i64 {
        0
    }
    fn kind(&self) -> Option<&'s Kind> {
        self.kind
    }
    fn thread(&self) -> Option<&'s Thread> {
        self.thread
    }
    fn version(&self, id: u64) -> Option<&'s Thread> {
        self.rows.thread(id)
    }
    fn descriptor(&self) -> Option<&'s Descriptor> {
        self.descriptor
    }
    fn container(&self) -> Option<&'s Container> {
        self.rows.container(self.thread?.container)
    }
    fn result(&self) -> Option<i64> {
        self.result
    }
    fn duration(&self) -> Option<u64> {
        self.duration
    }
    fn flags(&self) -> EventFlags {
        self.flags
    }
    fn cpu(&self) -> Option<i64> {
        self.cpu
    }
    fn raw_arg(&self, at: usize) -> model::Value<'s> {
        match self.arg {
            Some((known, value)) if known == at => value,
            _ => model::Value::Missing,
        }
    }
    fn context(&self) -> &'s TraceContext {
        self.rows.context()
    }
}

impl Row for Known<'_> {
    fn value(&self, field: FieldId, arg: &FieldArg) -> Value<'_> {
        super::value(*self, field, arg)
    }
}
