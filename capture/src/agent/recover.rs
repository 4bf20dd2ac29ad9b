//! Captures that an agent left behind when it was killed: recovered, sealed, and marked as interrupted.

use super::folder::{self, Files};
use super::log::Log;
use super::sidecar::{self, Outcome};
use super::writing::Writing;
use afterimage_format::file::{RecoverOptions, Trace, recover, verify};
use serde_json::{Value, json};
use std::path::Path;

const TOOL: &str = concat!("afterimage capture ", env!("CARGO_PKG_VERSION"));

/// Looks through the folder, before anything is recorded. Returns how many were recovered.
pub(crate) fn unfinished(folder: &Path, writing: &Writing, delivers: bool, log: &Log) -> usize {
    let mut recovered = 0;
    for files in folder::list(folder) {
        let summary = sidecar::read(&files.sidecar());
        let running = summary
            .as_ref()
            .is_some_and(|summary| summary["result"] == Outcome::Running.name());
        if !files.part().exists() && !running {
            continue;
        }
        let summary = summary.unwrap_or_else(|| json!({"capture": files.id}));
        let (summary, outcome, error) = match one(&files, writing) {
            Ok((outcome, found)) => {
                recovered += usize::from(outcome == Outcome::Interrupted);
                (with(summary, outcome, found), outcome, String::new())
            }
            Err(error) => {
                let found = json!({
                    "reason": format!("the agent ended without sealing it, and it could not be recovered: {error}"),
                    "sealed": false,
                });
                (with(summary, Outcome::Interrupted, found), Outcome::Interrupted, error)
            }
        };
        let mut summary = summary;
        if delivers && summary["sealed"] == true {
            summary["delivery"] = "pending".into();
        }
        let written = sidecar::write(&files.sidecar(), &summary);
        let error = match (written, error.as_str()) {
            (Err(failed), "") => failed.to_string(),
            _ => error,
        };
        let fields = [
            ("capture", files.id.as_str()),
            ("result", outcome.name()),
            ("error", &error),
        ];
        match outcome {
            Outcome::Interrupted => log.warn("a capture had been interrupted", &fields),
            _ => log.info("a capture had been sealed, and nothing said so", &fields),
        }
    }
    recovered
}

/// Recovers one; how it ended, and what the side-car says of it from now on.
fn one(files: &Files, writing: &Writing) -> Result<(Outcome, Value), String> {
    let (part, trace) = (files.part(), files.trace());
    let text = |error: std::io::Error| error.to_string();
    if is_sealed(&part) {
        // Only its name was behind.
        std::fs::rename(&part, &trace).map_err(text)?;
    } else if part.exists() && !is_sealed(&trace) {
        let options = RecoverOptions {
            sign_key: writing.sign_key.clone(),
            force: true,
            tool: TOOL.to_owned(),
            ..RecoverOptions::default()
        };
        recover(&part, &trace, &options).map_err(|error| match error {
            afterimage_format::Error::Encrypted { .. } => format!(
                "it is encrypted; `analyze recover` with the identity does it: {}",
                part.display()
            ),
            error => error.to_string(),
        })?;
    }
    // Also where an agent that recovered it was killed before it came to this.
    if part.exists() {
        std::fs::remove_file(&part).map_err(text)?;
    }
    let opened = match Trace::open(&trace) {
        Err(afterimage_format::Error::Encrypted { .. }) => {
            let verdict = verify(&trace, &[]).map_err(|error| error.to_string())?;
            let found = json!({
                "bytes": verdict.bytes, "root": verdict.root.map(|root| sidecar::hex(&root)), "file": trace,
                "sealed": verdict.root.is_some(), "reason": "it is sealed, and how it ended is encrypted",
            });
            return Ok((Outcome::Interrupted, found));
        }
        opened => opened.map_err(|error| error.to_string())?,
    };
    let ended = opened
        .summary()
        .map(|summary| summary.reason.clone())
        .unwrap_or_default();
    let (outcome, reason) = outcome_of(&ended);
    let losses = opened
        .summary()
        .map(|summary| summary.losses.as_slice())
        .unwrap_or_default();
    let totals = opened.totals();
    let lost: u64 = losses.iter().map(|loss| loss.events).sum();
    let found = json!({
        "events": totals.events,
        "first_event": sidecar::time(totals.time_min),
        "last_event": sidecar::time(totals.time_max),
        "losses": {"events": totals.loss_events + lost, "records": totals.loss_records + losses.len() as u64},
        "bytes": opened.bytes(),
        "root": opened.root().map(|root| sidecar::hex(&root)),
        "file": trace,
        "sealed": opened.root().is_some(),
        "reason": reason,
    });
    Ok((outcome, found))
}

/// Whether a file is sealed, and as it was then.
fn is_sealed(path: &Path) -> bool {
    verify(path, &[]).is_ok_and(|verdict| verdict.root.is_some() && verdict.is_intact())
}

/// How a capture ended and why, by the last word of its trace: see `Capture::end`.
fn outcome_of(said: &str) -> (Outcome, String) {
    let of = |outcome: Outcome| {
        let rest = said.strip_prefix(outcome.name())?;
        let reason = if rest.is_empty() {
            Some("")
        } else {
            rest.strip_prefix(": ")
        };
        Some((outcome, reason?.to_owned()))
    };
    let interrupted = || (Outcome::Interrupted, "the agent ended without sealing it".to_owned());
    Outcome::ALL.into_iter().find_map(of).unwrap_or_else(interrupted)
}

fn with(mut summary: Value, outcome: Outcome, found: Value) -> Value {
    if let (Some(summary), Value::Object(found)) = (summary.as_object_mut(), found) {
        summary.extend(found);
        summary.insert("result".into(), outcome.name().into());
    }
    summary
}

#[cfg(test)]
mod tests {
    use super::*;
    use afterimage_format::file::{Summary, TraceWriter, WriterOptions};
    use afterimage_format::model::Header;

    #[test]
    fn the_last_word_of_a_trace_says_how_it_ended() {
        for (said, outcome, reason) in [
            ("complete", Outcome::Complete, ""),
            (
                "ended early: the agent was told to end",
                Outcome::Ended,
                "the agent was told to end",
            ),
            (
                "limit reached: the file has 9 bytes",
                Outcome::Limit,
                "the file has 9 bytes",
            ),
            ("completely", Outcome::Interrupted, "the agent ended without sealing it"),
            (
                "recovered from a file that was not sealed",
                Outcome::Interrupted,
                "the agent ended without sealing it",
            ),
            ("", Outcome::Interrupted, "the agent ended without sealing it"),
        ] {
            assert_eq!(outcome_of(said), (outcome, reason.to_owned()), "{said}");
        }
    }

    /// Killed between the last word of a trace, its name and its side-car; and while it was recovered.
    #[test]
    fn what_is_sealed_stays_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let id = "20261128-100000000-00000000";
        let files = Files::new(dir.path(), id);
        let write = |path: &Path, said: Option<&str>| {
            let header = Header::default();
            let options = WriterOptions::default();
            let mut writer = TraceWriter::create(path, &header, options).unwrap();
            writer.attach("alert-1.json", "application/json", b"{}").unwrap();
            if let Some(reason) = said {
                let summary = Summary {
                    reason: reason.to_owned(),
                    ..Summary::default()
                };
                writer.seal(&summary).unwrap();
            }
        };
        let check = |expected: &str| {
            let bytes = std::fs::read(files.trace()).ok();
            sidecar::write(&files.sidecar(), &json!({"capture": id, "result": "running"})).unwrap();
            unfinished(dir.path(), &Writing::default(), false, &Log::default());
            let summary = sidecar::read(&files.sidecar()).unwrap();
            assert_eq!(
                (summary["result"].as_str(), &summary["sealed"]),
                (Some(expected), &json!(true)),
                "{summary}"
            );
            assert!(!files.part().exists() && is_sealed(&files.trace()));
            if let Some(bytes) = bytes.filter(|_| expected != "interrupted") {
                assert_eq!(std::fs::read(files.trace()).unwrap(), bytes);
            }
            std::fs::read(files.trace()).unwrap()
        };
        write(&files.part(), Some("ended early: the agent was told to end"));
        check("ended early");
        // The same again, under its name.
        check("ended early");
        std::fs::remove_file(files.trace()).unwrap();
        write(&files.part(), None);
        let recovered = check("interrupted");
        // It was recovered, and what it was recovered from is still there.
        write(&files.part(), None);
        assert_eq!(check("interrupted"), recovered);
        // Half of it was.
        write(&files.part(), None);
        std::fs::write(files.trace(), &recovered[..recovered.len() / 2]).unwrap();
        check("interrupted");
    }
}
