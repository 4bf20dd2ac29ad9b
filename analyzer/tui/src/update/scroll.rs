//! Moving through tables and texts.

use super::overview;
use crate::keys::{Action, Context};
use crate::layout;
use crate::state::{BUCKETS, Body, Cursor, Overlay, State};
use crate::view;

/// Bars of the histogram that a page is.
const PAGE_OF_BARS: usize = 10;

/// Moves in what takes the keys.
pub(super) fn go(state: &mut State, context: Context, action: Action) {
    let areas = layout::areas(state);
    let (help, menu_height) = (layout::help(state).height, layout::menu(state).height);
    match &mut state.overlay {
        Some(Overlay::Help(top)) => {
            *top = target(*top, action, u64::MAX, help);
            return;
        }
        Some(Overlay::Menu(menu)) => {
            move_cursor(&mut menu.cursor, action, menu.items.len() as u64, menu_height);
            return;
        }
        Some(Overlay::Columns(chooser)) => {
            let listed = chooser.listed().len() as u64;
            move_cursor(&mut chooser.cursor, action, listed, menu_height);
            return;
        }
        Some(Overlay::Prompt(_)) => return,
        None => {}
    }
    let lines = match &state.screen().body {
        Body::Overview(of) => overview::lines(state, of),
        _ => 0,
    };
    let height = areas.table.height;
    let noted = (state.notes.marks.len() + state.notes.alerts.len()) as u64;
    match &mut state.screen_mut().body {
        Body::Notes(list) => move_cursor(&mut list.cursor, action, noted, height),
        Body::Overview(overview) if context == Context::Histogram => {
            let last = overview.histogram.counts.len().saturating_sub(1);
            overview.bar = match action {
                Action::PageUp | Action::HalfUp => overview.bar.saturating_sub(PAGE_OF_BARS),
                Action::PageDown | Action::HalfDown => overview.bar + PAGE_OF_BARS,
                Action::Home => 0,
                Action::End => last,
                Action::Up => overview.bar.saturating_sub(1),
                _ => overview.bar + 1,
            }
            .min(last);
        }
        Body::Overview(overview) => move_cursor(&mut overview.list, action, lines, height),
        Body::Follow(_) => super::follow::go(state, action),
        // The player's keys go to the player.
        Body::Replay(_) => {}
        Body::Spectrum(spectrum) => {
            let bucket = spectrum.at.1;
            spectrum.at.1 = match action {
                Action::Up => bucket + 1,
                Action::PageUp | Action::HalfUp => bucket + 4,
                Action::Down => bucket.saturating_sub(1),
                Action::PageDown | Action::HalfDown => bucket.saturating_sub(4),
                Action::Home => BUCKETS - 1,
                _ => 0,
            }
            .min(BUCKETS - 1);
        }
        Body::Lines(lines) => move_cursor(&mut lines.cursor, action, lines.rows.len() as u64, height),
        Body::Groups(groups) => move_cursor(&mut groups.cursor, action, groups.order.len() as u64, height),
        Body::Events(events) if context == Context::Detail => {
            events.detail.scroll = target(events.detail.scroll, action, u64::MAX, areas.detail.height);
        }
        Body::Events(events) => {
            let rows = events.listing.rows.len();
            move_cursor(&mut events.listing.cursor, action, rows, height);
            events.place = None;
        }
    }
}

/// Moves sideways: bars, columns.
pub(super) fn sideways(state: &mut State, context: Context, action: Action) {
    let right = action == Action::Right;
    let shown = match &state.screen().body {
        Body::Groups(groups) => state.config.columns.of_groups(groups.view).len(),
        _ => 0,
    };
    match &mut state.screen_mut().body {
        Body::Overview(overview) if context == Context::Histogram => {
            let last = overview.histogram.counts.len().saturating_sub(1);
            overview.bar = match right {
                true => (overview.bar + 1).min(last),
                false => overview.bar.saturating_sub(1),
            };
        }
        Body::Groups(groups) => groups.left = step(groups.left, right, shown),
        Body::Events(events) => events.left = step(events.left, right, view::event_columns(events, 0).len()),
        Body::Spectrum(spectrum) => {
            let last = spectrum.times.counts.len().saturating_sub(1);
            spectrum.at.0 = match right {
                true => (spectrum.at.0 + 1).min(last),
                false => spectrum.at.0.saturating_sub(1),
            };
        }
        Body::Lines(lines) => lines.left = step(lines.left, right, lines.kind.columns().len()),
        Body::Overview(_) | Body::Follow(_) | Body::Notes(_) | Body::Replay(_) => {}
    }
}

/// The first column behind the one that always stays.
fn step(left: usize, right: bool, columns: usize) -> usize {
    match right {
        true => (left + 1).min(columns.saturating_sub(2)),
        false => left.saturating_sub(1),
    }
}

/// Where a line number goes, of `len` lines with `height` of them on the screen.
fn target(from: u64, action: Action, len: u64, height: u16) -> u64 {
    let last = len.saturating_sub(1);
    let page = u64::from(height).max(1);
    let half = (page / 2).max(1);
    match action {
        Action::Up => from.saturating_sub(1),
        Action::Down => from.saturating_add(1),
        Action::PageUp => from.saturating_sub(page),
        Action::PageDown => from.saturating_add(page),
        Action::HalfUp => from.saturating_sub(half),
        Action::HalfDown => from.saturating_add(half),
        Action::Home => 0,
        Action::End => last,
        _ => from,
    }
    .min(last)
}

fn move_cursor(cursor: &mut Cursor, action: Action, len: u64, height: u16) {
    let selected = target(cursor.selected, action, len, height);
    // A page turns the screen by what the cursor moves, so that the cursor stays on its line.
    match action {
        Action::PageUp | Action::HalfUp => cursor.top = cursor.top.saturating_sub(cursor.selected - selected),
        Action::PageDown | Action::HalfDown => cursor.top = cursor.top.saturating_add(selected - cursor.selected),
        _ => {}
    }
    cursor.selected = selected;
}

/// Brings everything that scrolls back to where there is something.
pub(super) fn settle(state: &mut State) {
    let areas = layout::areas(state);
    let (menu_height, lines) = (
        layout::menu(state).height,
        match &state.screen().body {
            Body::Overview(of) => overview::lines(state, of),
            _ => 0,
        },
    );
    let hidden = (view::help_len(state) as u64).saturating_sub(u64::from(state.size.1.saturating_sub(1)));
    match &mut state.overlay {
        Some(Overlay::Help(top)) => *top = (*top).min(hidden),
        Some(Overlay::Menu(menu)) => keep_visible(&mut menu.cursor, menu.items.len() as u64, menu_height),
        Some(Overlay::Columns(chooser)) => {
            let listed = chooser.listed().len() as u64;
            keep_visible(&mut chooser.cursor, listed, menu_height);
        }
        Some(Overlay::Prompt(_)) | None => {}
    }
    let height = areas.table.height;
    let noted = (state.notes.marks.len() + state.notes.alerts.len()) as u64;
    match &mut state.screen_mut().body {
        Body::Notes(list) => keep_visible(&mut list.cursor, noted, height),
        // Two lines may be headings.
        Body::Overview(overview) => keep_visible(&mut overview.list, lines, height.saturating_sub(2)),
        Body::Lines(lines) => keep_visible(&mut lines.cursor, lines.rows.len() as u64, height),
        Body::Follow(_) | Body::Replay(_) | Body::Spectrum(_) => {}
        Body::Groups(groups) => keep_visible(&mut groups.cursor, groups.order.len() as u64, height),
        Body::Events(events) => {
            keep_visible(&mut events.listing.cursor, events.listing.rows.len(), height);
            let selected = events.listing.selected();
            if events.detail.scroll > 0
                && let Some(detail) = events.detail.of(selected)
            {
                let lines = view::detail_lines(detail, areas.detail.width).len() as u64;
                let last = lines.saturating_sub(u64::from(areas.detail.height));
                events.detail.scroll = events.detail.scroll.min(last);
            }
        }
    }
}

/// Moves the first shown line so that the selected one is on the screen, and no line stays empty without need.
fn keep_visible(cursor: &mut Cursor, len: u64, height: u16) {
    let height = u64::from(height).max(1);
    cursor.selected = cursor.selected.min(len.saturating_sub(1));
    cursor.top = cursor
        .top
        .min(len.saturating_sub(height))
        .min(cursor.selected)
        .max((cursor.selected + 1).saturating_sub(height));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_moves_and_stays_on_the_screen() {
        // 100 lines, ten on the screen; selected and top before, selected and top after.
        for (action, before, after) in [
            (Action::Down, (0, 0), (1, 0)),
            (Action::Down, (9, 0), (10, 1)),
            (Action::Up, (0, 0), (0, 0)),
            (Action::Up, (10, 10), (9, 9)),
            (Action::PageDown, (3, 0), (13, 10)),
            (Action::PageDown, (95, 90), (99, 90)),
            (Action::PageUp, (13, 10), (3, 0)),
            (Action::PageUp, (3, 0), (0, 0)),
            (Action::HalfDown, (3, 0), (8, 5)),
            (Action::HalfUp, (8, 5), (3, 0)),
            (Action::End, (0, 0), (99, 90)),
            (Action::Home, (99, 90), (0, 0)),
        ] {
            let (selected, top) = before;
            let mut cursor = Cursor { selected, top };
            move_cursor(&mut cursor, action, 100, 10);
            keep_visible(&mut cursor, 100, 10);
            assert_eq!((cursor.selected, cursor.top), after, "{action:?} from {before:?}");
        }
    }

    #[test]
    fn an_empty_list_has_a_cursor_too() {
        for action in [Action::Down, Action::End, Action::PageDown, Action::Up] {
            let mut cursor = Cursor::default();
            move_cursor(&mut cursor, action, 0, 10);
            keep_visible(&mut cursor, 0, 10);
            assert_eq!(cursor, Cursor::default());
        }
    }
}
