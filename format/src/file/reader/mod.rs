//! Opening a trace: through its index where it was sealed, by a walk over its blocks where it was not.

mod attachments;
pub(crate) mod index;
mod leaves;
pub(crate) mod map;
pub(crate) mod open;
mod refresh;
pub(crate) mod scan;
mod trace;
pub(crate) mod walk;

pub use refresh::Refreshed;
pub use trace::{OpenOptions, Trace};
