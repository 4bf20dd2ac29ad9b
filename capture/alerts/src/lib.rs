//! The front door and the back door of the flight recorder: alerts come in over HTTP, finished captures go out.
//!
//! The recorder makes no network connection and takes none: it talks to a helper process over pipes, one [`protocol::Told`] a
//! line in, one [`protocol::Said`] a line out. Start reading at `protocol` (what is said), `run` (the helper), `server` (a
//! request from its first byte to its answer), `sources` (what the alerts of others look like) and `deliver` (what becomes of
//! a finished capture).

mod dedup;
mod deliver;
mod error;
mod google;
mod lines;
mod outside;
pub mod protocol;
mod run;
mod server;
pub mod settings;
mod severity;
mod sns;
pub mod sources;
#[cfg(test)]
mod stand_in;
mod time;

pub use error::Error;
pub use outside::{Outside, Resolve};
pub use run::{check, run, run_in};
