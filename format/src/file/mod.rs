//! The file around the segments.

mod attachment;
mod block;
#[cfg(test)]
mod crafted;
mod index;
mod layout;
mod packed;
mod reader;
mod recover;
mod signed;
mod storage;
mod verify;
mod writer;

pub use index::{ContainerTotal, Group, IndexEntry, KindTotal, Summary, Totals};
pub use layout::{FORMAT_VERSION, MAX_ATTACHMENT, MAX_ATTACHMENTS_SIZE};
pub(crate) use packed::modest;
pub use reader::{OpenOptions, Refreshed, Trace};
pub use recover::{KindRecovery, RecoverOptions, Recovery, custody_source, recover};
pub use signed::SignatureCheck;
pub use storage::{FileStorage, Storage};
pub use verify::{BadPlace, Integrity, Verdict, verify};
pub use writer::{Sealed, SyncPolicy, TraceWriter, WriterOptions};
