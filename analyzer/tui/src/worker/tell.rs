//! Something of an event for who asked: a bookmark, JSON to copy.

use super::Opened;
use super::text::cut;
use crate::message::{Message, Want};
use crate::state::{About, Mark};
use afterimage_query::output::{DEFAULT_JSON_FIELDS, JsonFields};
use afterimage_query::{EventRow, Format};

/// What a bookmark says of its event; number and time stand beside it.
const MARK: &str = "*%proc.name (%thread.tid) %evt.dir %evt.type %evt.info";
/// Bytes of that.
const LIMIT: usize = 512;

/// What was asked for.
pub(super) fn tell(row: &EventRow<'_>, want: Want, opened: &Opened) -> Message {
    match want {
        Want::Mark(note) => Message::Marked(Mark {
            about: About::Event(row.num()),
            time: Some(row.time()),
            text: line(row, MARK, opened),
            note,
        }),
        Want::Json => Message::Copy(match Format::parse(DEFAULT_JSON_FIELDS) {
            Ok(format) => JsonFields::of(&format).object(row),
            // It is a constant, which a test parses.
            Err(_) => String::new(),
        }),
    }
}

/// An event as a line, escaped.
pub(super) fn line(row: &EventRow<'_>, format: &str, opened: &Opened) -> String {
    // The formats are constants; a test parses each.
    let Ok(format) = Format::parse(format) else {
        return String::new();
    };
    let line = format.line(row, opened.context().zone()).unwrap_or_default();
    cut(line.as_bytes(), LIMIT)
}
