//! Filters, times and limits on a trace; skipped segments; damage.

mod sample;

use afterimage_format::file::Trace;
use afterimage_query::check::TimeZone;
use afterimage_query::{EventRow, Filter, Found, Query, TraceContext, scan, scan_several};
use std::ops::ControlFlow;

/// The numbers of the events that pass, and how many of the three segments were read for it.
fn run(trace: &Trace, filter: &str) -> (Vec<u64>, usize) {
    let context = TraceContext::new(trace, TimeZone::Utc);
    let compiled =
        Filter::compile(filter, &context.settings()).unwrap_or_else(|error| panic!("{}", error.render(filter)));
    let mut nums = Vec::new();
    let query = Query {
        filter: Some(&compiled),
        ..Query::default()
    };
    let outcome = scan(trace, &context, &query, |row| {
        nums.push(row.num());
        ControlFlow::Continue(())
    });
    assert_eq!(outcome.matched, nums.len() as u64);
    assert_eq!(outcome.segments_read + outcome.segments_skipped, 3);
    let lost: u64 = outcome.losses.iter().map(|loss| loss.events).sum();
    assert_eq!(lost, 7, "losses count even where the segment was skipped");
    (nums, outcome.segments_read)
}

#[test]
fn filters_find_events_and_skip_segments() {
    let (_folder, trace) = sample::open();
    for (filter, nums, read) in [
        ("evt.type = openat", &[1, 3][..], 1),
        ("evt.type in (execve, procexit)", &[5, 7], 2),
        ("evt.type != openat", &[2, 4, 5, 6, 7], 3),
        ("not evt.type = procexit", &[1, 2, 3, 4, 5, 6], 2),
        ("syscall.type exists", &[1, 2, 3, 4, 5, 6], 3),
        ("container.id = host", &[7], 1),
        ("container.id != host", &[1, 2, 3, 4, 5, 6], 2),
        ("container.name = web and evt.failed = true", &[3, 4], 2),
        ("container.name = other", &[], 0),
        ("k8s.pod.name startswith web-", &[1, 2, 3, 4, 5, 6], 2),
        ("evt.num = 5", &[5], 1),
        ("evt.num in (1, 7)", &[1, 7], 2),
        ("evt.time >= '2026-11-21 10:00:05'", &[6, 7], 2),
        ("evt.time >= -1s", &[6, 7], 2),
        ("evt.rawtime < 1795255201000000000", &[1], 1),
        ("proc.aname = httpd", &[1, 2, 3, 4, 5, 6], 3),
        ("proc.name = id or evt.type = connect", &[4, 5, 6], 3),
        ("fd.ip = 203.0.113.0/24 and fd.port = 4444", &[4], 3),
        ("fd.rip != 203.0.113.9", &[], 3),
        ("evt.buffer contains root", &[2], 3),
        ("evt.arg.name endswith \"\\xff\"", &[3], 3),
        ("proc.name = val(proc.aname[1])", &[], 3),
        ("capture.tag[ticket] = INC-17 and evt.num < 2", &[1], 1),
    ] {
        assert_eq!(run(&trace, filter), (nums.to_vec(), read), "{filter}");
    }
}

#[test]
fn times_and_limits() {
    let (_folder, trace) = sample::open();
    let context = TraceContext::new(&trace, TimeZone::Utc);
    let second = |n: i64| Some(context.first() + n * 1_000_000_000);
    for (from, to, limit, expected, read) in [
        (None, None, None, &[1, 2, 3, 4, 5, 6, 7][..], 3),
        (second(1), second(3), None, &[2, 3, 4], 2),
        (second(6), None, None, &[7], 1),
        (None, None, Some(2), &[1, 2], 1),
        (None, None, Some(0), &[], 0),
        (second(60), None, None, &[], 0),
    ] {
        let mut nums = Vec::new();
        let outcome = scan(
            &trace,
            &context,
            &Query {
                filter: None,
                from,
                to,
                limit,
                ..Query::default()
            },
            |row| {
                nums.push(row.num());
                ControlFlow::Continue(())
            },
        );
        assert_eq!(
            (nums.as_slice(), outcome.segments_read),
            (expected, read),
            "{from:?} {to:?} {limit:?}"
        );
    }
}

#[test]
fn a_caller_can_break_off() {
    let (_folder, trace) = sample::open();
    let context = TraceContext::new(&trace, TimeZone::Utc);
    let mut seen = 0;
    scan(&trace, &context, &Query::default(), |_| {
        seen += 1;
        ControlFlow::Break(())
    });
    assert_eq!(seen, 1);
}

#[test]
fn damage_costs_what_it_hit_and_is_told() {
    let (folder, path) = sample::write();
    let bytes = std::fs::read(&path).expect("the sample can be read");
    let second = Trace::open(&path)
        .expect("the sample opens")
        .entry(1)
        .expect("it has two");
    let altered = folder.path().join("altered.scap");
    for at in (second.offset..second.offset + second.length).map(|at| at as usize) {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x10;
        std::fs::write(&altered, &bytes).expect("the copy can be written");
        let trace = Trace::open(&altered).expect("damage in a segment does not keep a trace from opening");
        let context = TraceContext::new(&trace, TimeZone::Utc);
        let filter =
            "evt.args contains x or fd.name exists or proc.name exists or container.id exists or evt.failed = true";
        let filter = Filter::compile(filter, &context.settings()).expect("a filter");
        let query = Query {
            filter: Some(&filter),
            ..Query::default()
        };
        let mut nums = Vec::new();
        let outcome = scan(&trace, &context, &query, |row| {
            nums.push(row.num());
            ControlFlow::Continue(())
        });
        let undamaged = [1, 2, 3, 7];
        assert!(undamaged.iter().all(|num| nums.contains(num)), "byte {at}: {nums:?}");
        let whole = nums.len() == 7;
        assert!(whole || !outcome.damage.is_empty(), "byte {at}: {nums:?}");
    }
}

#[test]
fn several_queries_find_what_each_finds() {
    let (_folder, trace) = sample::open();
    let context = TraceContext::new(&trace, TimeZone::Utc);
    let filters = [
        "evt.type = openat",
        "container.name = other",
        "evt.num = 5",
        "not evt.type = procexit",
        "proc.name = id or evt.type = connect",
    ];
    let compiled: Vec<Filter> = filters
        .iter()
        .map(|text| Filter::compile(text, &context.settings()).expect("a filter"))
        .collect();
    let query = |filter| Query {
        filter: Some(filter),
        ..Query::default()
    };
    let queries: Vec<Query<'_>> = compiled.iter().map(query).collect();
    let mut found = Vec::new();
    let numbers = |of: &Found<'_, '_>| -> Vec<(u64, usize)> {
        let number = |(row, query): (u32, usize)| (EventRow::new(of.segment(), row as usize).num(), query);
        of.rows().into_iter().map(number).collect()
    };
    let outcome = scan_several(&trace, &context, &queries, numbers, |made| {
        assert_eq!(made.matched, made.value.len() as u64);
        found.extend(made.value);
        ControlFlow::Continue(())
    });
    assert!(found.is_sorted(), "{found:?}");
    assert_eq!((outcome.matched, outcome.segments_read), (found.len() as u64, 3));
    for (number, filter) in filters.iter().enumerate() {
        let of: Vec<u64> = found
            .iter()
            .filter(|(_, query)| *query == number)
            .map(|(num, _)| *num)
            .collect();
        assert_eq!(of, run(&trace, filter).0, "{filter}");
    }
    let none = scan_several(&trace, &context, &[], |_| (), |_| ControlFlow::Continue(()));
    assert_eq!((none.matched, none.segments_read), (0, 0));
}
