//! Bookmarks and notes.

use super::{overview, prompt, screens};
use crate::message::{Chore, Effect, Want};
use crate::state::Position;
use crate::state::{
    About, Body, Focus, GroupRow, Groups, Mark, NoteLine, NoteList, Overview, Place, PromptKind, Selection, State,
};

/// Sets a bookmark on what is selected, or removes it.
pub(super) fn toggle(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(mark) = selected(state) else {
        return state.complain("nothing is selected that can be marked");
    };
    if !mark.note.is_empty() {
        // A note is more work than a key press; it is not lost by one.
        return state.complain("it has a note: B changes it, b removes the mark once the note is empty");
    }
    if state.notes.remove(&mark.about) {
        state.say("bookmark removed");
        return save(state, effects);
    }
    put(state, mark, effects);
}

/// Opens the line for a note about what is selected.
pub(super) fn open_note(state: &mut State) {
    let Some(mark) = selected(state) else {
        return state.complain("nothing is selected that a note could be about");
    };
    prompt::open(state, PromptKind::Note, mark.note.clone());
    state.notes.typing = Some(mark);
}

/// Takes a note.
pub(super) fn accept(state: &mut State, note: String, effects: &mut Vec<Effect>) {
    if let Some(mark) = state.notes.typing.take() {
        put(state, Mark { note, ..mark }, effects);
    }
}

/// Marks something. What an event is called has to be read first.
fn put(state: &mut State, mark: Mark, effects: &mut Vec<Effect>) {
    if let (About::Event(number), true) = (&mark.about, mark.text.is_empty()) {
        let position = state.trace.as_ref().and_then(|trace| trace.position_of(*number));
        effects.extend(position.map(|position| Effect::Tell {
            position,
            want: Want::Mark(mark.note),
        }));
        return;
    }
    marked(state, mark, effects);
}

/// Takes a mark with all that belongs to it.
pub(super) fn marked(state: &mut State, mark: Mark, effects: &mut Vec<Effect>) {
    state.say(match mark.note.is_empty() {
        true => "bookmarked: b removes it, B adds a note, m lists all",
        false => "noted: m lists all notes",
    });
    state.notes.put(mark);
    save(state, effects);
}

/// Takes what was noted before; what was marked meanwhile is added to it.
pub(super) fn loaded(state: &mut State, marks: Vec<Mark>, effects: &mut Vec<Effect>) {
    let early = std::mem::replace(&mut state.notes.marks, marks);
    state.notes.loaded = true;
    if !early.is_empty() {
        early.into_iter().for_each(|mark| state.notes.put(mark));
        save(state, effects);
    }
}

/// Asks for all to be written, once those that were there before are among them.
fn save(state: &State, effects: &mut Vec<Effect>) {
    if let Some(trace) = state.trace.as_ref().filter(|_| state.notes.loaded) {
        let (key, marks) = (trace.key.clone(), state.notes.marks.clone());
        effects.push(Effect::Chore(Chore::SaveNotes(key, marks)));
    }
}

/// What is selected, as it is marked or would be.
fn selected(state: &State) -> Option<Mark> {
    let trace = state.trace.as_ref()?;
    let new = |about, time, text: String| Mark {
        about,
        time,
        text,
        note: String::new(),
    };
    let mark = match &state.screen().body {
        Body::Events(events) => {
            let number = trace.number_of(events.listing.selected()?)?;
            new(About::Event(number), None, String::new())
        }
        Body::Spectrum(_) => {
            let selection = screens::selected(state)?;
            new(about(&selection), time(&selection), label(state, &selection))
        }
        Body::Groups(groups) => {
            let (selection, _) = screens::drilled(state, groups)?;
            new(about(&selection), time(&selection), label(state, &selection))
        }
        Body::Overview(of) => {
            let selection = overview::selected(state)?;
            let finding = match overview::line(state, of, of.list.selected) {
                Some(overview::Line::Finding(at)) if of.focus == Focus::List => of.findings.get(at),
                _ => None,
            };
            let time = finding.map(|finding| finding.time).or(time(&selection));
            new(about(&selection), time, label(state, &selection))
        }
        Body::Replay(replay) => {
            let number = trace.number_of(replay.frame()?.position)?;
            new(About::Event(number), None, String::new())
        }
        Body::Follow(follow) => {
            let number = trace.number_of(super::follow::position(follow)?)?;
            new(About::Event(number), None, String::new())
        }
        Body::Lines(lines) => {
            let line = lines.selected()?;
            match line.position {
                Some(position) => new(About::Event(trace.number_of(position)?), None, String::new()),
                None if line.filter.is_empty() => return None,
                None => new(About::Events(line.filter.clone(), None), None, line.label.clone()),
            }
        }
        Body::Notes(list) => match line(state, list)? {
            NoteLine::Mark(mark) => return Some(mark.clone()),
            NoteLine::Alert(_) => return None,
        },
    };
    Some(state.notes.of(&mark.about).cloned().unwrap_or(mark))
}

fn about(selection: &Selection) -> About {
    About::Events(selection.filter(), selection.span)
}

fn time(selection: &Selection) -> Option<i64> {
    selection.span.map(|(from, _)| from)
}

/// What a selection is called: what stands for it among the breadcrumbs.
fn label(state: &State, selection: &Selection) -> String {
    let labels: Vec<&str> = selection.crumbs.iter().map(|crumb| crumb.label.as_str()).collect();
    let mut label = labels.join(" › ");
    if let (Some((from, to)), Some(trace)) = (selection.span, &state.trace) {
        let begin = if label.is_empty() { "" } else { ", " };
        label.push_str(&format!("{begin}{} to {}", trace.clock(from), trace.clock(to)));
    }
    label
}

/// The mark of a line of a table.
pub(crate) fn marked_row<'s>(state: &'s State, groups: &Groups, row: &GroupRow) -> Option<&'s Mark> {
    state.notes.of_selection(&screens::drilled_row(state, groups, row))
}

/// The mark of a line of the overview.
pub(crate) fn marked_line<'s>(state: &'s State, of: &Overview, line: overview::Line) -> Option<&'s Mark> {
    state.notes.of_selection(&overview::of_line(state, of, line)?)
}

/// Goes to the next marked event of the table, or to the one before.
pub(super) fn jump(state: &mut State, forwards: bool) {
    let Some(trace) = state.trace.clone() else { return };
    let marks = state.notes.marks.iter().filter_map(|mark| match mark.about {
        About::Event(number) => trace.position_of(number),
        About::Events(..) => None,
    });
    let marks: Vec<_> = marks.collect();
    let Body::Events(events) = &mut state.screen_mut().body else {
        return;
    };
    let rows = &events.listing.rows;
    let from = events.listing.cursor.selected;
    let indices = marks.into_iter().filter_map(|position| {
        let index = rows.index_of(position);
        (rows.position(index) == Some(position)).then_some(index)
    });
    let found = match forwards {
        true => indices.filter(|index| *index > from).min(),
        false => indices.filter(|index| *index < from).max(),
    };
    match found {
        Some(index) => {
            events.listing.cursor.selected = index;
            events.place = None;
        }
        None => state.complain(match forwards {
            true => "no bookmark further down in this table; m lists all",
            false => "no bookmark further up in this table; m lists all",
        }),
    }
}

/// Opens the list of alerts and notes.
pub(super) fn open_list(state: &mut State, effects: &mut Vec<Effect>) {
    if state.trace.is_some() {
        screens::push(state, Selection::default(), Body::Notes(NoteList::default()), effects);
    }
}

/// The selected line of the list.
fn line<'s>(state: &'s State, list: &NoteList) -> Option<NoteLine<'s>> {
    let at = usize::try_from(list.cursor.selected).ok()?;
    state.notes.lines().get(at).copied()
}

/// Opens the events that the selected line is about.
pub(super) fn open(state: &mut State, effects: &mut Vec<Effect>) {
    let (Body::Notes(list), Some(trace)) = (&state.screen().body, &state.trace) else {
        return;
    };
    let Some(line) = line(state, list) else { return };
    let mut selection = Selection::default();
    let place = match line {
        NoteLine::Mark(mark) => match &mark.about {
            About::Event(number) => match trace.position_of(*number) {
                Some(position) => Some(Place::On(position)),
                None => return state.complain("the trace has no such event"),
            },
            About::Events(filter, span) => {
                // What stands in a file may be anything.
                if !filter.is_empty()
                    && let Err(error) = afterimage_query::Filter::compile(filter, &trace.settings)
                {
                    return state.complain(format!("the filter of this mark is wrong: {}", error.message));
                }
                selection = selection.with(&mark.text, filter);
                selection.span = *span;
                mark.time.map(Place::Time)
            }
        },
        NoteLine::Alert(alert) => match alert.time {
            Some(time) => Some(Place::Time(time)),
            None => return state.complain("this alert does not say when it was"),
        },
    };
    screens::push_events(state, selection, place, effects);
}

/// When what is selected in the list happened, if that is known.
pub(super) fn time_of(state: &State, list: &NoteList) -> Option<i64> {
    match line(state, list)? {
        NoteLine::Mark(mark) => mark.time,
        NoteLine::Alert(alert) => alert.time,
    }
}

/// The event that is selected in the list, if it is one.
pub(super) fn position_of(state: &State, list: &NoteList) -> Option<Position> {
    match line(state, list)? {
        NoteLine::Mark(Mark {
            about: About::Event(number),
            ..
        }) => state.trace.as_ref()?.position_of(*number),
        _ => None,
    }
}
