//! Captures of sysdig and Falco (`.scap`), plain or gzip, as traces of Afterimage.
//!
//! A capture has lists of what was there when it began, and then events that mean something only together with all that
//! came before them. [`import`] reads it once from front to back, follows the state that the events need, and writes a
//! native trace with a row for every event, in the order and with the numbers of the capture. [`open`] does so into a file
//! without a name, and [`Importing`] into one that is read meanwhile.
//!
//! - [`blocks`](BlockType), `source`: the blocks of a file, decompressed where need be.
//! - `events`, `lists`: what stands in them.
//! - `state`: threads, descriptors, addresses, users and containers as the events change them.
//! - `to_native`: rows, and the segments that they are written in.
//! - [`limits`]: what is kept at most.

mod blocks;
mod error;
mod events;
mod fields;
mod import;
pub mod limits;
mod lists;
mod open;
mod report;
mod source;
mod state;
mod to_native;

pub use blocks::{BlockType, EventShape};
pub use error::{Damage, Error};
pub use events::{Direction, EventInfo, ParamInfo, Syscall, Values, Wire, info, known_codes, syscall};
pub use import::import;
pub use open::{Imported, Importing, Unnamed, is_capture, looks_like_capture, open};
pub use report::{Progress, Report, block_name};

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
