//! `capture record`: from the rings to a sealed file.

mod begin;
mod command;
mod drain;
mod keyframes;
mod merge;
mod output;
mod session;
mod sink;
mod status;

pub(crate) use begin::{Begun, begin};
pub(crate) use drain::Drain;
pub(crate) use output::{Attached, Output, Rotation, created, seal};
pub(crate) use session::{Options, record};
pub(crate) use sink::{Place, Sink};
