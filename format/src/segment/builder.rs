//! Rows to an encoded segment. Pushing a row allocates nothing once the columns have grown to their usual size.

use super::MAX_ANCESTORS;
use super::codec;
use super::dictionary::DictionaryBuilder;
use super::directory::{Column, ColumnInfo, Directory};
use super::entity::StoredThread;
use super::frame::FrameWriter;
use super::zone::{ContainerCount, KindCount, Zone};
use crate::meta;
use crate::model::{Container, Descriptor, Event, EventFlags, Kind, Loss, Thread, Value};
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

/// A segment's bytes, ready to be appended to a file.
pub struct EncodedSegment {
    /// Body of the segment's block.
    pub body: Vec<u8>,
    /// Its zone map.
    pub zone: Zone,
}

/// Kinds with fewer rows than this share one frame: a frame of their own would cost more than it saves
/// (trace-format design note, finding 2).
const SMALL: usize = 128;

#[derive(Default)]
struct Param {
    values: Vec<i64>,
    /// Empty while no value was missing.
    present: Vec<i64>,
}

#[derive(Default)]
struct Table {
    rows: u32,
    errors: u32,
    params: Vec<Param>,
}

/// Ids of the capture to indexes of the segment, in order of first use.
#[derive(Default)]
struct Local {
    index: HashMap<u64, u32>,
    ids: Vec<u64>,
}

impl Local {
    fn of(&mut self, id: u64) -> u32 {
        let Local { index, ids } = self;
        *index.entry(id).or_insert_with(|| {
            ids.push(id);
            ids.len() as u32 - 1
        })
    }

    fn clear(&mut self) {
        self.index.clear();
        self.ids.clear();
    }
}

/// Collects the rows of one segment.
pub struct SegmentBuilder {
    kinds: Vec<Kind>,
    tables: Vec<Table>,
    times: Vec<i64>,
    row_kinds: Vec<i64>,
    cpus: Vec<i64>,
    flags: Vec<i64>,
    results: Vec<i64>,
    row_threads: Vec<i64>,
    row_descriptors: Vec<i64>,
    strings: DictionaryBuilder,
    payloads: DictionaryBuilder,
    local_threads: Local,
    local_descriptors: Local,
    live: Option<Vec<u64>>,
    losses: Vec<Loss>,
    first_num: u64,
    // Filled by `close`.
    threads: Vec<StoredThread>,
    /// Container of each of `threads`.
    thread_containers: Vec<u64>,
    containers: Vec<Container>,
    descriptors: Vec<Descriptor>,
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
            flags: Vec::new(),
            results: Vec::new(),
            row_threads: Vec::new(),
            row_descriptors: Vec::new(),
            strings: DictionaryBuilder::default(),
            payloads: DictionaryBuilder::default(),
            local_threads: Local::default(),
            local_descriptors: Local::default(),
            live: None,
            losses: Vec::new(),
            first_num,
            threads: Vec::new(),
            thread_containers: Vec::new(),
            containers: Vec::new(),
            descriptors: Vec::new(),
        }
    }

    /// Rows so far.
    pub fn rows(&self) -> usize {
        self.times.len()
    }

    /// `evt.num` that the next row gets.
    pub fn next_num(&self) -> u64 {
        self.first_num + self.times.len() as u64
    }

    /// Bytes of strings, payloads and entities so far: a writer closes a segment early when they grow large.
    pub fn bytes(&self) -> usize {
        // What a stored thread or descriptor takes, roughly, without its texts.
        let entities = 128 * (self.local_threads.ids.len() + self.local_descriptors.ids.len());
        self.strings.len_bytes() + self.payloads.len_bytes() + entities
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty() && self.losses.is_empty() && self.live.is_none()
    }

    /// Makes this segment a keyframe: `live` are the [`Thread::id`]s of all threads alive now, before its first row.
    pub fn set_keyframe(&mut self, live: Vec<u64>) {
        self.live = Some(live);
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
                cause: crate::model::LossCause::Decode,
                cpu: Some(event.cpu),
                events: 1,
                from: event.time,
                to: event.time,
            });
            return;
        };
        self.times.push(event.time as i64);
        self.row_kinds.push(i64::from(event.kind));
        self.cpus.push(i64::from(event.cpu));
        self.flags.push(i64::from(event.flags.0));
        self.results.push(event.result);
        self.row_threads.push(i64::from(self.local_threads.of(event.thread)));
        self.row_descriptors.push(match event.descriptor {
            0 => 0,
            id => i64::from(self.local_descriptors.of(id)) + 1,
        });
        for (at, (param, spec)) in table.params.iter_mut().zip(&kind.params).enumerate() {
            let value = event.args.get(at).copied().unwrap_or(Value::Missing);
            let stored = match (value, spec.ty.is_bytes()) {
                (Value::Bytes(bytes), true) if spec.ty == crate::model::ParamType::Bytes => {
                    Some(i64::from(self.payloads.intern(bytes)))
                }
                (Value::Bytes(bytes), true) => Some(i64::from(self.strings.intern(bytes))),
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
        table.rows += 1;
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
            self.thread_containers.push(thread.container);
            self.threads.push(StoredThread::new(thread, &mut self.strings));
            at += 1;
        }
        for id in &self.local_descriptors.ids {
            let unknown = || Descriptor::unknown(*id);
            self.descriptors
                .push(entities.descriptor(*id).cloned().unwrap_or_else(unknown));
        }
    }

    /// Encodes what was closed, with zstd at `level`.
    ///
    /// # Errors
    /// Only when zstd cannot allocate its context.
    pub fn encode(&self, level: i32) -> std::io::Result<EncodedSegment> {
        let mut out = Encoder {
            writer: FrameWriter::new(level)?,
            directory: Directory::default(),
            frames: Vec::new(),
        };
        let used: Vec<usize> = (0..self.tables.len()).filter(|k| self.tables[*k].rows > 0).collect();
        let mut renumber = vec![0i64; self.tables.len()];
        for (new, old) in used.iter().enumerate() {
            renumber[*old] = new as i64;
        }
        let kinds: Vec<i64> = self.row_kinds.iter().map(|k| renumber[*k as usize]).collect();

        let mut small = Vec::new();
        for (column, values) in [
            (Column::Time, &self.times),
            (Column::Kind, &kinds),
            (Column::Cpu, &self.cpus),
            (Column::Flags, &self.flags),
            (Column::Result, &self.results),
            (Column::Thread, &self.row_threads),
            (Column::Descriptor, &self.row_descriptors),
        ] {
            out.ints(column, values, &mut small);
        }
        for (new, old) in used.iter().enumerate() {
            out.directory.kinds.push(self.kinds[*old].clone());
            for (at, param) in self.tables[*old].params.iter().enumerate() {
                out.ints(Column::Param(new as u16, at as u16), &param.values, &mut small);
                if !param.present.is_empty() {
                    out.ints(Column::Present(new as u16, at as u16), &param.present, &mut small);
                }
            }
        }
        for (dictionary, lengths, bytes) in [
            (&self.strings, Column::StringLengths, Column::StringBytes),
            (&self.payloads, Column::PayloadLengths, Column::PayloadBytes),
        ] {
            let (values, text) = dictionary.parts();
            out.ints(lengths, &values, &mut small);
            out.bytes(bytes, values.len(), text);
        }
        out.bytes(Column::Threads, self.threads.len(), &meta::encode(&self.threads));
        out.bytes(
            Column::Containers,
            self.containers.len(),
            &meta::encode(&self.containers),
        );
        out.bytes(
            Column::Descriptors,
            self.descriptors.len(),
            &meta::encode(&self.descriptors),
        );
        out.bytes(Column::Losses, self.losses.len(), &meta::encode(&self.losses));
        if let Some(live) = &self.live {
            let live: Vec<i64> = live
                .iter()
                .filter_map(|id| self.local_threads.index.get(id))
                .map(|l| i64::from(*l))
                .collect();
            out.ints(Column::Live, &live, &mut small);
        }
        out.flush_small(&small);
        let zone = self.zone(&used);
        Ok(EncodedSegment {
            body: out.finish(&zone),
            zone,
        })
    }

    fn zone(&self, used: &[usize]) -> Zone {
        let mut per_thread = vec![0u32; self.threads.len()];
        for thread in &self.row_threads {
            if let Some(count) = per_thread.get_mut(*thread as usize) {
                *count += 1;
            }
        }
        let mut containers: Vec<ContainerCount> = Vec::new();
        for (key, events) in self
            .thread_containers
            .iter()
            .copied()
            .zip(per_thread)
            .filter(|(_, n)| *n > 0)
        {
            match containers.iter_mut().find(|c| c.key == key) {
                Some(found) => found.events += events,
                None => containers.push(ContainerCount { key, events }),
            }
        }
        let kind = |k: &usize| KindCount {
            name: self.kinds[*k].name.clone(),
            events: self.tables[*k].rows,
            errors: self.tables[*k].errors,
        };
        Zone {
            first_num: self.first_num,
            rows: self.times.len() as u32,
            time_min: self.span().map_or(0, |s| s.0),
            time_max: self.span().map_or(0, |s| s.1),
            kinds: used.iter().map(kind).collect(),
            containers,
            loss_records: self.losses.len() as u32,
            loss_events: self.losses.iter().map(|l| l.events).sum(),
            keyframe: self.live.is_some(),
        }
    }

    /// Empties the builder for the next segment and keeps its memory. Numbering goes on.
    pub fn clear(&mut self) {
        self.first_num = self.next_num();
        for table in &mut self.tables {
            table.rows = 0;
            table.errors = 0;
            for param in &mut table.params {
                param.values.clear();
                param.present.clear();
            }
        }
        for column in [
            &mut self.times,
            &mut self.row_kinds,
            &mut self.cpus,
            &mut self.flags,
            &mut self.results,
            &mut self.row_threads,
            &mut self.row_descriptors,
        ] {
            column.clear();
        }
        self.strings.clear();
        self.payloads.clear();
        self.local_threads.clear();
        self.local_descriptors.clear();
        self.live = None;
        self.losses.clear();
        self.threads.clear();
        self.thread_containers.clear();
        self.containers.clear();
        self.descriptors.clear();
    }

    /// Sets the number of the next row, for builders that take turns.
    pub fn set_first_num(&mut self, first_num: u64) {
        self.first_num = first_num;
    }
}

struct Encoder {
    writer: FrameWriter,
    directory: Directory,
    frames: Vec<u8>,
}

impl Encoder {
    /// The frame that all small columns share has this number until it is written; it is written last.
    const SHARED: u16 = u16::MAX;

    fn ints(&mut self, column: Column, values: &[i64], small: &mut Vec<u8>) {
        let mut own = Vec::new();
        let shared = values.len() < SMALL;
        let out = if shared { small } else { &mut own };
        let offset = out.len();
        let codec = codec::encode(values, out);
        let length = (out.len() - offset) as u32;
        let frame = if shared { Self::SHARED } else { self.frame(&own) };
        let rows = values.len() as u32;
        self.directory.columns.push(ColumnInfo {
            column,
            codec,
            rows,
            frame,
            offset: offset as u32,
            length,
        });
    }

    fn bytes(&mut self, column: Column, rows: usize, bytes: &[u8]) {
        let frame = self.frame(bytes);
        let (rows, length) = (rows as u32, bytes.len() as u32);
        self.directory.columns.push(ColumnInfo {
            column,
            codec: codec::RAW,
            rows,
            frame,
            offset: 0,
            length,
        });
    }

    fn frame(&mut self, raw: &[u8]) -> u16 {
        let info = self.writer.write(raw, &mut self.frames);
        self.directory.frames.push(info);
        self.directory.frames.len() as u16 - 1
    }

    fn flush_small(&mut self, small: &[u8]) {
        let shared = self.frame(small);
        for column in self.directory.columns.iter_mut().filter(|c| c.frame == Self::SHARED) {
            column.frame = shared;
        }
    }

    fn finish(mut self, zone: &Zone) -> Vec<u8> {
        let zone = meta::encode(zone);
        let raw = meta::encode(&self.directory);
        let mut directory = Vec::new();
        self.writer.write(&raw, &mut directory);
        let mut crc = crc32fast::Hasher::new();
        crc.update(&zone);
        crc.update(&directory);
        let mut body = Vec::with_capacity(16 + zone.len() + directory.len() + self.frames.len());
        for word in [
            zone.len() as u32,
            directory.len() as u32,
            raw.len() as u32,
            crc.finalize(),
        ] {
            body.extend_from_slice(&word.to_le_bytes());
        }
        body.extend_from_slice(&zone);
        body.extend_from_slice(&directory);
        body.extend_from_slice(&self.frames);
        body
    }
}
