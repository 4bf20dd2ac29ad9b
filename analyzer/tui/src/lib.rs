//! Terminal interface of the analyzer: the overview of a trace, views that put its events together, the events in a table,
//! the selected one in detail, a live filter.
//!
//! The shape is that of Elm. `state` holds everything that is shown: screens, each opened from the one before it. `update`
//! changes it for a `Message` and does no I/O; what is to be done outside, it returns as `Effect`s. `view` draws
//! the state and never changes it. The `worker`s read the trace and answer with messages, and a generation number
//! drops answers that come too late. `run` is the loop around all this, the only place with a terminal.
//!
//! `keys` holds the one table of key bindings, from which dispatch, hint bar and help come; `views` the tables of what can
//! be looked at; `config` what a person may have otherwise.

mod config;
mod error;
mod keys;
mod layout;
mod message;
mod run;
mod shell;
mod state;
mod terminal;
#[cfg(test)]
mod tests;
mod update;
mod view;
mod views;
mod words;
mod worker;

pub use config::default_configuration;
pub use error::Error;
pub use run::{run, run_as};
pub use worker::{Growth, Importing};
