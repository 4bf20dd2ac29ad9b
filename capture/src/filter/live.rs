//! An event on its way into a segment, as a row for the filter.

use super::Filter;
use afterimage_format::model::{Container, Descriptor, Event, EventFlags, Header, Kind, Thread, Value};
use afterimage_format::segment::Entities;
use afterimage_query::check::TimeZone;
use afterimage_query::fields::{FieldArg, FieldId};
use afterimage_query::{Observed, Row, TraceContext, row};

/// A filter with what all events of the recording share.
pub(crate) struct Live {
    filter: Filter,
    context: TraceContext,
}

impl Live {
    pub(crate) fn new(filter: Filter, header: Header) -> Live {
        Live {
            filter,
            context: TraceContext::live(header, TimeZone::Utc),
        }
    }

    /// Whether the event passes. `kind` is its kind, `num` its number if it does.
    pub(crate) fn passes(&self, event: &Event<'_>, kind: Option<&Kind>, num: u64, entities: &dyn Entities) -> bool {
        self.filter.query.matches(&LiveEvent {
            event,
            kind,
            num,
            entities,
            context: &self.context,
        })
    }
}

/// An event with what it refers to.
#[derive(Clone, Copy)]
struct LiveEvent<'s> {
    event: &'s Event<'s>,
    kind: Option<&'s Kind>,
    num: u64,
    entities: &'s dyn Entities,
    context: &'s TraceContext,
}

impl<'s> Observed<'s> for LiveEvent<'s> {
    fn num(&self) -> u64 {
        self.num
    }
    fn time(&self) -> i64 {
        i64::try_from(self.event.time).unwrap_or(i64::MAX)
    }
    fn kind(&self) -> Option<&'s Kind> {
        self.kind
    }
    fn thread(&self) -> Option<&'s Thread> {
        self.entities.thread(self.event.thread)
    }
    fn version(&self, id: u64) -> Option<&'s Thread> {
        self.entities.thread(id)
    }
    fn descriptor(&self) -> Option<&'s Descriptor> {
        self.entities.descriptor(self.event.descriptor)
    }
    fn container(&self) -> Option<&'s Container> {
        self.entities.container(self.thread()?.container)
    }
    fn result(&self) -> Option<i64> {
        self.event
            .flags
            .has(EventFlags::HAS_RESULT)
            .then_some(self.event.result)
    }
    fn duration(&self) -> Option<u64> {
        Some(self.event.duration).filter(|duration| *duration != 0)
    }
    fn flags(&self) -> EventFlags {
        self.event.flags
    }
    fn cpu(&self) -> Option<i64> {
        Some(i64::from(self.event.cpu))
    }
    fn raw_arg(&self, at: usize) -> Value<'s> {
        self.event.args.get(at).copied().unwrap_or(Value::Missing)
    }
    fn context(&self) -> &'s TraceContext {
        self.context
    }
}

impl Row for LiveEvent<'_> {
    fn value(&self, field: FieldId, arg: &FieldArg) -> afterimage_query::Value<'_> {
        row::value(*self, field, arg)
    }
}
