//! What the fields need to know of an event, wherever it is: in a segment, or on its way into one.

use super::TraceContext;
use afterimage_format::model::{self, Container, Descriptor, EventFlags, Kind, Thread};

/// An event that has values for the fields. `'s` is the life of what it refers to.
pub trait Observed<'s>: Copy {
    /// `evt.num`
    fn num(&self) -> u64;
    /// Nanoseconds since 1970.
    fn time(&self) -> i64;
    /// When the event before it happened, where that is known.
    fn before(&self) -> Option<i64> {
        None
    }
    /// The kind of event.
    fn kind(&self) -> Option<&'s Kind>;
    /// The thread as it was at the time.
    fn thread(&self) -> Option<&'s Thread>;
    /// The thread version with this id, such as a parent.
    fn version(&self, id: u64) -> Option<&'s Thread>;
    /// The descriptor that the event used or made.
    fn descriptor(&self) -> Option<&'s Descriptor>;
    /// The container of its thread.
    fn container(&self) -> Option<&'s Container>;
    /// The number returned; nothing where the event has none.
    fn result(&self) -> Option<i64>;
    /// Nanoseconds from entry to exit of the call; nothing where they were not measured.
    fn duration(&self) -> Option<u64>;
    /// Flags.
    fn flags(&self) -> EventFlags;
    /// The CPU that it happened on.
    fn cpu(&self) -> Option<i64>;
    /// Parameter number `at` as recorded.
    fn raw_arg(&self, at: usize) -> model::Value<'s>;
    /// What all events of the trace share.
    fn context(&self) -> &'s TraceContext;
}
