//! The `analyze` command: a thin layer of command line and output over `afterimage-query`, and the door to
//! `afterimage-tui`.
//!
//! `commands` has a file for every sub-command. `app` takes the command line apart and decides the exit status, `input`
//! opens traces and says what is missing in them, `capture` makes them of sysdig's captures, `selection` says which events
//! a command is about, `output` and `json` write.

mod app;
mod capture;
mod commands;
mod groups;
mod input;
mod json;
mod output;
mod progress;
mod selection;
mod status;
mod table;

pub use app::run;
