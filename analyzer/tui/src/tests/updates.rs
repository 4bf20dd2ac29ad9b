//! What keys and answers change, and what they ask for.

use super::harness::{Ui, story, trace};
use super::sample;
use crate::message::{Effect, Message};
use crate::state::{Pane, Part, Progress};
use crate::update::update;

/// The numbers of the events on the screen.
fn nums(ui: &Ui<'_>) -> Vec<u64> {
    let screen = ui.screen();
    let first = |line: &str| line.split_whitespace().next().and_then(|num| num.parse().ok());
    screen.lines().skip(4).map_while(first).collect()
}

fn selected(ui: &Ui<'_>) -> u64 {
    ui.state.listing.cursor.selected
}

#[test]
fn keys_move_the_selection() {
    let opened = trace(|path| sample::long(path, 3, 100));
    // 20 rows are on the screen.
    for (keys, expected) in [
        (&["Down", "j", "Up"][..], 1),
        (&["k"], 0),
        (&["PgDn"], 19),
        (&["PgDn", "PgDn", "PgUp"], 19),
        (&["Ctrl-d", "Ctrl-d", "Ctrl-u"], 9),
        (&["End"], 299),
        (&["G", "Down", "PgDn"], 299),
        (&["G", "g"], 0),
        (&["End", "Home"], 0),
    ] {
        let mut ui = Ui::new(&opened, 80, 24);
        ui.press(keys);
        assert_eq!(selected(&ui), expected, "{keys:?}");
        let row = nums(&ui);
        assert!(row.contains(&(expected + 1)), "{keys:?}: {row:?}");
    }
}

#[test]
fn only_rows_around_the_screen_are_read() {
    let opened = trace(|path| sample::long(path, 10, 1000));
    let mut ui = Ui::new(&opened, 80, 24);
    ui.press(&["End"]);
    for effect in &ui.effects {
        if let Effect::Load { positions, .. } = effect {
            assert!(positions.len() <= 3 * 19, "{}", positions.len());
        }
    }
    assert_eq!(nums(&ui).last(), Some(&10_000));
    // The next page was read ahead: one more line asks for nothing.
    ui.press(&["Home"]);
    let before = ui.effects.len();
    ui.press(&["PgDn", "Down"]);
    assert_eq!(ui.effects.len(), before);
}

#[test]
fn a_filter_is_applied_while_it_is_typed() {
    let opened = story();
    let mut ui = Ui::new(&opened, 80, 24);
    ui.press(&["/", "evt.type = read"]);
    assert_eq!(ui.state.filter, "evt.type = read");
    ui.press(&["Enter"]);
    assert_eq!(nums(&ui), [2, 5]);
    assert!(ui.state.input.is_none());
    // `/` opens it again to be changed.
    ui.press(&["/", "Ctrl-u", "evt.num = 3", "Enter"]);
    assert_eq!((nums(&ui), ui.state.crumbs.len()), (vec![3], 1));
    // An empty one is none.
    ui.press(&["/", "Ctrl-u", "Enter"]);
    assert_eq!((nums(&ui).len(), ui.state.crumbs.len()), (7, 0));
}

#[test]
fn a_wrong_filter_keeps_the_last_good_result() {
    let opened = story();
    let mut ui = Ui::new(&opened, 80, 24);
    ui.press(&["/", "evt.type = read"]).press(&[" and", "Enter"]);
    assert!(
        ui.state.input.as_ref().is_some_and(|input| input.error.is_some()),
        "still open"
    );
    assert_eq!(ui.state.filter, "evt.type = read");
    assert!(
        ui.line(6).contains("read") && ui.line(7).contains("read"),
        "{}",
        ui.screen()
    );
    ui.press(&["Esc"]);
    assert_eq!(
        (ui.state.filter.as_str(), nums(&ui).len()),
        ("", 7),
        "back to the filter before"
    );
}

#[test]
fn editing_follows_characters() {
    let opened = story();
    let mut ui = Ui::new(&opened, 80, 24);
    ui.press(&["/", "añ日", "Left", "Backspace", "x", "Home", "Delete", "<", "End", ">"]);
    assert_eq!(ui.state.input.as_ref().map(|input| input.text.as_str()), Some("<x日>"));
    ui.tell(Message::Paste("a\n\u{1b}[2Jb".into()));
    assert_eq!(
        ui.state.input.as_ref().map(|input| input.text.as_str()),
        Some("<x日>a [2Jb")
    );
    ui.press(&["Right", "Left", "Ctrl-u"]);
    assert_eq!(
        ui.state.input.as_ref().map(|input| (input.text.as_str(), input.cursor)),
        Some(("b", 0))
    );
    ui.press(&["Backspace", "Left"]);
    assert_eq!(ui.state.input.as_ref().map(|input| input.cursor), Some(0));
}

#[test]
fn drilling_down_and_back_returns_to_the_same_place() {
    let opened = trace(|path| sample::long(path, 3, 100));
    let mut ui = Ui::new(&opened, 80, 24);
    ui.press(&["PgDn", "PgDn", "Down"]);
    let place = ui.state.listing.cursor;
    ui.press(&["c", "Down", "Enter"]);
    assert_eq!(ui.state.filter, "container.id = host");
    assert_eq!(nums(&ui)[..3], [10, 20, 30]);
    ui.press(&["Down", "Down", "/", "evt.num > 15", "Enter"]);
    assert_eq!(ui.state.filter, "(container.id = host) and (evt.num > 15)");
    assert_eq!(nums(&ui)[..2], [20, 30]);
    ui.press(&["Backspace"]);
    assert_eq!((ui.state.filter.as_str(), selected(&ui)), ("container.id = host", 2));
    ui.press(&["Backspace"]);
    assert_eq!((ui.state.filter.as_str(), ui.state.listing.cursor), ("", place));
    ui.press(&["Backspace"]);
    assert_eq!(ui.state.listing.cursor, place, "nothing is left to remove");
}

#[test]
fn panes_open_close_and_take_the_keys() {
    let opened = story();
    let mut ui = Ui::new(&opened, 80, 24);
    for (key, pane, detail) in [
        ("Enter", Pane::Events, true),
        ("Tab", Pane::Detail, true),
        ("Tab", Pane::Events, true),
        ("Enter", Pane::Events, false),
        ("Tab", Pane::Detail, true),
        ("c", Pane::Containers, true),
        ("Esc", Pane::Events, true),
        ("Tab", Pane::Detail, true),
        ("Esc", Pane::Events, false),
    ] {
        ui.press(&[key]);
        assert_eq!((ui.state.pane, ui.state.detail.open), (pane, detail), "{key}");
    }
    ui.press(&["Tab", "Down", "Down"]);
    assert_eq!(
        (selected(&ui), ui.state.detail.scroll),
        (0, 2),
        "the detail scrolls, the table does not"
    );
    ui.press(&["End", "Down"]);
    let bottom = ui.state.detail.scroll;
    ui.press(&["Up", "Down", "Down"]);
    assert_eq!(ui.state.detail.scroll, bottom, "the end is the end");
}

#[test]
fn every_way_to_quit_quits() {
    let opened = story();
    for (keys, quits) in [
        (&["q"][..], true),
        (&["F10"], true),
        (&["Ctrl-c"], true),
        (&["/", "Ctrl-c"], true),
        (&["?", "Ctrl-c"], true),
        (&["/", "q"], false),
        (&["?", "q"], false),
        (&["?", "q", "q"], true),
    ] {
        let mut ui = Ui::new(&opened, 80, 24);
        ui.press(keys);
        assert_eq!(ui.effects.contains(&Effect::Quit), quits, "{keys:?}");
    }
}

#[test]
fn before_the_trace_is_open_keys_do_no_harm() {
    let opened = story();
    let mut ui = Ui::new(&opened, 80, 24);
    ui.state.trace = None;
    ui.state.listing = Default::default();
    ui.effects.clear();
    ui.press(&[
        "/",
        "evt.num = 1",
        "Enter",
        "c",
        "Enter",
        "Backspace",
        "End",
        "Enter",
        "Tab",
        "Esc",
    ]);
    assert_eq!(ui.effects, []);
    assert!(ui.line(0).contains("opening"));
}

/// A message of a scan that found the first `count` events.
fn found(generation: u64, count: u32, done: bool) -> Message {
    Message::Found {
        generation,
        part: Some(Part::all(0, count)),
        read: 4,
        damage: None,
        done,
    }
}

/// Starts a scan past the harness, which would answer at once; gives its generation.
fn scanning(ui: &mut Ui<'_>) -> u64 {
    ui.press(&["/"]);
    let effects = update(&mut ui.state, Message::Paste("evt.num > 0".into()));
    let generation = ui.state.generation;
    let filter = "evt.num > 0".into();
    assert_eq!(effects, [Effect::Scan { generation, filter }]);
    ui.press(&["Enter"]);
    generation
}

#[test]
fn a_scan_shows_its_first_results_at_once_and_how_far_it_is() {
    let opened = story();
    let mut ui = Ui::new(&opened, 80, 24);
    let generation = scanning(&mut ui);
    assert_eq!(nums(&ui).len(), 7, "the rows before stay until there is an answer");
    ui.tell(found(generation, 2, false));
    assert_eq!(nums(&ui), [1, 2]);
    assert!(ui.line(2).ends_with("1/2 searching 57%"), "{}", ui.line(2));
    ui.tell(found(generation, 1, true));
    assert!(ui.line(2).ends_with(" 1/3"), "{}", ui.line(2));
}

#[test]
fn answers_that_come_too_late_are_dropped() {
    let opened = story();
    let mut ui = Ui::new(&opened, 80, 24);
    let generation = scanning(&mut ui);
    ui.tell(found(generation - 1, 3, true));
    assert_eq!(ui.state.listing.generation, 0, "of a scan before");
    ui.tell(Message::Rows {
        generation: generation - 1,
        first: 0,
        rows: vec![],
        damage: None,
    });
    ui.tell(found(generation, 2, false));
    ui.tell(Message::Rows {
        generation: 0,
        first: 0,
        rows: vec![],
        damage: None,
    });
    assert_eq!(nums(&ui), [1, 2], "rows of the listing before");
    ui.press(&["Backspace"]);
    ui.tell(found(generation, 2, true));
    assert_eq!(nums(&ui).len(), 7, "of a scan that is wanted no more");
}

#[test]
fn a_scan_can_be_stopped_and_keeps_what_it_found() {
    let opened = story();
    let mut ui = Ui::new(&opened, 80, 24);
    let generation = scanning(&mut ui);
    ui.tell(found(generation, 2, false));
    ui.press(&["Esc"]);
    assert_eq!(ui.effects.last(), Some(&Effect::StopScan));
    ui.tell(found(generation, 2, true));
    assert_eq!(nums(&ui), [1, 2]);
    assert_eq!(ui.state.scan.map(|scan| scan.progress), Some(Progress::Stopped));
    assert!(ui.line(2).ends_with("1/2 stopped at 57%"), "{}", ui.line(2));
    ui.press(&["/", "Enter"]);
    assert_eq!(nums(&ui).len(), 7, "taking the filter again begins the search anew");
}
