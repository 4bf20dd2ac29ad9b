//! Points in time.

use super::Settings;
use super::literal::{DURATIONS, LiteralError, with_units};
use chrono::{DateTime, Local, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _, Utc};

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

/// A point in time as a person gives it on the command line, in nanoseconds since 1970: everything that a filter takes,
/// nanoseconds since 1970, and a time of day, which is the last one before the end of the trace.
///
/// # Errors
/// What is wrong and what would be right, one sentence.
pub fn parse_time(text: &str, settings: &Settings) -> Result<i64, String> {
    let text = text.trim();
    let at = match text.parse::<u64>() {
        Ok(nanoseconds) => i128::from(nanoseconds),
        Err(_) => match last_time_of_day(text, settings) {
            Some(at) => at,
            None => point(text, settings).map_err(|error| match error {
                LiteralError::Expected(_) => format!(
                    "`{text}` is no time; expected one such as `10:00:03.5`, `2026-11-21 10:00:00`, \
                     `2026-11-21T10:00:00Z`, or `-5m` counted from the end of the trace"
                ),
                LiteralError::Wrong(what) => what,
            })?,
        },
    };
    i64::try_from(at).map_err(|_| format!("`{text}` is outside of the times that a trace can hold"))
}

/// The last time before the end of the trace at which clocks showed `text`.
fn last_time_of_day(text: &str, settings: &Settings) -> Option<i128> {
    let time = ["%H:%M:%S%.f", "%H:%M"]
        .iter()
        .find_map(|format| NaiveTime::parse_from_str(text, format).ok())?;
    let end = DateTime::from_timestamp_nanos(settings.end?);
    let today = match settings.zone {
        TimeZone::Utc => end.date_naive(),
        TimeZone::Local => end.with_timezone(&Local).date_naive(),
    };
    let on = |date: NaiveDate| point(&format!("{date} {time}"), settings).ok();
    let at = on(today)?;
    // A time of day that was shown for the last events may be rounded up past the end.
    if at > i128::from(settings.end?) + 1_000_000_000 {
        return on(today.pred_opt()?);
    }
    Some(at)
}

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
            ..Settings::default()
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
    fn times_on_the_command_line() {
        let settings = Settings {
            end: i64::try_from(TEN).ok(),
            zone: TimeZone::Utc,
            ..Settings::default()
        };
        for (text, expected) in [
            ("10:00", Ok(TEN)),
            ("09:59:59.5", Ok(TEN - 500_000_000)),
            ("10:00:01", Ok(TEN + 1_000_000_000)),
            ("10:00:02", Ok(TEN + 2_000_000_000 - 86_400_000_000_000)),
            ("1795255200000000001", Ok(TEN + 1)),
            (" -1s", Ok(TEN - 1_000_000_000)),
            ("2026-11-21T10:00:00Z", Ok(TEN)),
            ("2026-11-21 10:00", Ok(TEN)),
            ("soon", Err("`soon` is no time")),
            ("9999-01-01", Err("`9999-01-01` is outside of the times")),
        ] {
            match (parse_time(text, &settings), expected) {
                (Ok(at), Ok(expected)) => assert_eq!(i128::from(at), expected, "{text}"),
                (Err(error), Err(expected)) => assert!(error.starts_with(expected), "{text}: {error}"),
                (got, _) => panic!("{text}: {got:?}"),
            }
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
