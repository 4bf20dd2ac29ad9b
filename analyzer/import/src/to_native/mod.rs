//! The native trace: a row for every event of the capture.

mod convert;
mod flags;
mod kinds;
mod writer;

pub(crate) use writer::{NativeWriter, is_state};
