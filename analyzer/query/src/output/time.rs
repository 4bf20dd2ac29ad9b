//! Points in time as text.

use crate::check::TimeZone;
use chrono::{DateTime, Local, Utc};

/// Nanoseconds in a second.
pub const SECOND: i64 = 1_000_000_000;

/// Nanoseconds in a millisecond.
pub const MILLISECOND: i64 = 1_000_000;

/// Time of day with nanoseconds.
pub fn clock(time: i64, zone: TimeZone) -> String {
    formatted(time, zone, "%H:%M:%S%.9f")
}

/// Writes times of day as [`clock`] does, and knows the second before.
#[derive(Default)]
pub(crate) struct Clock {
    /// A second and how it is written.
    last: Option<(i64, TimeZone, [u8; 8])>,
}

impl Clock {
    pub(crate) fn write(&mut self, time: i64, zone: TimeZone, out: &mut Vec<u8>) {
        let second = time.div_euclid(SECOND);
        let known = self.last.filter(|(of, of_zone, _)| (*of, *of_zone) == (second, zone));
        let text = match known {
            Some((.., text)) => text,
            None => {
                let text = clock(time, zone);
                let mut eight = *b"00:00:00";
                for (to, from) in eight.iter_mut().zip(text.bytes()) {
                    *to = from;
                }
                self.last = Some((second, zone, eight));
                eight
            }
        };
        out.extend_from_slice(&text);
        let mut fraction = *b".000000000";
        let mut rest = time.rem_euclid(SECOND);
        for digit in fraction[1..].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        out.extend_from_slice(&fraction);
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_writes_what_clock_says() {
        let mut clock_of = Clock::default();
        for time in [
            0,
            1,
            999_999_999,
            SECOND,
            -1,
            -SECOND,
            1_795_255_200_123_456_789,
            1_795_255_200_000_000_001,
        ] {
            for zone in [TimeZone::Utc, TimeZone::Local] {
                let mut out = Vec::new();
                clock_of.write(time, zone, &mut out);
                assert_eq!(String::from_utf8(out).as_deref(), Ok(clock(time, zone).as_str()));
            }
        }
    }
}
