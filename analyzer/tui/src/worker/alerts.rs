//! Alerts that the trace carries: attachments that are called so, or are typed so, with a JSON object a line, as Falco
//! writes them.

use super::Opened;
use super::text::cut;
use crate::state::Alert;
use serde_json::Value;

/// Alerts that are kept.
const MAX: usize = 10_000;
/// A larger attachment is no list of alerts.
const MAX_BYTES: u64 = 64 << 20;
/// Bytes of what an alert says.
const LIMIT: usize = 512;

/// All alerts of the trace in the order of time, and what could not be read.
pub(crate) fn alerts(opened: &Opened) -> (Vec<Alert>, Option<String>) {
    let mut alerts = Vec::new();
    let mut damage = None;
    for entry in opened.trace().attachments() {
        let says = |text: &str| {
            let text = text.to_ascii_lowercase();
            text.contains("alert") || text.contains("falco")
        };
        if !(says(&entry.name) || says(&entry.media_type)) || entry.size > MAX_BYTES {
            continue;
        }
        match opened.trace().attachment(entry) {
            Ok(content) => alerts.extend(read(&content)),
            Err(error) => damage = Some(cut(error.to_string().as_bytes(), LIMIT)),
        }
        if alerts.len() >= MAX {
            alerts.truncate(MAX);
            break;
        }
    }
    alerts.sort_by_key(|alert| (alert.time.is_none(), alert.time));
    (alerts, damage)
}

/// The alerts of an attachment: a line each. Lines that are no JSON stand for themselves.
fn read(content: &[u8]) -> impl Iterator<Item = Alert> {
    let lines = content.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines.filter(|line| !line.is_empty()).take(MAX).map(alert)
}

fn alert(line: &[u8]) -> Alert {
    let Ok(Value::Object(object)) = serde_json::from_slice(line) else {
        return Alert {
            time: None,
            priority: "alert".into(),
            text: cut(line, LIMIT),
        };
    };
    let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
    let said = match (text("rule"), text("output")) {
        ("", "") => cut(line, LIMIT),
        ("", output) => cut(output.as_bytes(), LIMIT),
        (rule, "") => cut(rule.as_bytes(), LIMIT),
        (rule, output) => cut(format!("{rule}: {output}").as_bytes(), LIMIT),
    };
    let priority = match text("priority") {
        "" => "alert",
        priority => priority,
    };
    Alert {
        time: time(text("time")),
        priority: cut(priority.to_lowercase().as_bytes(), 32),
        text: said,
    }
}

/// A time of RFC 3339, as nanoseconds since 1970.
fn time(text: &str) -> Option<i64> {
    chrono::DateTime::parse_from_rfc3339(text).ok()?.timestamp_nanos_opt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_read_as_falco_writes_them() {
        for (line, time, priority, text) in [
            (
                r#"{"output":"sh ran","priority":"Critical","rule":"Shell","time":"1970-01-01T00:00:01.5Z"}"#,
                Some(1_500_000_000),
                "critical",
                "Shell: sh ran",
            ),
            (r#"{"output":"a\u001b[2J"}"#, None, "alert", "a\\x1b[2J"),
            ("not JSON \x07", None, "alert", "not JSON \\x07"),
            (r#"{"a":1}"#, None, "alert", r#"{"a":1}"#),
        ] {
            let expected = Alert {
                time,
                priority: priority.into(),
                text: text.into(),
            };
            assert_eq!(read(line.as_bytes()).collect::<Vec<_>>(), [expected]);
        }
        assert_eq!(read(b"\n\n  \n").count(), 0);
    }
}
