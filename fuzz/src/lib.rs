//! What the fuzz targets share: a file in memory, reading all of a trace, and mutations that reach behind the checksums.

mod bytes;
pub mod custom;
mod file;
mod index;
pub mod memory;
mod mutate;
pub mod read;
mod rng;
pub mod rows;
mod segment;

pub use file::File;
