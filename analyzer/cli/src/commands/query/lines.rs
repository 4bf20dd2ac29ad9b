//! The events of one file as lines, made by all CPUs.

use super::explain::Explain;
use super::printer::Printer;
use super::{Args, Asked};
use crate::output::stdout;
use crate::status::Status;
use afterimage_query::output::LineWriter;
use afterimage_query::{EventRow, Hits, scan_segments};
use anyhow::Result;
use std::io::{self, Write};
use std::ops::ControlFlow;

/// Lines, and where each ends.
struct Lines {
    text: Vec<u8>,
    ends: Vec<usize>,
}

pub(super) fn run(asked: &Asked, args: &Args, printer: &Printer, explain: &Explain) -> Result<Status> {
    let mut out = stdout();
    if let Some(heading) = printer.heading(None) {
        writeln!(out, "{heading}")?;
    }
    let input = &asked.input;
    let zone = input.context.zone();
    let query = asked.query(args.limit);
    let lines = |hits: &Hits<'_, '_>| {
        let rows = hits.rows();
        let mut lines = Lines {
            text: Vec::with_capacity(100 * rows.len()),
            ends: Vec::new(),
        };
        let mut writer = LineWriter::default();
        for row in rows {
            printer.write(
                &mut writer,
                &EventRow::new(hits.segment(), *row as usize),
                zone,
                None,
                &mut lines.text,
            );
            if query.limit.is_some() {
                lines.ends.push(lines.text.len());
            }
        }
        lines
    };
    let mut left = args.limit;
    let mut written: io::Result<()> = Ok(());
    let outcome = scan_segments(&input.trace, &input.context, &query, lines, |made| {
        let Lines { text, ends } = made.value;
        let wanted = match left {
            // The lines of one segment are few enough for a usize.
            Some(left) if made.matched > left => left.checked_sub(1).map_or(0, |last| ends[last as usize]),
            _ => text.len(),
        };
        left = left.map(|left| left.saturating_sub(made.matched));
        written = out.write_all(&text[..wanted]);
        if written.is_err() || left == Some(0) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    written?;
    out.flush()?;
    explain.say(input, &outcome);
    Ok(input.warn(&outcome.losses, &outcome.damage))
}
