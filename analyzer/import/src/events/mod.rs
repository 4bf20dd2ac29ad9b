//! Events: their header and parameters, and what is known of each code.

mod header;
mod syscalls;
mod table;

pub(crate) use header::{Event, Params};
pub use syscalls::{Syscall, syscall};
pub use table::{Direction, EventInfo, ParamInfo, Values, Wire, info, known_codes};
