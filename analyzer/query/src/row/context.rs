//! What all rows of a trace share.

use crate::check::TimeZone;
use afterimage_format::file::Trace;
use afterimage_format::model::{Container, Header};
use hashbrown::HashMap;

/// What all rows of a trace share: its header, its containers as known in the end, and its span.
pub struct TraceContext {
    header: Header,
    containers: HashMap<u64, Container>,
    first: i64,
    last: i64,
    zone: TimeZone,
}

impl TraceContext {
    /// Reads it from a trace. `zone` is that of shown times.
    pub fn new(trace: &Trace, zone: TimeZone) -> TraceContext {
        let totals = trace.totals();
        let time = |nanoseconds: u64| i64::try_from(nanoseconds).unwrap_or(0);
        TraceContext {
            header: trace.header().clone(),
            containers: trace
                .containers()
                .into_iter()
                .map(|container| (container.key, container))
                .collect(),
            first: time(totals.time_min),
            last: time(totals.time_max),
            zone,
        }
    }

    /// That of a trace which is being recorded: it has no end, and its containers are asked of whoever records.
    pub fn live(header: Header, zone: TimeZone) -> TraceContext {
        let first = i64::try_from(header.clock.realtime).unwrap_or(0);
        TraceContext {
            header,
            containers: HashMap::new(),
            first,
            last: first,
            zone,
        }
    }

    /// The header of the trace.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Time of the first event, nanoseconds since 1970; 0 where there is none.
    pub fn first(&self) -> i64 {
        self.first
    }

    /// Time of the last event.
    pub fn last(&self) -> i64 {
        self.last
    }

    /// The zone of shown times.
    pub fn zone(&self) -> TimeZone {
        self.zone
    }

    /// The container with this key, as known in the end.
    pub fn container(&self, key: u64) -> Option<&Container> {
        self.containers.get(&key)
    }

    /// The value of a tag.
    pub fn tag(&self, key: &str) -> Option<&String> {
        self.header
            .tags
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }

    /// What a filter on this trace is checked with.
    pub fn settings(&self) -> crate::Settings {
        crate::Settings {
            end: Some(self.last),
            zone: self.zone,
            ..crate::Settings::default()
        }
    }
}
