//! `capture agent`: a flight recorder. The last minutes are in memory; an alert makes a capture of them and of what follows.
//!
//! - `config`: the configuration. `run`: the recorder's own thread, which drains the kernel's rings as any recording does.
//! - `ring`: finished segments. `desk`: the thread that answers triggers (`trigger`, `select`) and writes captures
//!   (`capture`, `members`, `cut`, `sidecar`) from the ring.
//! - `again`: an agent on demand from one recording to the next.
//! - `folder`, `retention`, `recover`: the captures on disk. `watch`: conditions that are looked for in what is recorded.
//! - `doors`: the helper process that takes alerts over HTTP and delivers finished captures.
//! - `socket` and `client`: what `capture trigger` and others say to it. `metrics`, `log`, `notify`: what it says itself.

mod again;
mod alert;
mod capture;
mod client;
mod config;
mod cut;
mod desk;
mod doors;
mod folder;
mod group;
mod held;
mod leaving;
mod log;
mod members;
mod metrics;
mod notify;
mod older;
mod recover;
mod reload;
mod retention;
mod ring;
mod run;
mod select;
mod sidecar;
mod socket;
mod trigger;
mod watch;
mod writing;

pub(crate) use client::{CapturesArgs, StatusArgs, TriggerArgs, captures, status, trigger};
pub(crate) use doors::{HELPER, KEEPER, help, keep};
pub(crate) use run::{AgentArgs, agent};
