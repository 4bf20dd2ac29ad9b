//! Tests of the whole but for the terminal itself, which tests/terminal.rs is about.

mod copies;
mod exports;
mod harness;
mod marks;
#[path = "../../tests/sample/mod.rs"]
mod sample;
mod screens;
mod updates;
mod workers;
