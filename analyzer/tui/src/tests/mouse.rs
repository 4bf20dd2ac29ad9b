//! The mouse.

use super::harness::{Ui, story, trace};
use super::sample;
use crate::keys::Context;
use crate::message::Message;
use crate::state::Body;
use crate::update::context;
use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

fn mouse(ui: &mut Ui<'_>, kind: MouseEventKind, column: u16, row: u16, double: bool) {
    let event = MouseEvent {
        kind,
        column,
        row,
        modifiers: KeyModifiers::NONE,
    };
    ui.tell(Message::Mouse(event, double));
}

const DOWN: MouseEventKind = MouseEventKind::Down(MouseButton::Left);
const DRAG: MouseEventKind = MouseEventKind::Drag(MouseButton::Left);
const UP: MouseEventKind = MouseEventKind::Up(MouseButton::Left);

#[test]
fn the_wheel_moves_and_clicks_select_and_open() {
    let opened = trace(|path| sample::long(path, 3, 100));
    let mut ui = Ui::with_events(&opened, 80, 24);
    mouse(&mut ui, MouseEventKind::ScrollDown, 5, 5, false);
    mouse(&mut ui, MouseEventKind::ScrollDown, 5, 5, false);
    mouse(&mut ui, MouseEventKind::ScrollUp, 5, 5, false);
    assert_eq!(ui.events().listing.cursor.selected, 3);
    mouse(&mut ui, DOWN, 5, 10, false);
    assert_eq!(ui.events().listing.cursor.selected, 6);
    mouse(&mut ui, DOWN, 5, 10, true);
    assert!(ui.events().detail.open);
    mouse(&mut ui, DOWN, 5, 20, false);
    assert_eq!(context(&ui.state), Context::Detail);
    mouse(&mut ui, DOWN, 5, 0, true);
    assert_eq!(ui.events().listing.cursor.selected, 6, "nothing is there");
}

#[test]
fn lists_are_clicked() {
    let opened = story();
    let mut ui = Ui::new(&opened, 80, 24);
    let row = ui
        .screen()
        .lines()
        .position(|line| line.contains("not allowed"))
        .expect("a finding");
    mouse(&mut ui, DOWN, 30, row as u16, false);
    assert!(matches!(&ui.state.screen().body, Body::Overview(of) if of.list.selected == 2));
    let row = ui
        .screen()
        .lines()
        .position(|line| line.starts_with(" db-1"))
        .expect("a container");
    mouse(&mut ui, DOWN, 30, row as u16, true);
    assert_eq!(ui.filter(), "container.id = db-1");
    ui.press(&["F2"]);
    let row = ui
        .screen()
        .lines()
        .position(|line| line.contains("Threads"))
        .expect("a view");
    mouse(&mut ui, DOWN, 30, row as u16, true);
    assert!(ui.line(2).starts_with("Threads"), "{}", ui.screen());
}

#[test]
fn a_span_is_dragged_on_the_histogram() {
    let opened = story();
    let mut ui = Ui::new(&opened, 80, 24);
    mouse(&mut ui, DOWN, 9, 4, false);
    mouse(&mut ui, UP, 9, 4, false);
    assert_eq!(context(&ui.state), Context::Histogram);
    assert_eq!(ui.state.screen().selection.span, None, "a click chooses nothing");
    mouse(&mut ui, DOWN, 9, 4, false);
    mouse(&mut ui, DRAG, 25, 4, false);
    mouse(&mut ui, UP, 25, 4, false);
    assert!(ui.state.screen().selection.span.is_some());
    ui.press(&["E"]);
    assert_eq!(ui.events().listing.rows.len(), 2);
}

#[test]
fn the_mouse_does_no_harm_anywhere() {
    let opened = story();
    for keys in [
        &[][..],
        &["F2"],
        &["?"],
        &["E", "/"],
        &["E", "o"],
        &["m"],
        &["F2", "Home", "Enter"],
    ] {
        let mut ui = Ui::new(&opened, 80, 24);
        ui.press(keys);
        for (width, height) in [(80, 24), (41, 11), (1, 1)] {
            ui.tell(Message::Resize(width, height));
            for y in 0..25 {
                for kind in [DOWN, DRAG, UP, MouseEventKind::ScrollDown, MouseEventKind::Moved] {
                    mouse(&mut ui, kind, y * 3, y, false);
                    ui.screen();
                }
            }
        }
    }
}
