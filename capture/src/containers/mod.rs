//! What container runtimes know of containers. They are asked by a process of the recorder's own, since the recorder
//! itself may not open sockets once it records: whatever a runtime answers, or does not, recording goes on.
//!
//! - `asked`: who is asked, on the recorder's command line and on the helper's.
//! - `helper`: that process, and the pipes to it.
//! - `told`: what it answers becomes part of a container.

mod asked;
mod helper;
mod told;

pub(crate) use asked::{Asked, AuditArgs, HelperArgs, KubeArgs, node_name};
pub(crate) use helper::{COMMAND, GONE, Helper, run};
pub(crate) use told::Room;
