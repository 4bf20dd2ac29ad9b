//! Rows that the fuzzer makes up, and the small world that they happen in.

use afterimage_format::model::{
    Category, Container, Descriptor, DescriptorType, Event, EventFlags, Kind, Param, ParamType, Thread, Value,
};
use afterimage_format::segment::{EncodedSegment, Entities, SegmentBuilder};
use arbitrary::Arbitrary;

/// A number as it occurs.
#[derive(Arbitrary, Debug, Clone, Copy)]
pub enum Number {
    /// None.
    Missing,
    /// Any.
    Any(i64),
    /// A small one, or an errno.
    Small(i8),
    /// An address in one of some neighbourhoods.
    Address(u8, u16),
}

impl Number {
    fn value(self) -> Option<i64> {
        match self {
            Number::Missing => None,
            Number::Any(value) => Some(value),
            Number::Small(value) => Some(value.into()),
            Number::Address(neighbourhood, low) => Some((i64::from(neighbourhood) + 1) << 39 | i64::from(low) << 4),
        }
    }
}

/// One row, with everything that it can say.
#[derive(Arbitrary, Debug, Clone)]
pub struct Row {
    /// Nanoseconds since the row before.
    pub gap: Gap,
    kind: u8,
    cpu: u8,
    flags: u8,
    result: Number,
    duration: Option<u32>,
    thread: u8,
    descriptor: u8,
    number: Number,
    text: Option<Vec<u8>>,
    data: Option<Vec<u8>>,
}

/// A step in time.
#[derive(Arbitrary, Debug, Clone, Copy)]
pub enum Gap {
    /// A short one.
    Short(u8),
    /// A usual one.
    Usual(u16),
    /// Any, also backwards.
    To(u64),
}

/// What the fuzzer makes up.
#[derive(Arbitrary, Debug)]
pub struct Input {
    /// Keep the order of arrival.
    pub keep: bool,
    /// Rows of a segment, less one.
    pub rows_a_segment: u8,
    /// The rows.
    pub rows: Vec<Row>,
    /// An attachment.
    pub attachment: Option<Vec<u8>>,
}

/// A row with its time.
#[derive(Debug, Clone)]
pub struct Timed {
    /// Nanoseconds since the Unix epoch.
    pub time: u64,
    row: Row,
}

/// Number of threads, in pairs of versions; descriptors are as many.
const THREADS: u8 = 6;

impl Timed {
    fn kind(&self) -> u16 {
        u16::from(self.row.kind % 3)
    }

    fn thread(&self) -> u64 {
        u64::from(self.row.thread % THREADS) + 1
    }

    /// 0: none.
    fn descriptor(&self) -> u64 {
        u64::from(self.row.descriptor % (THREADS + 1))
    }

    fn args(&self) -> Vec<Value<'_>> {
        let number = self.row.number.value().map_or(Value::Missing, Value::Int);
        let text = self.row.text.as_deref().map_or(Value::Missing, Value::Bytes);
        let data = self.row.data.as_deref().map_or(Value::Missing, Value::Bytes);
        match self.kind() {
            0 => vec![number, text],
            1 => vec![data, number],
            _ => vec![],
        }
    }
}

/// Threads and descriptors of every row.
pub struct World {
    threads: Vec<Thread>,
    container: Container,
    descriptors: Vec<Descriptor>,
}

impl Entities for World {
    fn thread(&self, id: u64) -> Option<&Thread> {
        self.threads.iter().find(|thread| thread.id == id)
    }
    fn container(&self, key: u64) -> Option<&Container> {
        (key == self.container.key).then_some(&self.container)
    }
    fn descriptor(&self, id: u64) -> Option<&Descriptor> {
        self.descriptors.iter().find(|descriptor| descriptor.id == id)
    }
}

/// The world.
pub fn world() -> World {
    let thread = |id: u8| Thread {
        id: id.into(),
        life: u64::from(id.div_ceil(2)),
        parent: u64::from(id / 2),
        tid: 1000 + u32::from(id),
        pid: 1000,
        comm: format!("comm{id}").as_bytes().into(),
        args: b"a\0b".as_slice().into(),
        container: if id > 3 { 5 } else { 0 },
        start: 1_700_000_000_000_000_000,
        exec_time: 1_700_000_000_000_000_000 + u64::from(id),
        ..Thread::default()
    };
    let descriptor = |id: u8| Descriptor {
        ty: DescriptorType::File,
        name: format!("/data/{id}").into_bytes(),
        ..Descriptor::unknown(id.into())
    };
    World {
        threads: (1..=THREADS).map(thread).collect(),
        container: Container {
            key: 5,
            full_id: "web".into(),
            labels: vec![("app".into(), "web".into())],
            ..Container::default()
        },
        descriptors: (1..=THREADS).map(descriptor).collect(),
    }
}

/// The kinds of rows.
pub fn kinds() -> Vec<Kind> {
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

/// Rows with their times, which stay below 2^62.
pub fn timed(rows: &[Row]) -> Vec<Timed> {
    let mut time = 1_700_000_000_000_000_000u64;
    let at = |row: &Row| {
        time = match row.gap {
            Gap::Short(gap) => time + u64::from(gap),
            Gap::Usual(gap) => time + 10 * u64::from(gap),
            Gap::To(time) => time >> 2,
        };
        time = time.min((1 << 62) - 1);
        Timed { time, row: row.clone() }
    };
    rows.iter().map(at).collect()
}

/// Adds rows to a builder.
pub fn push(builder: &mut SegmentBuilder, rows: &[Timed]) {
    for row in rows {
        builder.push(&Event {
            duration: row.row.duration.unwrap_or(0).into(),
            time: row.time,
            kind: row.kind(),
            cpu: row.row.cpu.into(),
            flags: EventFlags(row.row.flags),
            result: row.row.result.value().unwrap_or_default(),
            thread: row.thread(),
            descriptor: row.descriptor(),
            args: &row.args(),
        });
    }
}

/// Rows as segments.
pub fn encode(rows: &[Timed], keep: bool, rows_a_segment: usize) -> Vec<EncodedSegment> {
    let mut builder = SegmentBuilder::new(kinds(), 1);
    let mut segments = Vec::new();
    for rows in rows.chunks(rows_a_segment) {
        if keep {
            builder.keep_order();
        }
        push(&mut builder, rows);
        builder.close(&world());
        segments.push(builder.encode(1).expect("a segment"));
        builder.clear();
    }
    segments
}

/// The rows of a segment in the order in which they are read: by time; of the same time, threads in the order of their
/// first rows.
pub fn expected(rows: &[Timed], keep: bool) -> Vec<&Timed> {
    let mut out: Vec<&Timed> = rows.iter().collect();
    if !keep {
        let mut lives = Vec::new();
        for row in rows {
            let life = row.thread().div_ceil(2);
            if !lives.contains(&life) {
                lives.push(life);
            }
        }
        out.sort_by_key(|row| {
            (
                row.time,
                lives.iter().position(|life| *life == row.thread().div_ceil(2)),
            )
        });
    }
    out
}

/// Asserts that row number `at` of a segment is this one.
pub fn compare(segment: &afterimage_format::segment::Segment<'_>, at: usize, row: &Timed, world: &World) {
    assert_eq!(segment.times().unwrap()[at], row.time as i64);
    // A segment has the kinds of its own rows alone.
    assert_eq!(segment.kind(at).unwrap(), &kinds()[usize::from(row.kind())]);
    assert_eq!(segment.cpus().unwrap()[at], i64::from(row.row.cpu));
    assert_eq!(segment.flags(at).unwrap(), EventFlags(row.row.flags));
    assert_eq!(
        segment.results().unwrap()[at],
        row.row.result.value().unwrap_or_default()
    );
    let duration = row.row.duration.map(u64::from).filter(|duration| *duration != 0);
    assert_eq!(segment.duration(at).unwrap(), duration);
    assert_eq!(segment.thread(at).unwrap(), world.thread(row.thread()));
    assert_eq!(segment.descriptor(at).unwrap(), world.descriptor(row.descriptor()));
    let container = world
        .thread(row.thread())
        .and_then(|thread| world.container(thread.container));
    assert_eq!(segment.container(at).unwrap(), container);
    for (param, value) in row.args().into_iter().enumerate() {
        assert_eq!(segment.arg(at, param).unwrap(), value, "row {at}, parameter {param}");
    }
}
