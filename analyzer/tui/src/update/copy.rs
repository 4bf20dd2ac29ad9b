//! What can be taken to another program.

use super::screens;
use crate::message::{Chore, Effect, Want};
use crate::shell::{quoted, quoted_file};
use crate::state::{Body, Copy, Cursor, Groups, Menu, MenuKind, NoteLine, Overlay, Position, Selection, State};
use crate::views::Of;
use afterimage_query::output::time::rfc3339;
use std::ffi::OsStr;

/// Opens the list of what can be copied.
pub(super) fn open(state: &mut State) {
    if state.trace.is_none() {
        return;
    }
    let choices = choices(state);
    let items = choices.iter().map(|(name, copy)| {
        let about = match copy {
            Copy::Text(text) => text.clone(),
            Copy::Json(_) => "the event as a JSON object".to_owned(),
        };
        ((*name).to_owned(), about)
    });
    state.overlay = Some(Overlay::Menu(Menu {
        kind: MenuKind::Copy,
        items: items.collect(),
        cursor: Cursor::default(),
    }));
    state.copies = choices.into_iter().map(|(_, copy)| copy).collect();
}

/// Copies what was chosen.
pub(super) fn chosen(state: &mut State, at: usize, effects: &mut Vec<Effect>) {
    let copies = std::mem::take(&mut state.copies);
    match copies.into_iter().nth(at) {
        Some(Copy::Text(text)) => copy(state, text, effects),
        Some(Copy::Json(position)) => effects.push(Effect::Tell {
            position,
            want: Want::Json,
        }),
        None => {}
    }
}

/// Copies a text.
pub(super) fn copy(state: &mut State, text: String, effects: &mut Vec<Effect>) {
    state.say(format!("copied {} bytes, by OSC 52", text.len()));
    effects.push(Effect::Copy(text.clone()));
    effects.push(Effect::Chore(Chore::Keep(text)));
}

/// What can be copied where the screen stands.
fn choices(state: &State) -> Vec<(&'static str, Copy)> {
    let screen = state.screen();
    let mut choices = Vec::new();
    let mut add = |name, text: Option<String>| {
        choices.extend(
            text.filter(|text| !text.is_empty())
                .map(|text| (name, Copy::Text(text))),
        );
    };
    match &screen.body {
        Body::Events(events) => {
            let selection = screen.selection.with("", events.condition);
            let row = events
                .window
                .row(events.listing.generation, events.listing.cursor.selected);
            add("Row", row.map(|row| joined(row.cells.iter().map(String::as_str))));
            add("Filter", Some(selection.filter()));
            add("Command", Some(query(state, &selection)));
            let position = events.listing.selected();
            let number = position.and_then(|position| state.trace.as_ref()?.number_of(position));
            add(
                "Command of the event",
                number.map(|number| query(state, &Selection::default().with("", format!("evt.num = {number}")))),
            );
            choices.extend(position.map(|position: Position| ("JSON", Copy::Json(position))));
        }
        Body::Groups(groups) => {
            let row = groups.selected();
            let selection = screens::drilled(state, groups).map(|(selection, _)| selection);
            add("Row", row.map(|row| joined(row.cells.iter().map(|cell| &**cell))));
            add(
                "Value",
                row.and_then(|row| row.cells.first().map(|cell| cell.to_string())),
            );
            add("Filter", selection.as_ref().map(Selection::filter));
            add(
                "Command of the row",
                selection.map(|selection| query(state, &selection)),
            );
            add("Command of the table", Some(table(state, groups)));
        }
        Body::Overview(_) | Body::Spectrum(_) => {
            let selection = screens::selected(state);
            add("Filter", selection.as_ref().map(Selection::filter));
            add("Command", selection.map(|selection| query(state, &selection)));
        }
        Body::Lines(lines) => {
            let line = lines.selected();
            add("Row", line.map(|line| joined(line.cells.iter().map(String::as_str))));
            add("Filter", line.map(|line| line.filter.clone()));
            let all = lines
                .rows
                .iter()
                .map(|line| joined(line.cells.iter().map(String::as_str)));
            add("All lines", Some(all.collect::<Vec<_>>().join("\n")));
        }
        Body::Follow(follow) => add(
            "Line",
            follow.chunks.get(follow.top.chunk).map(|chunk| chunk.heading.clone()),
        ),
        Body::Replay(replay) => add("What was typed", Some(replay.typed.clone())),
        Body::Notes(list) => {
            let at = usize::try_from(list.cursor.selected).unwrap_or(usize::MAX);
            match state.notes.lines().get(at) {
                Some(NoteLine::Mark(mark)) => {
                    add("Note", Some(mark.note.clone()));
                    add("Line", Some(mark.text.clone()));
                }
                Some(NoteLine::Alert(alert)) => add("Alert", Some(alert.text.clone())),
                None => {}
            }
        }
    }
    choices
}

fn joined<'c>(cells: impl Iterator<Item = &'c str>) -> String {
    cells.collect::<Vec<_>>().join("  ")
}

/// The command that lists these events.
fn query(state: &State, selection: &Selection) -> String {
    let mut command = format!("analyze query {}", quoted_file(state.given.as_os_str()));
    let filter = selection.filter();
    if !filter.is_empty() {
        command.push_str(&format!(" -f {}", quoted(OsStr::new(&filter))));
    }
    if let Some((from, to)) = selection.span {
        command.push_str(&format!(" --from {} --to {}", rfc3339(from), rfc3339(to)));
    }
    command
}

/// The command that puts events together as a table does.
fn table(state: &State, groups: &Groups) -> String {
    let view = groups.view;
    let mut command = query(state, &state.screen().selection.with("", view.condition));
    let keys = view.columns.iter().filter(|column| column.of == Of::Value);
    let keys: Vec<&str> = keys.map(|column| column.field).collect();
    command.push_str(&format!(" --by {}", quoted(OsStr::new(&keys.join(",")))));
    for column in view.columns.iter().filter(|column| column.when.is_empty()) {
        let option = match column.of {
            Of::Sum => "sum",
            Of::Min => "min",
            Of::Max => "max",
            Of::Distinct => "distinct",
            Of::Value | Of::Count => continue,
        };
        command.push_str(&format!(" --{option} {}", quoted(OsStr::new(column.field))));
    }
    command
}
