//! Values as text of bounded length.

use super::Opened;
use afterimage_query::fields::{FieldArg, FieldId};
use afterimage_query::output::{escaped, shown};
use afterimage_query::{EventRow, Row, Value};
use std::borrow::Cow;

/// The value of a field as text, escaped, at most `limit` bytes of it; nothing where it is missing.
pub(super) fn field(row: &EventRow<'_>, id: FieldId, arg: &FieldArg, limit: usize, opened: &Opened) -> Option<String> {
    match row.value(id, arg) {
        Value::Str(bytes) => Some(cut(&bytes, limit)),
        value => shown(id, &value, opened.context().zone()),
    }
}

/// The first `limit` bytes, escaped, and how many more there are.
pub(super) fn cut(bytes: &[u8], limit: usize) -> String {
    match bytes.split_at_checked(limit) {
        Some((shown, rest)) if !rest.is_empty() => format!("{}… ({} bytes more)", escaped(shown), rest.len()),
        _ => escaped(bytes),
    }
}

/// Text from a file's metadata, escaped and cut; `-` where it is empty.
pub(super) fn or_dash(text: Cow<'_, str>) -> String {
    if text.is_empty() {
        "-".into()
    } else {
        cut(text.as_bytes(), 256)
    }
}
