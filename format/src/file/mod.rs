//! The file around the segments.

mod index;
mod layout;
mod reader;
mod writer;

pub use index::{IndexEntry, Summary};
pub use layout::FORMAT_VERSION;
pub use reader::Trace;
pub use writer::{TraceWriter, WriterOptions};
