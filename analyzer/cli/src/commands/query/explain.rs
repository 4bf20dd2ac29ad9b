//! What a query read, and how long it took.

use crate::input::Input;
use crate::output::{counted, shown_path};
use afterimage_query::output::escaped;
use afterimage_query::{Filter, Outcome, scan};
use std::time::Instant;

/// Says it where that is asked for.
pub(super) struct Explain {
    wanted: bool,
    begun: Instant,
}

impl Explain {
    pub(super) fn new(wanted: bool) -> Explain {
        Explain {
            wanted,
            begun: Instant::now(),
        }
    }

    /// On standard error, so that the answer stays as it is.
    pub(super) fn say(&self, input: &Input, filter: Option<&Filter>, outcome: &Outcome) {
        if !self.wanted {
            return;
        }
        for (at, test) in filter.map(scan::describe).unwrap_or_default().iter().enumerate() {
            eprintln!(
                "{} {}",
                if at == 0 {
                    "tests, in this order:"
                } else {
                    "                     "
                },
                escaped(test.as_bytes())
            );
        }
        let decoded = &outcome.decoded;
        let all = outcome.segments_read + outcome.segments_skipped;
        eprintln!(
            "{}: {} of {} in {}\n  segments  {} read, {} skipped by what the index says of them\n  columns   {} of {} \
             decoded in these segments, {:.1} MB decompressed\n  rows      {} in these segments, {} matched\n  time      {:.1} ms since the start",
            shown_path(&input.path),
            counted(outcome.matched, "event"),
            input.trace.totals().events,
            counted(all as u64, "segment"),
            outcome.segments_read,
            outcome.segments_skipped,
            decoded.columns,
            decoded.all_columns,
            decoded.bytes as f64 / 1e6,
            decoded.rows,
            outcome.matched,
            self.begun.elapsed().as_secs_f64() * 1e3,
        );
    }
}
