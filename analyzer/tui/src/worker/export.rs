//! Writes a part of the trace to a file.

use super::job::{Pace, Segments};
use super::target::{Target, failed, shown};
use super::{Opened, report};
use crate::message::Message;
use crate::state::{Export, Exported, Form};
use afterimage_format::file::{TraceWriter, WriterOptions, custody_source, verify};
use afterimage_format::model::{CustodyEntry, action};
use afterimage_query::output::{Csv, DEFAULT_FORMAT, DEFAULT_JSON_FIELDS, JsonFields, LineWriter, escaped};
use afterimage_query::scan::Outcome;
use afterimage_query::{EventRow, Filter, Format, Hits, Query, copy_while, scan_pieces};
use std::io::{BufWriter, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Bytes of text that are made before they are written.
const PIECE: usize = 256 << 10;

/// What an export needs to know of the files.
#[derive(Debug, Clone)]
pub(crate) struct Sources {
    /// The trace.
    pub(crate) trace: PathBuf,
    /// The file that a person named.
    pub(crate) given: PathBuf,
}

/// An export with what it needs.
struct Work<'w> {
    opened: &'w Opened,
    export: &'w Export,
    sources: &'w Sources,
    generation: u64,
    stopped: &'w (dyn Fn() -> bool + Sync),
    segments: Segments,
}

/// Writes the file, and tells how far it is and how it ended. Nothing is told of one that was stopped.
pub(crate) fn export(
    opened: &Opened,
    (generation, export): (u64, &Export),
    sources: &Sources,
    stopped: &(dyn Fn() -> bool + Sync),
    send: &mut dyn FnMut(Message),
) {
    let work = Work {
        opened,
        export,
        sources,
        generation,
        stopped,
        segments: Segments::default(),
    };
    let end = work.write(send);
    if !stopped() {
        send(work.message(Some(match end {
            Ok((text, lacks)) => Exported::Done(text, lacks),
            Err(end) => end,
        })));
    }
}

impl Work<'_> {
    fn message(&self, end: Option<Exported>) -> Message {
        let of = self.opened.trace().segment_count() as u64;
        Message::Export {
            generation: self.generation,
            done: (Segments::done(&self.segments), of),
            end,
        }
    }

    /// Tells how far it is when it is time, and whether to go on.
    fn go_on(&self, pace: &mut Pace, send: &mut dyn FnMut(Message)) -> bool {
        if pace.is_due() {
            send(self.message(None));
        }
        !(self.stopped)()
    }

    /// Writes the file; what there is to say of it, and whether something is missing in it.
    fn write(&self, send: &mut dyn FnMut(Message)) -> Result<(String, bool), Exported> {
        let path = &self.export.path;
        let kept: [&Path; 2] = [&self.sources.trace, &self.sources.given];
        let (target, file) = Target::create(path, self.export.replace, &kept)?;
        let settings = self.opened.context().settings();
        let filter = match self.export.filter.as_str() {
            "" => None,
            text => Some(Filter::compile(text, &settings).map_err(|error| Exported::Failed(error.to_string()))?),
        };
        let query = Query {
            filter: filter.as_ref(),
            from: self.export.span.map(|(from, _)| from),
            to: self.export.span.map(|(_, to)| to),
            limit: None,
            progress: Some(&self.segments),
        };
        let (what, outcome) = match self.export.form {
            Form::Trace => {
                drop(file);
                let outcome = self.copy(&target, &query, send)?;
                (events(outcome.matched), outcome)
            }
            Form::Report => {
                let mut pace = Pace::new();
                let mut go_on = || self.go_on(&mut pace, send);
                let (text, outcome) = report::write(self.opened, self.export, self.sources, &self.segments, &mut go_on);
                let mut file = file;
                file.write_all(text.as_bytes()).map_err(|error| failed(path, &error))?;
                (format!("a report of {} marks", self.export.marks.len()), outcome)
            }
            _ => {
                let outcome = self.lines(file, &query, send)?;
                (events(outcome.matched), outcome)
            }
        };
        // Half of an export would pass for all of it.
        if (self.stopped)() {
            return Err(Exported::Failed("it was stopped".into()));
        }
        target.finish()?;
        let mut text = format!("{what} in {}", shown(path));
        let lost: u64 = outcome.losses.iter().map(|loss| loss.events).sum();
        if lost > 0 {
            text.push_str(&format!("; {lost} events were lost while recording"));
        }
        if let Some(error) = outcome.damage.first() {
            text.push_str(&format!(
                "; something is missing: {}",
                escaped(error.to_string().as_bytes())
            ));
        }
        Ok((text, outcome.is_incomplete()))
    }

    /// Events as a trace of their own.
    fn copy(&self, target: &Target, query: &Query<'_>, send: &mut dyn FnMut(Message)) -> Result<Outcome, Exported> {
        let said = |error: afterimage_format::Error| Exported::Failed(escaped(error.to_string().as_bytes()));
        let source = &self.sources.trace;
        let verdict = verify(source, &[]).map_err(said)?;
        let mut header = self.opened.context().header().clone();
        header.filter = match (header.filter.as_str(), self.export.filter.as_str()) {
            ("", filter) => filter.to_owned(),
            (known, "") => known.to_owned(),
            (known, filter) => format!("({known}) and ({filter})"),
        };
        let options = WriterOptions {
            // The file is this export's own.
            force: true,
            ..WriterOptions::default()
        };
        let writer = TraceWriter::create(target.temporary(), &header, options).map_err(said)?;
        let entry = CustodyEntry {
            source: Some(custody_source(source, &verdict).map_err(said)?),
            note: self.note(),
            ..CustodyEntry::now(
                action::FILTERED,
                concat!("afterimage analyze ", env!("CARGO_PKG_VERSION")),
            )
        };
        let mut pace = Pace::new();
        let mut go_on = || self.go_on(&mut pace, send);
        let (trace, context) = (self.opened.trace(), self.opened.context());
        let copied = copy_while(trace, context, query, writer, &entry, &mut go_on);
        copied.map(|(outcome, _)| outcome).map_err(said)
    }

    /// What was asked for, for the custody log.
    fn note(&self) -> String {
        let mut parts = Vec::new();
        if !self.export.filter.is_empty() {
            parts.push(format!("filter: {}", self.export.filter));
        }
        if let Some((from, to)) = self.export.span {
            parts.push(format!("from {from}"));
            parts.push(format!("to {to}"));
        }
        parts.join("; ")
    }

    /// Events as lines, made by all CPUs.
    fn lines(
        &self,
        file: std::fs::File,
        query: &Query<'_>,
        send: &mut dyn FnMut(Message),
    ) -> Result<Outcome, Exported> {
        let path = &self.export.path;
        let writer = LinesOf::form(self.export.form).map_err(Exported::Failed)?;
        let mut out = BufWriter::new(file);
        let mut written = match writer.heading() {
            Some(heading) => writeln!(out, "{heading}"),
            None => Ok(()),
        };
        let zone = self.opened.context().zone();
        let lines = |hits: &Hits<'_, '_>, piece: &mut dyn FnMut(Vec<u8>)| {
            let mut fast = LineWriter::default();
            let mut text = Vec::new();
            for row in hits.rows() {
                let row = EventRow::new(hits.segment(), *row as usize);
                match &writer {
                    LinesOf::Json(fields) => text.extend_from_slice(fields.object(&row).as_bytes()),
                    LinesOf::Csv(csv) => csv.line(&row, zone, &mut text),
                    LinesOf::Text(format) => {
                        fast.line(format, &row, zone, &mut text);
                    }
                }
                text.push(b'\n');
                if text.len() >= PIECE {
                    piece(std::mem::take(&mut text));
                }
            }
            piece(text);
        };
        let mut pace = Pace::new();
        let (trace, context) = (self.opened.trace(), self.opened.context());
        let outcome = scan_pieces(trace, context, query, lines, |text| {
            if written.is_ok() {
                written = out.write_all(&text);
            }
            match self.go_on(&mut pace, send) && written.is_ok() {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        });
        let whole = written.and_then(|()| out.flush());
        whole.map_err(|error| failed(path, &error))?;
        Ok(outcome)
    }
}

/// How a line is made.
enum LinesOf {
    Json(JsonFields),
    Csv(Csv),
    Text(Format),
}

impl LinesOf {
    /// The same lines as those of `analyze query`.
    fn form(form: Form) -> Result<LinesOf, String> {
        let format = |text| Format::parse(text).map_err(|error| error.to_string());
        Ok(match form {
            Form::Json => LinesOf::Json(JsonFields::of(&format(DEFAULT_JSON_FIELDS)?)),
            Form::Csv => LinesOf::Csv(Csv::of(&format(DEFAULT_JSON_FIELDS)?)),
            _ => LinesOf::Text(format(DEFAULT_FORMAT)?),
        })
    }

    fn heading(&self) -> Option<String> {
        match self {
            LinesOf::Csv(csv) => Some(csv.heading()),
            LinesOf::Json(_) | LinesOf::Text(_) => None,
        }
    }
}

fn events(count: u64) -> String {
    format!("{count} event{}", if count == 1 { "" } else { "s" })
}
