//! Captures that an agent left behind when it was killed: recovered, sealed, and marked as interrupted.

use super::folder::{self, Files};
use super::log::Log;
use super::sidecar::{self, Outcome};
use super::writing::Writing;
use afterimage_format::file::{RecoverOptions, recover};
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
        let (summary, error) = match one(&files, writing) {
            Ok(found) => {
                recovered += 1;
                (with(summary, found), String::new())
            }
            Err(error) => {
                let found = json!({
                    "reason": format!("the agent ended without sealing it, and it could not be recovered: {error}"),
                    "sealed": false,
                });
                (with(summary, found), error)
            }
        };
        let mut summary = summary;
        if delivers {
            summary["delivery"] = "pending".into();
        }
        let written = sidecar::write(&files.sidecar(), &summary);
        let error = match (written, error.as_str()) {
            (Err(failed), "") => failed.to_string(),
            _ => error,
        };
        log.warn(
            "a capture had been interrupted",
            &[("capture", &files.id), ("error", &error)],
        );
    }
    recovered
}

/// Recovers one; what the side-car says of it from now on.
fn one(files: &Files, writing: &Writing) -> Result<Value, String> {
    let reason = "the agent ended without sealing it";
    let (part, trace) = (files.part(), files.trace());
    if !part.exists() {
        // It was sealed and renamed, and only the side-car is behind.
        let opened = afterimage_format::file::Trace::open(&trace).map_err(|error| error.to_string())?;
        return Ok(json!({
            "events": opened.totals().events, "bytes": opened.bytes(), "sealed": opened.root().is_some(),
            "root": opened.root().map(|root| sidecar::hex(&root)), "file": trace, "reason": reason,
        }));
    }
    let options = RecoverOptions {
        sign_key: writing.sign_key.clone(),
        force: true,
        tool: TOOL.to_owned(),
        ..RecoverOptions::default()
    };
    let done = recover(&part, &trace, &options).map_err(|error| match error {
        afterimage_format::Error::Encrypted { .. } => format!(
            "it is encrypted; `analyze recover` with the identity does it: {}",
            part.display()
        ),
        error => error.to_string(),
    })?;
    std::fs::remove_file(&part).map_err(|error| error.to_string())?;
    let opened = afterimage_format::file::Trace::open(&trace).map_err(|error| error.to_string())?;
    let totals = opened.totals();
    Ok(json!({
        "events": totals.events,
        "first_event": sidecar::time(totals.time_min),
        "last_event": sidecar::time(totals.time_max),
        "losses": {"events": totals.loss_events + done.events_lost, "records": totals.loss_records},
        "bytes": done.sealed.bytes,
        "root": sidecar::hex(&done.sealed.root),
        "file": trace,
        "sealed": true,
        "reason": reason,
    }))
}

fn with(mut summary: Value, found: Value) -> Value {
    if let (Some(summary), Value::Object(found)) = (summary.as_object_mut(), found) {
        summary.extend(found);
        summary.insert("result".into(), Outcome::Interrupted.name().into());
    }
    summary
}
