//! `capture record`: from the rings to a sealed file.

mod command;
mod drain;
mod keyframes;
mod merge;
mod output;
mod session;
mod sink;
mod status;

pub(crate) use output::{Attached, Rotation};
pub(crate) use session::{Options, record};
