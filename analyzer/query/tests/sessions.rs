//! Terminal sessions: one for each terminal, whichever sides were recorded, and what a replay shows.

mod incident;

use afterimage_format::file::Trace;
use afterimage_query::TraceContext;
use afterimage_query::check::TimeZone;
use afterimage_query::sessions::{Session, Side, frames, sessions};
use incident::{Recorded, Recorder};
use std::ops::ControlFlow;

const BOTH: i64 = 2;

fn found(recorded: &Recorded) -> (Trace, TraceContext, Vec<Session>) {
    let trace = Trace::open(&recorded.path).expect("the trace opens");
    let context = TraceContext::new(&trace, TimeZone::Utc);
    let all = sessions(&trace, &context, &|| false).expect("not cancelled");
    assert!(all.damage.is_empty() && all.left_out == 0);
    assert!(sessions(&trace, &context, &|| true).is_none());
    (trace, context, all.list)
}

/// What is shown, and what was typed.
fn replayed((trace, context, list): &(Trace, TraceContext, Vec<Session>), at: usize) -> (String, String) {
    let (mut shown, mut typed) = (Vec::new(), Vec::new());
    let mut last = 0;
    let outcome = frames(trace, context, &list[at], &|| false, |frame| {
        assert!(frame.number > last && frame.lacks == 0);
        last = frame.number;
        if frame.typed { &mut typed } else { &mut shown }.extend(frame.data);
        ControlFlow::Continue(())
    });
    assert!(outcome.matched > 0);
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (text(shown), text(typed))
}

fn web() -> Recorder {
    let mut r = Recorder::new();
    r.container(5, "web").at(1).attach(1001, "sshd", 5);
    r
}

#[test]
fn a_terminal_of_a_container_is_a_session() {
    let mut r = web();
    r.at(2)
        .open(1001, 0, "/dev/pts/0", BOTH)
        .dup(1001, 0, 1)
        .exec(1001, "/bin/sh", &["sh"]);
    r.at(3).write(1001, 1, "$ ").at(4).read(1001, 0, "id\n").segment();
    r.at(5)
        .fork(1001, 1002)
        .exec(1002, "/bin/id", &["id"])
        .write(1002, 1, "uid=0\n")
        .at(6)
        .exit(1002, 0);
    r.at(7).write(1001, 1, "$ ");
    let all = found(&r.seal());
    let [session] = &all.2[..] else { panic!("{:?}", all.2) };
    assert_eq!(
        (session.tty.as_slice(), session.side),
        (&b"/dev/pts/0"[..], Side::Slave)
    );
    assert_eq!((session.bytes_out, session.bytes_in, session.container), (10, 3, 5));
    assert!(session.complete);
    let names: Vec<_> = session
        .processes
        .iter()
        .map(|member| (member.pid, member.name.as_slice()))
        .collect();
    assert_eq!(names, [(1001, &b"sh"[..]), (1002, b"id")]);
    assert_eq!(replayed(&all, 0), ("$ uid=0\r\n$ ".into(), "id\n".into()));
}

#[test]
fn what_both_sides_have_is_shown_once() {
    let mut r = web();
    r.at(2).open(1001, 8, "/dev/ptmx", BOTH).fork(1001, 1002);
    r.at(3).open(1002, 0, "/dev/pts/3", BOTH).exec(1002, "/bin/sh", &["sh"]);
    r.at(4).write(1002, 0, "$ ").at(5).read(1001, 8, "$ ");
    r.at(6)
        .write(1001, 8, "id\r")
        .at(7)
        .read(1001, 8, "id\r\n")
        .at(8)
        .read(1002, 0, "id\n");
    r.at(9).write(1002, 0, "uid=0\n").at(10).read(1001, 8, "uid=0\r\n");
    let all = found(&r.seal());
    let [session] = &all.2[..] else { panic!("{:?}", all.2) };
    assert_eq!(
        (session.tty.as_slice(), session.side),
        (&b"/dev/pts/3"[..], Side::Master)
    );
    assert_eq!(session.processes.len(), 2);
    assert_eq!(replayed(&all, 0), ("$ id\r\nuid=0\r\n".into(), "id\r".into()));
}

#[test]
fn a_master_whose_number_is_used_again_is_another_session() {
    let mut r = web();
    r.at(2)
        .open(1001, 8, "/dev/ptmx", BOTH)
        .read(1001, 8, "one")
        .close(1001, 8)
        .segment();
    r.at(3).open(1001, 8, "/dev/ptmx", BOTH).read(1001, 8, "two");
    r.at(4).open(1001, 9, "/dev/null", BOTH).write(1001, 9, "x");
    let all = found(&r.seal());
    assert_eq!(all.2.len(), 2);
    assert_eq!((replayed(&all, 0).0, replayed(&all, 1).0), ("one".into(), "two".into()));
}

#[test]
fn losses_leave_a_session_incomplete() {
    let mut r = web();
    r.at(2)
        .open(1001, 0, "/dev/pts/0", BOTH)
        .write(1001, 0, "a")
        .lost(3, 3, 4)
        .at(5)
        .write(1001, 0, "b");
    let all = found(&r.seal());
    assert!(!all.2[0].complete);
}
