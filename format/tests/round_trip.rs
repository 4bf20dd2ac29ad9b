//! A trace written and read back, sealed and not, plain and encrypted.

mod world;

use afterimage_format::evidence::Identity;
use afterimage_format::file::*;
use afterimage_format::model::*;
use afterimage_format::segment::{EncodedSegment, SegmentBuilder};
use afterimage_format::{Error, Result};
use std::path::Path;
use world::*;

#[test]
fn what_was_written_comes_back() {
    let (_dir, path) = sample(WriterOptions::default(), &segments(3, 100));
    let trace = Trace::open(&path).unwrap();
    assert_eq!(trace.header().tags, [("env".to_string(), "prod".to_string())]);
    assert_eq!(trace.segment_count(), 3);
    assert_eq!(trace.summary().map(|s| s.reason.as_str()), Some("done"));
    assert_eq!(trace.damage(), []);
    let segment = trace.segment(2).unwrap();
    assert_eq!(segment.rows(), 200);
    assert_eq!((segment.num(0), segment.num(199)), (401, 600));
    let open = 14; // the eighth
    assert_eq!(segment.kind(open).unwrap().name, "openat");
    assert_eq!(segment.arg(open, 1).unwrap(), Value::Bytes(b"/data/7"));
    assert_eq!(segment.times().unwrap()[open], 2_000_070);
    assert_eq!(segment.container(open).unwrap().unwrap().full_id, "web");
    for at in 0..3 {
        trace.check_segment(at).unwrap();
    }
    assert!(trace.segment(3).is_err() && trace.entry(3).is_err());
    let actions: Vec<&str> = trace.custody().iter().map(|c| c.action.as_str()).collect();
    assert_eq!(actions, ["created", "sealed"]);
    let totals = trace.totals();
    assert_eq!(
        (totals.events, totals.segments, totals.loss_records, totals.loss_events),
        (600, 3, 3, 12)
    );
    assert_eq!((totals.time_min, totals.time_max), (0, 2_000_995));
    let kinds: Vec<(&str, u64, u64)> = totals.kinds.iter().map(|k| (&*k.name, k.events, k.errors)).collect();
    assert_eq!(kinds, [("openat", 300, 300), ("read", 300, 0)]);
    assert_eq!(
        totals.containers.iter().map(|c| (c.key, c.events)).collect::<Vec<_>>(),
        [(5, 600)]
    );
}

#[test]
fn a_trace_is_shared_between_threads() {
    fn check<T: Send + Sync>(_: &T) {}
    let (_dir, path) = sample(WriterOptions::default(), &segments(3, 5));
    let trace = Trace::open(&path).unwrap();
    check(&trace);
    std::thread::scope(|scope| {
        for at in 0..3 {
            let trace = &trace;
            scope.spawn(move || trace.check_segment(at).unwrap());
        }
    });
}

#[test]
fn an_existing_file_stays_unless_forced_and_traces_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let (_dir, path) = sample(WriterOptions::default(), &segments(1, 1));
    let again = |force| {
        let options = WriterOptions {
            force,
            ..WriterOptions::default()
        };
        TraceWriter::create(&path, &header(), options).map(|_| ())
    };
    assert!(matches!(again(false), Err(Error::Exists(_))));
    assert_eq!(Trace::open(&path).unwrap().segment_count(), 1);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    again(true).unwrap();
    assert_eq!(Trace::open(&path).unwrap().segment_count(), 0);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn files_that_are_no_traces_are_named_for_what_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let check = |bytes: &[u8], expected: &str| {
        let path = dir.path().join("x");
        std::fs::write(&path, bytes).unwrap();
        let error = Trace::open(&path).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(b"", "is empty");
    check(b"hello", "not an Afterimage trace");
    check(&[0x0a, 0x0d, 0x0d, 0x0a, 0, 0], "sysdig capture");
    check(&[0x1f, 0x8b, 8], "gzip");
    check(b"\x89AFTERIMG\r\n\x1a\0\0\0\0HEAD", "version 0");
    check(b"\x89AFTERIMG\r\n\x1a\xff\0\0\0rest", "version 255");
    check(b"\x89AFTERIMG\r\n\x1a\x01\0\0\0HEAD", "damaged in its header");
    assert!(Trace::open(dir.path()).is_err());
    let absent = Trace::open(&dir.path().join("absent")).map(|_| ());
    assert!(absent.unwrap_err().to_string().contains("cannot open"));
}

/// Everything that a trace answers, as text.
fn answers(trace: &Trace) -> Vec<String> {
    let mut out = vec![
        format!("{:?}", trace.header()),
        format!("{:?}", trace.totals()),
        format!("{:?}", trace.custody()),
        format!("{:?}", trace.attachments()),
    ];
    let all = |entries: Vec<(usize, Result<std::sync::Arc<IndexEntry>>)>| {
        let entries: Vec<_> = entries.into_iter().map(|(at, entry)| (at, entry.unwrap())).collect();
        format!("{entries:?}")
    };
    out.push(all(trace.entries().collect()));
    for (from, to) in [
        (0, 0),
        (0, u64::MAX),
        (1_000_000, 1_000_000),
        (999_999, 2_000_000),
        (5, 4),
    ] {
        out.push(all(trace.entries_between(from, to).collect()));
    }
    for at in 0..trace.segment_count() {
        let segment = trace.segment(at).unwrap();
        out.push(format!(
            "{:?} {:?} {:?}",
            segment.zone(),
            segment.times().unwrap(),
            trace.entry(at).unwrap()
        ));
        trace.check_segment(at).unwrap();
    }
    for attachment in trace.attachments() {
        out.push(format!("{:?}", trace.attachment(attachment).unwrap()));
    }
    out
}

fn unseal(path: &Path) {
    let len = std::fs::metadata(path).unwrap().len();
    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(len - 1).unwrap();
}

#[test]
fn an_unsealed_file_answers_as_a_sealed_one() {
    for count in [0, 1, 3, 300] {
        let (_dir, path) = sample(WriterOptions::default(), &segments(count, 2));
        let sealed = answers(&Trace::open(&path).unwrap());
        unseal(&path);
        let trace = Trace::open(&path).unwrap();
        assert!(trace.summary().is_none() && trace.root().is_none() && !trace.damage().is_empty());
        let unsealed = answers(&trace);
        for (sealed, unsealed) in sealed.iter().zip(&unsealed) {
            assert_eq!(sealed, unsealed);
        }
        assert_eq!(sealed.len(), unsealed.len());
    }
}

#[test]
fn an_index_of_several_leaves() {
    let one = segments(1, 2).pop().unwrap();
    let count = 256 * 3 + 10u64;
    let many: Vec<EncodedSegment> = (0..count)
        .map(|at| {
            let mut zone = one.zone.clone();
            zone.first_num = 1 + 4 * at;
            zone.time_min += 1000 * at;
            zone.time_max += 1000 * at;
            let body = one.body.clone();
            EncodedSegment { body, zone }
        })
        .collect();
    let (_dir, path) = sample(WriterOptions::default(), &many);
    let trace = Trace::open(&path).unwrap();
    let sizes: Vec<u32> = trace.groups().iter().map(|g| g.segments).collect();
    assert_eq!(sizes, [256, 256, 256, 10]);
    assert_eq!(
        (trace.segment_count() as u64, trace.totals().events),
        (count, 4 * count)
    );
    assert_eq!(trace.group_start(2), 512);
    let listed: Vec<(usize, u64)> = trace.entries().map(|(at, e)| (at, e.unwrap().zone.first_num)).collect();
    let expected: Vec<(usize, u64)> = (0..count).map(|at| (at as usize, 1 + 4 * at)).collect();
    assert_eq!(listed, expected);
    for at in [0, 255, 256, 511, 512, 777] {
        assert_eq!(trace.entry(at).unwrap().zone.first_num, 1 + 4 * at as u64);
    }
    assert!(trace.entry(778).is_err());
    let between: Vec<usize> = trace.entries_between(600_000, 601_000).map(|(at, _)| at).collect();
    assert_eq!(between, [600, 601]);
    // Names are shared over leaves.
    let (a, b) = (trace.entry(0).unwrap(), trace.entry(700).unwrap());
    assert!(std::sync::Arc::ptr_eq(&a.zone.kinds[0].name, &b.zone.kinds[0].name));
    assert!(verify(&path, &[]).unwrap().is_intact());
}

#[test]
fn a_damaged_leaf_costs_no_segment() {
    let (_dir, path) = sample(WriterOptions::default(), &segments(300, 1));
    let whole = Trace::open(&path).unwrap();
    let expected: Vec<_> = whole.entries().map(|(at, e)| (at, e.unwrap())).collect();
    let leaf = whole.groups()[0].clone();
    let mut bytes = std::fs::read(&path).unwrap();
    for at in [leaf.offset, leaf.offset + 40, leaf.offset + leaf.length - 1] {
        bytes[at as usize] ^= 8;
        std::fs::write(&path, &bytes).unwrap();
        let trace = Trace::open(&path).unwrap();
        assert_eq!(trace.damage(), []);
        let listed: Vec<_> = trace.entries().map(|(at, e)| (at, e.unwrap())).collect();
        assert_eq!(listed, expected);
        assert!(trace.damage()[0].what.contains("leaf"), "{:?}", trace.damage());
        bytes[at as usize] ^= 8;
    }
}

#[test]
fn attachments_are_stored_once_and_limited() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    let mut writer = TraceWriter::create(&path, &header(), WriterOptions::default()).unwrap();
    let content: Vec<u8> = (0..100_000u32)
        .flat_map(|i| (i.wrapping_mul(2_654_435_761)).to_le_bytes())
        .collect();
    let first = writer.attach("one", "x", &content).unwrap();
    let before = writer.bytes();
    let second = writer.attach("two", "y", &content).unwrap();
    assert!(writer.bytes() - before < 300);
    assert_eq!((first.offset, first.hash), (second.offset, second.hash));
    let huge = vec![0; 1 + MAX_ATTACHMENT as usize];
    let error = writer.attach("huge", "", &huge).unwrap_err().to_string();
    assert!(
        error.contains("67108865 bytes") && error.contains("attach a part"),
        "{error}"
    );
    // Sixteen of the largest fill the file; all of them are zeros but for one byte.
    let mut large = vec![0; MAX_ATTACHMENT as usize];
    for at in 0..15u8 {
        large[0] = at;
        writer.attach(&format!("large {at}"), "", &large).unwrap();
    }
    large[0] = 15;
    let error = writer.attach("one too many", "", &large).unwrap_err().to_string();
    assert!(error.contains("limit of 1073741824"), "{error}");
    large[0] = 3;
    writer.attach("known already", "", &large).unwrap();
    writer.seal(&Summary::default()).unwrap();
    let trace = Trace::open(&path).unwrap();
    assert_eq!(trace.attachments().len(), 18);
    assert_eq!(trace.attachment(&trace.attachments()[1]).unwrap(), content);
    assert_eq!(trace.attachment(&trace.attachments()[17]).unwrap(), large);
}

#[test]
fn encrypted_files_open_only_with_an_identity_of_theirs() {
    let (first, second, stranger) = (Identity::generate(), Identity::generate(), Identity::generate());
    let options = WriterOptions {
        recipients: vec![first.recipient(), second.recipient()],
        ..WriterOptions::default()
    };
    let content = segments(3, 5);
    let (_plain_dir, plain) = sample(WriterOptions::default(), &content);
    let (_dir, path) = sample(options, &content);
    let bytes = std::fs::read(&path).unwrap();
    for secret in [b"/data/".as_slice(), b"prod", b"a.txt", b"openat"] {
        assert!(!bytes.windows(secret.len()).any(|w| w == secret));
    }
    let open = |identities: &[&Identity]| {
        let identities = identities.iter().map(|i| (*i).clone()).collect();
        Trace::open_with(&path, &OpenOptions { identities })
    };
    for (identities, what) in [(vec![], "needs an identity"), (vec![&stranger], "not to any")] {
        let error = open(&identities).map(|_| ()).unwrap_err();
        assert!(matches!(error, Error::Encrypted { .. }));
        let error = error.to_string();
        assert!(error.contains(what) && error.contains("--identity FILE"), "{error}");
    }
    for identities in [vec![&first], vec![&stranger, &second]] {
        let trace = open(&identities).unwrap();
        let clear = Trace::open(&plain).unwrap();
        assert!(trace.is_encrypted());
        assert_eq!(trace.header(), clear.header());
        assert_eq!(trace.totals(), clear.totals());
        assert_eq!(trace.summary(), clear.summary());
        for at in 0..3 {
            trace.check_segment(at).unwrap();
            let (a, b) = (trace.segment(at).unwrap(), clear.segment(at).unwrap());
            assert_eq!(a.times().unwrap(), b.times().unwrap());
        }
        let a = trace.attachment(&trace.attachments()[1]).unwrap();
        assert_eq!(a, clear.attachment(&clear.attachments()[1]).unwrap());
    }
    assert!(verify(&path, &[]).unwrap().is_intact());
    unseal(&path);
    assert_eq!(open(&[&first]).unwrap().segment_count(), 3);
    assert!(!verify(&path, &[]).unwrap().is_intact());
}

#[test]
fn files_of_a_rotation_name_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let content = segments(2, 1);
    let mut series = Series {
        number: 1,
        ..Series::default()
    };
    for (segment, next_name) in content.iter().zip(["t-2.scap", ""]) {
        let name = format!("t-{}.scap", series.number);
        let header = Header {
            series: series.clone(),
            ..header()
        };
        let mut writer = TraceWriter::create(&dir.path().join(&name), &header, WriterOptions::default()).unwrap();
        writer.append(segment).unwrap();
        let summary = Summary {
            next_name: next_name.into(),
            ..summary()
        };
        let sealed = writer.seal(&summary).unwrap();
        assert_eq!(sealed.bytes, std::fs::metadata(writer.path()).unwrap().len());
        series = Series {
            number: series.number + 1,
            previous: sealed.root,
            previous_name: name,
        };
    }
    let open = |name: &str| Trace::open(&dir.path().join(name)).unwrap();
    let (first, second) = (open("t-1.scap"), open("t-2.scap"));
    assert_eq!(first.summary().unwrap().next_name, "t-2.scap");
    assert_eq!(second.header().series.previous_name, "t-1.scap");
    assert_eq!(Some(second.header().series.previous), first.root());
}

/// Entry and exit of execve have one name and different parameters.
#[test]
fn two_kinds_may_share_a_name() {
    let param = |name: &str| {
        vec![Param {
            name: name.into(),
            ty: ParamType::Path,
        }]
    };
    let kind = |params| Kind {
        name: "execve".into(),
        category: Category::Process,
        syscall: Some(59),
        params,
    };
    let mut builder = SegmentBuilder::new(vec![kind(param("filename")), kind(param("exe"))], 1);
    let event = |kind, args| Event {
        duration: 0,
        time: 1,
        kind,
        cpu: 0,
        flags: EventFlags(0),
        result: 0,
        thread: 10,
        descriptor: 0,
        args,
    };
    builder.push(&event(0, &[Value::Bytes(b"/bin/a")]));
    builder.push(&event(1, &[Value::Bytes(b"a")]));
    builder.push(&event(1, &[Value::Bytes(b"b")]));
    builder.close(&world());
    let (_dir, path) = sample(WriterOptions::default(), &[builder.encode(3).unwrap()]);
    let trace = Trace::open(&path).unwrap();
    let segment = trace.segment(0).unwrap();
    let args: Vec<Value<'_>> = (0..3).map(|row| segment.arg(row, 0).unwrap()).collect();
    assert_eq!(args, [Value::Bytes(b"/bin/a"), Value::Bytes(b"a"), Value::Bytes(b"b")]);
    assert_eq!(trace.totals().kinds.iter().map(|k| k.events).collect::<Vec<_>>(), [3]);
}
