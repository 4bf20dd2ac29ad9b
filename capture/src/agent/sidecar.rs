//! The JSON file beside a capture: what it is about and what became of it.

use super::alert::Trigger;
use afterimage_query::output::time::rfc3339;
use serde_json::{Value, json};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// How a capture ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// It has not.
    Running,
    /// As asked for.
    Complete,
    /// The agent was told to end.
    Ended,
    /// Its file had reached its size.
    Limit,
    /// The disk was full.
    Full,
    /// It could not be written for another reason.
    Failed,
    /// The agent ended without sealing it; it was recovered afterwards.
    Interrupted,
}

impl Outcome {
    pub(crate) const ALL: [Outcome; 7] = [
        Outcome::Running,
        Outcome::Complete,
        Outcome::Ended,
        Outcome::Limit,
        Outcome::Full,
        Outcome::Failed,
        Outcome::Interrupted,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Outcome::Running => "running",
            Outcome::Complete => "complete",
            Outcome::Ended => "ended early",
            Outcome::Limit => "limit reached",
            Outcome::Full => "disk full",
            Outcome::Failed => "failed",
            Outcome::Interrupted => "interrupted",
        }
    }
}

/// An alert, without its payload, which is in the trace.
pub(crate) fn alert(trigger: &Trigger, attachment: Option<&str>) -> Value {
    json!({
        "source": trigger.source,
        "id": trigger.id,
        "title": trigger.title,
        "severity": trigger.severity,
        "time": trigger.time.map(rfc3339),
        "selectors": trigger.selectors,
        "attachment": attachment,
    })
}

/// What deliveries are told of a capture must fit into a line. As JSON in JSON it can become longer, but not four times.
const BRIEF: usize = 1 << 20;

/// The side-car for deliveries: where its alerts make it too long, their number takes their place.
pub(crate) fn brief(summary: &Value) -> Value {
    let mut summary = summary.clone();
    if summary.to_string().len() > BRIEF
        && let Some(alerts) = summary.get_mut("alerts")
    {
        let count = alerts.as_array().map_or(0, Vec::len);
        *alerts = json!({"left_out": count});
    }
    summary
}

/// Nanoseconds since 1970 as text; nothing where there are none.
pub(crate) fn time(nanoseconds: u64) -> Option<String> {
    (nanoseconds != 0).then(|| rfc3339(i64::try_from(nanoseconds).unwrap_or(i64::MAX)))
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes it so that it is there as a whole or as it was before. That of a capture that goes on is not waited for until it is
/// on the disk: its trace is not either, and whoever sent the alert waits.
///
/// # Errors
/// Those of writing.
pub(crate) fn write(path: &Path, value: &Value) -> std::io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    let written = (|| {
        let _ = std::fs::remove_file(&new);
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)?;
        let mut text = serde_json::to_vec_pretty(value)?;
        text.push(b'\n');
        file.write_all(&text)?;
        if value["result"] != Outcome::Running.name() {
            file.sync_all()?;
        }
        std::fs::rename(&new, path)
    })();
    if written.is_err() {
        let _ = std::fs::remove_file(&new);
    }
    written
}

/// Reads it; nothing where it is none.
pub(crate) fn read(path: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deliveries_are_told_how_many_alerts_there_are_where_these_are_too_long() {
        let summary = |title: &str| json!({"capture": "c", "alerts": [{"title": title}, {"title": "second"}]});
        let short = summary("first");
        assert_eq!(brief(&short), short);
        let long = brief(&summary(&"x".repeat(BRIEF)));
        assert_eq!(long, json!({"capture": "c", "alerts": {"left_out": 2}}));
    }
}
