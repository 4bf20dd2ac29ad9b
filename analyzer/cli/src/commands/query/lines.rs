//! The events of one file as lines, made by all CPUs.

use super::explain::Explain;
use super::printer::Printer;
use super::{Args, Asked};
use crate::output::stdout;
use crate::status::Status;
use afterimage_query::output::LineWriter;
use afterimage_query::{EventRow, Hits, scan_pieces};
use anyhow::Result;
use std::io::{self, Write};
use std::ops::ControlFlow;

/// Bytes of text that are made before they are written.
const PIECE: usize = 256 << 10;

/// Lines, and where the line of each event ends.
#[derive(Default)]
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
    let lines = |hits: &Hits<'_, '_>, piece: &mut dyn FnMut(Lines)| {
        let mut writer = LineWriter::default();
        let mut lines = Lines::default();
        for row in hits.rows() {
            let row = EventRow::new(hits.segment(), *row as usize);
            printer.write(&mut writer, &row, zone, None, &mut lines.text);
            lines.ends.push(lines.text.len());
            if lines.text.len() >= PIECE {
                piece(std::mem::take(&mut lines));
            }
        }
        piece(lines);
    };
    let mut left = args.limit.unwrap_or(u64::MAX);
    let mut written: io::Result<()> = Ok(());
    let outcome = scan_pieces(&input.trace, &input.context, &query, lines, |Lines { text, ends }| {
        // A piece has few enough lines for a usize.
        let wanted = match ends.len() as u64 {
            count if count > left => (left as usize).checked_sub(1).map_or(0, |last| ends[last]),
            _ => text.len(),
        };
        left = left.saturating_sub(ends.len() as u64);
        written = out.write_all(&text[..wanted]);
        if written.is_err() || left == 0 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    written?;
    out.flush()?;
    explain.say(input, asked.filter.as_ref(), &outcome);
    Ok(input.warn(&outcome.losses, &outcome.damage))
}
