//! The story for scripts: one object a line, in the order of time.

use crate::json::{text, write_line};
use crate::output::rfc3339;
use afterimage_format::constants::{errno_name, signal_name};
use afterimage_format::model::Container;
use afterimage_query::check::TimeZone;
use afterimage_query::reconstruct::{Entry, FileOp, Note, Phrases, ProcessId, Story, Target, What, Who};
use serde::Serialize;
use std::io::{self, Write};

#[derive(Serialize, Default)]
struct Line {
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    container_id: Option<String>,
    container_name: Option<String>,
    process: Option<String>,
    pid: Option<u32>,
    vpid: Option<u32>,
    uid: Option<u32>,
    parent: Option<String>,
    ppid: Option<u32>,
    /// The parent's parent and so on: what stands above the process in the trace.
    ancestors: Vec<Named>,
    depth: usize,
    verb: &'static str,
    object: String,
    notable: bool,
    events: u64,
    #[serde(flatten)]
    details: Details,
    notes: Vec<NoteObject>,
}

/// What only some lines have.
#[derive(Serialize, Default)]
struct Details {
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    argv: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    local: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    received: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_pid: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lost: Option<u64>,
}

#[derive(Serialize)]
struct Named {
    pid: u32,
    process: String,
}

#[derive(Serialize)]
struct NoteObject {
    kind: &'static str,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    process: Option<String>,
}

pub(super) fn write(out: &mut impl Write, story: &Story) -> io::Result<()> {
    let phrases = Phrases {
        story,
        zone: TimeZone::Utc,
    };
    let mut lines: Vec<(u64, Line)> = Vec::new();
    for chapter in &story.chapters {
        let container = chapter.container.as_ref();
        lines.extend(
            chapter
                .entries
                .iter()
                .map(|entry| (entry.time, line(&phrases, entry, container))),
        );
    }
    lines.extend(story.losses.iter().map(|loss| {
        let object = format!("{} events lost: {}", loss.events, loss.cause.name());
        let details = Details {
            lost: Some(loss.events),
            ..Details::default()
        };
        let (time, until) = (rfc3339(loss.from), rfc3339(loss.to));
        (
            loss.from,
            Line {
                time,
                until,
                verb: "lost",
                object,
                notable: true,
                details,
                ..Line::default()
            },
        )
    }));
    lines.sort_by_key(|(time, _)| *time);
    lines.iter().try_for_each(|(_, line)| write_line(out, line))
}

fn line(phrases: &Phrases<'_>, entry: &Entry, container: Option<&Container>) -> Line {
    let story = phrases.story;
    let who = entry.who.as_ref();
    let process = who.map(|who| story.process(who.process));
    let known = |id: u32| (id != 0).then_some(id);
    let notes = phrases.notes(entry);
    // The words for the user stand before those of the notes.
    let words = notes.iter().skip(notes.len().saturating_sub(shown(entry).count()));
    Line {
        time: rfc3339(entry.time),
        until: rfc3339(entry.until).filter(|_| entry.until > entry.time),
        container_id: Some(container.map_or("host", |container| container.short_id()).to_string()),
        container_name: container.and_then(|container| container.name.clone()),
        process: who.map(|who| text(&who.name)),
        pid: process.map(|process| process.pid),
        vpid: process.and_then(|process| known(process.vpid)),
        uid: Some(entry.uid).filter(|uid| *uid != u32::MAX),
        parent: process
            .filter(|process| !process.parent_name.is_empty())
            .map(|process| text(&process.parent_name)),
        ppid: process.and_then(|process| known(process.ppid)),
        ancestors: who.map(|who| ancestors(story, who.process)).unwrap_or_default(),
        depth: process.map_or(0, |process| process.depth),
        verb: phrases.verb(entry),
        object: phrases.object(entry),
        notable: entry.notable,
        events: entry.events,
        details: details(story, entry),
        notes: shown(entry)
            .zip(words)
            .map(|(note, words)| note_object(story, note, words))
            .collect(),
    }
}

/// The notes that [`Phrases::notes`] has words for, in the same order.
fn shown(entry: &Entry) -> impl Iterator<Item = &Note> {
    let told = matches!(entry.what, What::Ended);
    entry
        .notes
        .iter()
        .filter(move |note| !told || !matches!(note, Note::Ended(..)))
}

fn ancestors(story: &Story, id: ProcessId) -> Vec<Named> {
    let named = |id: ProcessId| Named {
        pid: story.process(id).pid,
        process: text(&story.process(id).name),
    };
    story.ancestors(id).take(64).map(named).collect()
}

fn details(story: &Story, entry: &Entry) -> Details {
    let named = |error: i64| {
        error
            .checked_neg()
            .and_then(errno_name)
            .map_or_else(|| error.to_string(), str::to_string)
    };
    let mut out = Details {
        error: entry.error.map(named),
        ..Details::default()
    };
    for note in &entry.notes {
        if let Note::Ended(end, _) = note {
            out.exit_code = end.code();
            out.signal = end
                .signal()
                .map(|signal| signal_name(signal).unwrap_or_else(|| signal.to_string()));
            out.ended = rfc3339(end.time);
        }
    }
    let some = |bytes: &[u8]| (!bytes.is_empty()).then(|| text(bytes));
    match &entry.what {
        What::Executed(program) => {
            out.path = some(&program.path);
            out.argv = Some(program.argv.iter().map(|arg| text(arg)).collect());
        }
        What::File(file) => {
            (out.path, out.to) = (some(&file.path), some(&file.to));
            match file.op {
                FileOp::Read | FileOp::Write { .. } => out.bytes = Some(file.bytes),
                FileOp::Mode(mode) => out.mode = Some(format!("{mode:04o}")),
                _ => {}
            }
        }
        What::Net(net) => {
            out.path = some(&net.path);
            out.local = net.local.map(|end| end.to_string());
            out.remote = net.remote.map(|end| end.to_string());
            (out.sent, out.received, out.count) = (Some(net.sent), Some(net.received), Some(net.count));
        }
        What::Signal { signal, target } => {
            out.signal = Some(signal_name(*signal).unwrap_or_else(|| signal.to_string()));
            out.target_pid = Some(pid(story, target));
        }
        What::Trace { target, .. } => out.target_pid = Some(pid(story, target)),
        What::Mount { source, target, .. } => (out.path, out.to) = (some(source), some(target)),
        What::More {
            count,
            read,
            written,
            below,
            ..
        } => {
            (out.count, out.received, out.sent) = (Some(*count), Some(*read), Some(*written));
            out.path = some(below);
        }
        _ => {}
    }
    out
}

fn pid(story: &Story, target: &Target) -> i64 {
    match target {
        Target::Known(who) => i64::from(story.process(who.process).pid),
        Target::Number(pid) => *pid,
    }
}

fn note_object(story: &Story, note: &Note, words: &str) -> NoteObject {
    let (kind, who, time): (&'static str, Option<&Who>, Option<u64>) = match note {
        Note::Ended(end, _) => ("ended", None, Some(end.time)),
        Note::WrittenBy(who, time, _) => ("written_by", Some(who), Some(*time)),
        Note::MadeExecutable(who, time) => ("made_executable_by", Some(who), Some(*time)),
        Note::ExecutedBy(who, time) => ("executed_by", Some(who), Some(*time)),
        Note::DeletedBy(who, time) => ("deleted_by", Some(who), Some(*time)),
        Note::RenamedFrom(_, time) => ("renamed_from", None, Some(*time)),
        Note::RenamedTo(_, time) => ("renamed_to", None, Some(*time)),
        Note::After(_) => ("after", None, None),
        Note::Sensitive(_) => ("sensitive", None, None),
        Note::NewOrEmptied => ("new_or_emptied", None, None),
        Note::Appended => ("appended", None, None),
        Note::UsedBy(_) => ("used_by", None, None),
        Note::FirstLine { .. } => ("first_line", None, None),
        Note::LookedUp(_) => ("looked_up", None, None),
        Note::BecameUser(..) => ("became_user", None, None),
        Note::Entered => ("entered", None, None),
        Note::AskedBy(by) => ("asked_by", None, Some(by.time).filter(|time| *time != 0)),
        Note::Repeated(_, time) => ("repeated", None, Some(*time)),
    };
    NoteObject {
        kind,
        text: words.to_string(),
        time: time.and_then(rfc3339),
        pid: who.map(|who| story.process(who.process).pid),
        process: who.map(|who| text(&who.name)),
    }
}
