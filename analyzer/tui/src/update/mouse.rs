//! The mouse: the wheel moves, a click selects, two open, dragging on the histogram chooses a span.

use super::{columns, context, menu, overview, screens, scroll};
use crate::keys::Action;
use crate::layout;
use crate::message::Effect;
use crate::state::{Body, Cursor, Focus, Overlay, State};
use crate::view;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Rect;

/// Lines of a step of the wheel.
const LINES: usize = 3;

/// Does what the mouse did.
pub(super) fn mouse(state: &mut State, event: &MouseEvent, double: bool, effects: &mut Vec<Effect>) {
    if layout::too_small(state.size) {
        return;
    }
    let (x, y) = (event.column, event.row);
    match event.kind {
        MouseEventKind::ScrollUp => wheel(state, Action::Up),
        MouseEventKind::ScrollDown => wheel(state, Action::Down),
        MouseEventKind::Down(MouseButton::Left) => click(state, x, y, double, effects),
        MouseEventKind::Drag(MouseButton::Left) => drag(state, x, y),
        MouseEventKind::Up(MouseButton::Left) => release(state, effects),
        _ => {}
    }
}

fn wheel(state: &mut State, action: Action) {
    let context = context(state);
    for _ in 0..LINES {
        scroll::go(state, context, action);
    }
}

fn click(state: &mut State, x: u16, y: u16, double: bool, effects: &mut Vec<Effect>) {
    state.notice = None;
    if state.overlay.is_some() {
        return click_overlay(state, x, y, double, effects);
    }
    let areas = layout::areas(state);
    let in_table = areas.table.contains((x, y).into());
    let line = match &state.screen().body {
        Body::Overview(of) if in_table => view::line_at(state, of, areas.table, y),
        _ => None,
    };
    let noted = (state.notes.marks.len() + state.notes.alerts.len()) as u64;
    let selected = match &mut state.screen_mut().body {
        Body::Overview(of) => {
            if let Some(bar) = view::bar_at(of, areas.histogram, x, y) {
                of.focus = Focus::Histogram;
                of.bar = bar;
                state.pressed = Some(bar);
                return;
            }
            if let Some(line) = line {
                of.focus = Focus::List;
                of.list.selected = line;
            }
            line.is_some()
        }
        Body::Groups(groups) => select(&mut groups.cursor, areas.table, (x, y), groups.order.len() as u64),
        Body::Events(events) => {
            if areas.detail.contains((x, y).into()) {
                events.detail.focused = true;
                return;
            }
            let rows = events.listing.rows.len();
            let selected = select(&mut events.listing.cursor, areas.table, (x, y), rows);
            if selected {
                events.place = None;
                events.detail.focused = false;
            }
            selected
        }
        Body::Lines(lines) => {
            let rows = lines.rows.len() as u64;
            select(&mut lines.cursor, areas.table, (x, y), rows)
        }
        Body::Follow(_) | Body::Replay(_) | Body::Spectrum(_) => false,
        Body::Notes(list) => select(&mut list.cursor, areas.table, (x, y), noted),
    };
    if selected && double {
        screens::open(state, effects);
    }
}

fn click_overlay(state: &mut State, x: u16, y: u16, double: bool, effects: &mut Vec<Effect>) {
    let area = layout::menu(state);
    match &mut state.overlay {
        Some(Overlay::Menu(menu)) => {
            let len = menu.items.len() as u64;
            if select(&mut menu.cursor, area, (x, y), len) && double {
                menu::accept(state, effects);
            }
        }
        Some(Overlay::Columns(chooser)) => {
            let len = chooser.listed().len() as u64;
            if select(&mut chooser.cursor, area, (x, y), len) && double {
                columns::edit(state, Action::ToggleColumn, effects);
            }
        }
        Some(Overlay::Help(_) | Overlay::Prompt(_)) | None => {}
    }
}

/// Selects the line at a place; whether there is one.
fn select(cursor: &mut Cursor, area: Rect, (x, y): (u16, u16), len: u64) -> bool {
    let index = cursor.top + u64::from(y.saturating_sub(area.y));
    let hit = area.contains((x, y).into()) && index < len;
    if hit {
        cursor.selected = index;
    }
    hit
}

/// Chooses a span from where the mouse was pressed to where it is.
fn drag(state: &mut State, x: u16, y: u16) {
    let (area, pressed) = (layout::areas(state).histogram, state.pressed);
    if let (Some(pressed), Body::Overview(of)) = (pressed, &mut state.screen_mut().body)
        && let Some(bar) = view::bar_at(of, area, x, y)
    {
        of.bar = bar;
        of.anchor = Some(pressed);
    }
}

/// Takes the span.
fn release(state: &mut State, effects: &mut Vec<Effect>) {
    let pressed = state.pressed.take();
    let dragged = match &state.screen().body {
        Body::Overview(of) => pressed.is_some() && of.anchor == pressed && of.anchor != Some(of.bar),
        _ => false,
    };
    if dragged {
        overview::mark(state, effects);
    }
}
