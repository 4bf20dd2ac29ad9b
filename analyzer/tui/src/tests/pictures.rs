//! The pictures of the documents: drawn from the sample incident, and compared with what is there.
//! `cargo xtask screenshots` writes them anew.

use super::harness::{FULL, Ui, root};
use super::svg::svg;
use crate::keys::BINDINGS;
use crate::views;
use crate::worker::Opened;
use afterimage_format::file::OpenOptions;
use afterimage_query::check::TimeZone;

/// The sample incident.
pub(super) fn incident() -> Opened {
    sample("incident.scap")
}

fn sample(name: &str) -> Opened {
    let path = root().join("samples").join(name);
    Opened::open(&path, &OpenOptions::default(), TimeZone::Utc).expect("the sample opens")
}

#[test]
fn pictures_are_what_the_program_shows() {
    let write = std::env::var_os("AFTERIMAGE_WRITE_DOCS").is_some();
    let mut outdated = Vec::new();
    let (incident, session) = ("incident.scap", "session.scap");
    let pictures = [
        ("overview", incident, &[][..]),
        (
            "histogram",
            incident,
            &["Tab", "PgDn", "PgDn", "PgDn", "Enter", "PgDn", "PgDn"],
        ),
        ("views", incident, &["F2"]),
        ("processes", incident, &["F2", "Home", "Enter"]),
        ("connections", incident, &["F2", "c", "c", "c", "c", "c", "Enter"]),
        ("events", incident, &["Down", "Enter", "Enter"]),
        ("filter", incident, &["E", "/", "proc.name = nc and fd.na"]),
        ("why", incident, &["E", ":", "3034", "Enter", "w"]),
        ("follow", incident, &["E", ":", "2058", "Enter", "e"]),
        ("tree", incident, &["Down", "Down", "t"]),
        ("notes", incident, &["b", "Down", "B", "how they came in", "Enter", "m"]),
        ("help", incident, &["?"]),
        ("sessions", session, &["r"]),
        ("replay", session, &["r", "Enter", "p", "Home", "Right"]),
        ("latencies", session, &["F2", "l", "l", "Enter"]),
        ("columns", session, &["F2", "Home", "Enter", "o"]),
        ("export", session, &["E", "x"]),
        ("copy", session, &["E", "y"]),
    ];
    for file in [incident, session] {
        let opened = sample(file);
        for (name, _, keys) in pictures.iter().filter(|(_, of, _)| *of == file) {
            let mut ui = Ui::new(&opened, 110, 32);
            ui.state.file = file.into();
            ui.press(keys);
            let picture = svg(&ui.cells(FULL));
            let path = root().join("docs/images/tui").join(format!("{name}.svg"));
            if write {
                std::fs::write(&path, picture).expect("the picture can be written");
            } else if std::fs::read_to_string(&path).ok().as_deref() != Some(&picture) {
                outdated.push(name);
            }
        }
    }
    assert!(
        outdated.is_empty(),
        "outdated: {outdated:?}; cargo xtask screenshots draws them anew"
    );
}

/// The part of docs/tui.md that is made of the table of bindings.
fn keys() -> String {
    let mut out = String::from("| keys | where | what they do |\n|---|---|---|\n");
    for binding in BINDINGS {
        if binding.help.is_empty() {
            continue;
        }
        let keys: Vec<String> = binding.keys.iter().map(|key| format!("`{}`", key.name())).collect();
        let places: Vec<String> = binding
            .contexts
            .iter()
            .map(|place| format!("{place:?}").to_lowercase())
            .collect();
        let places = match places.len() {
            8.. => "everywhere".to_owned(),
            _ => places.join(", "),
        };
        out.push_str(&format!(
            "| {} | {places} | {} |\n",
            keys.join(" ").replace('|', "\\|"),
            binding.help
        ));
    }
    out
}

#[test]
fn the_keys_are_documented() {
    let path = root().join("docs/tui.md");
    let text = std::fs::read_to_string(&path).expect("the document is there");
    let (begin, end) = ("<!-- begin: keys -->\n", "<!-- end: keys -->\n");
    let (before, rest) = text.split_once(begin).expect("the keys have a place");
    let (old, after) = rest.split_once(end).expect("the place ends");
    if std::env::var_os("AFTERIMAGE_WRITE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{begin}{}{end}{after}", keys())).expect("it can be written");
    } else {
        assert_eq!(old, keys(), "cargo xtask screenshots writes them anew");
    }
}

#[test]
fn every_view_of_csysdig_is_in_the_document() {
    let text = std::fs::read_to_string(root().join("docs/tui.md")).expect("the document is there");
    for view in views::all() {
        assert!(text.contains(view.name), "{}: {}", view.id, view.name);
    }
}
