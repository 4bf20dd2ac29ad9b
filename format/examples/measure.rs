//! Processor time of encoding and decoding, and bytes by column, on a real trace. `cargo xtask bench` runs this on
//! recordings of its workloads.
//!
//! measure encode|decode|columns|window|scan FILE
//! measure grow FILE OUT BYTES

use afterimage_format::Result;
use afterimage_format::file::{Summary, Trace, TraceWriter, WriterOptions};
use afterimage_format::model::{Container, Descriptor, Event, EventFlags, Kind, Thread, Value};
use afterimage_format::segment::{EncodedSegment, Entities, FdChange, FdState, Segment, SegmentBuilder};
use hashbrown::HashMap;
use std::hint::black_box;
use std::iter::Peekable;
use std::ops::Range;
use std::time::Instant;

/// zstd level of the recorder.
const LEVEL: i32 = 3;

/// Rows that are made and pushed at a time: few enough to be in a near cache, many enough that the clock costs little.
const CHUNK: usize = 256;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let open = |file: &str| Trace::open(file.as_ref());
    let done = match args.as_slice() {
        ["encode", file] => open(file).and_then(|trace| passes(&trace, encode)),
        ["decode", file] => open(file).and_then(|trace| passes(&trace, decode)),
        ["columns", file] => open(file).and_then(|trace| columns(&trace)),
        ["window", file] => window(file),
        ["scan", file] => scan(file),
        ["grow", file, out, bytes] => open(file).and_then(|trace| grow(&trace, out, bytes.parse().unwrap_or(0))),
        _ => {
            eprintln!("usage: measure encode|decode|columns|window|scan FILE; measure grow FILE OUT BYTES");
            std::process::exit(2);
        }
    };
    if let Err(error) = done {
        eprintln!("measure: {error}");
        std::process::exit(1);
    }
}

/// Processor time of this thread, nanoseconds.
fn cpu() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the clock exists on Linux and `time` is written by it.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Adds the processor time that `work` takes to `sum`.
fn timed<T>(sum: &mut u64, work: impl FnOnce() -> T) -> T {
    let start = cpu();
    let out = work();
    *sum += cpu() - start;
    out
}

/// The entities of one segment, as the recorder's state would answer.
struct State {
    threads: HashMap<u64, Thread>,
    containers: HashMap<u64, Container>,
    descriptors: HashMap<u64, Descriptor>,
}

impl State {
    fn of(segment: &Segment<'_>) -> Result<State> {
        Ok(State {
            threads: segment.threads()?.iter().map(|t| (t.id, t.clone())).collect(),
            containers: segment.containers()?.iter().map(|c| (c.key, c.clone())).collect(),
            descriptors: segment.descriptors()?.iter().map(|d| (d.id, d.clone())).collect(),
        })
    }
}

impl State {
    /// The same with the ids of a copy.
    fn shifted(&self, shift: &Shift) -> State {
        let threads = self.threads.values().map(|thread| {
            let thread = Thread {
                id: shift.of(thread.id),
                life: shift.of(thread.life),
                parent: shift.of(thread.parent),
                start: thread.start + shift.time,
                exec_time: if thread.exec_time == 0 {
                    0
                } else {
                    thread.exec_time + shift.time
                },
                ..thread.clone()
            };
            (thread.id, thread)
        });
        let descriptors = self.descriptors.values().map(|descriptor| {
            let id = shift.of(descriptor.id);
            let descriptor = descriptor.clone();
            (id, Descriptor { id, ..descriptor })
        });
        State {
            threads: threads.collect(),
            descriptors: descriptors.collect(),
            containers: self.containers.clone(),
        }
    }
}

impl Entities for State {
    fn thread(&self, id: u64) -> Option<&Thread> {
        self.threads.get(&id)
    }
    fn container(&self, key: u64) -> Option<&Container> {
        self.containers.get(&key)
    }
    fn descriptor(&self, id: u64) -> Option<&Descriptor> {
        self.descriptors.get(&id)
    }
}

/// A row, ready to be pushed.
struct Row {
    time: u64,
    kind: u16,
    cpu: u16,
    flags: EventFlags,
    result: i64,
    duration: u64,
    thread: u64,
    descriptor: u64,
    /// Where its parameters end; they begin where those of the row before end.
    args: usize,
}

/// Rows of a segment and the parameters of all of them. Kinds are numbers in `kinds`.
fn rows<'s>(segment: &'s Segment<'_>, kinds: &[Kind], range: Range<usize>) -> Result<(Vec<Row>, Vec<Value<'s>>)> {
    let number = |kind: &Kind| kinds.iter().position(|k| k == kind).unwrap_or(0) as u16;
    let numbers: Vec<u16> = segment.kinds().iter().map(number).collect();
    let mut rows = Vec::with_capacity(range.len());
    let mut args = Vec::with_capacity(6 * range.len());
    for row in range {
        let kind = segment.kind_indexes()?[row] as usize;
        for at in 0..segment.kinds()[kind].params.len() {
            args.push(segment.arg(row, at)?);
        }
        rows.push(Row {
            time: segment.times()?[row] as u64,
            kind: numbers[kind],
            cpu: segment.cpus()?[row] as u16,
            flags: segment.flags(row)?,
            result: segment.results()?[row],
            duration: segment.duration(row)?.unwrap_or(0),
            thread: segment.thread(row)?.map_or(0, |t| t.id),
            descriptor: segment.descriptor(row)?.map_or(0, |d| d.id),
            args: args.len(),
        });
    }
    Ok((rows, args))
}

/// The kinds of a whole trace: a builder knows them from the beginning.
fn all_kinds(trace: &Trace) -> Result<Vec<Kind>> {
    let mut kinds: Vec<Kind> = Vec::new();
    for at in 0..trace.segment_count() {
        for kind in trace.segment(at)?.kinds() {
            if !kinds.contains(kind) {
                kinds.push(kind.clone());
            }
        }
    }
    Ok(kinds)
}

/// What makes a segment a keyframe: ids of the threads alive, and open descriptors.
type Keyframe = (Vec<u64>, Vec<(u32, i32, u64)>);

fn keyframe(segment: &Segment<'_>, changes: &[FdChange]) -> Result<Option<Keyframe>> {
    if !segment.zone().keyframe {
        return Ok(None);
    }
    let open = changes
        .iter()
        .filter(|c| c.row.is_none())
        .filter_map(|c| match c.state {
            FdState::Open(id) => Some((c.process, c.fd, id)),
            _ => None,
        });
    let live = segment.live()?.iter().map(|t| t.id).collect();
    Ok(Some((live, open.collect())))
}

/// Pushes rows, of which the first has number `start`, and changes of descriptor tables; ids and times are shifted.
fn fill<'c>(
    (rows, args): &(Vec<Row>, Vec<Value<'_>>),
    start: usize,
    changes: &mut Peekable<impl Iterator<Item = &'c FdChange>>,
    shift: &Shift,
    builder: &mut SegmentBuilder,
) {
    let mut from = 0;
    for (number, row) in (start..).zip(rows) {
        while let Some(change) = changes.next_if(|c| c.row <= Some(number as u32)) {
            let state = match change.state {
                FdState::Open(id) => FdState::Open(id + shift.id),
                state => state,
            };
            builder.fd_change(change.process, change.fd, state);
        }
        builder.push(&Event {
            duration: row.duration,
            time: row.time + shift.time,
            kind: row.kind,
            cpu: row.cpu,
            flags: row.flags,
            result: row.result,
            thread: shift.of(row.thread),
            descriptor: shift.of(row.descriptor),
            args: &args[from..row.args],
        });
        from = row.args;
    }
}

/// How a copy of a recording differs from it.
#[derive(Default)]
struct Shift {
    time: u64,
    id: u64,
}

impl Shift {
    /// An id of the copy; 0 stays none.
    fn of(&self, id: u64) -> u64 {
        if id == 0 { 0 } else { id + self.id }
    }
}

fn cannot(action: &'static str) -> impl Fn(std::io::Error) -> afterimage_format::Error {
    move |source| afterimage_format::Error::Io {
        action,
        path: "segment".into(),
        source,
    }
}

/// Named figures, nanoseconds a row each.
type Figures<const N: usize> = [(&'static str, f64); N];

/// Does the same often enough to be past what only the first time costs (fresh pages, cold caches), and prints the
/// median of each figure.
fn passes<const N: usize>(
    trace: &Trace,
    pass: fn(&Trace, &mut SegmentBuilder, &[Kind]) -> Result<Figures<N>>,
) -> Result<()> {
    let kinds = all_kinds(trace)?;
    let mut builder = SegmentBuilder::new(kinds.clone(), 1);
    let mut all = Vec::new();
    for _ in 0..5 {
        all.push(pass(trace, &mut builder, &kinds)?);
    }
    print!("events {}", trace.totals().events);
    for at in 0..N {
        let mut values: Vec<f64> = all.iter().map(|figures| figures[at].1).collect();
        values.sort_by(f64::total_cmp);
        print!(" {} {:.2}", all[0][at].0, values[values.len() / 2]);
    }
    println!();
    Ok(())
}

/// Pushes, closes and encodes every segment again.
fn encode(trace: &Trace, builder: &mut SegmentBuilder, kinds: &[Kind]) -> Result<Figures<5>> {
    let (mut events, mut bytes) = (0u64, 0u64);
    let [mut push, mut close, mut pack] = [0; 3];
    for at in 0..trace.segment_count() {
        let segment = trace.segment(at)?;
        let state = State::of(&segment)?;
        let changes = segment.fd_changes()?;
        if let Some((live, open)) = keyframe(&segment, &changes)? {
            builder.set_keyframe(live, open);
        }
        let mut changes = changes.iter().filter(|c| c.row.is_some()).peekable();
        // As a recorder does: an event is pushed when it has just been made, not fetched from far memory.
        for start in (0..segment.rows()).step_by(CHUNK) {
            let rows = rows(&segment, kinds, start..segment.rows().min(start + CHUNK))?;
            timed(&mut push, || {
                fill(&rows, start, &mut changes, &Shift::default(), builder)
            });
        }
        timed(&mut close, || builder.close(&state));
        let encoded = timed(&mut pack, || builder.encode(LEVEL)).map_err(cannot("cannot encode"))?;
        builder.clear();
        events += segment.rows() as u64;
        bytes += encoded.body.len() as u64;
    }
    let each = |sum: u64| sum as f64 / events.max(1) as f64;
    Ok([
        ("push", each(push)),
        ("close", each(close)),
        ("encode", each(pack)),
        ("total", each(push + close + pack)),
        ("bytes", each(bytes)),
    ])
}

/// Everything that is in a segment, decoded once for all of its copies.
struct Original<'s> {
    rows: (Vec<Row>, Vec<Value<'s>>),
    changes: Vec<FdChange>,
    keyframe: Option<Keyframe>,
    state: State,
}

impl<'s> Original<'s> {
    fn of(segment: &'s Segment<'_>, kinds: &[Kind]) -> Result<Self> {
        let changes = segment.fd_changes()?;
        Ok(Original {
            rows: rows(segment, kinds, 0..segment.rows())?,
            keyframe: keyframe(segment, &changes)?,
            changes,
            state: State::of(segment)?,
        })
    }

    /// A copy whose first row has this number.
    fn copy(&self, first_num: u64, shift: &Shift, builder: &mut SegmentBuilder) -> std::io::Result<EncodedSegment> {
        builder.set_first_num(first_num);
        if let Some((live, open)) = &self.keyframe {
            let open = open.iter().map(|(process, fd, id)| (*process, *fd, id + shift.id));
            builder.set_keyframe(live.iter().map(|id| id + shift.id).collect(), open);
        }
        let mut changes = self.changes.iter().filter(|c| c.row.is_some()).peekable();
        fill(&self.rows, 0, &mut changes, shift, builder);
        builder.close(&self.state.shifted(shift));
        let encoded = builder.encode(LEVEL);
        builder.clear();
        encoded
    }
}

/// Writes copies of a recording behind each other, each with later times and fresh ids, until the file has this size.
/// Copies are whole, so that files of all sizes end in the same way; every tenth is told on standard error.
fn grow(trace: &Trace, out: &str, bytes: u64) -> Result<()> {
    let options = WriterOptions {
        force: true,
        ..WriterOptions::default()
    };
    let mut writer = TraceWriter::create(out.as_ref(), trace.header(), options)?;
    let kinds = all_kinds(trace)?;
    let segments: Vec<Segment<'_>> = (0..trace.segment_count())
        .map(|at| trace.segment(at))
        .collect::<Result<_>>()?;
    let originals: Vec<Original<'_>> = segments
        .iter()
        .map(|segment| Original::of(segment, &kinds))
        .collect::<Result<_>>()?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut builders: Vec<SegmentBuilder> = (0..cores).map(|_| SegmentBuilder::new(kinds.clone(), 1)).collect();
    let totals = trace.totals();
    let span = totals.time_max - totals.time_min + 1_000_000;
    // Ids of one recording stay far below this.
    let ids = 1 << 32;
    let (mut copy, mut tenths, mut num) = (0, 0, 1);
    while writer.bytes() < bytes && totals.events > 0 {
        let shift = Shift {
            time: copy * span,
            id: copy * ids,
        };
        for some in originals.chunks(cores) {
            let encoded: Vec<std::io::Result<EncodedSegment>> = std::thread::scope(|scope| {
                let started: Vec<_> = some
                    .iter()
                    .zip(&mut builders)
                    .map(|(original, builder)| {
                        let first = num;
                        num += original.rows.0.len() as u64;
                        let shift = &shift;
                        scope.spawn(move || original.copy(first, shift, builder))
                    })
                    .collect();
                let ended = started.into_iter().map(|thread| thread.join());
                ended
                    .map(|ended| ended.unwrap_or_else(|_| Err(std::io::Error::other("a thread panicked"))))
                    .collect()
            });
            for encoded in encoded {
                writer.append(&encoded.map_err(cannot("cannot encode"))?)?;
            }
        }
        copy += 1;
        if writer.bytes() * 10 / bytes > tenths {
            tenths = writer.bytes() * 10 / bytes;
            eprintln!("measure: {} of {bytes} bytes", writer.bytes());
        }
    }
    let sealed = writer.seal(&Summary {
        end: totals.time_max + copy.saturating_sub(1) * span,
        reason: "grown".into(),
        ..Summary::default()
    })?;
    println!("bytes {} events {}", sealed.bytes, num - 1);
    Ok(())
}

/// Opens a trace and reads the times and results of one second that ends a second before the trace does; prints
/// milliseconds of the clock, rows found, and the resident memory that it took.
fn window(file: &str) -> Result<()> {
    let start = Instant::now();
    let trace = Trace::open(file.as_ref())?;
    let opened = start.elapsed();
    let to = trace.totals().time_max.saturating_sub(1_000_000_000);
    let from = to.saturating_sub(1_000_000_000);
    let mut found = 0;
    for (at, entry) in trace.entries_between(from, to) {
        entry?;
        let segment = trace.segment(at)?;
        let inside = |time: &&i64| (from..=to).contains(&(**time as u64));
        found += segment.times()?.iter().filter(inside).count();
        black_box(segment.results()?);
    }
    let total = start.elapsed();
    println!(
        "segments {} opened {:.3} total {:.3} rows {found} resident {}",
        trace.segment_count(),
        opened.as_secs_f64() * 1e3,
        total.as_secs_f64() * 1e3,
        peak_memory()
    );
    Ok(())
}

/// Reads the times and results of every segment; prints milliseconds of the clock, rows, and the resident memory that it
/// took.
fn scan(file: &str) -> Result<()> {
    let start = Instant::now();
    let trace = Trace::open(file.as_ref())?;
    let mut rows = 0;
    for at in 0..trace.segment_count() {
        let segment = trace.segment(at)?;
        rows += black_box(segment.times()?).len();
        black_box(segment.results()?);
    }
    let total = start.elapsed();
    println!(
        "segments {} total {:.3} rows {rows} resident {}",
        trace.segment_count(),
        total.as_secs_f64() * 1e3,
        peak_memory()
    );
    Ok(())
}

/// Largest resident memory of this process, bytes.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok())
        .map_or(0, |kib| kib * 1024)
}

/// Decodes one numeric column, the times, and everything.
fn decode(trace: &Trace, _: &mut SegmentBuilder, _: &[Kind]) -> Result<Figures<4>> {
    let mut events = 0u64;
    let [mut open, mut column, mut times, mut everything] = [0; 4];
    for at in 0..trace.segment_count() {
        let segment = timed(&mut open, || trace.segment(at))?;
        events += segment.rows() as u64;
        timed(&mut column, || -> Result<()> {
            for kind in 0..segment.kinds().len() {
                black_box(segment.result_column(kind)?);
            }
            Ok(())
        })?;
        drop(segment);
        let segment = trace.segment(at)?;
        timed(&mut times, || segment.times().map(|t| black_box(t.len())))?;
        drop(segment);
        let segment = trace.segment(at)?;
        timed(&mut everything, || segment.check())?;
    }
    let each = |sum: u64| sum as f64 / events.max(1) as f64;
    Ok([
        ("open", each(open)),
        ("results", each(column)),
        ("times", each(times)),
        ("everything", each(everything)),
    ])
}

/// Bytes of each column as stored, the largest first.
fn columns(trace: &Trace) -> Result<()> {
    let mut sizes: HashMap<String, u64> = HashMap::new();
    let mut events = 0;
    for at in 0..trace.segment_count() {
        let segment = trace.segment(at)?;
        events += segment.rows();
        for (name, bytes) in segment.sizes() {
            *sizes.entry(name).or_default() += bytes;
        }
    }
    let mut sizes: Vec<(String, u64)> = sizes.into_iter().collect();
    sizes.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    for (name, bytes) in sizes {
        println!("{bytes:10} {:.4} {name}", bytes as f64 / events.max(1) as f64);
    }
    Ok(())
}
