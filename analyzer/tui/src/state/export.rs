//! Writing a part of the trace to a file.

use super::{Mark, Position};
use std::path::PathBuf;

/// What is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Export {
    /// As what.
    pub(crate) form: Form,
    /// Which events; known to be right.
    pub(crate) filter: String,
    /// And from when to when, nanoseconds since 1970.
    pub(crate) span: Option<(i64, i64)>,
    /// The file.
    pub(crate) path: PathBuf,
    /// Whether a file that is there may be replaced.
    pub(crate) replace: bool,
    /// What is noted, for a report.
    pub(crate) marks: Vec<Mark>,
}

/// As what events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A trace.
    Trace,
    /// A JSON object a line.
    Json,
    /// Comma-separated values.
    Csv,
    /// Lines of text.
    Text,
    /// Bookmarks and notes as a report.
    Report,
}

impl Form {
    /// All of them, in the order of the menu.
    pub(crate) const ALL: [Form; 5] = [Form::Trace, Form::Json, Form::Csv, Form::Text, Form::Report];

    /// What it is called, and what it is.
    pub(crate) fn about(self) -> (&'static str, &'static str) {
        match self {
            Form::Trace => ("Trace", "these events as a trace of their own (.scap)"),
            Form::Json => ("JSON lines", "a JSON object for each of these events"),
            Form::Csv => ("CSV", "comma-separated values of each of these events"),
            Form::Text => ("Text", "a line for each of these events"),
            Form::Report => ("Report", "all bookmarks and notes as Markdown, with what the trace is"),
        }
    }

    /// What is put behind the name of the trace.
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Form::Trace => "part.scap",
            Form::Json => "jsonl",
            Form::Csv => "csv",
            Form::Text => "txt",
            Form::Report => "report.md",
        }
    }
}

/// How an export ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Exported {
    /// The file is there; what there is to say of it, and whether something is missing in it.
    Done(String, bool),
    /// There is a file with this name already.
    Exists,
    /// It could not be done.
    Failed(String),
}

/// Something that can be copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Copy {
    /// A text.
    Text(String),
    /// The event at this place as JSON.
    Json(Position),
}

/// Work that goes on beside that of the screens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Aside<T> {
    /// Its number; answers with another are too late.
    pub(crate) generation: u64,
    /// What is done.
    pub(crate) task: T,
    /// Segments that are done, of how many.
    pub(crate) done: (u64, u64),
}

impl<T> Aside<T> {
    /// How much of it is done, of a hundred.
    pub(crate) fn percent(&self) -> u64 {
        let (done, of) = self.done;
        (done.min(of) * 100).checked_div(of).unwrap_or(0)
    }
}
