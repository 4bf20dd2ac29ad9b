//! Terminal interface of the analyzer: the events of a trace in a table, the selected one in detail, a live filter, the
//! containers.
//!
//! The shape is that of Elm. `state` holds everything that is shown. `update` changes it for a
//! `Message` and does no I/O; what is to be done outside, it returns as `Effect`s. `view` draws
//! the state and never changes it. The `worker`s read the trace and answer with messages, and a generation number
//! drops answers that come too late. `run` is the loop around all this, the only place with a terminal.
//!
//! `keys` holds the one table of key bindings, from which dispatch, hint bar and help come.

mod error;
mod keys;
mod layout;
mod message;
mod run;
mod state;
mod terminal;
#[cfg(test)]
mod tests;
mod update;
mod view;
mod worker;

pub use error::Error;
pub use run::{run, run_as};
