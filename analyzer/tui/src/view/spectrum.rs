//! Lengths of calls over time: time goes to the right, length goes up, many calls are dense.

use super::histogram::Columns;
use super::look::{BARS, QUIET, SELECTED, TITLE};
use super::table;
use super::text::{put, put_right};
use crate::layout::Areas;
use crate::state::{BUCKETS, Spectrum, State, least};
use afterimage_query::output::time;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const SHADES: [&str; 5] = [" ", "░", "▒", "▓", "█"];
/// Columns of the lengths.
const NAMES: u16 = 9;

pub(super) fn draw(state: &State, spectrum: &Spectrum, areas: &Areas, buffer: &mut Buffer) {
    let Some(trace) = &state.trace else { return };
    let (titles, area) = (areas.columns, areas.table);
    if spectrum.counts.iter().all(|count| *count == 0) {
        let running = state.screen().job.is_some_and(|job| job.is_running());
        table::empty(
            buffer,
            area,
            running,
            "no call has a duration: record with --latency, or open a capture of sysdig",
        );
        return;
    }
    let (bar, selected) = spectrum.at;
    let (from, to) = spectrum.times.span(bar);
    let count = spectrum.count(bar, selected);
    let text = format!(
        "{} to {}: {count} calls of {}",
        trace.clock(from),
        trace.clock(to),
        range(selected)
    );
    put(buffer, titles.x, titles.y, titles.width, &text, TITLE);
    let field = Rect::new(
        area.x + NAMES,
        area.y,
        area.width.saturating_sub(NAMES),
        area.height.saturating_sub(1),
    );
    let columns = Columns::new(&spectrum.times, field.width);
    let most = spectrum.counts.iter().copied().max().unwrap_or(1).max(1) as f64;
    // The slowest stand at the top; where there are fewer lines than lengths, the fastest are left out.
    for (bucket, y) in (0..BUCKETS).rev().zip(field.y..field.bottom()) {
        put(buffer, area.x, y, NAMES - 1, &time::human(least(bucket)), QUIET);
        for column in 0..field.width {
            let count: u64 = columns.bars(column).map(|bar| spectrum.count(bar, bucket)).sum();
            // By its logarithm: one slow call among thousands of fast ones is seen.
            let shade = match count {
                0 => 0,
                count => 1 + (3.0 * (count as f64).ln_1p() / most.ln_1p()).round() as usize,
            };
            buffer.set_string(field.x + column, y, SHADES[shade.min(4)], BARS);
        }
        if bucket == selected {
            let x = field.x + columns.of(bar);
            buffer.set_style(Rect::new(x, y, 1, 1).intersection(buffer.area), SELECTED);
        }
    }
    let y = area.bottom().saturating_sub(1);
    let last = spectrum.times.counts.len().saturating_sub(1);
    put(
        buffer,
        field.x,
        y,
        field.width,
        &trace.clock(spectrum.times.from),
        QUIET,
    );
    put_right(
        buffer,
        field.x,
        field.right(),
        y,
        &trace.clock(spectrum.times.span(last).1),
        QUIET,
    );
}

/// How long the calls of a bucket took.
pub(crate) fn range(bucket: usize) -> String {
    match bucket + 1 < BUCKETS {
        true => format!("{} to {}", time::human(least(bucket)), time::human(least(bucket + 1))),
        false => format!("{} and more", time::human(least(bucket))),
    }
}
