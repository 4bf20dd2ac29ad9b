//! Tests of the whole but for the terminal itself, which tests/terminal.rs is about.

mod columns;
mod copies;
mod exports;
mod harness;
mod marks;
mod mouse;
mod pictures;
#[path = "../../tests/sample/mod.rs"]
mod sample;
mod screens;
mod svg;
mod updates;
mod walkthrough;
mod workers;
