//! Events over time, and lanes below: findings, losses, lives of containers.

use super::look::{ALARM, BARS, MARK, NAME, QUIET, SELECTED, TITLE};
use super::text::{put, put_right};
use crate::state::{Focus, Histogram, Notes, Overview, TraceInfo};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use std::ops::Range;

const EIGHTHS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
/// Columns of the names of the lanes.
const NAMES: u16 = 9;

/// Draws bars as high as there is room, then the lanes, the last `lives` of them for containers, then the times.
pub(super) fn draw(
    overview: &Overview,
    trace: &TraceInfo,
    (notes, lives): (&Notes, u16),
    area: Rect,
    buffer: &mut Buffer,
) {
    let histogram = &overview.histogram;
    let bars = Rect::new(
        area.x + NAMES,
        area.y,
        area.width.saturating_sub(NAMES),
        area.height
            .saturating_sub(3 + lives + u16::from(notes.times().next().is_some())),
    );
    let columns = Columns::new(histogram, bars.width);
    let heights: Vec<u64> = (0..bars.width).map(|column| columns.count(column)).collect();
    let most = heights.iter().copied().max().unwrap_or(0).max(1);
    put(buffer, area.x, area.y, NAMES - 1, "events", TITLE);
    put(
        buffer,
        area.x,
        area.y + 1,
        NAMES - 1,
        &format!("max {}", short(most)),
        QUIET,
    );
    for (column, count) in heights.iter().enumerate() {
        let x = bars.x + column as u16;
        let eighths = u64::from(bars.height) * 8;
        // Whatever happened is seen, however little it is beside the rest.
        let mut left = (count * eighths).div_ceil(most);
        for y in (bars.y..bars.bottom()).rev() {
            let part = left.min(8) as usize;
            buffer.set_string(x, y, EIGHTHS[part], BARS);
            left -= part as u64;
        }
    }
    let lane = |y: u16, name: &str, style: Style, times: &[(i64, i64)], buffer: &mut Buffer| {
        put(buffer, area.x, y, NAMES - 1, name, style);
        for (from, to) in times {
            for column in columns.of(histogram.bar(*from))..=columns.of(histogram.bar(*to)) {
                buffer.set_string(bars.x + column, y, "◆", style);
            }
        }
    };
    let is_inside = |time: i64| {
        let last = histogram.span(histogram.counts.len().saturating_sub(1)).1;
        time >= histogram.from && time <= last
    };
    let findings = overview.findings.iter().filter(|finding| finding.rank < 2);
    let times: Vec<(i64, i64)> = findings
        .flat_map(|finding| finding.times.iter().map(|time| (*time, *time)))
        .filter(|(time, _)| is_inside(*time))
        .collect();
    lane(bars.bottom(), "notable", ALARM, &times, buffer);
    let losses: Vec<(i64, i64)> = trace
        .losses
        .iter()
        .filter(|(from, to, _)| *to > 0 && (is_inside(*from) || is_inside(*to)))
        .map(|(from, to, _)| (*from, *to))
        .collect();
    let style = if losses.is_empty() { QUIET } else { ALARM };
    lane(bars.bottom() + 1, "lost", style, &losses, buffer);
    let marks: Vec<(i64, i64)> = notes
        .times()
        .filter(|time| is_inside(*time))
        .map(|time| (time, time))
        .collect();
    if notes.times().next().is_some() {
        lane(bars.bottom() + 2, "marks", MARK, &marks, buffer);
    }
    let below = area.bottom().saturating_sub(1 + lives);
    for (container, y) in trace.lives().zip(below..below + lives) {
        put(buffer, area.x, y, NAMES - 1, container.label(), NAME);
        let last = histogram.span(histogram.counts.len().saturating_sub(1)).1;
        let (from, to) = container.lived;
        let (from, to) = (from.unwrap_or(histogram.from), to.unwrap_or(last));
        if from <= last && to >= histogram.from {
            for column in columns.of(histogram.bar(from))..=columns.of(histogram.bar(to)) {
                buffer.set_string(bars.x + column, y, "─", NAME);
            }
        }
    }
    times_line(overview, trace, area, bars, buffer);
    if overview.focus == Focus::Histogram || overview.anchor.is_some() {
        let anchor = overview.anchor.unwrap_or(overview.bar);
        let (first, last) = (anchor.min(overview.bar), anchor.max(overview.bar));
        for column in columns.of(first)..=columns.of(last) {
            let marked = Rect::new(bars.x + column, bars.y, 1, bars.height + 2).intersection(buffer.area);
            buffer.set_style(marked, SELECTED);
        }
    }
}

/// The bar of the histogram at a place on the screen.
pub(crate) fn bar_at(overview: &Overview, area: Rect, x: u16, y: u16) -> Option<usize> {
    let column = x.checked_sub(area.x + NAMES)?;
    let width = area.width.saturating_sub(NAMES);
    let inside = area.contains((x, y).into()) && column < width;
    let bars = overview.histogram.counts.len();
    inside.then(|| (usize::from(column) * bars / usize::from(width.max(1))).min(bars.saturating_sub(1)))
}

/// The line below: when it begins, what is selected, when it ends.
fn times_line(overview: &Overview, trace: &TraceInfo, area: Rect, bars: Rect, buffer: &mut Buffer) {
    let histogram = &overview.histogram;
    let y = area.bottom().saturating_sub(1);
    let last = histogram.counts.len().saturating_sub(1);
    put(buffer, bars.x, y, bars.width, &trace.clock(histogram.from), QUIET);
    put_right(
        buffer,
        bars.x,
        bars.right(),
        y,
        &trace.clock(histogram.span(last).1),
        QUIET,
    );
    if overview.focus == Focus::Histogram {
        let (from, to) = histogram.span(overview.bar);
        let count = histogram.counts.get(overview.bar).copied().unwrap_or(0);
        let text = format!(" {} to {}: {count} events ", trace.clock(from), trace.clock(to));
        let room = u16::try_from(text.len()).unwrap_or(bars.width).min(bars.width);
        let x = bars.x + (bars.width - room) / 2;
        put(buffer, x, y, room, &text, Style::new().add_modifier(Modifier::BOLD));
    }
}

/// Bars of the histogram as columns of the terminal: one may stand for several, or several for one.
pub(super) struct Columns<'h> {
    histogram: &'h Histogram,
    width: u16,
}

impl Columns<'_> {
    pub(super) fn new(histogram: &Histogram, width: u16) -> Columns<'_> {
        Columns { histogram, width }
    }

    /// The column in which a bar stands.
    pub(super) fn of(&self, bar: usize) -> u16 {
        let bars = self.histogram.counts.len().max(1);
        let column = bar * usize::from(self.width) / bars;
        u16::try_from(column)
            .unwrap_or(u16::MAX)
            .min(self.width.saturating_sub(1))
    }

    /// The bars of a column.
    pub(super) fn bars(&self, column: u16) -> Range<usize> {
        let (bars, width) = (self.histogram.counts.len(), usize::from(self.width).max(1));
        let column = usize::from(column);
        let first = (column * bars).div_ceil(width);
        let end = ((column + 1) * bars).div_ceil(width);
        match first == end {
            // A bar wider than a column goes on here.
            true => {
                let bar = column * bars / width;
                bar..bar + 1
            }
            false => first..end.min(bars),
        }
    }

    /// Events of a column.
    fn count(&self, column: u16) -> u64 {
        let counts = self.histogram.counts.get(self.bars(column));
        counts.map_or(0, |counts| counts.iter().sum())
    }
}

/// A count in few columns.
fn short(count: u64) -> String {
    match count {
        0..10_000 => count.to_string(),
        10_000..10_000_000 => format!("{}k", count / 1000),
        _ => format!("{}M", count / 1_000_000),
    }
}
