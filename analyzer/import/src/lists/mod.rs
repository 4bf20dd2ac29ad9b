//! What a capture says of the machine before its first event.

mod accounts;
mod descriptors;
mod interfaces;
mod machine;
mod processes;
mod reader;

pub(crate) use accounts::{Account, accounts};
pub(crate) use descriptors::{FdEntry, FdKind, descriptors};
pub(crate) use interfaces::{Interface, interfaces};
pub(crate) use machine::{Machine, machine};
pub(crate) use processes::{ProcessEntry, processes};
