//! What the recorder knows of the recorded world: threads, descriptors, containers. It follows the events, so that each
//! event can carry what it refers to.

mod cgroups;
mod content;
mod descriptors;
mod missing;
mod path;
mod selectors;
mod sharing;
mod sockets;
mod threads;

pub(crate) use cgroups::Cgroups;
pub(crate) use content::named;
pub(crate) use descriptors::{Descriptors, FdEntry};
pub(crate) use missing::Missing;
pub(crate) use path::{join, join_into, show};
pub(crate) use selectors::{Selector, Selectors, What};
pub(crate) use sharing::Who;
pub(crate) use sockets::{is_known, socket, socket_of, unix_name, with_tuple};
pub(crate) use threads::Threads;
