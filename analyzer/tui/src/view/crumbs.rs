//! The way to what is shown: screens and pieces of the filter; which row is selected, how far the work is.

use super::look::{NAME, QUIET, TITLE};
use super::text::{put, put_right, width};
use crate::state::{Body, Progress, Screen, State, TraceInfo};
use afterimage_query::output::time;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

pub(super) fn draw(state: &State, area: Rect, buffer: &mut Buffer) {
    let end = put_right(buffer, area.x, area.right(), area.y, &place_text(state), QUIET).saturating_sub(1);
    let mut x = put(
        buffer,
        area.x,
        area.y,
        end.saturating_sub(area.x),
        &title(state.screen()),
        TITLE,
    );
    let selection = &state.screen().selection;
    let mut pieces: Vec<String> = selection.crumbs.iter().map(|crumb| crumb.label.clone()).collect();
    if let (Some(span), Some(trace)) = (selection.span, &state.trace) {
        pieces.push(span_text(trace, span));
    }
    // What was added last is seen, even where there is no room for all.
    let room = usize::from(end.saturating_sub(x)).saturating_sub(3);
    let mut shown = pieces.len();
    let mut used = 0;
    while shown > 0 && used + width(&pieces[shown - 1]) + 3 <= room {
        shown -= 1;
        used += width(&pieces[shown]) + 3;
    }
    if shown > 0 && shown < pieces.len() {
        x = put(buffer, x, area.y, end.saturating_sub(x), " › …", QUIET);
    } else if shown > 0 {
        shown = pieces.len() - 1;
    }
    for piece in &pieces[shown..] {
        x = put(buffer, x, area.y, end.saturating_sub(x), " › ", QUIET);
        x = put(buffer, x, area.y, end.saturating_sub(x), piece, NAME);
    }
}

/// What a screen is called.
fn title(screen: &Screen) -> String {
    match &screen.body {
        Body::Overview(_) => "Overview".into(),
        Body::Groups(groups) => groups.view.name.into(),
        Body::Events(events) => events.title.into(),
        Body::Follow(follow) => format!("Follow {}", follow.title),
        Body::Replay(replay) => format!("Replay {}", replay.title),
        Body::Spectrum(spectrum) => spectrum.name.into(),
        Body::Lines(lines) => format!("{} {}", lines.kind.name(), lines.title),
        Body::Notes(_) => "Alerts and notes".into(),
    }
}

/// A span of time: where it begins, and how long it is.
fn span_text(trace: &TraceInfo, (from, to): (i64, i64)) -> String {
    let length = i64::try_from(i128::from(to) - i128::from(from) + 1).unwrap_or(i64::MAX);
    format!("{} +{}", trace.clock(from), time::human(length))
}

/// Which row is selected, of how many, and how far the work is.
pub(super) fn place_text(state: &State) -> String {
    let screen = state.screen();
    let (selected, len) = match &screen.body {
        Body::Overview(_) | Body::Replay(_) | Body::Spectrum(_) => (None, 0),
        Body::Groups(groups) => (Some(groups.cursor.selected), groups.order.len() as u64 + groups.more),
        Body::Follow(follow) => (Some(follow.top.chunk as u64), follow.chunks.len() as u64),
        Body::Lines(lines) => (Some(lines.cursor.selected), lines.rows.len() as u64),
        Body::Events(events) => (Some(events.listing.cursor.selected), events.listing.rows.len()),
        Body::Notes(list) => (Some(list.cursor.selected), state.notes.lines().len() as u64),
    };
    let place = selected.map_or(String::new(), |selected| format!("{}/{len}", (selected + 1).min(len)));
    let work = match screen.job.map(|job| (job.progress, job.percent())) {
        Some((Progress::Running, percent)) => format!("reading {percent}%"),
        Some((Progress::Stopped, percent)) => format!("stopped at {percent}%"),
        Some((Progress::Done, _)) | None => String::new(),
    };
    format!(
        "{place}{}{work}",
        if place.is_empty() || work.is_empty() { "" } else { " " }
    )
}
