//! Exports: what is written, what never is.

use super::harness::Ui;
use super::sample;
use crate::message::{Effect, Message};
use crate::state::{Export, Exported, Form, Position};
use crate::update::update;
use crate::worker::{Opened, Sources, export as write};
use afterimage_format::file::OpenOptions;
use afterimage_query::check::TimeZone;
use std::fs;
use std::sync::Arc;
use tempfile::TempDir;

/// A folder with the story as `sample.scap`.
fn folder() -> (Arc<TempDir>, Opened) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sample.scap");
    sample::story(&path);
    let opened = Opened::open(&path, &OpenOptions::default(), TimeZone::Utc).expect("the sample opens");
    (Arc::new(folder), opened)
}

/// Keys that choose a form and a name in the folder.
fn export(ui: &mut Ui<'_>, form: &str, name: &str) -> String {
    let path = ui.folder.path().join(name).display().to_string();
    ui.press(&["x", form, "Enter", "Ctrl-u"]);
    ui.tell(Message::Paste(path));
    ui.press(&["Enter"]);
    fs::read_to_string(ui.folder.path().join(name)).unwrap_or_default()
}

#[test]
fn what_is_selected_is_written() {
    let (folder, opened) = folder();
    let mut ui = Ui::inside(&folder, &opened, 120, 24);
    ui.press(&["E", "/", "evt.type = openat", "Enter"]);
    let json = export(&mut ui, "J", "out.jsonl");
    assert_eq!(json.lines().count(), 4, "{json}");
    for line in json.lines() {
        let object: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(object["evt.type"], "openat");
    }
    assert!(ui.screen().contains("4 events in "), "{}", ui.screen());
    let csv = export(&mut ui, "C", "out.csv");
    assert!(csv.starts_with("evt.num,evt.time") && csv.lines().count() == 5, "{csv}");
    let text = export(&mut ui, "T", "out.txt");
    assert!(!text.contains('\u{1b}'), "{text}");
    assert_eq!(text.lines().count(), 4, "{text}");
}

#[test]
fn a_trace_is_written_and_opens() {
    let (folder, opened) = folder();
    let mut ui = Ui::inside(&folder, &opened, 120, 24);
    ui.press(&["E", "/", "evt.type = read", "Enter", "x", "Enter", "Ctrl-u"]);
    let path = folder.path().join("part.scap");
    ui.tell(Message::Paste(path.display().to_string()));
    ui.press(&["Enter"]);
    assert!(ui.screen().contains("2 events in "), "{}", ui.screen());
    let part = Opened::open(&path, &OpenOptions::default(), TimeZone::Utc).expect("it opens");
    assert_eq!(part.info().rows.len(), 2);
    assert_eq!(
        fs::read_dir(folder.path()).expect("a folder").count(),
        2,
        "nothing is left"
    );
}

#[test]
fn nothing_is_replaced_unasked() {
    let (folder, opened) = folder();
    let mut ui = Ui::inside(&folder, &opened, 120, 24);
    fs::write(folder.path().join("out.jsonl"), "mine").expect("a file");
    ui.press(&["E"]);
    assert_eq!(export(&mut ui, "J", "out.jsonl"), "mine");
    assert!(ui.screen().contains("Replace it"), "{}", ui.screen());
    ui.press(&["Enter"]);
    assert_eq!(
        fs::read_to_string(folder.path().join("out.jsonl")).expect("it is there"),
        "mine"
    );
    export(&mut ui, "J", "out.jsonl");
    ui.press(&["Down", "Enter"]);
    let replaced = fs::read_to_string(folder.path().join("out.jsonl")).expect("it is there");
    assert_eq!(replaced.lines().count(), 7);
    // The trace itself is not, even where it is asked for.
    let before = fs::read(folder.path().join("sample.scap")).expect("the trace");
    export(&mut ui, "J", "sample.scap");
    ui.press(&["Down", "Enter"]);
    assert!(ui.screen().contains("the trace itself"), "{}", ui.screen());
    assert_eq!(fs::read(folder.path().join("sample.scap")).expect("the trace"), before);
}

#[test]
fn what_cannot_be_written_is_said() {
    let (folder, opened) = folder();
    let mut ui = Ui::inside(&folder, &opened, 120, 24);
    export(&mut ui, "J", "none/out.jsonl");
    assert!(ui.screen().contains("cannot be written"), "{}", ui.screen());
    ui.press(&["x", "Enter", "Ctrl-u", "Enter"]);
    assert!(ui.screen().contains("without a name"), "{}", ui.screen());
}

#[test]
fn an_export_shows_how_far_it_is_and_is_ended() {
    let (folder, opened) = folder();
    let mut ui = Ui::inside(&folder, &opened, 120, 24);
    ui.press(&["E", "x", "Enter"]);
    let enter = crossterm::event::KeyEvent::from(crossterm::event::KeyCode::Enter);
    let effects = update(&mut ui.state, Message::Key(enter));
    let Some(Effect::Export { generation, export }) = effects.first() else {
        panic!("{effects:?}");
    };
    assert_eq!(export.path.to_str(), Some("sample.part.scap"));
    let generation = *generation;
    let went_on = |end| Message::Export {
        generation,
        done: (1, 4),
        end,
    };
    ui.tell(went_on(None));
    assert!(ui.screen().contains("exporting 25%, Esc ends it"), "{}", ui.screen());
    ui.press(&["x"]);
    assert!(ui.screen().contains("an export goes on"), "{}", ui.screen());
    ui.press(&["Esc"]);
    assert_eq!(ui.effects.last(), Some(&Effect::EndExport));
    ui.tell(went_on(Some(Exported::Done("late".into(), false))));
    assert!(!ui.screen().contains("late"), "{}", ui.screen());
}

#[test]
fn a_report_tells_all_notes_in_order() {
    let (folder, opened) = folder();
    let mut ui = Ui::inside(&folder, &opened, 120, 24);
    ui.press(&[
        "b",
        "E",
        "End",
        "B",
        "*cron* <again>",
        "Enter",
        "Home",
        "b",
        "Down",
        "Down",
        "b",
    ]);
    let report = export(&mut ui, "R", "notes.md");
    let root = opened.info().key.root.expect("it is sealed");
    insta::assert_snapshot!(
        report
            .replace(&root, "[root]")
            .replace(&folder.path().display().to_string().replace('_', "\\_"), "[folder]")
            .replace(env!("CARGO_PKG_VERSION"), "[version]")
    );
    let position = Position { segment: 0, row: 0 };
    assert_eq!(opened.info().number_of(position), Some(1));
}

#[test]
fn an_export_that_is_stopped_leaves_nothing() {
    let (folder, opened) = folder();
    let file = folder.path().join("sample.scap");
    let sources = Sources {
        trace: file.clone(),
        given: file,
    };
    for form in Form::ALL {
        let task = Export {
            form,
            filter: String::new(),
            span: None,
            path: folder.path().join("out"),
            replace: false,
            marks: vec![],
        };
        let mut told = 0;
        write(&opened, (1, &task), &sources, &|| true, &mut |_| told += 1);
        assert_eq!(told, 0, "{form:?}");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "{form:?}");
    }
}
