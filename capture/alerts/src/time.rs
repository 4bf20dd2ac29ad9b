//! Times as sources write them, as nanoseconds since 1970.

use chrono::{DateTime, NaiveDateTime};
use serde_json::Value;
use std::time::{SystemTime, UNIX_EPOCH};

/// Of a text or a number; nothing if it is neither, or before 1970 (0001-01-01 stands for "never").
pub(crate) fn of(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::String(text) => parse(text),
        Value::Number(number) => number
            .as_i64()
            .map_or_else(|| number.as_f64().and_then(seconds), by_size),
        _ => None,
    }
}

/// RFC 3339, and what AWS writes in places: a space for the T, no zone.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    let time = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"));
    let nanoseconds = match time {
        Ok(time) => time.timestamp_nanos_opt()?,
        Err(_) => match NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f") {
            Ok(time) => time.and_utc().timestamp_nanos_opt()?,
            Err(_) => return text.parse().ok().and_then(by_size),
        },
    };
    (nanoseconds > 0).then_some(nanoseconds)
}

/// A whole number: its size says the unit. Until 2286 seconds have ten digits at most.
fn by_size(number: i64) -> Option<i64> {
    match number {
        1..=99_999_999_999 => number.checked_mul(1_000_000_000),
        100_000_000_000..=99_999_999_999_999 => number.checked_mul(1_000_000),
        100_000_000_000_000..=99_999_999_999_999_999 => number.checked_mul(1_000),
        100_000_000_000_000_000.. => Some(number),
        _ => None,
    }
}

fn seconds(number: f64) -> Option<i64> {
    (number > 0.0 && number < 9e9).then_some((number * 1e9) as i64)
}

/// Now.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_of_sources() {
        let check = |value: Value, expected: Option<i64>| assert_eq!(of(Some(&value)), expected, "{value}");
        let good = Some(1_507_591_916_000_000_000);
        check(json!("2017-10-09T23:31:56Z"), good);
        check(json!("2017-10-09T18:31:56-05:00"), good);
        check(json!("2017-10-09 23:31:56.000"), good);
        check(json!("2017-10-09T23:31:56.000+0000"), good);
        check(json!(1_507_591_916), good);
        check(json!(1_507_591_916_000_i64), good);
        check(json!(1_507_591_916_000_000_i64), good);
        check(json!(1_507_591_916_000_000_000_i64), good);
        check(json!("1507591916"), good);
        check(json!(1_507_591_916.0), good);
        check(json!("0001-01-01T00:00:00Z"), None);
        check(json!("2021-04-13T20:58:00.746609046Z+2"), None);
        check(json!(""), None);
        check(json!(-1), None);
        check(json!(null), None);
        check(json!(["x"]), None);
        check(json!(i64::MIN), None);
        check(json!(1e300), None);
    }
}
