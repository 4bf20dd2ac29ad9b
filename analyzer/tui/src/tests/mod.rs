//! Tests of the whole but for the terminal itself, which tests/terminal.rs is about.

mod columns;
mod copies;
mod exports;
mod harness;
mod marks;
mod mouse;
#[path = "../../tests/sample/mod.rs"]
mod sample;
mod screens;
mod updates;
mod workers;
