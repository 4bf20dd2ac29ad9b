//! Frames at the usual sizes.

use super::harness::{FULL, Ui, story, text, trace};
use super::sample;
use crate::view::{Look, view};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::{Color, Modifier};

/// The screen of the story after some keys, held by a snapshot for each of three sizes.
fn check(name: &str, keys: &[&str]) {
    let opened = story();
    for (width, height) in [(80, 24), (120, 40), (250, 70)] {
        let mut ui = Ui::new(&opened, width, height);
        ui.press(keys);
        insta::assert_snapshot!(format!("{name}-{width}x{height}"), ui.screen());
    }
}

#[test]
fn overview() {
    check("overview", &[]);
}

#[test]
fn histogram() {
    check("histogram", &["Tab", "Enter", "PgDn"]);
}

#[test]
fn views() {
    check("views", &["F2"]);
}

#[test]
fn processes() {
    check("processes", &["F2", "Home", "Enter"]);
}

#[test]
fn drilled_down() {
    check("drilled-down", &["F2", "f", "Enter", "Enter"]);
}

#[test]
fn order() {
    check("order", &["F2", "Home", "Enter", "F9"]);
}

#[test]
fn events() {
    check("events", &["E"]);
}

#[test]
fn detail() {
    check("detail", &["E", "Down", "Enter", "Tab", "Ctrl-d"]);
}

#[test]
fn follow() {
    check("follow", &["E", "Down", "e"]);
    check("follow-hex", &["E", "Down", "e", "Tab"]);
}

#[test]
fn latencies() {
    check("latencies", &["F2", "l", "l", "Enter", "Up", "Up", "Right"]);
}

#[test]
fn replay() {
    let opened = trace(sample::session);
    for (width, height) in [(80, 24), (120, 40), (250, 70)] {
        let mut ui = Ui::new(&opened, width, height);
        ui.press(&["r"]);
        insta::assert_snapshot!(format!("sessions-{width}x{height}"), ui.screen());
        ui.press(&["Enter", "p", "End"]);
        insta::assert_snapshot!(format!("replay-{width}x{height}"), ui.screen());
    }
}

#[test]
fn tree() {
    check("tree", &["Down", "t"]);
}

#[test]
fn wrong_filter() {
    check("wrong-filter", &["E", "/", "evt.type = openat and proc.nam = x"]);
}

#[test]
fn completion() {
    check("completion", &["E", "/", "container.i"]);
}

#[test]
fn nothing_passes() {
    check("nothing-passes", &["E", "/", "evt.num > 100", "Enter"]);
}

#[test]
fn help() {
    check("help", &["?"]);
}

#[test]
fn marks() {
    check(
        "marks",
        &["b", "E", "Down", "b", "End", "B", "the entry point", "Enter", "m"],
    );
}

#[test]
fn marked_events() {
    check(
        "marked-events",
        &["E", "Down", "b", "End", "B", "the entry point", "Enter"],
    );
}

#[test]
fn marks_on_the_overview() {
    check("marks-on-the-overview", &["b", "E", "Down", "b", "Backspace"]);
}

#[test]
fn exports() {
    check("exports", &["E", "x", "Down"]);
}

#[test]
fn copies() {
    check("copies", &["E", "End", "y", "Down"]);
}

#[test]
fn columns() {
    check("columns", &["E", "o", "user.n", "Enter", "Ctrl-u", "Left"]);
}

#[test]
fn columns_of_groups() {
    check("columns-of-groups", &["F2", "Home", "Enter", "o", "Down", "Enter"]);
}

#[test]
fn tiny_terminals_say_what_is_missing() {
    let opened = story();
    for (width, height, expected) in [
        (39, 24, "too small: needs 40x10"),
        (80, 9, "too small: needs 40x10"),
        (10, 2, "too small:"),
        (1, 1, "t"),
    ] {
        let mut ui = Ui::new(&opened, width, height);
        ui.effects.clear();
        ui.press(&["E"]);
        assert_eq!(ui.line(0), expected, "{width}x{height}");
        let loads = ui
            .effects
            .iter()
            .any(|effect| matches!(effect, crate::message::Effect::Load { .. }));
        assert!(!loads, "nothing is read that is not shown");
    }
}

#[test]
fn any_size_with_anything_open_is_drawn() {
    let opened = story();
    for keys in [
        &[][..],
        &["Tab", "Enter", "End"],
        &["F2"],
        &["F2", "Home", "Enter", "Right"],
        &["F2", "Home", "Enter", "F9"],
        &["?"],
        &["E", "/", "a = \u{65e5}\u{672c}\u{8a9e} x"],
        &["E", "/", "fd."],
        &["E", "Enter", "Tab", "End"],
        &["E", ":"],
        &["E", "Down", "e"],
        &["E", "Down", "e", "Tab", "End"],
        &["t"],
        &["r"],
        &["F2", "End", "Enter", "Up", "Right"],
        &["x"],
        &["E", "o", "Down", "Enter"],
        &["E", "o", "zzz"],
        &["F2", "Home", "Enter", "o", "Enter"],
        &["E", "y"],
        &["F2", "Home", "Enter", "y"],
        &["E", "Ctrl-f", "\u{65e5}"],
        &["x", "Down", "Enter"],
        &["b", "E", "b", "Down", "B", "\u{65e5}\u{672c}", "Enter"],
        &["b", "E", "b", "Backspace"],
        &["b", "E", "B", "note", "Enter", "m", "End"],
    ] {
        let mut ui = Ui::new(&opened, 80, 24);
        ui.press(keys);
        for width in (1..130).step_by(3) {
            for height in 1..30 {
                ui.tell(crate::message::Message::Resize(width, height));
                let lines = ui.screen();
                assert_eq!(lines.lines().count(), usize::from(height));
                assert!(!lines.chars().any(|c| c.is_control() && c != '\n'));
            }
        }
    }
}

#[test]
fn a_frame_of_another_size_stays_empty() {
    let opened = story();
    let ui = Ui::new(&opened, 80, 24);
    for (width, height) in [(79, 24), (80, 23), (1, 1), (200, 50)] {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal");
        terminal.draw(|frame| view(&ui.state, FULL, frame)).expect("a frame");
        assert_eq!(text(terminal.backend().buffer()).trim(), "", "{width}x{height}");
    }
}

#[test]
fn a_long_filter_moves_along_with_its_cursor() {
    let opened = story();
    let mut ui = Ui::with_events(&opened, 40, 10);
    ui.press(&["/", "proc.name = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa or proc.nam = b"]);
    assert_eq!(ui.line(2), "/ aaaaaaaaaaaaaaaa or proc.nam = b   0/0");
    assert_eq!(ui.line(3), "                      ^^^^^^^^");
    ui.press(&["Home"]);
    assert_eq!(ui.line(2), "/ proc.name = aaaaaaaaaaaaaaaaaaaaa  0/0");
}

#[test]
fn losses_are_red_and_nothing_is_with_no_color() {
    let opened = story();
    let ui = Ui::with_events(&opened, 80, 24);
    let (color, plain) = (ui.cells(FULL), ui.cells(Look { color: false, ..FULL }));
    let at = (76, 0);
    assert_eq!((color[at].symbol(), color[at].fg), ("L", Color::Red));
    assert!(plain[at].modifier.contains(Modifier::BOLD), "still stands out");
    assert!(
        plain
            .content
            .iter()
            .all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset)
    );
    assert!(
        plain[(0, 4)].modifier.contains(Modifier::REVERSED),
        "the selection is seen"
    );
}

#[test]
fn without_unicode_everything_is_ascii() {
    let opened = story();
    let mut ui = Ui::with_events(&opened, 80, 24);
    let screen = text(&ui.press(&["Enter"]).cells(Look { unicode: false, ..FULL }));
    assert!(screen.is_ascii(), "{screen}");
    assert!(screen.contains("-- event 1 < openat ---"), "{screen}");
}

#[test]
fn nothing_captured_reaches_the_screen_raw() {
    let opened = story();
    let mut ui = Ui::with_events(&opened, 120, 40);
    ui.press(&["Down", "Down", "Enter"]);
    for (place, expected) in [
        ("table", "cron\\x1b[2J"),
        ("payload in the table", "root\\n\\x1b"),
        ("detail", "/tmp/日本語/\\u{202e}gpj.exe\\n"),
    ] {
        assert!(ui.screen().contains(expected), "{place}:\n{}", ui.screen());
    }
}

#[test]
fn wide_names_keep_the_columns_aligned() {
    let opened = story();
    let cells = Ui::with_events(&opened, 120, 24).cells(FULL);
    let x = (0..120)
        .find(|x| cells[(*x, 4)].symbol() == "<")
        .expect("a column of directions");
    let column: String = (4..11).map(|y| cells[(x, y)].symbol()).collect();
    assert_eq!(column, "<<<<<<<");
}
