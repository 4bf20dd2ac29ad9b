//! Captures made by hand: versions that no file of the corpus has, and hostile ones.

mod make;

use afterimage_format::file::{Trace, TraceWriter, WriterOptions};
use afterimage_import::{Error, Report};
use afterimage_query::check::TimeZone;
use afterimage_query::{Format, Query, TraceContext, scan};
use flate2::Compression;
use flate2::write::GzEncoder;
use make::Capture;
use proptest::prelude::*;
use std::io::Write as _;
use std::ops::ControlFlow;

fn import(bytes: &[u8]) -> Result<(Report, Vec<String>), Error> {
    shown(
        bytes,
        "*%evt.num %evt.type %evt.dir %proc.name %proc.pid %fd.num %fd.name %evt.res",
    )
}

fn shown(bytes: &[u8], format: &str) -> Result<(Report, Vec<String>), Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.scap");
    let create = |header: &_| TraceWriter::create(&path, header, WriterOptions::default());
    let (_, report) = afterimage_import::import(bytes, "made", create, &mut |_| ControlFlow::Continue(()))?;
    let trace = Trace::open(&path).unwrap();
    let context = TraceContext::new(&trace, TimeZone::Utc);
    let format = Format::parse(format).unwrap();
    let mut lines = Vec::new();
    let outcome = scan(&trace, &context, &Query::default(), |row| {
        lines.extend(format.line(&row, TimeZone::Utc));
        ControlFlow::Continue(())
    });
    assert!(outcome.damage.is_empty(), "{:?}", outcome.damage);
    assert!(trace.damage().is_empty());
    Ok((report, lines))
}

fn i64(value: i64) -> [u8; 8] {
    value.to_le_bytes()
}

#[test]
fn process_lists_of_all_versions_tell_their_processes() {
    for version in 1..=9 {
        let mut capture = Capture::new();
        capture.process(version, 42, 1, "one");
        capture.event(1000, 42, 203, &[&1000u32.to_le_bytes()]);
        let (report, lines) = shown(
            &capture.0,
            "*%proc.name %proc.pid %proc.ppid %proc.args %proc.cwd %user.uid %group.gid %proc.sid %proc.exepath %proc.env %proc.vpid %proc.tty",
        )
        .unwrap();
        assert!(report.is_complete(), "{:?}", report.damage);
        let since = |from: u8, text: &'static str, before: &'static str| if version >= from { text } else { before };
        let expected = format!(
            "one 42 1 -a -b /home/ 1000 1001 {} {} {} {} {}",
            since(6, "7", "<NA>"),
            since(7, "/usr/bin/exe", "<NA>"),
            since(3, "A=b", "<NA>"),
            since(4, "6", "<NA>"),
            since(9, "34816", "0"),
        );
        assert_eq!(lines, [expected], "version {version}");
    }
}

#[test]
fn event_blocks_of_all_versions_tell_the_same() {
    for ty in [0x204, 0x208, 0x216, 0x217] {
        let mut capture = Capture::new();
        capture.process(9, 42, 1, "one");
        capture.event_in(ty, 1000, 42, 2, &[]);
        let open: [&[u8]; 4] = [&i64(3), b"/etc/x\0", &1u32.to_le_bytes(), &0u32.to_le_bytes()];
        capture.event_in(ty, 1001, 42, 3, &open);
        capture.event_in(ty, 1002, 42, 6, &[&i64(3), &5u32.to_le_bytes()]);
        capture.event_in(ty, 1003, 42, 7, &[&i64(5), b"hello"]);
        let (report, lines) = import(&capture.0).unwrap();
        assert!(report.is_complete(), "{ty:#x}: {:?}", report.damage);
        assert_eq!(
            lines,
            [
                "1 open > one 42 -1 <NA> <NA>",
                "2 open < one 42 3 /etc/x SUCCESS",
                "3 read > one 42 3 /etc/x <NA>",
                "4 read < one 42 3 /etc/x SUCCESS",
            ],
            "{ty:#x}"
        );
    }
}

#[test]
fn large_events_are_read_and_very_large_ones_are_cut() {
    let json = format!(
        "{{\"container\":{{\"id\":\"abc\",\"type\":0,\"name\":\"web\",\"image\":\"nginx\",\"labels\":{{\"k\":\"{}\"}}}}}}\0",
        "v".repeat(100_000)
    );
    for ty in [0x221, 0x222] {
        let mut capture = Capture::new();
        capture.event_in(ty, 1, -1, 324, &[json.as_bytes()]);
        capture.event_in(ty, 2, 42, 322, &[&1u32.to_le_bytes(), &vec![7; 3 << 20]]);
        let (report, lines) = shown(&capture.0, "*%evt.type %container.name %evt.arg.plugin_id").unwrap();
        assert!(report.is_complete(), "{:?}", report.damage);
        assert_eq!(lines, ["container web <NA>", "pluginevent host 1"]);
    }
}

#[test]
fn captures_of_ends_alone_have_the_same_state() {
    let mut capture = Capture::new();
    capture.process(9, 42, 1, "one");
    let u32 = |value: u32| value.to_le_bytes();
    let (size, flags, mode) = (u32(5), u32(1), u32(0));
    let open: [&[u8]; 7] = [&i64(3), &i64(-100), b"x\0", &flags, &mode, &u32(7), &9u64.to_le_bytes()];
    capture.event(1, 42, 307, &open);
    capture.event(2, 42, 7, &[&i64(5), b"hello", &i64(3), &size]);
    capture.event(3, 42, 19, &[&i64(4), &u32(2), &u32(1), &u32(6)]);
    let mut tuple = vec![2, 10, 0, 0, 1, 0x39, 0x30, 10, 0, 0, 2, 80, 0];
    capture.event(4, 42, 23, &[&i64(0), &tuple, &i64(4), &tuple[..7]]);
    tuple.clear();
    capture.event(5, 42, 363, &[&i64(9), &i64(4), &i64(9)]);
    capture.event(6, 42, 5, &[&i64(0), &i64(4)]);
    capture.event(7, 42, 9, &[&i64(5), b"hello", &i64(4), &size]);
    capture.event(8, 42, 9, &[&i64(5), b"hello", &i64(9), &size]);
    capture.event(9, 42, 199, &[&i64(0), &u32(33)]);
    let (report, lines) = shown(&capture.0, "*%evt.type %fd.num %fd.name %fd.l4proto %user.uid").unwrap();
    assert!(report.is_complete(), "{:?}", report.damage);
    let connection = "10.0.0.1:12345->10.0.0.2:80";
    assert_eq!(
        lines,
        [
            "openat 3 /home/x <NA> 1000".to_owned(),
            "read 3 /home/x <NA> 1000".to_owned(),
            "socket 4 <NA> <NA> 1000".to_owned(),
            format!("connect 4 {connection} tcp 1000"),
            format!("dup2 9 {connection} tcp 1000"),
            format!("close 4 {connection} tcp 1000"),
            "write 4 <NA> <NA> 1000".to_owned(),
            format!("write 9 {connection} tcp 1000"),
            "setuid <NA> <NA> <NA> 33".to_owned(),
        ]
    );
}

#[test]
fn newer_codes_and_parameters_are_kept() {
    let mut capture = Capture::new();
    capture.process(9, 42, 1, "one");
    capture.event(1, 42, 9000, &[b"a", b"bc"]);
    capture.event(2, 42, 9001, &[]);
    capture.event(3, 42, 203, &[&5u32.to_le_bytes(), b"new"]);
    capture.block(0x7777, &[0; 64]);
    capture.event(4, 42, 203, &[&5u32.to_le_bytes()]);
    let (report, lines) = shown(&capture.0, "*%evt.num %evt.type %evt.dir %evt.args").unwrap();
    assert_eq!(report.unknown, 2);
    assert!(report.is_complete());
    assert_eq!(
        lines,
        [
            "1 unknown > arg0=a arg1=bc",
            "2 unknown < ",
            "3 getuid < uid=5 arg1=new",
            "4 getuid < uid=5",
        ]
    );
}

#[test]
fn parents_that_form_a_circle_end() {
    let mut capture = Capture::new();
    capture
        .process(9, 1, 2, "a")
        .process(9, 2, 3, "b")
        .process(9, 3, 1, "c")
        .process(9, 4, 4, "d");
    for tid in [1, 2, 3, 4] {
        capture.event(1, tid, 203, &[&5u32.to_le_bytes()]);
    }
    let (report, lines) = import(&capture.0).unwrap();
    assert!(report.is_complete());
    assert_eq!(lines.len(), 4);
}

#[test]
fn lying_lengths_are_told_with_their_place() {
    // An event that says that it has more than its block.
    let mut capture = Capture::new();
    capture.event(1, 42, 203, &[&5u32.to_le_bytes()]);
    let place = capture.0.len();
    capture.event(2, 42, 203, &[&5u32.to_le_bytes()]);
    capture.event(3, 42, 203, &[&5u32.to_le_bytes()]);
    capture.0[place + 8 + 18..place + 8 + 22].copy_from_slice(&u32::MAX.to_le_bytes());
    let (report, lines) = import(&capture.0).unwrap();
    assert_eq!(report.damage.len(), 1);
    assert_eq!(report.damage[0].offset, place as u64);
    // It keeps its number, and the next one is there.
    assert_eq!(lines.len(), 3);
    assert!(lines[2].starts_with("3 getuid"), "{lines:?}");
    // 2^32 parameters.
    let mut capture = Capture::new();
    let place = capture.0.len();
    capture.event(1, 42, 203, &[&5u32.to_le_bytes()]);
    capture.0[place + 8 + 24..place + 8 + 28].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(import(&capture.0).unwrap().0.damage.len(), 1);
    // A block that goes on behind the end of the file.
    let mut capture = Capture::new();
    capture.event(1, 42, 203, &[&5u32.to_le_bytes()]);
    let place = capture.0.len();
    capture.event(2, 42, 203, &[&5u32.to_le_bytes()]);
    capture.0[place + 4..place + 8].copy_from_slice(&0xFFFF_FFF0u32.to_le_bytes());
    let (report, lines) = import(&capture.0).unwrap();
    assert!(
        report.damage[0].is_end && report.damage[0].to_string().contains("at byte"),
        "{:?}",
        report.damage
    );
    assert_eq!(lines.len(), 1);
    // A text in a list that is longer than the list.
    let mut capture = Capture::new();
    let place = capture.0.len();
    capture.process(5, 42, 1, "one");
    capture.0[place + 8 + 24..place + 8 + 26].copy_from_slice(&u16::MAX.to_le_bytes());
    let (report, lines) = import(&capture.0).unwrap();
    assert!(report.damage[0].is_end && lines.is_empty());
}

#[test]
fn what_is_no_capture_is_refused_with_a_reason() {
    let gzip = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let mut big_endian = Capture::new().0;
    big_endian[8..12].reverse();
    let mut pcapng = Capture(Capture::new().0[..28].to_vec());
    pcapng.block(1, &[0; 8]);
    for (bytes, reason) in [
        (Vec::new(), "does not begin with a section"),
        (b"hello, world".to_vec(), "does not begin with a section"),
        (gzip(b"hello, world"), "it is gzip, but"),
        (gzip(&vec![0; 8 << 20]), "it is gzip, but"),
        (
            vec![0x1f, 0x8b, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
            "cannot be decompressed",
        ),
        (big_endian, "big-endian"),
        (pcapng.0, "capture of packets"),
        (Capture::new().0[..10].to_vec(), "no magic number"),
    ] {
        let error = import(&bytes).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn compressed_gigabytes_are_read_in_bounded_memory() {
    // Zeros in a block of unknown type, behind a good event: as much as a length can say, sixteen times.
    let mut capture = Capture::new();
    capture.event(1, 42, 203, &[&5u32.to_le_bytes()]);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&capture.0).unwrap();
    let length = (256u32 << 20) + 12;
    encoder.write_all(&0x7777u32.to_le_bytes()).unwrap();
    encoder.write_all(&length.to_le_bytes()).unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..256 {
        encoder.write_all(&zeros).unwrap();
    }
    encoder.write_all(&length.to_le_bytes()).unwrap();
    let (report, lines) = import(&encoder.finish().unwrap()).unwrap();
    assert!(report.is_complete(), "{:?}", report.damage);
    assert_eq!(lines.len(), 1);
}

#[test]
fn whoever_waits_can_stop_it() {
    let mut capture = Capture::new();
    capture.process(9, 42, 1, "one");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.scap");
    let create = |header: &_| TraceWriter::create(&path, header, WriterOptions::default());
    let stopped = afterimage_import::import(&capture.0[..], "made", create, &mut |_| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(Error::Stopped)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_changed_bytes_break_it(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)) {
        let mut capture = Capture::new();
        for version in 1..=9 {
            capture.process(version, 40 + i64::from(version), 1, "one");
        }
        let open: [&[u8]; 4] = [&i64(3), b"/etc/x\0", &1u32.to_le_bytes(), &0u32.to_le_bytes()];
        capture.event(1, 42, 2, &[]).event(2, 42, 3, &open).event_in(0x204, 3, 42, 3, &open);
        capture.event_in(0x222, 4, 42, 324, &[b"{\"container\":{\"id\":\"a\"}}\0"]);
        let tuple = [2, 10, 0, 0, 1, 1, 0, 10, 0, 0, 2, 80, 0];
        capture.event(5, 42, 27, &[&i64(5), &tuple, &[0]]).event(6, 42, 35, &[&i64(1), b"x", &tuple]);
        capture.event(7, 42, 15, &[&i64(0), b"x\0"]).event(8, 42, 13, &[&i64(0)]).event(9, 42, 186, &[]);
        for (at, value) in changes {
            let at = at.index(capture.0.len());
            capture.0[at] = value;
        }
        match import(&capture.0) {
            Ok(_) | Err(Error::NotACapture(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
}
