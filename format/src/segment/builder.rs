//! Rows as they arrive. Pushing one allocates nothing once the columns have grown to their usual size.

use super::MAX_ANCESTORS;
use super::codec::Memory;
use super::descriptors::StoredDescriptor;
use super::dictionary::DictionaryBuilder;
use super::tables::{FdChange, FdState};
use super::threads::StoredThread;
use crate::model::{Container, Descriptor, Event, EventFlags, Kind, Loss, LossCause, ParamType, Thread, Value};
use hashbrown::HashMap;

/// Where a builder finds what its events refer to when it is closed.
pub trait Entities {
    /// The thread version with this [`Thread::id`].
    fn thread(&self, id: u64) -> Option<&Thread>;
    /// The container with this [`Container::key`].
    fn container(&self, key: u64) -> Option<&Container>;
    /// The descriptor with this [`Descriptor::id`].
    fn descriptor(&self, id: u64) -> Option<&Descriptor>;
}

#[derive(Default)]
pub(super) struct Param {
    pub(super) values: Vec<i64>,
    /// Empty while no value was missing.
    pub(super) present: Vec<i64>,
    /// The byte string before, which the next one often equals.
    last: u32,
}

/// The rows of one kind, in order of arrival.
#[derive(Default)]
pub(super) struct Table {
    pub(super) errors: u32,
    pub(super) flags: Vec<i64>,
    pub(super) results: Vec<i64>,
    pub(super) descriptors: Vec<i64>,
    pub(super) params: Vec<Param>,
}

/// Ids of the capture to indexes of the segment, in order of first use.
#[derive(Default)]
pub(super) struct Local {
    pub(super) index: HashMap<u64, u32>,
    pub(super) ids: Vec<u64>,
    /// The last one asked for: most rows refer to what the row before referred to.
    last: Option<(u64, u32)>,
}

impl Local {
    fn of(&mut self, id: u64) -> u32 {
        if let Some((last, at)) = self.last
            && last == id
        {
            return at;
        }
        let Local { index, ids, last } = self;
        let at = *index.entry(id).or_insert_with(|| {
            ids.push(id);
            ids.len() as u32 - 1
        });
        *last = Some((id, at));
        at
    }

    fn clear(&mut self) {
        self.index.clear();
        self.ids.clear();
        self.last = None;
    }
}

/// Collects the rows of one segment.
pub struct SegmentBuilder {
    pub(super) kinds: Vec<Kind>,
    pub(super) tables: Vec<Table>,
    // One value a row, in order of arrival.
    pub(super) times: Vec<i64>,
    pub(super) row_kinds: Vec<u16>,
    pub(super) cpus: Vec<i64>,
    pub(super) row_threads: Vec<u32>,
    pub(super) strings: DictionaryBuilder,
    pub(super) payloads: DictionaryBuilder,
    pub(super) local_threads: Local,
    pub(super) local_descriptors: Local,
    pub(super) live: Option<Vec<u64>>,
    pub(super) fd_changes: Vec<FdChange>,
    pub(super) losses: Vec<Loss>,
    pub(super) first_num: u64,
    pub(super) keep_order: bool,
    // Filled by `close`.
    pub(super) threads: Vec<StoredThread>,
    pub(super) containers: Vec<Container>,
    pub(super) descriptors: Vec<StoredDescriptor>,
    // Kept from segment to segment.
    pub(super) memory: Memory,
}

impl SegmentBuilder {
    /// A builder for events of these kinds ([`Event::kind`] is an index into them). Events are numbered from
    /// `first_num`.
    pub fn new(kinds: Vec<Kind>, first_num: u64) -> Self {
        let tables = kinds
            .iter()
            .map(|k| Table {
                params: k.params.iter().map(|_| Param::default()).collect(),
                ..Table::default()
            })
            .collect();
        SegmentBuilder {
            kinds,
            tables,
            times: Vec::new(),
            row_kinds: Vec::new(),
            cpus: Vec::new(),
            row_threads: Vec::new(),
            strings: DictionaryBuilder::default(),
            payloads: DictionaryBuilder::default(),
            local_threads: Local::default(),
            local_descriptors: Local::default(),
            live: None,
            fd_changes: Vec::new(),
            losses: Vec::new(),
            first_num,
            keep_order: false,
            threads: Vec::new(),
            containers: Vec::new(),
            descriptors: Vec::new(),
            memory: Memory::default(),
        }
    }

    /// Rows are to be read in the order in which they were pushed, whatever their times say: for imported captures, whose
    /// events have their numbers already. Without it they are put in the order of time.
    pub fn keep_order(&mut self) {
        self.keep_order = true;
    }

    /// Rows so far.
    pub fn rows(&self) -> usize {
        self.times.len()
    }

    /// First `evt.num` behind this segment.
    pub fn next_num(&self) -> u64 {
        self.first_num + self.times.len() as u64
    }

    /// Bytes of strings, payloads and entities so far: a writer closes a segment early when they grow large.
    pub fn bytes(&self) -> usize {
        // What a stored thread or descriptor takes, roughly, without its texts.
        let entities = 128 * (self.local_threads.ids.len() + self.local_descriptors.ids.len());
        let changes = size_of::<FdChange>() * self.fd_changes.len();
        self.strings.len_bytes() + self.payloads.len_bytes() + entities + changes
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty() && self.losses.is_empty() && self.live.is_none()
    }

    /// Makes this segment a keyframe: `live` are the [`Thread::id`]s of all threads alive now, before its first row, and
    /// `open` their processes' descriptors: process id, number, [`Descriptor::id`].
    pub fn set_keyframe(&mut self, live: Vec<u64>, open: impl IntoIterator<Item = (u32, i32, u64)>) {
        self.live = Some(live);
        for (process, fd, descriptor) in open {
            self.local_descriptors.of(descriptor);
            self.fd_changes.push(FdChange {
                row: None,
                process,
                fd,
                state: FdState::Open(descriptor),
            });
        }
    }

    /// Notes a change of a descriptor table that comes with the row that will be pushed next.
    pub fn fd_change(&mut self, process: u32, fd: i32, state: FdState) {
        if let FdState::Open(descriptor) = state {
            self.local_descriptors.of(descriptor);
        }
        self.fd_changes.push(FdChange {
            row: Some(self.times.len() as u32),
            process,
            fd,
            state,
        });
    }

    /// Adds a loss record.
    pub fn push_loss(&mut self, loss: Loss) {
        self.losses.push(loss);
    }

    /// Loss records so far.
    pub fn losses(&self) -> &[Loss] {
        &self.losses
    }

    /// Earliest and latest time of the rows; `None` where there are none.
    pub fn span(&self) -> Option<(u64, u64)> {
        let times = || self.times.iter().map(|t| *t as u64);
        times().min().zip(times().max())
    }

    /// Adds a row. Arguments beyond the kind's parameters are ignored, missing ones are [`Value::Missing`]; an event of
    /// a kind that does not exist is a mistake of the caller and is counted as a decode loss.
    pub fn push(&mut self, event: &Event<'_>) {
        let Some((table, kind)) = self
            .tables
            .get_mut(usize::from(event.kind))
            .zip(self.kinds.get(usize::from(event.kind)))
        else {
            self.losses.push(Loss {
                cause: LossCause::Decode,
                cpu: Some(event.cpu),
                events: 1,
                from: event.time,
                to: event.time,
            });
            return;
        };
        self.times.push(event.time as i64);
        self.row_kinds.push(event.kind);
        self.cpus.push(i64::from(event.cpu));
        self.row_threads.push(self.local_threads.of(event.thread));
        table.flags.push(i64::from(event.flags.0));
        table.results.push(event.result);
        table.descriptors.push(match event.descriptor {
            0 => 0,
            id => i64::from(self.local_descriptors.of(id)) + 1,
        });
        for (at, (param, spec)) in table.params.iter_mut().zip(&kind.params).enumerate() {
            let value = event.args.get(at).copied().unwrap_or(Value::Missing);
            let stored = match (value, spec.ty.is_bytes()) {
                (Value::Bytes(bytes), true) => {
                    let dictionary = match spec.ty {
                        ParamType::Bytes => &mut self.payloads,
                        _ => &mut self.strings,
                    };
                    param.last = dictionary.intern_near(bytes, param.last);
                    Some(i64::from(param.last))
                }
                (_, true) => Some(0),
                (Value::Int(int), false) => Some(int),
                (_, false) => None,
            };
            if stored.is_none() && param.present.is_empty() {
                param.present = vec![1; param.values.len()];
            }
            if stored.is_none() || !param.present.is_empty() {
                param.present.push(i64::from(stored.is_some()));
            }
            param.values.push(stored.unwrap_or(0));
        }
        table.errors += u32::from(event.flags.has(EventFlags::HAS_RESULT) && event.result < 0);
    }

    /// Takes copies of everything that the rows refer to, ancestors of threads included, so that
    /// [`SegmentBuilder::encode`] can run on another thread.
    pub fn close(&mut self, entities: &dyn Entities) {
        for id in self.live.iter().flatten() {
            self.local_threads.of(*id);
        }
        // Rows and keyframes first; then their parents, a generation at a time.
        let (mut at, mut generation) = (0, 0);
        let mut next_generation = self.local_threads.ids.len();
        while let Some(&id) = self.local_threads.ids.get(at) {
            if at == next_generation {
                generation += 1;
                next_generation = self.local_threads.ids.len();
            }
            let unknown = Thread {
                id,
                ..Thread::default()
            };
            let thread = entities.thread(id).unwrap_or(&unknown);
            if thread.parent != 0 && generation < MAX_ANCESTORS && entities.thread(thread.parent).is_some() {
                self.local_threads.of(thread.parent);
            }
            if thread.container != 0 && !self.containers.iter().any(|c| c.key == thread.container) {
                self.containers.extend(entities.container(thread.container).cloned());
            }
            self.threads.push(StoredThread::new(thread, &mut self.strings));
            at += 1;
        }
        for id in &self.local_descriptors.ids {
            let unknown = Descriptor::unknown(*id);
            let descriptor = entities.descriptor(*id).unwrap_or(&unknown);
            self.descriptors
                .push(StoredDescriptor::new(descriptor, &mut self.strings));
        }
    }

    /// Empties the builder for the next segment and keeps its memory. Numbering goes on.
    pub fn clear(&mut self) {
        self.first_num = self.next_num();
        for table in &mut self.tables {
            table.errors = 0;
            for column in [&mut table.flags, &mut table.results, &mut table.descriptors] {
                column.clear();
            }
            for param in &mut table.params {
                param.values.clear();
                param.present.clear();
                param.last = 0;
            }
        }
        self.times.clear();
        self.row_kinds.clear();
        self.cpus.clear();
        self.row_threads.clear();
        self.strings.clear();
        self.payloads.clear();
        self.local_threads.clear();
        self.local_descriptors.clear();
        self.live = None;
        self.fd_changes.clear();
        self.losses.clear();
        self.threads.clear();
        self.containers.clear();
        self.descriptors.clear();
    }

    /// Sets the number of the next row, for builders that take turns.
    pub fn set_first_num(&mut self, first_num: u64) {
        self.first_num = first_num;
    }
}
