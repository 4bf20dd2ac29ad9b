//! Rows to segments, and segments to the file. Segments are encoded and written by a thread of their own.

use super::convert::{Made, with_values};
use super::kinds::Kinds;
use crate::error::Error;
use crate::events::{Direction, Event};
use crate::fields::signed;
use crate::limits::{MAX_LOSSES, SEGMENT_BYTES, SEGMENT_ROWS};
use crate::state::{Fd, FdChange, Seen, World};
use afterimage_format::file::{Storage, TraceWriter};
use afterimage_format::model::{self, Container, Descriptor, EventFlags, Loss, LossCause};
use afterimage_format::segment::{Entities, FdState, SegmentBuilder};
use hashbrown::HashMap;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::ScopedJoinHandle;

/// Segments after which all that is alive and open is listed again.
const KEYFRAME: u64 = 32;

/// zstd: speed counts, the file is read once or converted for good.
const LEVEL: i32 = 1;

/// Bit of the flags of an event block: it only tells of the state.
const STATE_ONLY: u32 = 1;

/// Makes rows of events.
pub(crate) struct NativeWriter<'scope, S: Storage> {
    builder: SegmentBuilder,
    kinds: Kinds,
    made: Made,
    /// What the rows of the open segment refer to.
    threads: HashMap<u64, Rc<model::Thread>>,
    descriptors: HashMap<u64, Rc<Fd>>,
    /// Bytes of those.
    referred: usize,
    segments: u64,
    to_encode: Option<SyncSender<SegmentBuilder>>,
    encoded: Receiver<SegmentBuilder>,
    encoder: ScopedJoinHandle<'scope, Result<&'scope mut TraceWriter<S>, Error>>,
    pub(crate) losses: Vec<Loss>,
    pub(crate) events: u64,
    pub(crate) first: u64,
    pub(crate) last: u64,
    last_descriptor: u64,
}

struct Referred<'a> {
    threads: &'a HashMap<u64, Rc<model::Thread>>,
    descriptors: &'a HashMap<u64, Rc<Fd>>,
    world: &'a World,
}

impl Entities for Referred<'_> {
    fn thread(&self, id: u64) -> Option<&model::Thread> {
        self.threads.get(&id).map(|thread| &**thread)
    }

    fn container(&self, key: u64) -> Option<&Container> {
        self.world.containers.get(key)
    }

    fn descriptor(&self, id: u64) -> Option<&Descriptor> {
        self.descriptors.get(&id).map(|fd| &fd.shown)
    }
}

impl<'scope, S: Storage + Send> NativeWriter<'scope, S> {
    /// Begins to write to `trace`.
    pub(crate) fn new<'env>(
        scope: &'scope std::thread::Scope<'scope, 'env>,
        trace: &'scope mut TraceWriter<S>,
    ) -> NativeWriter<'scope, S> {
        let (to_encode, full) = sync_channel::<SegmentBuilder>(1);
        let (done, encoded) = sync_channel(2);
        let encoder = scope.spawn(move || {
            for mut builder in full {
                let segment = builder.encode(LEVEL).map_err(|source| afterimage_format::Error::Io {
                    action: "cannot compress",
                    path: trace.path().to_owned(),
                    source,
                })?;
                trace.append(&segment)?;
                // Nobody waits for it at the end.
                let _ = done.send(builder);
            }
            Ok(trace)
        });
        let mut builder = SegmentBuilder::new(Vec::new(), 1);
        builder.keep_order();
        NativeWriter {
            builder,
            kinds: Kinds::default(),
            made: Made::default(),
            threads: HashMap::new(),
            descriptors: HashMap::new(),
            referred: 0,
            segments: 0,
            to_encode: Some(to_encode),
            encoded,
            encoder,
            losses: Vec::new(),
            events: 0,
            first: u64::MAX,
            last: 0,
            last_descriptor: 0,
        }
    }

    /// Lists what is alive and open where the next segment begins.
    pub(crate) fn keyframe(&mut self, world: &mut World) {
        let live = world.all_versions();
        self.take_versions(world);
        let mut open: Vec<(u32, i32, u64)> = Vec::new();
        for (process, number, fd) in world.open() {
            if let (Ok(process), Ok(number)) = (u32::try_from(process), i32::try_from(number)) {
                open.push((process, number, fd.shown.id));
                self.descriptors.insert(fd.shown.id, fd.clone());
            }
        }
        open.sort_unstable();
        world.fd_changes.clear();
        for thread in &live {
            self.threads.insert(thread.id, thread.clone());
        }
        self.builder
            .set_keyframe(live.iter().map(|thread| thread.id).collect(), open);
    }

    fn take_versions(&mut self, world: &mut World) {
        for version in world.new_versions.drain(..) {
            self.referred += 256 + version.args.len() + version.cwd.len() + version.cgroup.len() + version.exe.len();
            self.threads.insert(version.id, version);
        }
    }

    /// Adds the row of an event.
    pub(crate) fn push(
        &mut self,
        event: &Event<'_>,
        seen: &Seen,
        world: &mut World,
        is_state: bool,
    ) -> Result<(), Error> {
        if !world.new_versions.is_empty() {
            self.take_versions(world);
        }
        let kind = self.kinds.of(event, is_state);
        if self.kinds.kinds.len() > self.builder_kinds() {
            self.add_kinds();
        }
        for change in world.fd_changes.drain(..) {
            if let FdChange::Open(_, _, fd) = &change {
                self.descriptors.insert(fd.shown.id, fd.clone());
            }
            apply_change(&mut self.builder, &change);
        }
        let shape = &self.kinds.shapes[usize::from(kind)];
        let result = shape.result.and_then(|at| event.raw(at)).and_then(signed);
        let mut flags = EventFlags::default();
        if event.direction() == Direction::Enter {
            flags.0 |= EventFlags::ENTER;
        }
        if result.is_some() {
            flags.0 |= EventFlags::HAS_RESULT;
        }
        if event.is_cut {
            flags.0 |= EventFlags::TRUNCATED;
        }
        let descriptor = seen.descriptor.as_ref().map_or(0, |fd| fd.shown.id);
        if descriptor != 0
            && descriptor != self.last_descriptor
            && let Some(fd) = &seen.descriptor
        {
            self.last_descriptor = descriptor;
            if self.descriptors.insert(descriptor, fd.clone()).is_none() {
                self.referred += fd.size();
            }
        }
        let builder = &mut self.builder;
        with_values(event, shape, seen.fd, &mut self.made, |args| {
            builder.push(&model::Event {
                time: event.time,
                kind,
                cpu: event.cpu,
                flags,
                duration: seen.latency,
                result: result.unwrap_or(0),
                thread: seen.thread.id,
                descriptor,
                args,
            });
        });
        self.events += 1;
        self.first = self.first.min(event.time);
        self.last = self.last.max(event.time);
        if self.builder.rows() >= SEGMENT_ROWS || self.builder.bytes() + self.referred >= SEGMENT_BYTES {
            self.end_segment(world)?;
        }
        Ok(())
    }

    fn builder_kinds(&self) -> usize {
        self.builder.kinds().len()
    }

    fn add_kinds(&mut self) {
        for at in self.builder_kinds()..self.kinds.kinds.len() {
            self.builder.add_kind(self.kinds.kinds[at].clone());
        }
    }

    /// Notes a gap.
    pub(crate) fn loss(&mut self, cause: LossCause, cpu: Option<u16>, events: u64, time: u64) {
        let loss = Loss {
            cause,
            cpu,
            events,
            from: time,
            to: time,
        };
        if self.losses.len() >= MAX_LOSSES {
            if let Some(last) = self.losses.last_mut() {
                last.events = last.events.saturating_add(events);
                last.to = last.to.max(time);
            }
            return;
        }
        self.losses.push(loss.clone());
        self.builder.push_loss(loss);
    }

    fn end_segment(&mut self, world: &mut World) -> Result<(), Error> {
        let referred = Referred {
            threads: &self.threads,
            descriptors: &self.descriptors,
            world,
        };
        self.builder.close(&referred);
        let next_num = self.builder.next_num();
        let mut fresh = if self.segments < 1 {
            let mut builder = SegmentBuilder::new(Vec::new(), next_num);
            builder.keep_order();
            builder
        } else {
            let Ok(mut builder) = self.encoded.recv() else {
                return self.failed();
            };
            builder.clear();
            builder
        };
        fresh.set_first_num(next_num);
        let full = std::mem::replace(&mut self.builder, fresh);
        let sent = self.to_encode.as_ref().is_some_and(|sender| sender.send(full).is_ok());
        if !sent {
            return self.failed();
        }
        self.segments += 1;
        self.add_kinds();
        self.descriptors.clear();
        self.last_descriptor = 0;
        self.referred = 0;
        self.threads.clear();
        for version in world.current_versions() {
            self.threads.insert(version.id, version.clone());
        }
        if self.segments.is_multiple_of(KEYFRAME) {
            self.keyframe(world);
        }
        Ok(())
    }

    /// The other thread has ended, and says why when it is joined.
    fn failed(&mut self) -> Result<(), Error> {
        self.to_encode = None;
        Err(Error::Stopped)
    }

    /// Writes what is left; the trace, to be sealed.
    pub(crate) fn finish(mut self, world: &mut World) -> Result<&'scope mut TraceWriter<S>, Error> {
        if !self.builder.is_empty() && self.to_encode.is_some() {
            let referred = Referred {
                threads: &self.threads,
                descriptors: &self.descriptors,
                world,
            };
            self.builder.close(&referred);
            if let Some(sender) = &self.to_encode {
                let _ = sender.send(self.builder);
            }
        }
        self.to_encode = None;
        drop(self.encoded);
        match self.encoder.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

fn apply_change(builder: &mut SegmentBuilder, change: &FdChange) {
    let process = |pid: i64| u32::try_from(pid).ok();
    match change {
        FdChange::Open(pid, number, fd) => {
            if let (Some(pid), Ok(number)) = (process(*pid), i32::try_from(*number)) {
                builder.fd_change(pid, number, FdState::Open(fd.shown.id));
            }
        }
        FdChange::Closed(pid, number) => {
            if let (Some(pid), Ok(number)) = (process(*pid), i32::try_from(*number)) {
                builder.fd_change(pid, number, FdState::Closed);
            }
        }
        FdChange::CopyOf(pid, other) => {
            if let (Some(pid), Some(other)) = (process(*pid), process(*other)) {
                builder.fd_change(pid, 0, FdState::CopyOf(other));
            }
        }
        FdChange::Ended(pid) => {
            if let Some(pid) = process(*pid) {
                builder.fd_change(pid, 0, FdState::Ended);
            }
        }
    }
}

/// Whether an event only tells of the state: sysdig does not show it.
pub(crate) fn is_state(event: &Event<'_>) -> bool {
    event.flags & STATE_ONLY != 0
        || event
            .info
            .is_some_and(|info| info.category == model::Category::Internal)
        || matches!(event.code, 354 | 356 | 358 | 360)
}
