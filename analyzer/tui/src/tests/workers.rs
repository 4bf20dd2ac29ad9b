//! Reading and scanning, on good traces and on damaged ones.

use super::harness::{Ui, trace};
use super::sample;
use crate::message::Message;
use crate::state::{Position, RowSet};
use crate::worker::{Opened, Reader, Request, Workers, scan};
use afterimage_format::file::OpenOptions;
use afterimage_query::check::TimeZone;
use std::cell::Cell;
use std::sync::mpsc::channel;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// The rows that a scan finds, and its messages; `stop` is asked before each piece.
fn found(opened: &Opened, filter: &str, stop: impl Fn() -> bool) -> (RowSet, Vec<Message>) {
    let mut messages = Vec::new();
    scan(opened, 1, filter, &stop, &mut |message| messages.push(message));
    let mut rows = RowSet::default();
    for message in &messages {
        if let Message::Found { part: Some(part), .. } = message {
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
fn a_scan_tells_how_far_it_is_and_stops_when_it_is_told() {
    let opened = trace(|path| sample::long(path, 2, 10_000));
    let (_, messages) = found(&opened, "evt.type = none", || false);
    let progress: Vec<(u64, bool)> = messages
        .iter()
        .map(|message| match message {
            Message::Found { read, done, .. } => (*read, *done),
            _ => (0, false),
        })
        .collect();
    assert!(progress.is_sorted(), "{progress:?}");
    assert!(progress.len() > 4, "more than one message a segment: {progress:?}");
    assert_eq!(progress.last(), Some(&(20_000, true)));

    let asked = Cell::new(0);
    let (_, messages) = found(&opened, "evt.type = none", || asked.replace(asked.get() + 1) >= 3);
    assert_eq!(messages.len(), 2, "{messages:?}");
}

#[test]
fn a_reader_keeps_a_few_segments() {
    let opened = trace(|path| sample::long(path, 10, 10));
    let mut reader = Reader::new(&opened);
    let positions: Vec<Position> = [0, 1, 2, 0, 3, 4, 0]
        .map(|segment| Position { segment, row: 9 })
        .to_vec();
    let Message::Rows { rows, damage, .. } = reader.rows(0, 0, &positions) else {
        panic!("rows are answered with rows");
    };
    let nums: Vec<&str> = rows.iter().map(|row| row.num.as_str()).collect();
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
        let mut ui = Ui::new(&opened, 120, 40);
        ui.press(&["Enter", "End", "Up", "Up"]);
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
                ui.press(&["End", "Enter", "c"]);
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
    let workers = Workers::start(&path, &OpenOptions::default(), TimeZone::Utc, move |answer| {
        let _ = sender.send(answer);
    })
    .expect("threads");
    let next = || answers.recv_timeout(PATIENCE).expect("an answer").expect("no error");
    assert!(matches!(next(), Message::Opened(info) if info.rows.len() == 30_000));
    let position = Position { segment: 2, row: 0 };
    workers.read(Request::Rows(7, 20_000, vec![position]));
    assert!(matches!(next(), Message::Rows { generation: 7, rows, .. } if rows[0].num == "20001"));
    workers.read(Request::Detail(position));
    assert!(matches!(next(), Message::Detail { detail, .. } if detail.title == "event 20001 < openat"));
    workers.scan(8, "evt.type = read".into());
    workers.scan(9, "evt.num = 30000".into());
    // Whatever the first scan came to, the second one comes to its end.
    let ended = |message| {
        matches!(
            message,
            Message::Found {
                generation: 9,
                done: true,
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
    let _workers = Workers::start(&path, &OpenOptions::default(), TimeZone::Utc, move |answer| {
        let _ = sender.send(answer);
    });
    let error = answers
        .recv_timeout(PATIENCE)
        .expect("an answer")
        .map(|_| ())
        .expect_err("no trace");
    assert!(error.to_string().contains("not an Afterimage trace"), "{error}");
}
