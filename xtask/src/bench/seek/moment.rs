//! `analyze ps --at`: the processes in the middle of a trace.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use chrono::{DateTime, SecondsFormat};
use serde_json::Value;

use crate::{ended, process};

/// What an answer took.
pub(super) struct Answer {
    /// From the start of the process to its end.
    pub(super) elapsed: Duration,
    /// Largest resident memory in bytes.
    pub(super) peak_memory: u64,
}

/// The time in the middle of a trace, from what `analyze info` says of it, as `--at` takes it.
pub(super) fn middle(info: &Value) -> Result<String> {
    let time = |pointer: &str| {
        let text = info.pointer(pointer).and_then(Value::as_str);
        let text = text.with_context(|| format!("no time at {pointer} in {info}"))?;
        DateTime::parse_from_rfc3339(text).with_context(|| format!("not a time: {text:?}"))
    };
    let (start, end) = (time("/start")?, time("/end")?);
    Ok((start + (end - start) / 2).to_rfc3339_opts(SecondsFormat::Nanos, true))
}

/// Asks for the processes at a time, and throws the answer away.
pub(super) fn processes(analyze: &Path, trace: &Path, at: &str) -> Result<Answer> {
    let mut command = Command::new(analyze);
    command.arg("ps").arg(trace).args(["--at", at]);
    let start = Instant::now();
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start `{}`", process::describe(&command)))?;
    let ended = ended::wait(child.id())?;
    let elapsed = start.elapsed();
    ended.check(&format!("`{}`", process::describe(&command)))?;
    Ok(Answer {
        elapsed,
        peak_memory: ended.peak_memory,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_middle_is_halfway_between_start_and_end() {
        let info = json!({"start": "2026-11-22T10:00:00Z", "end": "2026-11-22T10:00:03.5Z"});
        assert_eq!(middle(&info).unwrap(), "2026-11-22T10:00:01.750000000Z");
        for info in [json!({"start": null, "end": null}), json!({"start": "a", "end": "b"})] {
            assert!(middle(&info).is_err(), "{info}");
        }
    }
}
