//! Rows as they arrive. Pushing one allocates nothing once the columns have grown to their usual size.

use super::MAX_ANCESTORS;
use super::descriptors::StoredDescriptor;
use super::dictionary::DictionaryBuilder;
use super::encode::EncoderMemory;
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

/// How a parameter is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Int,
    String,
    Payload,
}

pub(super) struct Param {
    pub(super) class: Class,
    /// The byte string before, which the next one often equals.
    last: u32,
}

impl Param {
    #[inline]
    fn intern(&mut self, bytes: &[u8], dictionary: &mut DictionaryBuilder) -> i64 {
        self.last = dictionary.intern_near(bytes, self.last);
        i64::from(self.last)
    }
}

/// Where a value stands in a row: so many bits of a word, and which of them are told the other way round.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) word: usize,
    shift: u32,
    mask: i64,
    flip: i64,
}

impl Place {
    /// A whole word.
    pub(super) const fn word(word: usize) -> Place {
        Place {
            word,
            shift: 0,
            mask: -1,
            flip: 0,
        }
    }

    /// The value in its word.
    #[inline]
    pub(super) fn of(self, word: i64) -> i64 {
        word >> self.shift & self.mask ^ self.flip
    }
}

/// The rows of one kind, in order of arrival. A row is written as a whole, so that pushing one touches one place, and
/// taken apart into columns when the segment is encoded.
pub(super) struct Table {
    pub(super) errors: u32,
    pub(super) params: Vec<Param>,
    /// A row behind the other: [`Table::MARKS`], result, duration, a word for each parameter, then bits for those parameters
    /// that have none in the first word (64 to a word). What is behind the last row is of segments before.
    words: Vec<i64>,
    rows: u32,
    /// Parameters that any row has no value of, 64 to a word.
    missing: Vec<u64>,
}

/// By so many rows a table grows.
const STEP: usize = 64;

impl Table {
    /// Words of a row before its parameters.
    pub(super) const HEAD: usize = 3;
    /// What is small, in one word, so that a row takes little memory: flags, a bit for each of the first parameters that has
    /// no value, descriptor.
    const MARKS: usize = 0;
    pub(super) const RESULT: usize = 1;
    /// Nanoseconds; 0: not measured.
    pub(super) const DURATION: usize = 2;
    /// Parameters whose bit is in [`Table::MARKS`].
    const FIRST: usize = 24;
    /// Where the flags stand.
    pub(super) const FLAGS: Place = Place {
        word: Self::MARKS,
        shift: 0,
        mask: 0xff,
        flip: 0,
    };
    /// Where the descriptor stands: its index and 1; 0: none.
    pub(super) const DESCRIPTOR: Place = Place {
        word: Self::MARKS,
        shift: 32,
        mask: 0xffff_ffff,
        flip: 0,
    };

    fn new(kind: &Kind) -> Table {
        let class = |ty: &ParamType| match ty {
            ParamType::Bytes => Class::Payload,
            ty if ty.is_bytes() => Class::String,
            _ => Class::Int,
        };
        let params = kind.params.iter().map(|param| Param {
            class: class(&param.ty),
            last: 0,
        });
        Table {
            errors: 0,
            params: params.collect(),
            words: Vec::new(),
            rows: 0,
            missing: vec![0; kind.params.len().div_ceil(64)],
        }
    }

    /// Words of a row.
    pub(super) fn width(&self) -> usize {
        Self::HEAD + self.params.len() + self.params.len().saturating_sub(Self::FIRST).div_ceil(64)
    }

    /// Where it says 1 if a row has a value of this parameter, 0 if not.
    pub(super) fn presence(&self, param: usize) -> Place {
        let (word, shift) = match param.checked_sub(Self::FIRST) {
            None => (Self::MARKS, 8 + param),
            Some(rest) => (Self::HEAD + self.params.len() + rest / 64, rest % 64),
        };
        Place {
            word,
            shift: shift as u32,
            mask: 1,
            flip: 1,
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows as usize
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Room for one more row, with whatever stood there.
    #[inline]
    fn grow(words: &mut Vec<i64>, rows: u32, width: usize) -> &mut [i64] {
        let start = rows as usize * width;
        if words.len() < start + width {
            // A row at a time would be a call for each. Not many: what is filled with zeros takes memory, which room that
            // the vector only reserves does not.
            words.resize(start + STEP * width, 0);
        }
        &mut words[start..start + width]
    }

    /// The words of all rows.
    pub(super) fn words(&self) -> &[i64] {
        &self.words[..self.rows() * self.width()]
    }

    /// Whether any row has no value of this parameter.
    pub(super) fn has_missing(&self, param: usize) -> bool {
        self.missing[param / 64] >> (param % 64) & 1 != 0
    }

    fn clear(&mut self) {
        self.errors = 0;
        self.rows = 0;
        self.missing.fill(0);
        self.params.iter_mut().for_each(|param| param.last = 0);
    }
}

/// What a row has in common with those of all kinds.
#[derive(Clone, Copy)]
pub(super) struct Row {
    /// Index of the thread version.
    pub(super) thread: u32,
    /// How many rows of its kind came before.
    pub(super) rank: u32,
    pub(super) kind: u16,
    pub(super) cpu: u16,
}

/// Ids of the capture to indexes of the segment, in order of first use.
#[derive(Default)]
pub(super) struct Local {
    pub(super) index: HashMap<u64, u32>,
    pub(super) ids: Vec<u64>,
    /// What was asked for last, by the low bits of the id: rows refer to what some rows before referred to.
    recent: [Option<(u64, u32)>; 32],
}

impl Local {
    #[inline]
    fn of(&mut self, id: u64) -> u32 {
        match self.recent[id as usize % 32] {
            Some((known, at)) if known == id => at,
            _ => self.look_up(id),
        }
    }

    fn look_up(&mut self, id: u64) -> u32 {
        let Local { index, ids, recent } = self;
        let at = *index.entry(id).or_insert_with(|| {
            ids.push(id);
            ids.len() as u32 - 1
        });
        recent[id as usize % 32] = Some((id, at));
        at
    }

    fn clear(&mut self) {
        self.index.clear();
        self.ids.clear();
        self.recent = Default::default();
    }
}

/// Collects the rows of one segment.
pub struct SegmentBuilder {
    pub(super) kinds: Vec<Kind>,
    pub(super) tables: Vec<Table>,
    // One value a row, in order of arrival.
    pub(super) times: Vec<i64>,
    pub(super) rows: Vec<Row>,
    pub(super) strings: DictionaryBuilder,
    pub(super) payloads: DictionaryBuilder,
    pub(super) local_threads: Local,
    pub(super) local_descriptors: Local,
    pub(super) live: Option<Vec<u64>>,
    pub(super) fd_changes: Vec<FdChange>,
    pub(super) losses: Vec<Loss>,
    pub(super) incomplete: Vec<Loss>,
    pub(super) first_num: u64,
    pub(super) keep_order: bool,
    // Filled by `close`.
    pub(super) threads: Vec<StoredThread>,
    pub(super) containers: Vec<Container>,
    pub(super) descriptors: Vec<StoredDescriptor>,
    // Kept from segment to segment.
    pub(super) kept: Option<EncoderMemory>,
    /// Segments since memory was given back.
    segments: u32,
}

/// After so many segments memory is given back: each kind keeps what it took at most, and together that is more than any
/// segment takes.
const RENEWED: u32 = 64;

impl SegmentBuilder {
    /// A builder for events of these kinds ([`Event::kind`] is an index into them). Events are numbered from
    /// `first_num`.
    pub fn new(kinds: Vec<Kind>, first_num: u64) -> Self {
        let tables = kinds.iter().map(Table::new).collect();
        SegmentBuilder {
            kinds,
            tables,
            times: Vec::new(),
            rows: Vec::new(),
            strings: DictionaryBuilder::default(),
            payloads: DictionaryBuilder::default(),
            local_threads: Local::default(),
            local_descriptors: Local::default(),
            live: None,
            fd_changes: Vec::new(),
            losses: Vec::new(),
            incomplete: Vec::new(),
            first_num,
            keep_order: false,
            threads: Vec::new(),
            containers: Vec::new(),
            descriptors: Vec::new(),
            kept: None,
            segments: 0,
        }
    }

    /// Rows are to be read in the order in which they were pushed, whatever their times say: for imported captures, whose
    /// events have their numbers already. Without it they are put in the order of time.
    pub fn keep_order(&mut self) {
        self.keep_order = true;
    }

    /// Adds a kind, for events of kinds that are not known from the beginning; returns its index.
    pub fn add_kind(&mut self, kind: Kind) -> u16 {
        self.tables.push(Table::new(&kind));
        self.kinds.push(kind);
        (self.kinds.len() - 1) as u16
    }

    /// Its kinds so far.
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
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

    /// Adds a record of events that are in the segment and not whole.
    pub fn push_incomplete(&mut self, loss: Loss) {
        self.incomplete.push(loss);
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
        let Some(table) = self.tables.get_mut(usize::from(event.kind)) else {
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
        self.rows.push(Row {
            thread: self.local_threads.of(event.thread),
            rank: table.rows,
            kind: event.kind,
            cpu: event.cpu,
        });
        let width = table.width();
        let row = Table::grow(&mut table.words, table.rows, width);
        table.rows += 1;
        let (head, rest) = row.split_at_mut(Table::HEAD);
        let (values, more) = rest.split_at_mut(table.params.len());
        let descriptor = match event.descriptor {
            0 => 0,
            id => u64::from(self.local_descriptors.of(id)) + 1,
        };
        head[Table::MARKS] = (descriptor << 32 | u64::from(event.flags.0)) as i64;
        head[Table::RESULT] = event.result;
        head[Table::DURATION] = event.duration as i64;
        more.fill(0);
        let missing = &mut table.missing;
        // Notes that the row has no integer of parameter `at`; returns what stands in its place.
        let mut lacks = |at: usize| {
            missing[at / 64] |= 1 << (at % 64);
            match at.checked_sub(Table::FIRST) {
                None => head[Table::MARKS] |= 1 << (8 + at),
                Some(rest) => more[rest / 64] |= 1 << (rest % 64),
            }
            0
        };
        let known = event.args.len().min(values.len());
        let (given, left_out) = values.split_at_mut(known);
        let (params, others) = table.params.split_at_mut(known);
        for (at, ((to, param), arg)) in given.iter_mut().zip(params).zip(event.args).enumerate() {
            *to = match (arg, param.class) {
                (Value::Int(int), Class::Int) => *int,
                (Value::Bytes(bytes), Class::String) => param.intern(bytes, &mut self.strings),
                (Value::Bytes(bytes), Class::Payload) => param.intern(bytes, &mut self.payloads),
                (_, Class::Int) => lacks(at),
                _ => 0,
            };
        }
        for (at, (to, param)) in (known..).zip(left_out.iter_mut().zip(others)) {
            *to = match param.class {
                Class::Int => lacks(at),
                _ => 0,
            };
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

    /// Empties the builder for the next segment and mostly keeps its memory. Numbering goes on.
    pub fn clear(&mut self) {
        self.first_num = self.next_num();
        self.tables.iter_mut().for_each(Table::clear);
        self.times.clear();
        self.rows.clear();
        self.strings.clear();
        self.payloads.clear();
        self.local_threads.clear();
        self.local_descriptors.clear();
        self.live = None;
        self.fd_changes.clear();
        self.losses.clear();
        self.incomplete.clear();
        self.threads.clear();
        self.containers.clear();
        self.descriptors.clear();
        self.segments += 1;
        if self.segments >= RENEWED {
            self.segments = 0;
            self.tables.iter_mut().for_each(|table| table.words = Vec::new());
            (self.times, self.rows) = (Vec::new(), Vec::new());
            (self.strings, self.payloads) = Default::default();
        }
    }

    /// Gives what encoding has kept from the segments before for what another builder has kept.
    pub fn swap_memory(&mut self, other: &mut Option<EncoderMemory>) {
        std::mem::swap(&mut self.kept, other);
    }

    /// Sets the number of the next row, for builders that take turns.
    pub fn set_first_num(&mut self, first_num: u64) {
        self.first_num = first_num;
    }
}
