//! What is copied, and looking for words.

use super::harness::{Ui, story, trace};
use super::sample;
use crate::keys::Context;
use crate::message::{Effect, Message};
use crate::update::{context, update};
use afterimage_query::check::parse_time;
use std::path::PathBuf;

/// What was copied last.
fn copied(ui: &Ui<'_>) -> String {
    let copy = ui.effects.iter().rev().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text.clone()),
        _ => None,
    });
    copy.unwrap_or_default()
}

#[test]
fn events_are_copied() {
    let opened = story();
    let mut ui = Ui::with_events(&opened, 80, 24);
    ui.state.given = PathBuf::from("dir/it's.scap");
    ui.press(&["/", "evt.num > 2", "Enter", "y", "Enter"]);
    assert!(
        copied(&ui).starts_with("3  10:00:02.000  web  sh  1002  openat  fd=-13"),
        "{}",
        copied(&ui)
    );
    ui.press(&["y", "F", "Enter"]);
    assert_eq!(copied(&ui), "evt.num > 2");
    ui.press(&["y", "C", "Enter"]);
    assert_eq!(copied(&ui), "analyze query 'dir/it'\\''s.scap' -f 'evt.num > 2'");
    ui.press(&["y", "C", "C", "Enter"]);
    assert_eq!(copied(&ui), "analyze query 'dir/it'\\''s.scap' -f 'evt.num = 3'");
    ui.press(&["y", "J", "Enter"]);
    let object: serde_json::Value = serde_json::from_str(&copied(&ui)).expect("JSON");
    assert_eq!(object["evt.num"], 3);
    assert!(!copied(&ui).contains('\u{202e}'), "escaped");
    let kept = ui.folder.path().join("afterimage-copied");
    assert_eq!(std::fs::read_to_string(kept).expect("it is kept"), copied(&ui));
    assert!(ui.screen().contains(" bytes, by OSC 52 and to "), "{}", ui.screen());
}

#[test]
fn groups_and_spans_are_copied() {
    let opened = story();
    let mut ui = Ui::new(&opened, 80, 24);
    ui.press(&["F2", "Home", "Enter", "y", "F", "Enter"]);
    assert_eq!(copied(&ui), "proc.pid = 1002");
    ui.press(&["y", "C", "C", "Enter"]);
    let command = copied(&ui);
    assert!(
        command.starts_with("analyze query sample.scap -f 'proc.pid exists' --by proc.pid,proc.ppid,"),
        "{command}"
    );
    ui.press(&["Backspace", "Tab", "y", "C", "Enter"]);
    let command = copied(&ui);
    let Some((_, from)) = command.split_once("--from ") else {
        panic!("{command}");
    };
    let (from, to) = from.split_once(" --to ").expect("both ends");
    let trace = ui.state.trace.clone().expect("it is open");
    let span = trace.histogram.span(0);
    assert_eq!(parse_time(from, &trace.settings), Ok(span.0));
    assert_eq!(parse_time(to, &trace.settings), Ok(span.1));
}

#[test]
fn words_are_found_in_both_directions() {
    let opened = trace(|path| sample::long(path, 3, 100));
    let mut ui = Ui::with_events(&opened, 80, 24);
    let mut at = Vec::new();
    ui.press(&["Ctrl-f", "READ data", "Enter"]);
    for key in ["n", "n", "N", "End", "N", "n"] {
        at.push(ui.events().listing.cursor.selected + 1);
        ui.press(&[key]);
    }
    assert_eq!(at, [10, 20, 30, 20, 300, 290]);
    ui.press(&["End", "n"]);
    assert!(
        ui.screen().contains("no more rows with `READ data` further down"),
        "{}",
        ui.screen()
    );
    // Only the rows of the table count.
    ui.press(&["/", "evt.num < 15", "Enter", "Home", "n", "n"]);
    assert_eq!(ui.events().listing.cursor.selected + 1, 10);
}

#[test]
fn a_search_goes_on_aside_and_is_ended() {
    let opened = trace(|path| sample::long(path, 3, 100));
    let mut ui = Ui::with_events(&opened, 80, 24);
    ui.press(&["Ctrl-f"]);
    update(&mut ui.state, Message::Paste("x".into()));
    let enter = crossterm::event::KeyEvent::from(crossterm::event::KeyCode::Enter);
    let effects = update(&mut ui.state, Message::Key(enter));
    let Some(Effect::Find { generation, .. }) = effects.first() else {
        panic!("{effects:?}");
    };
    let generation = *generation;
    assert_eq!(context(&ui.state), Context::Events, "keys go on");
    ui.tell(Message::Found {
        generation,
        done: (1, 3),
        end: None,
    });
    assert!(
        ui.screen().contains("looking for `x` 33%, Esc ends it"),
        "{}",
        ui.screen()
    );
    ui.press(&["Down", "Esc"]);
    assert_eq!(ui.effects.last(), Some(&Effect::EndFind));
    let late = crate::state::Position { segment: 2, row: 0 };
    ui.tell(Message::Found {
        generation,
        done: (3, 3),
        end: Some(Some(late)),
    });
    assert_eq!(ui.events().listing.cursor.selected, 1, "an answer that comes too late");
}
