//! Values as text of bounded length.

use super::Opened;
use crate::views::Show;
use afterimage_query::check::TimeZone;
use afterimage_query::fields::{FieldArg, FieldId};
use afterimage_query::output::{escaped, shown, time};
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

/// A number as a column wants it.
pub(super) fn amount(number: i64, show: Show, zone: TimeZone) -> String {
    match show {
        Show::Text | Show::Number | Show::Clock | Show::Container => number.to_string(),
        Show::Bytes => bytes(number),
        Show::Duration => time::human(number),
        Show::Time => time::short_clock(number, zone),
    }
}

/// A text as a column wants it.
pub(super) fn written(text: String, show: Show, opened: &Opened) -> String {
    match show {
        Show::Clock => text.get(..12).map_or(text.clone(), str::to_owned),
        Show::Container => opened.container_name(&text).map_or(text, str::to_owned),
        _ => text,
    }
}

/// 4096, 12K, 3.4M: three digits are enough to compare, and all columns are narrow.
fn bytes(number: i64) -> String {
    let mut value = number as f64;
    if number.abs() < 10_000 {
        return number.to_string();
    }
    for unit in ["K", "M", "G", "T", "P", "E"] {
        value /= 1024.0;
        if value.abs() < 1000.0 || unit == "E" {
            return match value.abs() < 10.0 {
                true => format!("{value:.1}{unit}"),
                false => format!("{value:.0}{unit}"),
            };
        }
    }
    number.to_string()
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_are_short() {
        for (number, expected) in [
            (0, "0"),
            (9999, "9999"),
            (10_000, "9.8K"),
            (1 << 20, "1.0M"),
            (123 << 20, "123M"),
            (i64::MAX, "8.0E"),
            (-5, "-5"),
        ] {
            assert_eq!(bytes(number), expected);
        }
    }
}
