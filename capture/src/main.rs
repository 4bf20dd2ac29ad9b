//! `capture`: records Linux containers with eBPF into trace files that `analyze` opens.
//!
//! - `cli`: the command line.
//! - `agent`: a flight recorder that alerts trigger.
//! - `probe`: the kernel program, its maps and rings.
//! - `catalogue`: what is recorded of each system call.
//! - `events`: records to events; `state`: what the events change; `snapshot`: what was there before.
//! - `containers`: what container runtimes know; `kube`: what Kubernetes' API server knows.
//! - `executed`: what executed files contain.
//! - `record`: a recording from start to seal.
//! - `doctor`: what this kernel and host allow.

mod agent;
mod catalogue;
mod cli;
mod clock;
mod conduct;
mod containers;
mod doctor;
mod events;
mod executed;
mod filter;
mod heap;
mod host;
mod kube;
mod probe;
mod profile;
mod record;
mod redact;
mod scope;
mod signals;
mod snapshot;
mod state;
mod units;

use std::process::ExitCode;

fn main() -> ExitCode {
    heap::keep_small();
    cli::main()
}
