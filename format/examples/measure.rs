//! Processor time of encoding and decoding, and bytes by column, on a real trace. `cargo xtask bench` runs this on
//! recordings of its workloads.
//!
//! measure encode|decode|columns FILE

use afterimage_format::Result;
use afterimage_format::file::Trace;
use afterimage_format::model::{Container, Descriptor, Event, EventFlags, Kind, Thread, Value};
use afterimage_format::segment::{Entities, FdState, Segment, SegmentBuilder};
use std::collections::HashMap;
use std::hint::black_box;

fn main() {
    let mut args = std::env::args().skip(1);
    let (Some(what), Some(file)) = (args.next(), args.next()) else {
        eprintln!("usage: measure encode|decode|columns FILE");
        std::process::exit(2);
    };
    let done = Trace::open(file.as_ref()).and_then(|trace| match what.as_str() {
        "encode" => encode(&trace),
        "decode" => decode(&trace),
        _ => columns(&trace),
    });
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
struct Row<'s> {
    time: u64,
    kind: u16,
    cpu: u16,
    flags: EventFlags,
    result: i64,
    thread: u64,
    descriptor: u64,
    args: Vec<Value<'s>>,
}

/// The rows of a segment. Kinds are numbers in `kinds`.
fn rows<'s>(segment: &'s Segment<'_>, kinds: &[Kind]) -> Result<Vec<Row<'s>>> {
    let number = |kind: &Kind| kinds.iter().position(|k| k == kind).unwrap_or(0) as u16;
    let numbers: Vec<u16> = segment.kinds().iter().map(number).collect();
    (0..segment.rows())
        .map(|row| {
            let kind = segment.kind_indexes()?[row] as usize;
            let args = (0..segment.kinds()[kind].params.len()).map(|at| segment.arg(row, at));
            Ok(Row {
                time: segment.times()?[row] as u64,
                kind: numbers[kind],
                cpu: segment.cpus()?[row] as u16,
                flags: segment.flags(row)?,
                result: segment.results()?[row],
                thread: segment.thread(row)?.map_or(0, |t| t.id),
                descriptor: segment.descriptor(row)?.map_or(0, |d| d.id),
                args: args.collect::<Result<_>>()?,
            })
        })
        .collect()
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

/// Pushes, closes and encodes every segment again; prints nanoseconds a row of each.
fn encode(trace: &Trace) -> Result<()> {
    let (mut events, mut bytes) = (0u64, 0u64);
    let [mut push, mut close, mut pack] = [0; 3];
    let kinds = all_kinds(trace)?;
    let mut builder = SegmentBuilder::new(kinds.clone(), 1);
    for at in 0..trace.segment_count() {
        let segment = trace.segment(at)?;
        let state = State::of(&segment)?;
        let rows = rows(&segment, &kinds)?;
        let changes = segment.fd_changes()?;
        if segment.zone().keyframe {
            let open = changes
                .iter()
                .filter(|c| c.row.is_none())
                .filter_map(|c| match c.state {
                    FdState::Open(id) => Some((c.process, c.fd, id)),
                    _ => None,
                });
            builder.set_keyframe(segment.live()?.iter().map(|t| t.id).collect(), open);
        }
        let mut changes = changes.iter().filter(|c| c.row.is_some()).peekable();
        timed(&mut push, || {
            for (number, row) in rows.iter().enumerate() {
                while let Some(change) = changes.next_if(|c| c.row <= Some(number as u32)) {
                    builder.fd_change(change.process, change.fd, change.state);
                }
                builder.push(&Event {
                    time: row.time,
                    kind: row.kind,
                    cpu: row.cpu,
                    flags: row.flags,
                    result: row.result,
                    thread: row.thread,
                    descriptor: row.descriptor,
                    args: &row.args,
                });
            }
        });
        timed(&mut close, || builder.close(&state));
        let encoded = timed(&mut pack, || builder.encode(3));
        let encoded = encoded.map_err(|source| afterimage_format::Error::Io {
            action: "cannot encode",
            path: "segment".into(),
            source,
        })?;
        builder.clear();
        events += rows.len() as u64;
        bytes += encoded.body.len() as u64;
    }
    let each = |sum: u64| sum as f64 / events.max(1) as f64;
    println!(
        "events {events} bytes {bytes} push {:.1} close {:.1} encode {:.1} total {:.1}",
        each(push),
        each(close),
        each(pack),
        each(push + close + pack)
    );
    Ok(())
}

/// Decodes one numeric column, the times, and everything; prints nanoseconds a row of each.
fn decode(trace: &Trace) -> Result<()> {
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
        let segment = trace.segment(at)?;
        timed(&mut times, || segment.times().map(|t| black_box(t.len())))?;
        let segment = trace.segment(at)?;
        timed(&mut everything, || segment.check())?;
    }
    let each = |sum: u64| sum as f64 / events.max(1) as f64;
    println!(
        "events {events} open {:.2} results {:.2} times {:.2} everything {:.2}",
        each(open),
        each(column),
        each(times),
        each(everything)
    );
    Ok(())
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
