//! As many come back as were done.

mod support;

use afterimage_format::file::Trace;
use support::{Bundle, Recording, can_run_containers, count, lost};

/// The recorder is stopped while a container does more than the rings hold: what is missing is counted.
#[test]
fn what_a_starved_recorder_misses_is_counted() {
    if !can_run_containers("what_a_starved_recorder_misses_is_counted") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let id = format!("afterimage-starved-{}", std::process::id());
    // 120,000 opens and closes of some 100 bytes each are more than one ring of 4 MiB.
    let work = [
        "/usr/bin/taskset",
        "-c",
        "0",
        "/workload",
        "count",
        "/data",
        "60000",
        "0",
        "0",
    ];
    let bundle = Bundle::new(dir.path(), &id, &work);
    let path = dir.path().join("t.scap");
    let recording = Recording::start(dir.path(), &path, &["--container", &id]);
    recording.signal(libc::SIGSTOP);
    assert!(bundle.run(&id).status.success());
    recording.signal(libc::SIGCONT);
    let sealed = recording.seal();
    assert_eq!(sealed.status.code(), Some(3), "{sealed:?}");

    let trace = Trace::open(&path).unwrap();
    let lost = lost(&trace);
    let opens = count(
        &trace,
        "evt.type=openat and fd.name startswith /data/opened- and evt.rawres >= 0",
    );
    assert!(
        opens < 60_000 && lost > 0,
        "{opens} opens, {lost} lost: nothing was missed"
    );
    assert!(opens as u64 + lost >= 60_000, "{opens} opens and only {lost} lost");
}

#[test]
fn ten_thousand_opens_a_thousand_connects_five_hundred_execs() {
    count_all("ten_thousand_opens_a_thousand_connects_five_hundred_execs", "ring");
}

#[test]
fn ten_thousand_opens_a_thousand_connects_five_hundred_execs_with_ring_buffers() {
    count_all(
        "ten_thousand_opens_a_thousand_connects_five_hundred_execs_with_ring_buffers",
        "ringbuf",
    );
}

fn count_all(name: &str, transport: &str) {
    if !can_run_containers(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let id = format!("afterimage-count-{transport}-{}", std::process::id());
    let bundle = Bundle::new(
        dir.path(),
        &id,
        &["/workload", "count", "/data", "10000", "1000", "500"],
    );
    let path = dir.path().join("t.scap");
    let recording = Recording::start(dir.path(), &path, &["--container", &id, "--transport", transport]);
    let container = bundle.run(&id);
    assert!(container.status.success(), "{container:?}");
    let sealed = recording.seal();

    let trace = Trace::open(&path).unwrap();
    let lost = lost(&trace) as usize;
    assert_eq!(sealed.status.code(), Some(if lost == 0 { 0 } else { 3 }), "{sealed:?}");
    let check = |what: &str, filter: &str, expected: usize| {
        let found = count(&trace, filter);
        assert!(
            found == expected || found < expected && found + lost >= expected,
            "{what}: {found} of {expected}, {lost} lost in all"
        );
    };
    check(
        "opens",
        "evt.type=openat and fd.name startswith /data/opened- and evt.rawres >= 0",
        10_000,
    );
    check(
        "connects",
        "evt.type=connect and evt.rawres = 0 and fd.name startswith 127.0.0.1:",
        1000,
    );
    check("accepts", "evt.type in (accept, accept4) and evt.rawres >= 0", 1000);
    check(
        "execs",
        "evt.type=execve and evt.dir=< and evt.rawres=0 and proc.cmdline contains nothing",
        500,
    );
    check("exits", "evt.type=procexit and proc.cmdline contains nothing", 500);
    // Distinct names, not one name many times.
    let mut names = support::select(&trace, "evt.type=openat and fd.name startswith /data/opened-", |row| {
        row.descriptor().unwrap().name.clone()
    });
    names.sort();
    names.dedup();
    assert!(names.len() == 10_000 || lost > 0, "{} distinct names", names.len());
    // Every event is the container's, and the container has them all.
    let events: u64 = trace.totals().events;
    let containers = trace.containers();
    assert_eq!(containers.len(), 1, "{containers:?}");
    assert_eq!(
        (containers[0].full_id.as_str(), containers[0].events),
        (id.as_str(), events)
    );
    assert!(containers[0].birth > 0 && containers[0].death > containers[0].birth);
}
