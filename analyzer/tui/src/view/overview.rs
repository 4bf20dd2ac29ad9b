//! The overview: the histogram, and below it a list of what stands out and of containers.

use super::histogram;
use super::look::{ALARM, NAME, QUIET, TITLE, WARNING};
use super::table;
use super::text::{put, put_right};
use crate::layout::{Areas, life_lanes};
use crate::state::{ContainerLine, Finding, Focus, Overview, State};
use crate::update::{OverviewLine, marked_line, overview_line};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

pub(super) fn draw(state: &State, overview: &Overview, areas: &Areas, buffer: &mut Buffer) {
    let Some(trace) = &state.trace else { return };
    if trace.rows.len() > 0 {
        histogram::draw(
            overview,
            trace,
            (&state.notes, life_lanes(state)),
            areas.histogram,
            buffer,
        );
    }
    let area = areas.table;
    let mut y = area.y;
    let mut last = None;
    let running = state.screen().job.is_some_and(|job| job.is_running());
    if overview.findings.is_empty() && overview.list.top == 0 {
        let note = match running {
            true => "what stands out: reading…",
            false => "nothing stands out: no finding of this program; that proves nothing",
        };
        put(buffer, area.x, y, area.width, note, QUIET);
        y += 1;
    }
    for index in overview.list.top.. {
        let Some(line) = overview_line(state, overview, index) else {
            break;
        };
        let kind = std::mem::discriminant(&line);
        if last != Some(kind) {
            heading(line, area, y, buffer);
            y += 1;
            last = Some(kind);
        }
        if y >= area.bottom() {
            break;
        }
        let row = Rect::new(area.x, y, area.width, 1);
        match line {
            OverviewLine::Finding(at) => {
                if let Some(finding) = overview.findings.get(at) {
                    draw_finding(finding, row, buffer);
                }
            }
            OverviewLine::Container(at) => {
                if let Some(container) = trace.containers.get(at) {
                    draw_container(container, row, buffer);
                }
            }
        }
        if state.notes.has_selections() {
            table::mark(buffer, row, y, marked_line(state, overview, line));
        }
        if index == overview.list.selected {
            table::select(buffer, area, y, overview.focus == Focus::List);
        }
        y += 1;
    }
}

/// The line of the list that is drawn at `y`: headings stand between them.
pub(crate) fn line_at(state: &State, overview: &Overview, area: Rect, y: u16) -> Option<u64> {
    let mut at = area.y + u16::from(overview.findings.is_empty() && overview.list.top == 0);
    let mut last = None;
    for index in overview.list.top.. {
        let kind = std::mem::discriminant(&overview_line(state, overview, index)?);
        if last.replace(kind) != Some(kind) {
            at += 1;
        }
        if at >= y {
            return (at == y && y < area.bottom()).then_some(index);
        }
        at += 1;
    }
    None
}

fn heading(line: OverviewLine, area: Rect, y: u16, buffer: &mut Buffer) {
    if y >= area.bottom() {
        return;
    }
    let text = match line {
        OverviewLine::Finding(_) => "what stands out",
        OverviewLine::Container(_) => "containers",
    };
    put(buffer, area.x, y, area.width, text, TITLE);
}

fn draw_finding(finding: &Finding, row: Rect, buffer: &mut Buffer) {
    let style = match finding.rank {
        0 => ALARM,
        1 => WARNING,
        _ => Style::new(),
    };
    let end = match row.width >= 100 {
        true => put_right(buffer, row.x, row.right(), row.y, &finding.technique, QUIET).saturating_sub(1),
        false => row.right(),
    };
    let x = put(
        buffer,
        row.x + 1,
        row.y,
        end.saturating_sub(row.x),
        &finding.clock,
        QUIET,
    ) + 1;
    let count = format!("{:>5}x", finding.count);
    let x = put(buffer, x, row.y, end.saturating_sub(x), &count, Style::new()) + 1;
    let x = put(buffer, x, row.y, end.saturating_sub(x), &finding.name, style) + 2;
    put(buffer, x, row.y, end.saturating_sub(x), &finding.example, NAME);
}

fn draw_container(container: &ContainerLine, row: Rect, buffer: &mut Buffer) {
    let name = row.width.saturating_sub(12 + 30 + 4) / 3;
    let mut x = row.x + 1;
    for (text, width, style) in [
        (container.id.as_str(), 12, Style::new()),
        (container.name.as_str(), name, NAME),
        (container.life.as_str(), 28, QUIET),
    ] {
        put(buffer, x, row.y, width.min(row.right().saturating_sub(x)), text, style);
        x = x.saturating_add(width + 1);
    }
    let events = format!("{} events", container.events);
    let end = put_right(buffer, x.min(row.right()), row.right(), row.y, &events, Style::new()).saturating_sub(1);
    put(buffer, x, row.y, end.saturating_sub(x), &container.image, Style::new());
}
