//! `cargo xtask bench`: what recording costs, how large its traces are, and what reading them costs.

mod budget;
mod cgroup;
mod codec;
mod document;
mod goals;
mod hook;
mod losses;
mod machine;
mod measure;
mod observer;
mod query;
mod record;
mod report;
mod rounds;
mod run;
mod screen;
mod seek;
mod setup;
mod size;
pub(crate) mod soak;
mod statistics;
mod table;
mod traces;
mod web;
pub(crate) mod workload;

use std::path::Path;

use anyhow::Result;
use clap::Subcommand;

use codec::Direction;

/// What to measure.
#[derive(Subcommand)]
pub(crate) enum Action {
    /// Run the workloads interleaved without and with the recorder
    Record(record::Options),
    /// Record the workloads and weigh the traces
    Size(size::Options),
    /// Open small and large traces near their end, and read large ones
    Seek(seek::Options),
    /// Ask a large trace what people ask, beside sysdig on a capture with as many events
    Query(query::Options),
    /// Press keys in the terminal interface on a large trace and a very large one
    Screen(screen::Options),
    /// Keep an agent under a steady load, and look at its memory, losses, processor time and writes
    Soak(soak::Options),
    /// Measure how far back an agent's ring goes, by kind and rate of what it records
    Ring(soak::ring::Options),
    /// Encode recorded events again
    Encode(codec::Options),
    /// Decode recorded events
    Decode(codec::Options),
}

/// Does what was asked.
pub(crate) fn run(root: &Path, action: &Action) -> Result<()> {
    match action {
        Action::Record(options) => record::run(root, options),
        Action::Size(options) => size::run(root, options),
        Action::Seek(options) => seek::run(root, options),
        Action::Query(options) => query::run(root, options),
        Action::Screen(options) => screen::run(root, options),
        Action::Soak(options) => soak::run(root, options),
        Action::Ring(options) => soak::ring::run(root, options),
        Action::Encode(options) => codec::run(root, Direction::Encode, options),
        Action::Decode(options) => codec::run(root, Direction::Decode, options),
    }
}
