//! Reading and scanning, on good traces and on damaged ones.

use super::harness::{Ui, trace};
use super::sample;
use crate::message::{Answer, Job, Message};
use crate::state::{Position, RowSet};
use crate::views;
use crate::worker::{Opened, Places, Reader, Request, Task, Workers, perform};
use afterimage_format::file::OpenOptions;
use afterimage_query::check::TimeZone;
use std::cell::Cell;
use std::sync::mpsc::channel;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

fn task(generation: u64, filter: &str) -> Task {
    Task {
        generation,
        filter: filter.into(),
        span: None,
        job: Job::Events,
    }
}

/// The rows that a job finds, and its messages; `stop` is asked before each piece.
fn found(opened: &Opened, filter: &str, stop: impl Fn() -> bool) -> (RowSet, Vec<Message>) {
    let mut messages = Vec::new();
    perform(opened, &task(1, filter), &stop, &mut |message| messages.push(message));
    let mut rows = RowSet::default();
    for message in &messages {
        if let Message::Job {
            answer: Answer::Events(part),
            ..
        } = message
        {
            rows.push(part.clone());
        }
    }
    (rows, messages)
}

#[test]
fn a_scan_finds_what_passes_wherever_it_is() {
    let opened = trace(|path| sample::long(path, 3, 10_000));
    for (filter, count, first, last) in [
        ("evt.type = read", 3000, (0, 9), (2, 9999)),
        ("evt.type = openat", 27_000, (0, 0), (2, 9998)),
        ("evt.num > 0", 30_000, (0, 0), (2, 9999)),
        ("evt.num in (1, 15000, 30000)", 3, (0, 0), (2, 9999)),
    ] {
        let (rows, _) = found(&opened, filter, || false);
        assert_eq!(rows.len(), count, "{filter}");
        let place = |index| rows.position(index).map(|at| (at.segment, at.row));
        assert_eq!((place(0), place(count - 1)), (Some(first), Some(last)), "{filter}");
    }
}

#[test]
fn a_job_tells_how_far_it_is_and_stops_when_it_is_told() {
    let opened = trace(|path| sample::long(path, 4, 10_000));
    let (_, messages) = found(&opened, "evt.num > 0", || false);
    let progress: Vec<(u64, bool)> = messages
        .iter()
        .map(|message| match message {
            Message::Job { done, ended, .. } => (done.0, *ended),
            _ => (0, false),
        })
        .collect();
    assert!(progress.is_sorted(), "{progress:?}");
    assert_eq!(progress.len(), 5, "one message a segment, and the end: {progress:?}");
    assert_eq!(progress.last(), Some(&(4, true)));

    let asked = Cell::new(0);
    let (_, messages) = found(&opened, "evt.num > 0", || asked.replace(asked.get() + 1) >= 1);
    assert_eq!(messages.len(), 2, "{messages:?}");
}

#[test]
fn every_view_can_be_read() {
    let opened = trace(sample::story);
    for view in views::all().filter(|view| !view.lists_events()) {
        let task = Task {
            job: Job::Groups(view),
            ..task(1, view.condition)
        };
        let mut last = None;
        perform(&opened, &task, &|| false, &mut |message| last = Some(message));
        let Some(Message::Job {
            answer: Answer::Groups(rows, 0),
            damage: None,
            ended: true,
            ..
        }) = last
        else {
            panic!("{}: {last:?}", view.id);
        };
        for row in rows.iter() {
            assert_eq!(
                (row.cells.len(), row.numbers.len()),
                (view.columns.len(), view.columns.len())
            );
            // What a row stands for is found again by its filter: as many events as it counts.
            let filter = match view.condition {
                "" => row.filter.to_string(),
                condition => format!("({condition}) and ({})", row.filter),
            };
            let (found, _) = found(&opened, &filter, || false);
            assert!(found.len() > 0, "{}: {filter}", view.id);
        }
    }
}

#[test]
fn a_reader_keeps_a_few_segments() {
    let opened = trace(|path| sample::long(path, 10, 10));
    let mut reader = Reader::new(&opened);
    let positions: Vec<Position> = [0, 1, 2, 0, 3, 4, 0]
        .map(|segment| Position { segment, row: 9 })
        .to_vec();
    let Message::Rows { rows, damage, .. } = reader.rows(0, 0, &positions, views::NARROW_COLUMNS) else {
        panic!("rows are answered with rows");
    };
    let nums: Vec<&str> = rows.iter().map(|row| row.cells[0].as_str()).collect();
    assert_eq!(nums, ["10", "20", "30", "10", "40", "50", "10"]);
    assert_eq!((reader.kept(), damage), (vec![2, 3, 4, 0], None));
}

#[test]
fn what_cannot_be_read_is_said_beside_the_rows_that_can() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sample.scap");
    sample::story(&path);
    let whole = std::fs::read(&path).expect("the sample can be read");
    let second = {
        let trace = afterimage_format::file::Trace::open(&path).expect("the sample opens");
        trace.entry(1).expect("it has a second segment")
    };
    let altered = folder.path().join("altered.scap");
    for at in (second.offset..second.offset + second.length).map(|at| at as usize) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        std::fs::write(&altered, &bytes).expect("the copy can be written");
        let opened = Opened::open(&altered, &OpenOptions::default(), TimeZone::Utc)
            .expect("damage in a segment does not keep it from opening");
        let mut ui = Ui::new(&opened, 160, 40);
        ui.press(&["E", "Enter", "End", "Up", "Up"]);
        let screen = ui.screen();
        for name in ["../etc/shad", "/usr/bin/id", "/etc/crontab"] {
            assert!(screen.contains(name), "byte {at}: {name}\n{screen}");
        }
        let whole = screen.contains("/var/データ") && screen.contains("size=10") && screen.contains("データベース");
        assert!(whole || screen.contains("DAMAGED"), "byte {at}\n{screen}");
    }
}

#[test]
fn a_torn_trace_is_said_to_be_not_sealed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sample.scap");
    sample::story(&path);
    let whole = std::fs::read(&path).expect("the sample can be read");
    for cut in [whole.len() - 1, whole.len() / 2] {
        std::fs::write(&path, &whole[..cut]).expect("the copy can be written");
        match Opened::open(&path, &OpenOptions::default(), TimeZone::Utc) {
            Ok(opened) => {
                let mut ui = Ui::new(&opened, 80, 24);
                ui.press(&["E", "End", "Enter", "F2", "Enter"]);
                assert!(ui.line(0).contains("not sealed"), "{}", ui.line(0));
            }
            Err(error) => panic!("cut at {cut}: {error}"),
        }
    }
}

#[test]
fn workers_answer_and_stop() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sample.scap");
    sample::long(&path, 3, 10_000);
    let (sender, answers) = channel();
    let workers = Workers::start(
        &path,
        &path,
        &OpenOptions::default(),
        TimeZone::Utc,
        Places::default(),
        move |answer| {
            let _ = sender.send(answer);
        },
    )
    .expect("threads");
    let next = || answers.recv_timeout(PATIENCE).expect("an answer").expect("no error");
    assert!(matches!(next(), Message::Opened(info) if info.rows.len() == 30_000));
    let position = Position { segment: 2, row: 0 };
    workers.read(Request::Rows(7, 20_000, vec![position], views::NARROW_COLUMNS.to_vec()));
    assert!(matches!(next(), Message::Rows { generation: 7, rows, .. } if rows[0].cells[0] == "20001"));
    workers.read(Request::Detail(position));
    assert!(matches!(next(), Message::Detail { detail, .. } if detail.title == "event 20001 < openat"));
    workers.begin(task(8, "evt.type = read"));
    workers.begin(task(9, "evt.num = 30000"));
    // Whatever the first job came to, the second one comes to its end.
    let ended = |message| {
        matches!(
            message,
            Message::Job {
                generation: 9,
                ended: true,
                ..
            }
        )
    };
    while !ended(next()) {}
    drop(workers);
    assert!(answers.recv_timeout(PATIENCE).is_err(), "the threads are gone");
}

#[test]
fn a_file_that_is_no_trace_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("text");
    std::fs::write(&path, "hello").expect("a file");
    let (sender, answers) = channel();
    let _workers = Workers::start(
        &path,
        &path,
        &OpenOptions::default(),
        TimeZone::Utc,
        Places::default(),
        move |answer| {
            let _ = sender.send(answer);
        },
    );
    let error = answers
        .recv_timeout(PATIENCE)
        .expect("an answer")
        .map(|_| ())
        .expect_err("no trace");
    assert!(error.to_string().contains("not an Afterimage trace"), "{error}");
}
