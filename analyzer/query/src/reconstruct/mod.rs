//! The incident from the events: who started what, which files they used, whom they talked to, in order, with the noise
//! left out. Generic: nothing here knows any particular attack.
//!
//! [`reconstruct`] reads the events of a span once and puts lines together as it goes; what later events say about
//! earlier lines (a file that was written is executed, then deleted) is added in the end. Memory grows with what there
//! is to tell (processes, files, connections), not with the number of events.

mod action;
mod alive;
mod asked;
mod builder;
mod descriptors;
mod dns;
mod fd_tables;
mod file_use;
mod files;
mod finish;
mod happening;
mod life;
mod lines;
mod network;
mod open;
mod paths;
mod phrase;
mod power;
mod registry;
mod repeat;
mod replay;
mod state;
mod story;
mod units;
pub mod why;

pub use alive::{Alive, alive_at, tree};
pub use open::{Open, OpenDescriptor, open_at};
pub use phrase::Phrases;
pub use story::{
    AskedBy, Chapter, End, Entry, FileOp, FileUse, Kind, NetOp, NetUse, Note, Process, ProcessId, Program, Source,
    Sources, Story, Target, What, Who,
};
pub use units::{command_line, duration, size};

use crate::Filter;
use crate::losses::losses;
use crate::row::TraceContext;
use afterimage_format::file::Trace;
use builder::Builder;

/// What a story is asked to tell.
#[derive(Default)]
pub struct Options<'f> {
    /// Only lines of which at least one event passes. All events are read all the same, so that what is known about a
    /// line does not depend on it.
    pub filter: Option<&'f Filter>,
    /// Only these containers ([`afterimage_format::model::Container::key`]; 0 is what runs in none); all where empty.
    pub containers: Vec<u64>,
    /// Nothing before this time, nanoseconds since 1970. What happened before is not read, so that files are not traced
    /// back beyond it.
    pub from: Option<i64>,
    /// Nothing after this time.
    pub to: Option<i64>,
    /// Noise, too: libraries, locale, `/proc`, the work of the container runtime, every file of a long list.
    pub all: bool,
}

impl Options<'_> {
    fn is_asked_for(&self, container: u64) -> bool {
        self.containers.is_empty() || self.containers.contains(&container)
    }
}

/// Tells what happened.
pub fn reconstruct(trace: &Trace, context: &TraceContext, options: &Options<'_>) -> Story {
    let first = u64::try_from(context.first()).unwrap_or(0);
    // The first process may be older than the first event: what was born since recording began is told.
    let began = context.header().clock.realtime.min(first);
    let from = options.from.and_then(|from| u64::try_from(from).ok()).unwrap_or(0);
    let mut builder = Builder::new(options, context, began.max(from));
    builder.read(trace);
    let mut story = builder.finish();
    let losses = losses(trace, options.from, options.to);
    story.losses = losses.records;
    story.damage.extend(losses.damage);
    story
}
