//! Choosing columns, and the configuration.

use super::harness::{FULL, Ui, story};
use crate::config::{load, read_text};
use crate::view::THEMES;
use ratatui::style::Color;
use std::sync::Arc;

/// Fields of the columns of the table.
fn fields(ui: &Ui<'_>) -> Vec<&'static str> {
    ui.events().window.columns.iter().map(|column| column.field).collect()
}

#[test]
fn columns_of_events_are_added_moved_and_removed() {
    let opened = story();
    let mut ui = Ui::with_events(&opened, 80, 24);
    ui.press(&["o", "user.name", "Enter"]);
    assert_eq!(fields(&ui).last(), Some(&"user.name"));
    ui.press(&["Left", "Left", "Left", "Left", "Left", "Left", "Left", "Left", "Esc"]);
    assert_eq!(fields(&ui)[0], "user.name");
    assert!(ui.line(3).starts_with("user"), "{}", ui.screen());
    // Another table of events has them, too.
    ui.press(&["Backspace", "E"]);
    assert_eq!(fields(&ui)[0], "user.name");
    ui.press(&["o", "Enter"]);
    assert_eq!(fields(&ui)[0], "evt.num");
    ui.press(&["Ctrl-r", "Esc"]);
    assert_eq!(fields(&ui).len(), 7);
    assert!(ui.line(4).trim_start().starts_with("1 10:00:00.000"), "{}", ui.screen());
}

#[test]
fn the_last_column_stays() {
    let opened = story();
    let mut ui = Ui::with_events(&opened, 80, 24);
    ui.press(&["o"]);
    for _ in 0..6 {
        ui.press(&["Enter", "Down"]);
    }
    assert_eq!(fields(&ui), ["evt.info"]);
    ui.press(&["Enter"]);
    assert_eq!(fields(&ui), ["evt.info"]);
    assert!(ui.screen().contains("one column stays"), "{}", ui.screen());
}

#[test]
fn columns_of_groups_are_hidden() {
    let opened = story();
    let mut ui = Ui::new(&opened, 80, 24);
    ui.press(&["F2", "Home", "Enter"]);
    assert!(ui.line(3).contains("ppid"), "{}", ui.screen());
    ui.press(&["o", "ppid", "Enter", "Esc"]);
    assert!(
        !ui.line(3).contains("ppid") && ui.line(3).contains("pid"),
        "{}",
        ui.screen()
    );
    ui.press(&["Backspace", "F2", "Home", "Enter"]);
    assert!(!ui.line(3).contains("ppid"), "as long as the program runs");
}

#[test]
fn columns_are_saved_and_read_again() {
    let opened = story();
    let mut ui = Ui::with_events(&opened, 80, 24);
    ui.press(&["o", "user.name", "Enter", "Ctrl-s"]);
    assert!(ui.line(23).contains("saved in "), "{}", ui.line(23));
    let path = ui.folder.path().join("config/analyze.toml");
    let (config, notice) = load(&path);
    assert_eq!(notice, None);
    let columns = config.columns.of_events("events").expect("they are chosen");
    assert_eq!(columns.last().map(|column| column.field), Some("user.name"));
    std::fs::write(&path, "[keys").expect("a file");
    ui.press(&["Ctrl-s"]);
    assert!(ui.line(23).contains("not understood"), "{}", ui.line(23));
    assert_eq!(std::fs::read_to_string(&path).expect("it is there"), "[keys");
}

#[test]
fn keys_start_and_theme_are_configured() {
    let opened = story();
    let text = "theme = \"light\"\nstart = \"events\"\n[keys]\nquit = [\"Q\"]\ndown = [\"t\"]\n";
    let (config, problems) = read_text(text);
    assert_eq!(problems, []);
    let mut ui = Ui::configured(config, &opened, 80, 24);
    assert!(ui.line(2).starts_with("Events"), "{}", ui.screen());
    ui.press(&["t", "t"]);
    assert_eq!(ui.events().listing.cursor.selected, 2);
    ui.press(&["q", "?"]);
    assert!(
        ui.screen().contains("\nt                     one line down"),
        "{}",
        ui.screen()
    );
    ui.press(&["Esc"]);
    let cells = ui.cells(FULL.with(&THEMES[1]));
    assert!(cells.content.iter().any(|cell| cell.fg == Color::Blue));
    assert!(
        cells.content.iter().all(|cell| cell.fg != Color::Cyan),
        "the dark one's"
    );
    let mono = ui.cells(FULL.with(&THEMES[2]));
    assert!(
        mono.content
            .iter()
            .all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset)
    );
}

#[test]
fn a_large_trace_has_room_for_its_numbers() {
    let opened = story();
    let mut ui = Ui::new(&opened, 120, 40);
    ui.press(&["E"]);
    let time = |ui: &Ui<'_>| ui.screen().lines().find_map(|line| line.find(" time "));
    let before = time(&ui).expect("a column of times");
    let trace = ui.state.trace.as_mut().expect("a trace");
    let trace = Arc::get_mut(trace).expect("nobody else has it");
    let last = trace.segments.last_mut().expect("a segment");
    last.first_num = 123_456_789;
    // Nine digits where there were seven.
    assert_eq!(time(&ui), Some(before + 2));
}
