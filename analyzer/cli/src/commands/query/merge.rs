//! The events of several files as lines, merged by time.

use super::explain::Explain;
use super::printer::Printer;
use super::{Args, Asked};
use crate::output::{shown_path, stdout};
use crate::status::Status;
use afterimage_query::output::LineWriter;
use afterimage_query::{EventRow, Hits, Query, Scanner};
use anyhow::Result;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::Write as _;
use std::path::PathBuf;

/// Lines of a segment with the times of their events, the last one first.
type Lines = Vec<(i64, Vec<u8>)>;

/// A file that is read a segment at a time.
struct Source<'a> {
    name: String,
    scanner: Scanner<'a>,
    lines: Lines,
}

pub(super) fn run(
    args: &Args,
    printer: &Printer,
    open: &dyn Fn(&PathBuf) -> Result<Asked>,
    explain: &Explain,
) -> Result<Status> {
    let mut out = stdout();
    if let Some(heading) = printer.heading(Some("file")) {
        writeln!(out, "{heading}")?;
    }
    let asked = args.files.iter().map(open).collect::<Result<Vec<_>>>()?;
    let queries: Vec<Query<'_>> = asked.iter().map(|asked| asked.query(None)).collect();
    let mut sources: Vec<Source<'_>> = asked
        .iter()
        .zip(&queries)
        .map(|(asked, query)| Source::new(asked, query))
        .collect();
    // A file is not read before its time: its first event is not earlier than the trace says.
    let mut next: BinaryHeap<Reverse<(i64, usize)>> = asked
        .iter()
        .enumerate()
        .map(|(at, asked)| Reverse((asked.input.context.first(), at)))
        .collect();
    let mut left = args.limit.unwrap_or(u64::MAX);
    while let Some(Reverse((_, at))) = next.pop() {
        let source = &mut sources[at];
        if source.lines.is_empty() && !source.read(printer, &asked[at]) {
            continue;
        }
        // Lines up to the first one of another file come one after the other.
        let until = next.peek().map_or(i64::MAX, |Reverse((time, _))| *time);
        while let Some((_, line)) = source.lines.pop_if(|(time, _)| left > 0 && *time <= until) {
            left -= 1;
            out.write_all(&line)?;
        }
        if left == 0 {
            break;
        }
        let time = source.lines.last().map_or(until, |(time, _)| *time);
        next.push(Reverse((time, at)));
    }
    out.flush()?;
    let mut status = Status::Done;
    for (source, asked) in sources.into_iter().zip(&asked) {
        let outcome = source.scanner.finish();
        explain.say(&asked.input, asked.filter.as_ref(), &outcome);
        status = status.max(asked.input.warn(&outcome.losses, &outcome.damage));
    }
    Ok(status)
}

impl<'a> Source<'a> {
    fn new(asked: &'a Asked, query: &'a Query<'a>) -> Source<'a> {
        Source {
            name: shown_path(&asked.input.path),
            scanner: Scanner::new(&asked.input.trace, &asked.input.context, query),
            lines: Vec::new(),
        }
    }

    /// Reads the next segment that has lines.
    fn read(&mut self, printer: &Printer, asked: &Asked) -> bool {
        let (zone, name) = (asked.input.context.zone(), self.name.as_str());
        let lines = |hits: &Hits<'_, '_>| -> Lines {
            let mut writer = LineWriter::default();
            let rows = hits.rows().iter().rev().map(|row| {
                let row = EventRow::new(hits.segment(), *row as usize);
                let mut line = Vec::new();
                printer.write(&mut writer, &row, zone, Some(("file", name)), &mut line);
                (row.time(), line)
            });
            rows.filter(|(_, line)| !line.is_empty()).collect()
        };
        while let Some(lines) = self.scanner.next_segment(lines) {
            if !lines.is_empty() {
                self.lines = lines;
                return true;
            }
        }
        false
    }
}
