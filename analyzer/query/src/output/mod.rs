//! Rows as text: `-p` formats, the default line, JSON. Everything that was captured is escaped.

mod csv;
mod escape;
mod format;
mod json;
mod line;
mod text;
pub mod time;

pub use csv::{Csv, csv_cell};
pub use escape::{escaped, unsafe_to_show};
pub use format::{DEFAULT_FORMAT, Format, written as field_name};
pub use json::{DEFAULT_JSON_FIELDS, JsonFields, json_string};
pub use line::LineWriter;
pub use text::shown;
