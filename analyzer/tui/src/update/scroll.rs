//! Moving through tables and texts.

use crate::keys::{Action, Context};
use crate::layout;
use crate::state::{Cursor, State};
use crate::view;

/// Moves in what takes the keys.
pub(super) fn go(state: &mut State, context: Context, action: Action) {
    let areas = layout::areas(state);
    match context {
        Context::Events => {
            let rows = state.listing.rows.len();
            move_cursor(&mut state.listing.cursor, action, rows, areas.table.height);
            if let Some(scan) = &mut state.scan {
                scan.place = None;
            }
        }
        Context::Containers => {
            let lines = container_lines(state);
            move_cursor(&mut state.containers, action, lines, areas.table.height);
        }
        Context::Detail => state.detail.scroll = target(state.detail.scroll, action, u64::MAX, areas.detail.height),
        Context::Help => {
            let height = layout::help(state).height;
            state.help = state.help.map(|top| target(top, action, u64::MAX, height));
        }
        Context::Input => {}
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
    keep_visible(&mut state.listing.cursor, state.listing.rows.len(), areas.table.height);
    let lines = container_lines(state);
    keep_visible(&mut state.containers, lines, areas.table.height);
    if state.detail.scroll > 0
        && let Some(detail) = state.detail.of(state.listing.selected())
    {
        let lines = view::detail_lines(detail, areas.detail.width).len() as u64;
        let last = lines.saturating_sub(u64::from(areas.detail.height));
        state.detail.scroll = state.detail.scroll.min(last);
    }
    if let Some(top) = &mut state.help {
        let hidden = (view::help_len() as u64).saturating_sub(u64::from(state.size.1.saturating_sub(1)));
        *top = (*top).min(hidden);
    }
}

fn container_lines(state: &State) -> u64 {
    state.trace.as_ref().map_or(0, |trace| trace.containers.len() as u64)
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
