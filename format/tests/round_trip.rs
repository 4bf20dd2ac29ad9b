//! A trace written and read back, whole, torn and damaged.

use afterimage_format::file::{Summary, Trace, TraceWriter, WriterOptions};
use afterimage_format::model::*;
use afterimage_format::segment::{Entities, SegmentBuilder};
use afterimage_format::{Error, Result};
use std::path::{Path, PathBuf};

/// Two threads, one of them in a container and the child of the other.
struct World {
    threads: Vec<Thread>,
    container: Container,
    descriptor: Descriptor,
}

impl Entities for World {
    fn thread(&self, id: u64) -> Option<&Thread> {
        self.threads.iter().find(|t| t.id == id)
    }
    fn container(&self, key: u64) -> Option<&Container> {
        (key == self.container.key).then_some(&self.container)
    }
    fn descriptor(&self, id: u64) -> Option<&Descriptor> {
        (id == self.descriptor.id).then_some(&self.descriptor)
    }
}

fn world() -> World {
    let init = Thread {
        id: 10,
        life: 1,
        tid: 100,
        pid: 100,
        comm: b"init".as_slice().into(),
        ..Thread::default()
    };
    let child = Thread {
        id: 20,
        life: 2,
        parent: 10,
        tid: 101,
        pid: 101,
        container: 5,
        ..Thread::default()
    };
    World {
        threads: vec![init, child],
        container: Container {
            key: 5,
            full_id: "web".into(),
            runtime: Runtime::Runc,
            cgroup_id: 77,
            cgroup: "/web".into(),
            birth: 1,
            death: 0,
            first: 0,
            last: 0,
            events: 0,
            name: None,
            image: None,
            pod: None,
            labels: vec![],
        },
        descriptor: Descriptor {
            id: 3,
            ty: DescriptorType::File,
            l4: L4Proto::Unknown,
            role: Role::Unknown,
            name: b"/etc/shadow".to_vec(),
            tuple: None,
            dev: 0,
            ino: 0,
        },
    }
}

fn kinds() -> Vec<Kind> {
    let param = |name: &str, ty| Param { name: name.into(), ty };
    vec![
        Kind {
            name: "openat".into(),
            category: Category::File,
            syscall: Some(257),
            params: vec![param("fd", ParamType::Fd), param("name", ParamType::Path)],
        },
        Kind {
            name: "unused".into(),
            category: Category::Other,
            syscall: None,
            params: vec![],
        },
        Kind {
            name: "read".into(),
            category: Category::IoRead,
            syscall: Some(0),
            params: vec![param("data", ParamType::Bytes), param("size", ParamType::Uint)],
        },
    ]
}

/// Three segments of 200 rows: opens and reads in turn.
fn write(path: &Path) -> Result<u64> {
    let header = Header {
        scope: "test".into(),
        tags: vec![("env".into(), "prod".into())],
        ..Header::default()
    };
    let mut writer = TraceWriter::create(path, &header, WriterOptions::default())?;
    let mut builder = SegmentBuilder::new(kinds(), 1);
    for segment in 0..3u64 {
        builder.set_keyframe(vec![10], []);
        for row in 0..100u64 {
            let time = 1_000_000 * segment + 10 * row;
            let name = format!("/data/{row}");
            let args = [Value::Int(3), Value::Bytes(name.as_bytes())];
            let flags = EventFlags(EventFlags::HAS_RESULT);
            let open = Event {
                time,
                kind: 0,
                cpu: 1,
                flags,
                result: -2,
                thread: 20,
                descriptor: 3,
                args: &args,
            };
            builder.push(&open);
            let size = if row == 7 {
                Value::Missing
            } else {
                Value::Int(row as i64)
            };
            let args = [Value::Bytes(b"payload"), size];
            builder.push(&Event {
                time: time + 5,
                kind: 2,
                result: 7,
                descriptor: 0,
                args: &args,
                ..open
            });
        }
        builder.push_loss(Loss {
            cause: LossCause::RingFull,
            cpu: Some(1),
            events: 4,
            from: 1,
            to: 2,
        });
        builder.close(&world());
        writer.append(&builder.encode(3).unwrap())?;
        builder.clear();
    }
    writer.seal(Summary {
        end: 9,
        reason: "done".into(),
        losses: vec![],
        containers: vec![world().container],
    })
}

fn sample() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
    write(&path).unwrap();
    (dir, path)
}

#[test]
fn what_was_written_comes_back() {
    let (_dir, path) = sample();
    let trace = Trace::open(&path).unwrap();
    assert_eq!(trace.header().tags, [("env".to_string(), "prod".to_string())]);
    assert_eq!(trace.segments().len(), 3);
    assert_eq!(trace.summary().map(|s| s.reason.as_str()), Some("done"));
    let segment = trace.segment(2).unwrap();
    assert_eq!(segment.rows(), 200);
    assert_eq!((segment.num(0), segment.num(199)), (401, 600));
    assert_eq!(
        segment.kinds().iter().map(|k| k.name.as_str()).collect::<Vec<_>>(),
        ["openat", "read"]
    );
    let (open, read) = (14, 15); // the eighth of each, in which the read's size is missing
    assert_eq!(segment.kind(open).unwrap().name, "openat");
    assert_eq!(segment.arg(open, 1).unwrap(), Value::Bytes(b"/data/7"));
    assert_eq!(segment.result(open).unwrap(), Some(-2));
    assert_eq!(
        segment.descriptor(open).unwrap().map(|d| d.name.as_slice()),
        Some(b"/etc/shadow".as_slice())
    );
    assert_eq!(segment.arg(read, 0).unwrap(), Value::Bytes(b"payload"));
    assert_eq!(segment.arg(read, 1).unwrap(), Value::Missing);
    assert_eq!(segment.arg(read + 2, 1).unwrap(), Value::Int(8));
    assert_eq!(segment.arg(read, 9).unwrap(), Value::Missing);
    assert_eq!(segment.descriptor(read).unwrap(), None);
    assert_eq!(segment.times().unwrap()[open], 2_000_070);
    let thread = segment.thread(open).unwrap().unwrap();
    assert_eq!((thread.tid, thread.parent), (101, 10));
    assert_eq!(segment.container(open).unwrap().unwrap().full_id, "web");
    // The parent is there although no row refers to it, and so is what was alive.
    assert!(segment.threads().unwrap().iter().any(|t| t.id == 10));
    assert_eq!(segment.live().unwrap().iter().map(|t| t.id).collect::<Vec<_>>(), [10]);
    assert_eq!(segment.zone().loss_events, 4);
    assert_eq!(segment.zone().kinds[0].errors, 100);
    for at in 0..3 {
        trace.check_segment(at).unwrap();
    }
}

#[test]
fn an_existing_file_stays() {
    let (_dir, path) = sample();
    assert!(matches!(write(&path), Err(Error::Exists(_))));
    assert!(Trace::open(&path).is_ok());
}

#[test]
fn cut_anywhere_the_complete_segments_open() {
    let (dir, path) = sample();
    let whole = std::fs::read(&path).unwrap();
    let ends: Vec<u64> = Trace::open(&path)
        .unwrap()
        .segments()
        .iter()
        .map(|s| s.offset + s.length)
        .collect();
    let torn = dir.path().join("torn.scap");
    for cut in 0..whole.len() {
        std::fs::write(&torn, &whole[..cut]).unwrap();
        match Trace::open(&torn) {
            Err(error) => assert!(cut < ends[0] as usize, "cut at {cut}: {error}"),
            Ok(trace) => {
                let complete = ends.iter().filter(|end| **end <= cut as u64).count();
                assert_eq!(trace.segments().len(), complete, "cut at {cut}");
                assert!(trace.summary().is_none());
                let inside_segment = cut as u64 != ends[complete.max(1) - 1] && complete < 3 && cut as u64 > ends[0];
                assert!(
                    !inside_segment || !trace.damage().is_empty(),
                    "cut at {cut}: damage is not said"
                );
            }
        }
    }
}

#[test]
fn every_changed_byte_of_a_segment_is_noticed_and_nothing_panics() {
    let (dir, path) = sample();
    let mut bytes = std::fs::read(&path).unwrap();
    let second = Trace::open(&path).unwrap().segments()[1].clone();
    let altered = dir.path().join("altered.scap");
    for at in (second.offset..second.offset + second.length).map(|o| o as usize) {
        bytes[at] ^= 0x40;
        std::fs::write(&altered, &bytes).unwrap();
        let trace = Trace::open(&altered).unwrap();
        assert!(trace.check_segment(1).is_err(), "byte {at}");
        assert!(trace.check_segment(2).is_ok());
        bytes[at] ^= 0x40;
    }
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
    check(b"\x89AFTERIMG\r\n\x1a\xff\0\0\0rest", "version 255");
    check(b"\x89AFTERIMG\r\n\x1a\0\0\0\0HEAD", "damaged in its header");
    assert!(Trace::open(dir.path()).is_err());
    assert!(
        Trace::open(&dir.path().join("absent"))
            .map(|_| ())
            .unwrap_err()
            .to_string()
            .contains("cannot open")
    );
}

/// Entry and exit of execve have one name and different parameters.
#[test]
fn two_kinds_may_share_a_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.scap");
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
    let mut writer = TraceWriter::create(&path, &Header::default(), WriterOptions::default()).unwrap();
    writer.append(&builder.encode(3).unwrap()).unwrap();
    writer.seal(Summary::default()).unwrap();
    let trace = Trace::open(&path).unwrap();
    let segment = trace.segment(0).unwrap();
    let args: Vec<Value<'_>> = (0..3).map(|row| segment.arg(row, 0).unwrap()).collect();
    assert_eq!(args, [Value::Bytes(b"/bin/a"), Value::Bytes(b"a"), Value::Bytes(b"b")]);
}

/// Texts that many versions share are stored once, and a chain of ancestors ends.
#[test]
fn versions_share_their_texts_and_chains_end() {
    struct Chain(Vec<Thread>);
    impl Entities for Chain {
        fn thread(&self, id: u64) -> Option<&Thread> {
            self.0.get(id as usize)
        }
        fn container(&self, _: u64) -> Option<&Container> {
            None
        }
        fn descriptor(&self, _: u64) -> Option<&Descriptor> {
            None
        }
    }
    let args: Text = vec![b'x'; 16 << 10].into();
    let thread = |id: u64| Thread {
        id,
        parent: id.saturating_sub(1),
        args: args.clone(),
        ..Thread::default()
    };
    let chain = Chain((0..5000).map(thread).collect());
    let mut builder = SegmentBuilder::new(kinds(), 1);
    builder.set_keyframe(vec![4999], []);
    builder.close(&chain);
    let encoded = builder.encode(3).unwrap();
    assert!(encoded.body.len() < 4096, "{} bytes", encoded.body.len());
    let segment = afterimage_format::segment::Segment::parse(&encoded.body, 0).unwrap();
    assert_eq!(
        segment.threads().unwrap().len(),
        1 + afterimage_format::segment::MAX_ANCESTORS as usize
    );
    assert!(segment.threads().unwrap().iter().all(|t| t.args == args));
}
