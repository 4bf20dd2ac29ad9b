//! The agent's log: a line each, for people or as JSON, to standard error.

use super::config::LogFormat;
use afterimage_query::output::escaped;
use serde_json::{Map, Value};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Who writes it; all copies write in the same form.
#[derive(Clone, Default)]
pub(crate) struct Log {
    json: Arc<AtomicBool>,
}

impl Log {
    pub(crate) fn new(format: LogFormat) -> Log {
        let log = Log::default();
        log.set(format);
        log
    }

    pub(crate) fn set(&self, format: LogFormat) {
        self.json.store(format == LogFormat::Json, Ordering::Relaxed);
    }

    pub(crate) fn info(&self, message: &str, fields: &[(&str, &str)]) {
        self.line("info", message, fields);
    }

    pub(crate) fn warn(&self, message: &str, fields: &[(&str, &str)]) {
        self.line("warn", message, fields);
    }

    pub(crate) fn error(&self, message: &str, fields: &[(&str, &str)]) {
        self.line("error", message, fields);
    }

    fn line(&self, level: &str, message: &str, fields: &[(&str, &str)]) {
        let line = match self.json.load(Ordering::Relaxed) {
            true => json(level, message, fields),
            false => text(level, message, fields),
        };
        // Whoever reads it may have gone.
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}

/// `capture: warn: a trigger was refused: error="no container"`; what is empty is left out.
fn text(level: &str, message: &str, fields: &[(&str, &str)]) -> String {
    let level = if level == "info" {
        String::new()
    } else {
        format!("{level}: ")
    };
    let mut line = format!("capture: {level}{}", escaped(message.as_bytes()));
    for (at, (name, value)) in fields.iter().filter(|(_, value)| !value.is_empty()).enumerate() {
        let separator = if at == 0 { ":" } else { "," };
        line.push_str(&format!("{separator} {name}={}", escaped(value.as_bytes())));
    }
    line.push('\n');
    line
}

fn json(level: &str, message: &str, fields: &[(&str, &str)]) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_nanos();
    let time = afterimage_query::output::time::rfc3339(i64::try_from(now).unwrap_or(0));
    let mut line = Map::new();
    line.insert("time".into(), time.into());
    line.insert("level".into(), level.into());
    line.insert("message".into(), message.into());
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        line.insert((*name).into(), (*value).into());
    }
    format!("{}\n", Value::Object(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strangers_wrote_is_escaped() {
        let fields = [("title", "a\u{1b}[31m\nb"), ("empty", "")];
        let line = text("warn", "refused", &fields);
        assert!(
            line.starts_with("capture: warn: refused: title=a") && !line.contains('\u{1b}'),
            "{line:?}"
        );
        assert_eq!(line.matches('\n').count(), 1);
        let line = json("info", "m", &fields);
        let read: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            (read["title"].as_str(), read.get("empty")),
            (Some("a\u{1b}[31m\nb"), None)
        );
        assert_eq!(line.matches('\n').count(), 1);
    }
}
