//! Bookmarks, notes and alerts.

use super::harness::{Ui, story, trace};
use super::sample;
use crate::message::{Chore, Effect, Message};
use crate::state::{About, Body};
use crate::update::update;

fn marked(ui: &Ui<'_>) -> Vec<(About, String)> {
    let marks = ui.state.notes.marks.iter();
    marks.map(|mark| (mark.about.clone(), mark.note.clone())).collect()
}

#[test]
fn bookmarks_are_set_and_removed() {
    let opened = story();
    let mut ui = Ui::with_events(&opened, 80, 24);
    ui.press(&["Down", "b"]);
    assert_eq!(marked(&ui), [(About::Event(2), String::new())]);
    assert!(ui.line(5).starts_with("◆ "), "{}", ui.screen());
    assert!(ui.line(23).contains("sample.scap.notes.json"), "{}", ui.line(23));
    ui.press(&["b"]);
    assert_eq!(marked(&ui), []);
    assert!(!ui.screen().contains('◆'), "{}", ui.screen());
}

#[test]
fn notes_are_typed_and_not_lost_by_a_key() {
    let opened = story();
    let mut ui = Ui::with_events(&opened, 80, 24);
    ui.press(&["End", "B", "who is \u{65e5}?", "Enter"]);
    assert_eq!(marked(&ui), [(About::Event(7), "who is 日?".into())]);
    ui.press(&["b"]);
    assert_eq!(marked(&ui).len(), 1);
    assert!(ui.screen().contains("it has a note"), "{}", ui.screen());
    ui.press(&["B", "!", "Esc"]);
    assert_eq!(marked(&ui)[0].1, "who is 日?", "left");
    ui.press(&["B", "Ctrl-u", "Enter", "b"]);
    assert_eq!(marked(&ui), []);
}

#[test]
fn notes_are_there_when_the_trace_is_opened_again() {
    let opened = story();
    let mut ui = Ui::with_events(&opened, 80, 24);
    ui.press(&["Down", "B", "look here", "Enter"]);
    let mut again = Ui::inside(&ui.folder, &opened, 80, 24);
    assert_eq!(marked(&again), marked(&ui));
    again.press(&["m", "Enter"]);
    assert_eq!(again.events().listing.cursor.selected, 1);
    let other = trace(|path| sample::long(path, 1, 10));
    let other = Ui::inside(&ui.folder, &other, 80, 24);
    assert_eq!(marked(&other), [], "those of another trace");
    assert!(other.screen().contains("another trace"), "{}", other.screen());
}

#[test]
fn groups_and_findings_are_marked_by_their_filters() {
    let opened = story();
    let mut ui = Ui::new(&opened, 80, 24);
    ui.press(&["b"]);
    let Some((About::Events(filter, None), _)) = marked(&ui).pop() else {
        panic!("{:?}", marked(&ui));
    };
    assert!(!filter.is_empty());
    assert!(ui.screen().lines().any(|line| line.starts_with('◆')), "{}", ui.screen());
    ui.press(&["F2", "Home", "Enter", "B", "the shell", "Enter"]);
    assert!(ui.line(4).starts_with("¶ "), "{}", ui.screen());
    // From the list back to the events.
    ui.press(&["m", "End", "Enter"]);
    assert!(ui.filter().contains("proc.pid = "), "{}", ui.filter());
}

#[test]
fn bookmarks_are_jumped_between() {
    let opened = trace(|path| sample::long(path, 3, 100));
    let mut ui = Ui::with_events(&opened, 80, 24);
    for number in ["20", "150", "299"] {
        ui.press(&[":", number, "Enter", "b"]);
    }
    let mut seen = Vec::new();
    for key in ["[", "[", "[", "]", "]"] {
        ui.press(&[key]);
        seen.push(ui.events().listing.cursor.selected + 1);
    }
    assert_eq!(seen, [150, 20, 20, 150, 299]);
    ui.press(&["/", "evt.type = read", "Enter", "End", "[", "["]);
    assert_eq!(ui.events().listing.cursor.selected, 1, "20 is in the table, 299 is not");
}

#[test]
fn a_bookmark_is_saved_with_its_line() {
    let opened = story();
    let mut ui = Ui::with_events(&opened, 80, 24);
    ui.press(&["b"]);
    let saved = ui.effects.iter().find_map(|effect| match effect {
        Effect::Chore(Chore::SaveNotes(_, marks)) => Some(marks.clone()),
        _ => None,
    });
    let mark = saved.and_then(|mut marks| marks.pop()).expect("it is saved");
    assert!(mark.text.contains("sh (1002) < openat"), "{}", mark.text);
    assert_eq!(mark.time, Some(1_795_255_200_000_000_000));
}

#[test]
fn alerts_lead_to_their_time() {
    let opened = trace(sample::alerted);
    let mut ui = Ui::new(&opened, 80, 24);
    assert!(ui.screen().contains("\nmarks"), "{}", ui.screen());
    ui.press(&["F2", "End", "Enter"]);
    assert!(matches!(ui.state.screen().body, Body::Notes(_)));
    assert!(ui.line(4).contains("critical"), "{}", ui.screen());
    assert!(ui.screen().contains("\\x1b[2J"), "{}", ui.screen());
    ui.press(&["Enter"]);
    assert_eq!(ui.events().listing.cursor.selected, 3, "the event at that time");
    ui.press(&["Backspace", "End", "Enter"]);
    assert!(ui.screen().contains("does not say when"), "{}", ui.screen());
    ui.press(&["b"]);
    assert!(ui.screen().contains("nothing is selected"), "{}", ui.screen());
}

#[test]
fn what_is_marked_before_older_notes_are_known_is_added_to_them() {
    let opened = story();
    let mut ui = Ui::with_events(&opened, 80, 24);
    ui.press(&["End", "b"]);
    let older = ui.state.notes.marks.clone();
    ui.state.notes.marks.clear();
    ui.state.notes.loaded = false;
    ui.effects.clear();
    let saves = |ui: &Ui<'_>| {
        let is_save = |effect: &&Effect| matches!(effect, Effect::Chore(Chore::SaveNotes(..)));
        ui.effects.iter().filter(is_save).count()
    };
    ui.press(&["Home", "b"]);
    assert_eq!(saves(&ui), 0, "that would lose the older ones");
    ui.tell(Message::Notes {
        marks: older,
        notice: None,
    });
    assert_eq!((saves(&ui), marked(&ui).len()), (1, 2));
}

#[test]
fn nothing_is_marked_before_the_trace_is_open() {
    let opened = story();
    let mut ui = Ui::new(&opened, 80, 24);
    ui.state = crate::state::State::new("sample.scap".into(), (80, 24));
    ui.effects.clear();
    ui.press(&["b", "B", "m", "]", "["]);
    assert_eq!((ui.effects.len(), ui.state.screens.len()), (0, 1));
    let effects = update(&mut ui.state, Message::Paste("x".into()));
    assert_eq!(effects, []);
}
