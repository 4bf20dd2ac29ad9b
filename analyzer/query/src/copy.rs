//! A part of a trace as a trace of its own.

use crate::losses;
use crate::row::{Observed as _, SegmentRows, StoredRow, TraceContext};
use crate::scan::{Outcome, Query, scan_places};
use afterimage_format::file::{Sealed, Summary, Trace, TraceWriter};
use afterimage_format::model::{Container, CustodyEntry, Descriptor, Event, Kind, Thread, Value};
use afterimage_format::segment::{Entities, MAX_ROWS, Place, SegmentBuilder};
use afterimage_format::{Error, Result};
use hashbrown::HashMap;
use std::io::ErrorKind;
use std::ops::ControlFlow;

/// Text and entities of a segment at which it is closed, as the recorder does it.
const MAX_BYTES: usize = 8 << 20;

/// Threads and descriptors of the open segment at which it is closed: each is kept until then.
const MAX_PARTS: usize = 3072;

/// zstd level: as the recorder's.
const LEVEL: i32 = 3;

/// Writes the events that `query` asks for to `writer` and seals it: with what they refer to (threads and their ancestors,
/// descriptors, containers), the custody log of the trace continued by `entry`, and the losses of that time. Events are
/// numbered anew; attachments and what was alive between the events are not copied.
///
/// # Errors
/// Those of writing. Damage in the trace is in the outcome.
pub fn copy(
    trace: &Trace,
    context: &TraceContext,
    query: &Query<'_>,
    writer: TraceWriter,
    entry: &CustodyEntry,
) -> Result<(Outcome, Sealed)> {
    copy_while(trace, context, query, writer, entry, &mut || true)
}

/// As [`copy()`], as long as `go_on`, which is asked after each segment that is read.
///
/// # Errors
/// Those of [`copy()`], and one of the kind [`ErrorKind::Interrupted`] where it does not go on: the file is then not
/// sealed.
pub fn copy_while(
    trace: &Trace,
    context: &TraceContext,
    query: &Query<'_>,
    mut writer: TraceWriter,
    entry: &CustodyEntry,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<(Outcome, Sealed)> {
    for old in trace.custody() {
        writer.add_custody(old)?;
    }
    let mut copy = Copy {
        builder: SegmentBuilder::new(Vec::new(), 1),
        kinds: HashMap::new(),
        parts: Parts::default(),
        containers: HashMap::new(),
        writer,
    };
    // Numbers follow the order in which events come.
    copy.builder.keep_order();
    let path = copy.writer.path().to_owned();
    let mut done = Ok(());
    let outcome = scan_places(trace, context, query, decode, |rows, places| {
        done = copy.segment(rows, places).and_then(|()| match go_on() {
            true => Ok(()),
            false => Err(Error::Io {
                action: "stopped writing",
                path: path.clone(),
                source: ErrorKind::Interrupted.into(),
            }),
        });
        match done {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    });
    done?;
    copy.flush()?;
    let mut summary = Summary {
        reason: "filtered".into(),
        end: trace.summary().map_or(trace.totals().time_max, |summary| summary.end),
        losses: losses(trace, query.from, query.to).records,
        accounts: trace
            .summary()
            .map(|summary| summary.accounts.clone())
            .unwrap_or_default(),
        ..Summary::default()
    };
    let mut containers: Vec<Container> = copy.containers.into_values().collect();
    containers.sort_by_key(|container| container.key);
    summary.containers = containers;
    copy.writer.add_custody(entry)?;
    let sealed = copy.writer.seal(&summary)?;
    Ok((outcome, sealed))
}

struct Copy {
    builder: SegmentBuilder,
    kinds: HashMap<Kind, u16>,
    parts: Parts,
    /// By key, with counts of what was copied.
    containers: HashMap<u64, Container>,
    writer: TraceWriter,
}

/// What the rows of the open segment refer to.
#[derive(Default)]
struct Parts {
    threads: HashMap<u64, Thread>,
    descriptors: HashMap<u64, Descriptor>,
    containers: HashMap<u64, Container>,
}

impl Entities for Parts {
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

impl Copy {
    fn segment(&mut self, rows: &SegmentRows<'_>, places: &[Place]) -> Result<()> {
        // Numbers of the kinds of this segment, as far as they were met.
        let mut kinds = vec![None; rows.segment().kinds().len()];
        for place in places {
            self.row(rows, place, &mut kinds);
            let parts = self.parts.threads.len() + self.parts.descriptors.len();
            if self.builder.rows() >= MAX_ROWS || self.builder.bytes() >= MAX_BYTES || parts >= MAX_PARTS {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn row(&mut self, rows: &SegmentRows<'_>, place: &Place, kinds: &mut [Option<u16>]) {
        let segment = rows.segment();
        let (Some(kind), Some(number)) = (segment.kinds().get(place.kind), kinds.get_mut(place.kind)) else {
            return;
        };
        let number = *number.get_or_insert_with(|| match self.kinds.get(kind) {
            Some(number) => *number,
            None => {
                let number = self.builder.add_kind(kind.clone());
                self.kinds.insert(kind.clone(), number);
                number
            }
        });
        let time = u64::try_from(place.time).unwrap_or(0);
        let thread = rows
            .note(segment.threads())
            .and_then(|threads| threads.get(place.thread));
        if let Some(thread) = thread {
            self.thread(rows, thread);
        }
        let container = thread.and_then(|thread| rows.container(thread.container));
        if let Some(container) = container {
            let copied = self.containers.entry(container.key).or_insert_with(|| Container {
                events: 0,
                first: 0,
                ..container.clone()
            });
            copied.events += 1;
            copied.last = copied.last.max(time).min(container.last.max(time));
            copied.first = if copied.first == 0 {
                time
            } else {
                copied.first.min(time)
            };
            self.parts
                .containers
                .entry(container.key)
                .or_insert_with(|| container.clone());
        }
        let row = StoredRow {
            rows,
            kind: place.kind,
            rank: place.rank,
        };
        let descriptor = row.descriptor();
        if let Some(descriptor) = descriptor {
            self.parts
                .descriptors
                .entry(descriptor.id)
                .or_insert_with(|| descriptor.clone());
        }
        let args: Vec<Value<'_>> = (0..kind.params.len()).map(|at| row.raw_arg(at)).collect();
        let cpu = rows.note(segment.stored_cpus()).and_then(|cpus| cpus.get(place.stored));
        self.builder.push(&Event {
            time,
            kind: number,
            cpu: cpu.and_then(|cpu| u16::try_from(*cpu).ok()).unwrap_or(0),
            flags: row.flags(),
            duration: row.duration().unwrap_or(0),
            result: row.result().unwrap_or(0),
            thread: thread.map_or(0, |thread| thread.id),
            descriptor: descriptor.map_or(0, |descriptor| descriptor.id),
            args: &args,
        });
    }

    /// A thread and its ancestors.
    fn thread(&mut self, rows: &SegmentRows<'_>, thread: &Thread) {
        let mut next = Some(thread);
        while let Some(thread) = next {
            if self.parts.threads.contains_key(&thread.id) {
                return;
            }
            self.parts.threads.insert(thread.id, thread.clone());
            next = rows.thread(thread.parent);
        }
    }

    fn flush(&mut self) -> Result<()> {
        if self.builder.is_empty() {
            return Ok(());
        }
        self.builder.close(&self.parts);
        let path = self.writer.path().to_owned();
        let encoded = self.builder.encode(LEVEL);
        let segment = encoded.map_err(|source| Error::Io {
            action: "cannot encode a segment of",
            path,
            source,
        })?;
        self.writer.append(&segment)?;
        self.builder.clear();
        self.parts = Parts::default();
        Ok(())
    }
}

/// Has what a copy of these rows reads decoded. What cannot be decoded is noted when it is read.
fn decode(rows: &SegmentRows<'_>, places: &[Place]) {
    let segment = rows.segment();
    let mut seen = vec![false; segment.kinds().len()];
    let (_, _, _) = (segment.threads(), segment.descriptors(), segment.stored_cpus());
    for place in places {
        if seen.get(place.kind) == Some(&false) {
            seen[place.kind] = true;
            let row = StoredRow {
                rows,
                kind: place.kind,
                rank: place.rank,
            };
            let params = segment.kinds().get(place.kind).map_or(0, |kind| kind.params.len());
            (0..params).for_each(|at| _ = row.raw_arg(at));
            let _ = (row.flags(), row.duration(), row.result());
        }
    }
}
