//! Which descriptors were open at a time.

mod incident;

use afterimage_format::file::Trace;
use afterimage_query::reconstruct::{Open, open_at};
use incident::{READ, Recorded, Recorder, START};

/// `process/number name`, one behind the other.
fn shown(open: &Open) -> Vec<String> {
    let of_process = |pid| {
        open.process(pid).map_or("?".into(), |process| {
            String::from_utf8_lossy(&process.comm).into_owned()
        })
    };
    let descriptors = open.descriptors.iter();
    descriptors
        .map(|open| {
            let name = String::from_utf8_lossy(&open.descriptor.name).into_owned();
            format!("{} {}/{} {name}", of_process(open.pid), open.pid, open.fd)
        })
        .collect()
}

fn at(trace: &Trace, milliseconds: u64) -> Open {
    open_at(trace, START + milliseconds * 1_000_000)
}

/// Overwrites most of a segment.
fn destroy(recorded: &Recorded, segment: usize) {
    let trace = Trace::open(&recorded.path).expect("the trace opens");
    let entry = trace.entry(segment).expect("it is there");
    let (start, length) = (entry.offset as usize, entry.length as usize);
    let mut bytes = std::fs::read(&recorded.path).expect("the trace");
    bytes[start + length / 4..start + length].fill(0);
    std::fs::write(&recorded.path, bytes).expect("room on the disk");
}

/// What follows is the same whether there is a keyframe between or not.
fn story(mut boundary: impl FnMut(&mut Recorder)) -> Recorded {
    let mut r = Recorder::new();
    r.container(5, "web").at(1).attach(1001, "httpd", 5);
    r.at(10).open(1001, 3, "/a", READ).at(11).open(1001, 4, "/b", READ);
    boundary(&mut r);
    r.at(20).fork(1001, 1002).at(21).close(1001, 3);
    boundary(&mut r);
    r.at(30).dup(1002, 4, 0).at(31).open(1002, 4, "/c", READ);
    boundary(&mut r);
    r.at(40).exit(1002, 0);
    boundary(&mut r);
    // The same id again.
    r.at(50)
        .fork(1001, 1002)
        .at(51)
        .connect(1002, 5, "10.0.0.5:4", "10.0.0.6:80");
    boundary(&mut r);
    r.at(60).exit(1002, 0).at(61).exit(1001, 0);
    r.seal()
}

#[test]
fn descriptors_are_open_from_opening_to_closing() {
    let mut count = 0;
    let boundaries: [&mut dyn FnMut(&mut Recorder); 4] = [
        &mut |_| {},
        &mut |r| _ = r.segment(),
        &mut |r| _ = r.segment_before_none(),
        &mut |r| {
            count += 1;
            _ = if count % 2 == 0 {
                r.segment()
            } else {
                r.segment_before_none()
            };
        },
    ];
    for (which, boundary) in boundaries.into_iter().enumerate() {
        let recorded = story(boundary);
        let trace = Trace::open(&recorded.path).expect("the trace opens");
        let check = |milliseconds: u64, expected: &[&str]| {
            let open = at(&trace, milliseconds);
            assert!(open.damage.is_empty());
            assert_eq!(shown(&open), expected, "after {milliseconds} ms, way {which}");
        };
        let httpd = ["httpd 1001/3 /a", "httpd 1001/4 /b"];
        check(9, &[]);
        check(10, &httpd[..1]);
        check(11, &httpd);
        check(19, &httpd);
        check(20, &[httpd[0], httpd[1], "httpd 1002/3 /a", "httpd 1002/4 /b"]);
        check(25, &[httpd[1], "httpd 1002/3 /a", "httpd 1002/4 /b"]);
        check(30, &[httpd[1], "httpd 1002/0 /b", "httpd 1002/3 /a", "httpd 1002/4 /b"]);
        check(39, &[httpd[1], "httpd 1002/0 /b", "httpd 1002/3 /a", "httpd 1002/4 /c"]);
        check(45, &[httpd[1]]);
        check(50, &[httpd[1], "httpd 1002/4 /b"]);
        check(
            59,
            &[httpd[1], "httpd 1002/4 /b", "httpd 1002/5 10.0.0.5:4->10.0.0.6:80"],
        );
        check(60, &[httpd[1]]);
        check(1_000_000, &[]);
    }
}

#[test]
fn damage_between_is_told_and_the_rest_is_replayed() {
    let mut segments = 0;
    let recorded = story(|r| {
        segments += 1;
        // One keyframe, before the fork.
        _ = if segments == 1 {
            r.segment()
        } else {
            r.segment_before_none()
        };
    });
    // The segment in which the child opens /c.
    destroy(&recorded, 2);
    let trace = Trace::open(&recorded.path).expect("the trace opens");
    let open = at(&trace, 25);
    assert!(open.damage.is_empty(), "what is behind is not read: {:?}", open.damage);
    let open = at(&trace, 39);
    assert_eq!(open.damage.len(), 1, "{:?}", open.damage);
    assert_eq!(shown(&open), ["httpd 1001/4 /b", "httpd 1002/3 /a", "httpd 1002/4 /b"]);
    let open = at(&trace, 51);
    assert_eq!(open.damage.len(), 1, "{:?}", open.damage);
    assert_eq!(
        shown(&open),
        [
            "httpd 1001/4 /b",
            "httpd 1002/4 /b",
            "httpd 1002/5 10.0.0.5:4->10.0.0.6:80"
        ]
    );
}

#[test]
fn nothing_before_the_keyframe_is_read() {
    let recorded = story(|r| _ = r.segment());
    destroy(&recorded, 0);
    let trace = Trace::open(&recorded.path).expect("the trace opens");
    let open = at(&trace, 25);
    assert!(open.damage.is_empty(), "{:?}", open.damage);
    assert_eq!(shown(&open), ["httpd 1001/4 /b", "httpd 1002/3 /a", "httpd 1002/4 /b"]);
}

/// A segment that holds nothing but losses does not say when it was.
#[test]
fn segments_without_rows_do_not_move_the_time() {
    let mut r = Recorder::new();
    r.container(5, "web")
        .at(1)
        .attach(1001, "httpd", 5)
        .at(10)
        .open(1001, 3, "/a", READ);
    r.segment().lost(7, 20, 21).segment();
    r.at(30).close(1001, 3).at(31).open(1001, 4, "/b", READ);
    r.segment().lost(7, 40, 41);
    let recorded = r.seal();
    let trace = Trace::open(&recorded.path).expect("the trace opens");
    for (milliseconds, expected) in [
        (10, "httpd 1001/3 /a"),
        (25, "httpd 1001/3 /a"),
        (31, "httpd 1001/4 /b"),
        (99, "httpd 1001/4 /b"),
    ] {
        assert_eq!(shown(&at(&trace, milliseconds)), [expected], "after {milliseconds} ms");
    }
}

/// Who records before anything happens has the first keyframe and nothing else.
#[test]
fn a_trace_without_events_knows_its_beginning() {
    let mut r = Recorder::new();
    r.segment();
    let recorded = r.seal();
    let trace = Trace::open(&recorded.path).expect("the trace opens");
    let open = at(&trace, 0);
    assert!(open.damage.is_empty() && open.descriptors.is_empty());
}
