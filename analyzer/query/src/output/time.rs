//! Points in time as text.

use crate::check::TimeZone;
use chrono::{DateTime, Local, Utc};

/// Nanoseconds in a second.
pub const SECOND: i64 = 1_000_000_000;

/// Time of day with nanoseconds.
pub fn clock(time: i64, zone: TimeZone) -> String {
    formatted(time, zone, "%H:%M:%S%.9f")
}

/// Time of day with microseconds, for people.
pub fn short_clock(time: i64, zone: TimeZone) -> String {
    formatted(time, zone, "%H:%M:%S%.6f")
}

/// Date and time of day with nanoseconds.
pub fn date_time(time: i64, zone: TimeZone) -> String {
    formatted(time, zone, "%Y-%m-%d %H:%M:%S%.9f")
}

/// ISO 8601 in UTC with nanoseconds.
pub fn iso8601(time: i64) -> String {
    formatted(time, TimeZone::Utc, "%Y-%m-%dT%H:%M:%S%.9f+0000")
}

/// RFC 3339 in UTC with nanoseconds.
pub fn rfc3339(time: i64) -> String {
    formatted(time, TimeZone::Utc, "%Y-%m-%dT%H:%M:%S%.9fZ")
}

/// A span with the largest unit that it fills: `10.50ms`.
pub fn human(nanoseconds: i64) -> String {
    let units = [(SECOND, "s"), (1_000_000, "ms"), (1000, "us")];
    match units.into_iter().find(|(unit, _)| nanoseconds >= *unit) {
        Some((unit, name)) => format!("{}.{:02}{name}", nanoseconds / unit, nanoseconds % unit * 100 / unit),
        None => format!("{nanoseconds}ns"),
    }
}

/// A length of time in seconds with nanoseconds.
pub fn seconds(duration: i64) -> String {
    let sign = if duration < 0 { "-" } else { "" };
    let duration = duration.unsigned_abs();
    format!(
        "{sign}{}.{:09}",
        duration / SECOND.unsigned_abs(),
        duration % SECOND.unsigned_abs()
    )
}

fn formatted(time: i64, zone: TimeZone, format: &str) -> String {
    let time: DateTime<Utc> = DateTime::from_timestamp_nanos(time);
    match zone {
        TimeZone::Utc => time.format(format).to_string(),
        TimeZone::Local => time.with_timezone(&Local).format(format).to_string(),
    }
}
