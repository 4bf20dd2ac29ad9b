//! Points in time.

use super::Settings;
use super::literal::{DURATIONS, LiteralError, with_units};
use chrono::{DateTime, Local, LocalResult, NaiveDate, NaiveDateTime, TimeZone as _, Utc};

/// The zone of a time that names none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeZone {
    /// The zone of this machine.
    #[default]
    Local,
    /// Coordinated universal time.
    Utc,
}

const EXPECTED: &str = "a time such as `\"2026-11-21 10:00:00\"`, or `-5m` counted from the end of the trace";

/// A date with or without a time of day, a time with a zone as in RFC 3339, or a distance from the end of the trace;
/// in nanoseconds since 1970.
pub(super) fn point(text: &str, settings: &Settings) -> Result<i128, LiteralError> {
    if text.starts_with('-') {
        let distance = with_units(text, &DURATIONS).ok_or(LiteralError::Expected(EXPECTED))?;
        let end = settings.end.ok_or_else(|| {
            LiteralError::Wrong(format!(
                "`{text}` counts from the end of a trace, and there is none here"
            ))
        })?;
        return Ok(i128::from(end) + distance);
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1)) {
        return Ok(nanoseconds(&time));
    }
    let naive = naive(text).ok_or(LiteralError::Expected(EXPECTED))?;
    match settings.zone {
        TimeZone::Utc => Ok(nanoseconds(&Utc.from_utc_datetime(&naive))),
        TimeZone::Local => match Local.from_local_datetime(&naive) {
            LocalResult::Single(time) => Ok(nanoseconds(&time)),
            // Clocks were put back: the earlier one, so that nothing after it is left out.
            LocalResult::Ambiguous(time, _) => Ok(nanoseconds(&time)),
            LocalResult::None => Err(LiteralError::Wrong(format!(
                "there is no {text} in the local time zone: clocks were put forward"
            ))),
        },
    }
}

fn naive(text: &str) -> Option<NaiveDateTime> {
    let text = text.replacen('T', " ", 1);
    ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(&text, format).ok())
        .or_else(|| NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))
}

fn nanoseconds<Zone: chrono::TimeZone>(time: &DateTime<Zone>) -> i128 {
    i128::from(time.timestamp()) * 1_000_000_000 + i128::from(time.timestamp_subsec_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN: i128 = 1_795_255_200_000_000_000; // 2026-11-21 10:00:00 UTC

    #[track_caller]
    fn check(text: &str, expected: Option<i128>) {
        let settings = Settings {
            end: Some(1_795_255_200_000_000_000),
            zone: TimeZone::Utc,
        };
        assert_eq!(point(text, &settings).ok(), expected, "{text}");
    }

    #[test]
    fn times() {
        check("2026-11-21 10:00:00", Some(TEN));
        check("2026-11-21 10:00", Some(TEN));
        check("2026-11-21T10:00:00Z", Some(TEN));
        check("2026-11-21T11:00:00+01:00", Some(TEN));
        check("2026-11-21 10:00:00.000000001", Some(TEN + 1));
        check("2026-11-21", Some(TEN - 36_000_000_000_000));
        check("-5m", Some(TEN - 300_000_000_000));
        for wrong in ["", "10:00", "2026-13-21", "2026-11-21 25:00", "-5 minutes", "yesterday"] {
            check(wrong, None);
        }
    }

    #[test]
    fn a_distance_needs_a_trace() {
        assert!(matches!(
            point("-5m", &Settings::default()),
            Err(LiteralError::Wrong(_))
        ));
    }
}
