//! The custody log as `analyze info` tells it: who made the file, and out of what.

use crate::output::{hex, rfc3339, shown_time};
use afterimage_format::model::CustodyEntry;
use afterimage_query::check::TimeZone;
use afterimage_query::output::escaped;
use serde::Serialize;

/// An entry of the custody log for scripts.
#[derive(Serialize)]
pub(crate) struct Custody {
    time: Option<String>,
    action: String,
    tool: String,
    user: String,
    host: String,
    note: String,
    source: Option<String>,
    source_root: Option<String>,
    source_blake3: Option<String>,
    source_verdict: Option<String>,
}

impl Custody {
    /// Of an entry.
    pub(crate) fn of(entry: &CustodyEntry) -> Custody {
        let source = entry.source.as_ref();
        Custody {
            time: rfc3339(entry.time),
            action: entry.action.clone(),
            tool: entry.tool.clone(),
            user: entry.user.clone(),
            host: entry.host.clone(),
            note: entry.note.clone(),
            source: source.map(|source| source.name.clone()),
            source_root: source.map(|source| hex(&source.root)),
            source_blake3: source.map(|source| hex(&source.file)),
            source_verdict: source.map(|source| source.verdict.clone()),
        }
    }
}

/// An entry as a line.
pub(crate) fn shown(entry: &CustodyEntry, zone: TimeZone) -> String {
    let text = |text: &str| escaped(text.as_bytes());
    let mut line = format!(
        "{} {} by {} on {} with {}",
        shown_time(entry.time, zone),
        text(&entry.action),
        text(&entry.user),
        text(&entry.host),
        text(&entry.tool)
    );
    if let Some(source) = &entry.source {
        line += &format!(" from {} ({})", text(&source.name), text(&source.verdict));
    }
    if !entry.note.is_empty() {
        line += &format!(": {}", text(&entry.note));
    }
    line
}
