//! `-o`: the events as a trace of their own.

use super::explain::Explain;
use super::{Args, Asked};
use crate::output::{counted, shown_path};
use crate::status::Status;
use afterimage_format::file::{TraceWriter, WriterOptions, custody_source, verify};
use afterimage_format::model::{CustodyEntry, action};
use afterimage_query::copy;
use afterimage_query::output::escaped;
use anyhow::{Result, anyhow};
use std::path::Path;

pub(super) fn run(asked: &Asked, args: &Args, output: &Path, explain: &Explain) -> Result<Status> {
    let said = |error: afterimage_format::Error| anyhow!(escaped(error.to_string().as_bytes()));
    let input = &asked.input;
    let verdict = verify(&input.path, &[]).map_err(said)?;
    let mut header = input.trace.header().clone();
    let mut condition = args.filter.clone().unwrap_or_default();
    if !header.filter.is_empty() && !condition.is_empty() {
        condition = format!("({}) and ({condition})", header.filter);
    } else if condition.is_empty() {
        condition = header.filter.clone();
    }
    header.filter = condition;
    let options = WriterOptions {
        force: args.force,
        ..WriterOptions::default()
    };
    let writer = TraceWriter::create(output, &header, options).map_err(said)?;
    let entry = CustodyEntry {
        source: Some(custody_source(&input.path, &verdict).map_err(said)?),
        note: note(asked, args),
        ..CustodyEntry::now(
            action::FILTERED,
            concat!("afterimage analyze ", env!("CARGO_PKG_VERSION")),
        )
    };
    let copied = copy(&input.trace, &input.context, &asked.query(args.limit), writer, &entry);
    let (outcome, sealed) = copied.map_err(|error| {
        // Half of a copy would pass for all of it.
        let _ = std::fs::remove_file(output);
        said(error)
    })?;
    explain.say(input, asked.filter.as_ref(), &outcome);
    eprintln!(
        "analyze: {}: {} in {} bytes",
        shown_path(output),
        counted(outcome.matched, "event"),
        sealed.bytes
    );
    Ok(input.warn(&outcome.losses, &outcome.damage))
}

/// What was asked for, for the custody log.
fn note(asked: &Asked, args: &Args) -> String {
    let mut parts = Vec::new();
    parts.extend(args.filter.as_ref().map(|filter| format!("filter: {filter}")));
    parts.extend(asked.from.map(|from| format!("from {from}")));
    parts.extend(asked.to.map(|to| format!("to {to}")));
    parts.extend(args.limit.map(|limit| format!("at most {limit} events")));
    parts.join("; ")
}
