//! A part of a trace as a trace of its own.

use crate::losses;
use crate::row::{EventRow, Observed, SegmentRows, StoredRow, TraceContext};
use crate::scan::{Outcome, Query, scan_places};
use afterimage_format::file::{Sealed, Summary, Trace, TraceWriter};
use afterimage_format::model::{Container, CustodyEntry, Descriptor, Event, Kind, Loss, Thread, Value};
use afterimage_format::segment::{EncodedSegment, Entities, FdChange, MAX_ROWS, Place, SegmentBuilder};
use afterimage_format::{Error, Result};
use hashbrown::HashMap;
use std::io::ErrorKind;
use std::ops::ControlFlow;

/// Text and entities of a segment at which it is closed, as the recorder does it.
const MAX_BYTES: usize = 8 << 20;

/// Rows of the open segment at which it is closed: fewer than there may be, so that a copy takes little memory.
const ROWS: usize = MAX_ROWS / 2;

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
        rows: RowCopier::default(),
        writer,
    };
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
    summary.containers = copy.rows.containers();
    copy.writer.add_custody(entry)?;
    let sealed = copy.writer.seal(&summary)?;
    Ok((outcome, sealed))
}

/// Rows of segments, put into segments of their own with what they refer to.
pub struct RowCopier {
    builder: SegmentBuilder,
    kinds: HashMap<Kind, u16>,
    parts: Parts,
    /// By key, with counts of what was copied.
    containers: HashMap<u64, Container>,
}

/// What is known of a row before it is read further.
struct Of<'s> {
    /// Number of its kind in the copy.
    kind: u16,
    time: u64,
    cpu: u16,
    thread: Option<&'s Thread>,
    container: Option<&'s Container>,
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

impl Default for RowCopier {
    fn default() -> RowCopier {
        let mut builder = SegmentBuilder::new(Vec::new(), 1);
        // Numbers follow the order in which events come.
        builder.keep_order();
        RowCopier {
            builder,
            kinds: HashMap::new(),
            parts: Parts::default(),
            containers: HashMap::new(),
        }
    }
}

impl RowCopier {
    /// Adds a row. Of its thread's ancestors those are copied that `keeps` takes, up to the first that it does not.
    pub fn push(&mut self, row: &EventRow<'_>, keeps: impl Fn(&Thread) -> bool) {
        let Some(kind) = Observed::kind(row) else { return };
        let of = Of {
            kind: self.kind(kind),
            time: u64::try_from(row.time()).unwrap_or(0),
            cpu: row.cpu().and_then(|cpu| u16::try_from(cpu).ok()).unwrap_or(0),
            thread: row.thread(),
            container: row.container(),
        };
        self.add(row, kind, &of, &keeps);
    }

    /// Adds the row at a place, with all of its thread's ancestors. `kinds` has the numbers of the segment's kinds as far as
    /// they were met.
    fn push_place(&mut self, rows: &SegmentRows<'_>, place: &Place, kinds: &mut [Option<u16>]) {
        let segment = rows.segment();
        let (Some(kind), Some(number)) = (segment.kinds().get(place.kind), kinds.get_mut(place.kind)) else {
            return;
        };
        let threads = rows.note(segment.threads());
        let thread = threads.and_then(|threads| threads.get(place.thread));
        let cpu = rows.note(segment.stored_cpus()).and_then(|cpus| cpus.get(place.stored));
        let of = Of {
            kind: *number.get_or_insert_with(|| self.kind(kind)),
            time: u64::try_from(place.time).unwrap_or(0),
            cpu: cpu.and_then(|cpu| u16::try_from(*cpu).ok()).unwrap_or(0),
            thread,
            container: thread.and_then(|thread| rows.container(thread.container)),
        };
        let row = StoredRow {
            rows,
            kind: place.kind,
            rank: place.rank,
        };
        self.add(&row, kind, &of, &|_| true);
    }

    /// The number of a kind in the copy.
    fn kind(&mut self, kind: &Kind) -> u16 {
        if let Some(number) = self.kinds.get(kind) {
            return *number;
        }
        let number = self.builder.add_kind(kind.clone());
        self.kinds.insert(kind.clone(), number);
        number
    }

    fn add<'s, R: Observed<'s>>(&mut self, row: &R, kind: &Kind, of: &Of<'s>, keeps: &impl Fn(&Thread) -> bool) {
        if let Some(thread) = of.thread {
            self.thread(thread, |id| row.version(id), keeps);
        }
        if let Some(container) = of.container {
            let copied = self.containers.entry(container.key).or_insert_with(|| Container {
                events: 0,
                first: 0,
                ..container.clone()
            });
            copied.events += 1;
            copied.last = copied.last.max(of.time).min(container.last.max(of.time));
            copied.first = match copied.first {
                0 => of.time,
                first => first.min(of.time),
            };
            self.parts
                .containers
                .entry(container.key)
                .or_insert_with(|| container.clone());
        }
        let descriptor = row.descriptor();
        if let Some(descriptor) = descriptor {
            self.descriptor(descriptor);
        }
        let args: Vec<Value<'_>> = (0..kind.params.len()).map(|at| row.raw_arg(at)).collect();
        self.builder.push(&Event {
            time: of.time,
            kind: of.kind,
            cpu: of.cpu,
            flags: row.flags(),
            duration: row.duration().unwrap_or(0),
            result: row.result().unwrap_or(0),
            thread: of.thread.map_or(0, |thread| thread.id),
            descriptor: descriptor.map_or(0, |descriptor| descriptor.id),
            args: &args,
        });
    }

    /// Adds what was lost of the rows.
    pub fn push_loss(&mut self, loss: Loss) {
        self.builder.push_loss(loss);
    }

    /// Adds what became of a place in a descriptor table with the row that is pushed next.
    pub fn fd_change(&mut self, change: &FdChange, descriptor: Option<&Descriptor>) {
        if let Some(descriptor) = descriptor {
            self.descriptor(descriptor);
        }
        self.builder.fd_change(change.process, change.fd, change.state);
    }

    /// Makes the open segment, which has to be empty, a keyframe: threads that are alive, and open descriptors with their
    /// process and number.
    pub fn set_keyframe<'t>(
        &mut self,
        live: impl IntoIterator<Item = &'t Thread>,
        open: impl IntoIterator<Item = (u32, i32, &'t Descriptor)>,
    ) {
        let mut ids = Vec::new();
        for thread in live {
            ids.push(thread.id);
            self.parts.threads.insert(thread.id, thread.clone());
        }
        let mut places = Vec::new();
        for (process, fd, descriptor) in open {
            self.descriptor(descriptor);
            places.push((process, fd, descriptor.id));
        }
        self.builder.set_keyframe(ids, places);
    }

    /// Rows of the open segment.
    pub fn rows(&self) -> usize {
        self.builder.rows()
    }

    /// Whether the open segment has as much as one should have.
    pub fn is_full(&self) -> bool {
        let parts = self.parts.threads.len() + self.parts.descriptors.len();
        self.builder.rows() >= ROWS || self.builder.bytes() >= MAX_BYTES || parts >= MAX_PARTS
    }

    /// The open segment, if there is anything in it; the next one is empty.
    ///
    /// # Errors
    /// Those of compression.
    pub fn take(&mut self) -> std::io::Result<Option<EncodedSegment>> {
        if self.builder.is_empty() {
            return Ok(None);
        }
        self.builder.close(&self.parts);
        let encoded = self.builder.encode(LEVEL);
        self.builder.clear();
        self.parts = Parts::default();
        encoded.map(Some)
    }

    /// Containers of all rows so far, with counts of what was copied.
    pub fn containers(&self) -> Vec<Container> {
        let mut containers: Vec<Container> = self.containers.values().cloned().collect();
        containers.sort_by_key(|container| container.key);
        containers
    }

    fn descriptor(&mut self, descriptor: &Descriptor) {
        self.parts
            .descriptors
            .entry(descriptor.id)
            .or_insert_with(|| descriptor.clone());
    }

    /// A thread and its ancestors.
    fn thread<'t>(
        &mut self,
        thread: &'t Thread,
        version: impl Fn(u64) -> Option<&'t Thread>,
        keeps: &impl Fn(&Thread) -> bool,
    ) {
        let mut next = Some(thread);
        while let Some(thread) = next {
            if self.parts.threads.contains_key(&thread.id) {
                return;
            }
            let parent = version(thread.parent).filter(|parent| keeps(parent));
            let kept = Thread {
                parent: parent.map_or(0, |parent| parent.id),
                ..thread.clone()
            };
            self.parts.threads.insert(thread.id, kept);
            next = parent;
        }
    }
}

/// The copy of a whole trace.
struct Copy {
    rows: RowCopier,
    writer: TraceWriter,
}

impl Copy {
    fn segment(&mut self, rows: &SegmentRows<'_>, places: &[Place]) -> Result<()> {
        let mut kinds = vec![None; rows.segment().kinds().len()];
        for place in places {
            self.rows.push_place(rows, place, &mut kinds);
            if self.rows.is_full() {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        let encoded = self.rows.take().map_err(|source| Error::Io {
            action: "cannot encode a segment of",
            path: self.writer.path().to_owned(),
            source,
        })?;
        match encoded {
            Some(segment) => self.writer.append(&segment),
            None => Ok(()),
        }
    }
}

/// Has what a copy of these rows reads decoded. What cannot be decoded is noted when it is read.
fn decode(rows: &SegmentRows<'_>, places: &[Place]) {
    let segment = rows.segment();
    let mut seen = vec![false; segment.kinds().len()];
    let (_, _) = (segment.threads(), segment.stored_cpus());
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
            let _ = (row.flags(), row.duration(), row.result(), row.descriptor());
        }
    }
}
