//! Times as runtimes write them.

use chrono::DateTime;

/// Nanoseconds since the Unix epoch of `2024-01-02T03:04:05.678Z`. The year 1, which Docker writes for "never", is none.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    positive(time.timestamp_nanos_opt()?)
}

/// 0 and what lies before the epoch stand for "not yet".
pub(crate) fn positive(nanoseconds: i64) -> Option<u64> {
    u64::try_from(nanoseconds).ok().filter(|ns| *ns != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_runtimes() {
        assert_eq!(parse("1970-01-01T00:00:01.5Z"), Some(1_500_000_000));
        assert_eq!(parse("1970-01-01T01:00:01+01:00"), Some(1_000_000_000));
        assert_eq!(parse("0001-01-01T00:00:00Z"), None);
        assert_eq!(parse("yesterday"), None);
    }
}
