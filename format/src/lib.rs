//! The event model and the trace file of Afterimage.
//!
//! A trace is `header | segment* | index | footer`. Every segment stands alone: it carries the columns of its events,
//! the strings they need and the threads, containers and descriptors they refer to, so any segment decodes without the
//! others. The index can always be rebuilt by scanning the segments forward.
//!
//! - [`model`]: what an event, a thread, a container, a descriptor and a loss are.
//! - [`segment`]: one segment, from rows to encoded columns ([`segment::SegmentBuilder`]) and back
//!   ([`segment::Segment`]).
//! - [`file`]: the file around the segments ([`file::TraceWriter`], [`file::Trace`]).
//! - [`constants`]: names of Linux constants (open flags, errno, signals, …).
//!
//! This crate does no eBPF, no terminal and no async; it never panics on what a file says.

pub mod constants;
pub mod error;
pub mod evidence;
pub mod file;
mod meta;
pub mod model;
pub mod segment;

pub use error::{Error, Result};
