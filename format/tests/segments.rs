//! Whatever is pushed into a segment comes out of it, whatever the values: random segments, and the corners.

use afterimage_format::model::*;
use afterimage_format::segment::{Entities, FdChange, FdState, Segment, SegmentBuilder};
use proptest::prelude::*;
use std::collections::HashMap;

/// Threads and descriptors by id.
#[derive(Default)]
struct World {
    threads: HashMap<u64, Thread>,
    descriptors: HashMap<u64, Descriptor>,
}

impl Entities for World {
    fn thread(&self, id: u64) -> Option<&Thread> {
        self.threads.get(&id)
    }
    fn container(&self, _: u64) -> Option<&Container> {
        None
    }
    fn descriptor(&self, id: u64) -> Option<&Descriptor> {
        self.descriptors.get(&id)
    }
}

/// One row, with everything that it can say.
#[derive(Debug, Clone)]
struct Row {
    time: u64,
    kind: u16,
    cpu: u16,
    flags: u8,
    result: i64,
    duration: Option<u64>,
    thread: u64,
    descriptor: u64,
    number: Option<i64>,
    text: Option<Vec<u8>>,
    data: Option<Vec<u8>>,
}

impl Row {
    fn args(&self) -> Vec<Value<'_>> {
        let number = self.number.map_or(Value::Missing, Value::Int);
        let text = self.text.as_deref().map_or(Value::Missing, Value::Bytes);
        let data = self.data.as_deref().map_or(Value::Missing, Value::Bytes);
        match self.kind {
            0 => vec![number, text],
            1 => vec![data, number],
            _ => vec![],
        }
    }
}

fn kinds() -> Vec<Kind> {
    let kind = |name: &str, params: &[(&str, ParamType)]| Kind {
        name: name.into(),
        category: Category::File,
        syscall: Some(1),
        params: params
            .iter()
            .map(|(name, ty)| Param {
                name: (*name).into(),
                ty: *ty,
            })
            .collect(),
    };
    vec![
        kind("openat", &[("number", ParamType::Hex), ("name", ParamType::Path)]),
        kind("read", &[("data", ParamType::Bytes), ("size", ParamType::Uint)]),
        kind("getpid", &[]),
    ]
}

/// Threads 1 to 6, versions of three; descriptors 1 to 4.
fn world() -> World {
    let thread = |id: u64| Thread {
        id,
        life: id.div_ceil(2),
        parent: id / 2,
        tid: 4_000_000_000 + id as u32,
        pid: 100,
        vtid: 7,
        uid: u32::MAX,
        gid: id as u32,
        comm: format!("comm{}", id / 3).as_bytes().into(),
        args: b"a\0b".as_slice().into(),
        start: 1_700_000_000_000_000_000,
        exec_time: if id.is_multiple_of(2) {
            0
        } else {
            1_700_000_000_000_000_000 - id
        },
        exe_ino: u64::MAX,
        args_truncated: id == 3,
        executable: std::sync::Arc::new(Executable {
            env: format!("A=1\0B={}", id % 2).as_bytes().into(),
            host_path: b"/var/lib/upper/x".as_slice().into(),
            interpreter: b"/lib/ld.so".as_slice().into(),
            script: if id == 2 {
                b"/x.sh".as_slice().into()
            } else {
                Text::default()
            },
            sha256: [id as u8; 32].as_slice().into(),
            no_sha256: Text::default(),
            mode: 0o104755,
            size: id << 40,
            mtime: -5,
            ctime: 1_700_000_000_000_000_000,
            marks: Executable::UPPER_LAYER | Executable::LAYER_KNOWN,
        }),
        credentials: (id > 2).then_some(Box::new(Credentials {
            inheritable: 0,
            permitted: u64::MAX,
            effective: 1 << 40,
            bounding: u64::MAX,
            ambient: 1,
            ruid: u32::MAX,
            rgid: 0,
            suid: 1000,
            sgid: 1000,
        })),
        ..Thread::default()
    };
    let descriptor = |id: u64| Descriptor {
        ty: DescriptorType::Ipv6,
        l4: L4Proto::Tcp,
        role: Role::Server,
        name: format!("/data/{id}").into_bytes(),
        tuple: (id == 2).then(|| Tuple {
            local: ("10.0.0.1".parse().unwrap(), 80),
            remote: ("fe80::1".parse().unwrap(), 65535),
        }),
        dev: 5,
        ino: id << 60,
        missing: if id == 3 { b"gone".to_vec() } else { Vec::new() },
        ..Descriptor::unknown(id)
    };
    World {
        threads: (1..=6).map(|id| (id, thread(id))).collect(),
        descriptors: (1..=4).map(|id| (id, descriptor(id))).collect(),
    }
}

fn any_number() -> impl Strategy<Value = i64> {
    prop_oneof![
        any::<i64>(),
        -5..200i64,
        (0..1i64 << 24).prop_map(|low| 0x7f12_3400_0000 + low),
        Just(-2),
        Just(i64::MIN),
        Just(i64::MAX),
    ]
}

fn any_bytes() -> impl Strategy<Value = Option<Vec<u8>>> {
    prop::option::of(prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        (0..20u8).prop_map(|n| format!("/etc/{n}").into_bytes()),
    ])
}

fn any_row() -> impl Strategy<Value = Row> {
    let numbers = (0..1u64 << 20, 0..3u16, 0..4u16, any::<u8>(), any_number());
    let rest = (
        prop::option::of(1..i64::MAX as u64),
        1..=6u64,
        0..=4u64,
        prop::option::of(any_number()),
        any_bytes(),
        any_bytes(),
    );
    (numbers, rest).prop_map(|((time, kind, cpu, flags, result), rest)| {
        let (duration, thread, descriptor, number, text, data) = rest;
        Row {
            time,
            kind,
            cpu,
            flags,
            result,
            duration,
            thread,
            descriptor,
            number,
            text,
            data,
        }
    })
}

/// The rows in the order in which they must be read.
fn expected(rows: &[Row], keep: bool) -> Vec<Row> {
    if keep {
        return rows.to_vec();
    }
    // By time; of the same time, threads in the order of their first rows.
    let world = world();
    let mut lives = Vec::new();
    for row in rows {
        let life = world.threads[&row.thread].life;
        if !lives.contains(&life) {
            lives.push(life);
        }
    }
    let rank = |row: &Row| lives.iter().position(|life| *life == world.threads[&row.thread].life);
    let mut out = rows.to_vec();
    out.sort_by_key(|row| (row.time, rank(row)));
    out
}

fn push(row: &Row, builder: &mut SegmentBuilder) {
    builder.push(&Event {
        duration: row.duration.unwrap_or(0),
        time: row.time,
        kind: row.kind,
        cpu: row.cpu,
        flags: EventFlags(row.flags),
        result: row.result,
        thread: row.thread,
        descriptor: row.descriptor,
        args: &row.args(),
    });
}

fn encode(rows: &[Row], keep: bool) -> Vec<u8> {
    let mut builder = SegmentBuilder::new(kinds(), 0);
    if keep {
        builder.keep_order();
    }
    // Nothing is left of the segment before.
    rows.iter().rev().take(50).for_each(|row| push(row, &mut builder));
    builder.close(&world());
    builder.clear();
    builder.set_first_num(1000);
    builder.set_keyframe(vec![2, 5], [(100, 3, 1), (100, 4, 2)]);
    for row in rows {
        if row.descriptor != 0 {
            builder.fd_change(7, row.cpu.into(), FdState::Open(row.descriptor));
        }
        push(row, &mut builder);
    }
    builder.fd_change(8, 0, FdState::CopyOf(7));
    builder.fd_change(7, 0, FdState::Ended);
    builder.close(&world());
    let encoded = builder.encode(3).unwrap();
    let zone = Segment::parse(encoded.body.as_slice(), 0).unwrap().zone().clone();
    assert_eq!(zone, encoded.zone);
    encoded.body
}

fn check(rows: &[Row], keep: bool) {
    let body = encode(rows, keep);
    let segment = Segment::parse(body.as_slice(), 0).unwrap();
    segment.check().unwrap();
    assert_eq!(segment.rows(), rows.len());
    let world = world();
    let expected = expected(rows, keep);
    for (at, row) in expected.iter().enumerate() {
        assert_eq!(segment.num(at), 1000 + at as u64);
        assert_eq!(segment.times().unwrap()[at], row.time as i64);
        assert_eq!(segment.kind(at).unwrap(), &kinds()[usize::from(row.kind)]);
        assert_eq!(segment.cpus().unwrap()[at], i64::from(row.cpu));
        assert_eq!(segment.flags(at).unwrap(), EventFlags(row.flags));
        assert_eq!(segment.results().unwrap()[at], row.result);
        assert_eq!(segment.duration(at).unwrap(), row.duration);
        assert_eq!(segment.thread(at).unwrap(), world.threads.get(&row.thread));
        assert_eq!(segment.descriptor(at).unwrap(), world.descriptors.get(&row.descriptor));
        for (param, value) in row.args().into_iter().enumerate() {
            assert_eq!(segment.arg(at, param).unwrap(), value, "row {at}, parameter {param}");
        }
    }
    let live: Vec<u64> = segment.live().unwrap().iter().map(|t| t.id).collect();
    assert_eq!(live, [2, 5]);
    let changes = segment.fd_changes().unwrap();
    let open = |row, process, fd, id| FdChange {
        row,
        process,
        fd,
        state: FdState::Open(id),
    };
    assert_eq!(changes[..2], [open(None, 100, 3, 1), open(None, 100, 4, 2)]);
    let with_rows: Vec<FdChange> = expected
        .iter()
        .enumerate()
        .filter(|(_, row)| row.descriptor != 0)
        .map(|(at, row)| open(Some(at as u32), 7, row.cpu.into(), row.descriptor))
        .collect();
    let (middle, end) = changes[2..].split_at(with_rows.len());
    assert_eq!(middle, with_rows);
    let last = Some(rows.len() as u32);
    let whole = |process, state| FdChange {
        row: last,
        process,
        fd: 0,
        state,
    };
    assert_eq!(end, [whole(8, FdState::CopyOf(7)), whole(7, FdState::Ended)]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_come_back(rows in prop::collection::vec(any_row(), 0..40), keep in any::<bool>()) {
        check(&rows, keep);
    }

    #[test]
    fn long_columns_come_back(rows in prop::collection::vec(any_row(), 600..700), keep in any::<bool>()) {
        check(&rows, keep);
    }

    #[test]
    fn altered_bytes_are_errors_and_not_panics(
        rows in prop::collection::vec(any_row(), 0..200),
        at in any::<prop::sample::Index>(),
        bits in 1..=255u8,
    ) {
        let mut body = encode(&rows, false);
        let at = at.index(body.len());
        body[at] ^= bits;
        let read = Segment::parse(body.as_slice(), 0).and_then(|segment| segment.check());
        prop_assert!(read.is_err(), "byte {}", at);
    }
}

/// The same kind of event over and over, as a benchmark makes it: columns that are constant, regular, or wild.
#[test]
fn regular_segments_come_back() {
    let row = |at: u64, thread| Row {
        duration: None,
        time: 1_000_000 + 210 * at + at * at % 50,
        kind: (at % 3) as u16,
        cpu: 0,
        flags: EventFlags::HAS_RESULT,
        result: if at % 3 == 1 {
            (at % 100) as i64
        } else {
            0x7f00_0000_0000 + 4096 * (at % 7) as i64
        },
        thread,
        descriptor: at % 5,
        number: Some(0x5500_0000_0000 + (at * 7919 % 1000) as i64),
        text: Some(format!("/var/lib/{}", at % 50).into_bytes()),
        data: None,
    };
    // Threads and versions that take turns, and some that do much each.
    for thread in [|at| 1 + at % 2, |at| 1 + at % 6, |at| 1 + at / 4000] {
        let rows: Vec<Row> = (0..20_000).map(|at| row(at, thread(at))).collect();
        check(&rows, false);
        assert!(encode(&rows, false).len() < 80_000);
    }
}

/// Imported captures bring kinds with as many parameters as they like, and any of them may lack.
#[test]
fn any_parameter_of_many_can_lack() {
    const PARAMS: usize = 100;
    let param = |at: usize| Param {
        name: format!("p{at}"),
        ty: ParamType::Int,
    };
    let kind = Kind {
        name: "wide".into(),
        category: Category::File,
        syscall: None,
        params: (0..PARAMS).map(param).collect(),
    };
    let value = |row: usize, at: usize| match (row * 7 + at * at) % 3 {
        0 => Value::Missing,
        _ => Value::Int((row * PARAMS + at) as i64 - 50),
    };
    let mut builder = SegmentBuilder::new(vec![kind], 1);
    for row in 0..300 {
        // Those of every other row end early, which is as if the rest lacked.
        let args: Vec<Value<'_>> = (0..PARAMS - row % 2 * 30).map(|at| value(row, at)).collect();
        builder.push(&Event {
            duration: 0,
            time: row as u64,
            kind: 0,
            cpu: 0,
            flags: EventFlags(0xff),
            result: i64::MIN + row as i64,
            thread: 1,
            descriptor: row as u64 % 5,
            args: &args,
        });
    }
    builder.close(&world());
    let body = builder.encode(3).unwrap().body;
    let segment = Segment::parse(body.as_slice(), 0).unwrap();
    for row in 0..300 {
        assert_eq!(segment.flags(row).unwrap(), EventFlags(0xff));
        let descriptor = world().descriptors.get(&(row as u64 % 5)).cloned();
        assert_eq!(segment.descriptor(row).unwrap(), descriptor.as_ref());
        for at in 0..PARAMS {
            let given = at < PARAMS - row % 2 * 30;
            let expected = if given { value(row, at) } else { Value::Missing };
            assert_eq!(segment.arg(row, at).unwrap(), expected, "row {row}, parameter {at}");
        }
    }
}

/// Directories of segments are hostile: whatever they claim, reading ends with an answer.
#[test]
fn a_segment_cannot_claim_more_than_the_limit() {
    let row = Row {
        duration: None,
        time: 1,
        kind: 0,
        cpu: 0,
        flags: 0,
        result: 0,
        thread: 1,
        descriptor: 0,
        number: Some(1),
        text: Some(vec![b'x'; 60 << 20]),
        data: None,
    };
    // Many descriptors that share one long name: each would be a copy of it.
    struct Shared;
    impl Entities for Shared {
        fn thread(&self, _: u64) -> Option<&Thread> {
            None
        }
        fn container(&self, _: u64) -> Option<&Container> {
            None
        }
        fn descriptor(&self, _: u64) -> Option<&Descriptor> {
            static LONG: std::sync::OnceLock<Descriptor> = std::sync::OnceLock::new();
            let long = || Descriptor {
                name: vec![b'x'; 20 << 20],
                ..Descriptor::unknown(1)
            };
            Some(LONG.get_or_init(long))
        }
    }
    let mut builder = SegmentBuilder::new(kinds(), 1);
    builder.set_keyframe(vec![], (0..20).map(|fd| (1, fd, 1 + fd as u64)));
    builder.close(&Shared);
    let body = builder.encode(3).unwrap().body;
    let segment = Segment::parse(body.as_slice(), 0).unwrap();
    assert!(matches!(
        segment.descriptors(),
        Err(afterimage_format::Error::Limit { .. })
    ));
    // One long text alone is well.
    check(&[row], false);
}
