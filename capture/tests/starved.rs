//! Seen = written + counted, exactly, by the kernel's own count.

mod support;

use afterimage_format::file::Trace;
use afterimage_format::model::LossCause;
use std::process::Command;
use support::{can_record, lost, select, workload};

#[test]
fn what_was_done_is_what_was_written_and_what_was_counted() {
    starve("what_was_done_is_what_was_written_and_what_was_counted", "ring");
}

#[test]
fn what_was_done_is_what_was_written_and_what_was_counted_with_ring_buffers() {
    starve(
        "what_was_done_is_what_was_written_and_what_was_counted_with_ring_buffers",
        "ringbuf",
    );
}

/// Makes more calls on every CPU than the rings hold while the recorder is stopped.
fn starve(name: &str, transport: &str) {
    if !can_record(name) {
        return;
    }
    if !std::path::Path::new("/sys/kernel/tracing/events/raw_syscalls").exists() {
        let mounted = Command::new("mount")
            .args(["-t", "tracefs", "tracefs", "/sys/kernel/tracing"])
            .status();
        if !mounted.is_ok_and(|status| status.success()) {
            support::skip(name, "tracefs is not mounted, and cannot be");
            return;
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let output = support::capture()
        .args(["record", "--profile", "full", "--transport", transport, "-o"])
        .arg(&path)
        .arg("--")
        .arg(workload().with_file_name("starve"))
        .arg("300000")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let done: u64 = text.trim().strip_prefix("calls ").unwrap().parse().unwrap();

    let trace = Trace::open(&path).unwrap();
    let number = |filter: &str| {
        let found = select(&trace, filter, |row| row.num());
        assert_eq!(found.len(), 1, "{filter}");
        found[0]
    };
    // The counter runs from the end of this ioctl to the beginning of that read.
    let first = number("evt.type=ioctl and evt.args contains PERF_EVENT_IOC_ENABLE");
    let last = number("evt.type=read and evt.rawres=8");
    let written = select(&trace, "evt.type != procexit", |row| row.num());
    let written = written.into_iter().filter(|num| (first..last).contains(num)).count() as u64;
    let lost = lost(&trace);
    assert!(
        lost > 100_000,
        "the rings held nearly everything: {lost} of {done} lost"
    );
    assert_eq!(written + lost, done, "{written} written, {lost} counted");

    // Told by cause, CPU and time: within the time when the recorder was stopped and had not caught up.
    for segment in 0..trace.segment_count() {
        let segment = trace.segment(segment).unwrap();
        for loss in segment.losses().unwrap() {
            assert_eq!(loss.cause, LossCause::RingFull);
            assert!(loss.cpu.is_some() && loss.from < loss.to && loss.to - loss.from < 60_000_000_000);
        }
    }
}

/// `--latency` measures what a call took, and nothing is measured without it.
#[test]
fn calls_are_measured_where_it_is_asked_for() {
    if !can_record("calls_are_measured_where_it_is_asked_for") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let record = |name: &str, args: &[&str]| {
        let path = dir.path().join(name);
        let output = support::capture()
            .args(["record", "--profile", "full"])
            .args(args)
            .arg("-o")
            .arg(&path)
            .args(["--", "sleep", "0.3"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        Trace::open(&path).unwrap()
    };
    let measured = record("measured.scap", &["--latency"]);
    let slow = select(&measured, "evt.latency > 100ms", |row| {
        (row.kind().unwrap().name.clone(), row.duration().unwrap() / 100_000_000)
    });
    assert_eq!(slow, [("clock_nanosleep".to_owned(), 3)]);
    assert!(support::count(&measured, "evt.latency > 0 and evt.latency < 10ms") > 20);
    let plain = record("plain.scap", &[]);
    assert_eq!(support::count(&plain, "evt.latency >= 0"), 0);
}
