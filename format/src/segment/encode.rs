//! The rows of a builder to the bytes of a segment.

use super::bases::{self, BaseFinder};
use super::builder::{Class, SegmentBuilder, Table};
use super::codec::{self, Memory};
use super::column::{self, Column, ColumnInfo, SegmentMeta};
use super::frame::{FrameInfo, FrameWriter};
use super::tables::{self, FdState};
use super::transpose::Columns;
use super::zone::{ContainerCount, KindCount, MAX_PIDS, Zone};
use super::{descriptors, grams, order, threads};
use crate::file::modest;
use crate::meta;
use std::collections::BTreeSet;

/// A segment's bytes, ready to be appended to a file.
pub struct EncodedSegment {
    /// Body of the segment's block.
    pub body: Vec<u8>,
    /// Its zone map.
    pub zone: Zone,
}

/// Columns with fewer values share one frame: a frame of their own would cost more than it saves (trace-format design
/// note, finding 2).
const SHORT: usize = 128;

/// How the rows of a builder are put in order.
struct Layout {
    /// Arrival number of each stored row.
    stored: Vec<u32>,
    /// Stored rows of one thread, one behind the other: its index and how many they are.
    runs: Vec<(u32, u32)>,
    /// New index of each thread: those with rows first, in stored order.
    threads: Vec<u32>,
    /// The same the other way round.
    thread_order: Vec<u32>,
    /// Thread (not version) of each thread index of the builder that has rows.
    groups: Vec<u32>,
    /// Row in which each arrival is read.
    rows: Vec<u32>,
    /// Stored position of each row, where time does not say it.
    explicit: Option<Vec<i64>>,
}

impl SegmentBuilder {
    /// Encodes what was closed, with zstd at `level`.
    ///
    /// # Errors
    /// Only when zstd cannot allocate its context.
    pub fn encode(&mut self, level: i32) -> std::io::Result<EncodedSegment> {
        let mut kept = match self.kept.take() {
            Some(kept) => kept,
            None => EncoderMemory {
                choices: Memory::default(),
                frames: FrameWriter::new(level)?,
                scratch: Vec::new(),
                columns: Columns::default(),
            },
        };
        kept.frames.set_level(level)?;
        let mut out = Encoder {
            kept,
            meta: SegmentMeta::default(),
            bytes: Vec::new(),
            short: Vec::new(),
        };
        let layout = self.layout();
        let used: Vec<usize> = (0..self.tables.len()).filter(|k| !self.tables[*k].is_empty()).collect();
        self.rows_of(&layout, &used, &mut out);
        self.events(&layout, &used, &mut out);
        self.entities(&layout, &mut out);
        let zone = self.zone(&used);
        out.meta.zone = zone.clone();
        out.meta.kinds = used.iter().map(|k| self.kinds[*k].clone()).collect();
        let (body, kept) = out.finish();
        self.kept = Some(kept);
        Ok(EncodedSegment { body, zone })
    }

    fn layout(&self) -> Layout {
        // Threads in order of their first row; all versions of one belong together.
        let mut groups = vec![u32::MAX; self.threads.len()];
        let mut lives = hashbrown::HashMap::new();
        let mut of_rows = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            let group = &mut groups[row.thread as usize];
            if *group == u32::MAX {
                let next = lives.len() as u32;
                *group = *lives.entry(self.threads[row.thread as usize].life()).or_insert(next);
            }
            of_rows.push(*group);
        }
        let stored = order::stored(&of_rows, lives.len(), &self.times, self.keep_order);
        let runs = self.runs(&stored);

        let mut threads = vec![u32::MAX; self.threads.len()];
        let mut thread_order = Vec::with_capacity(self.threads.len());
        let with_rows = runs.iter().map(|(thread, _)| *thread);
        for thread in with_rows.chain(0..self.threads.len() as u32) {
            let new = &mut threads[thread as usize];
            if *new == u32::MAX {
                *new = thread_order.len() as u32;
                thread_order.push(thread);
            }
        }
        let mut explicit = None;
        let rows = if self.keep_order {
            let times: Vec<i64> = stored.iter().map(|arrival| self.times[*arrival as usize]).collect();
            let arrivals = order::inverse(&stored);
            if arrivals != order::by_time(&times) {
                explicit = Some(arrivals.iter().map(|at| i64::from(*at)).collect());
            }
            (0..self.times.len() as u32).collect()
        } else if self.fd_changes.is_empty() {
            // Nothing refers to rows.
            Vec::new()
        } else {
            order::rows(&self.times, &stored)
        };
        Layout {
            stored,
            runs,
            threads,
            thread_order,
            groups,
            rows,
            explicit,
        }
    }

    fn runs(&self, stored: &[u32]) -> Vec<(u32, u32)> {
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for at in stored {
            let thread = self.rows[*at as usize].thread;
            match runs.last_mut() {
                Some((last, rows)) if *last == thread => *rows += 1,
                _ => runs.push((thread, 1)),
            }
        }
        runs
    }

    /// Columns with a value a row, and the runs of threads.
    fn rows_of(&self, layout: &Layout, used: &[usize], out: &mut Encoder) {
        let mut renumber = vec![0i64; self.tables.len()];
        for (new, old) in used.iter().enumerate() {
            renumber[*old] = new as i64;
        }
        let rows = || layout.stored.iter().map(|at| &self.rows[*at as usize]);
        // One behind the other in the same memory: each is a word a row.
        let mut values: Vec<i64> = rows().map(|row| renumber[usize::from(row.kind)]).collect();
        out.ints(column::KIND, &values);
        values.clear();
        values.extend(rows().map(|row| i64::from(row.cpu)));
        out.ints(column::CPU, &values);
        drop(values);
        if let Some(explicit) = &layout.explicit {
            out.ints(column::ORDER, explicit);
        }
        let runs = || layout.runs.iter();
        let threads: Vec<i64> = runs().map(|run| i64::from(layout.threads[run.0 as usize])).collect();
        out.ints(column::RUN_THREAD, &threads);
        let counts: Vec<i64> = runs().map(|run| i64::from(run.1)).collect();
        out.ints(column::RUN_ROWS, &counts);
        let mut before = u32::MAX;
        let first = runs().map(|run| {
            let group = layout.groups[run.0 as usize];
            i64::from(std::mem::replace(&mut before, group) != group)
        });
        out.ints(column::RUN_FIRST, &first.collect::<Vec<i64>>());
    }

    /// The columns of each kind.
    fn events(&self, layout: &Layout, used: &[usize], out: &mut Encoder) {
        // For each kind, the arrivals (among its own) of its rows in stored order, and the gaps of their threads.
        let mut arrivals: Vec<Vec<u32>> = self.tables.iter().map(|t| Vec::with_capacity(t.rows())).collect();
        let mut gaps: Vec<Vec<i64>> = self.tables.iter().map(|t| Vec::with_capacity(t.rows())).collect();
        let start = self.times.iter().copied().min().unwrap_or(0);
        let (mut group, mut before) = (u32::MAX, start);
        let mut rest = layout.stored.as_slice();
        for (thread, count) in &layout.runs {
            let own = layout.groups[*thread as usize];
            if own != group {
                (group, before) = (own, start);
            }
            let (run, behind) = rest.split_at(*count as usize);
            rest = behind;
            for at in run {
                let (row, time) = (&self.rows[*at as usize], self.times[*at as usize]);
                let kind = usize::from(row.kind);
                arrivals[kind].push(row.rank);
                gaps[kind].push(time.wrapping_sub(before));
                before = time;
            }
        }
        let addresses = Addresses::find(self, layout);
        let mut columns = std::mem::take(&mut out.kept.columns);
        let mut with_bases = false;
        for (new, old) in used.iter().enumerate() {
            columns.fill(&self.tables[*old], &arrivals[*old]);
            for (field, values) in columns.fields() {
                match addresses.column(*old, field) {
                    Some(parts) if out.prefers_bases(column::of_kind(*old, field), parts, values) => {
                        out.addresses(column::of_kind(new, field), parts.0, parts.1);
                        with_bases = true;
                    }
                    _ => out.field(column::of_kind(*old, field), column::of_kind(new, field), values),
                }
            }
            out.field(
                column::of_kind(*old, column::GAP),
                column::of_kind(new, column::GAP),
                &gaps[*old],
            );
        }
        out.kept.columns = columns;
        if with_bases {
            let (bases, counts) = addresses.finder.parts();
            out.ints(column::BASES, bases);
            out.ints(column::BASE_COUNTS, counts);
        }
    }

    fn entities(&self, layout: &Layout, out: &mut Encoder) {
        for (dictionary, lengths, bytes) in [
            (&self.strings, column::STRING_LENGTHS, column::STRING_BYTES),
            (&self.payloads, column::PAYLOAD_LENGTHS, column::PAYLOAD_BYTES),
        ] {
            let (values, text) = dictionary.parts();
            out.ints(lengths, &values);
            out.raw(bytes, values.len(), text);
        }
        if let Some(set) = grams::encode(self.strings.parts().1) {
            out.raw(column::GRAMS, set.len(), &set);
        }
        for field in 0..threads::FIELDS {
            let threads = layout.thread_order.iter().map(|at| &self.threads[*at as usize]);
            let values: Vec<i64> = threads.map(|t| t.field(field)).collect();
            out.entity(column::column(column::THREADS, field as u16), &values);
        }
        for field in 0..descriptors::FIELDS {
            let values: Vec<i64> = self.descriptors.iter().map(|d| d.field(field)).collect();
            out.entity(column::column(column::DESCRIPTORS, field as u16), &values);
        }
        let containers = meta::encode(&self.containers);
        out.raw(column::CONTAINERS, self.containers.len(), &containers);
        out.raw(column::LOSSES, self.losses.len(), &meta::encode(&self.losses));
        if !self.incomplete.is_empty() {
            out.raw(
                column::INCOMPLETE,
                self.incomplete.len(),
                &meta::encode(&self.incomplete),
            );
        }
        if let Some(live) = &self.live {
            let index = |id: &u64| self.local_threads.index.get(id);
            let live: Vec<i64> = live
                .iter()
                .filter_map(index)
                .map(|at| i64::from(layout.threads[*at as usize]))
                .collect();
            out.ints(column::LIVE, &live);
        }
        self.fd_tables(layout, out);
    }

    fn fd_tables(&self, layout: &Layout, out: &mut Encoder) {
        if self.fd_changes.is_empty() {
            return;
        }
        let row = |arrival: u32| {
            layout
                .rows
                .get(arrival as usize)
                .copied()
                .unwrap_or(self.rows.len() as u32)
        };
        let mut changes: Vec<[i64; 4]> = self
            .fd_changes
            .iter()
            .map(|change| {
                let at = change.row.map_or(0, |arrival| i64::from(row(arrival)) + 1);
                let (fd, state) = match change.state {
                    FdState::Open(id) => {
                        let index = self.local_descriptors.index.get(&id);
                        (i64::from(change.fd), index.map_or(0, |at| i64::from(*at) + 1))
                    }
                    FdState::Closed => (i64::from(change.fd), 0),
                    FdState::CopyOf(process) => (tables::COPY_OF, i64::from(process)),
                    FdState::Ended => (tables::ENDED, 0),
                };
                [at, i64::from(change.process), fd, state]
            })
            .collect();
        changes.sort_by_key(|change| change[0]);
        let columns = [tables::ROW, tables::PROCESS, tables::FD, tables::STATE];
        for (at, column) in columns.into_iter().enumerate() {
            let values: Vec<i64> = changes.iter().map(|change| change[at]).collect();
            out.ints(column, &values);
        }
    }

    fn zone(&self, used: &[usize]) -> Zone {
        let mut per_thread = vec![0u32; self.threads.len()];
        for row in &self.rows {
            per_thread[row.thread as usize] += 1;
        }
        let mut containers: Vec<ContainerCount> = Vec::new();
        let mut pids = BTreeSet::new();
        for (thread, events) in self.threads.iter().zip(per_thread).filter(|(_, n)| *n > 0) {
            pids.insert(thread.pid());
            let key = thread.container();
            match containers.iter_mut().find(|c| c.key == key) {
                Some(found) => found.events += events,
                None => containers.push(ContainerCount { key, events }),
            }
        }
        let kind = |k: &usize| KindCount {
            name: self.kinds[*k].name.as_str().into(),
            events: self.tables[*k].rows() as u32,
            errors: self.tables[*k].errors,
        };
        let span = self.span().unwrap_or((0, 0));
        Zone {
            first_num: self.first_num,
            rows: self.times.len() as u32,
            time_min: span.0,
            time_max: span.1,
            kinds: used.iter().map(kind).collect(),
            containers,
            loss_records: self.losses.len() as u32,
            loss_events: self.losses.iter().map(|l| l.events).sum(),
            keyframe: self.live.is_some(),
            incomplete: self.incomplete.iter().map(|l| l.events).sum(),
            pids: if pids.len() > MAX_PIDS {
                Vec::new()
            } else {
                pids.into_iter().collect()
            },
        }
    }
}

/// The columns of addresses: numbers of bases and distances from them, in stored order.
struct Addresses {
    finder: BaseFinder,
    columns: Vec<AddressColumn>,
}

struct AddressColumn {
    kind: usize,
    field: u16,
    numbers: Vec<i64>,
    distances: Vec<i64>,
}

impl Addresses {
    fn find(builder: &SegmentBuilder, layout: &Layout) -> Addresses {
        let mut columns = Vec::new();
        let mut of_kind = vec![(0, 0); builder.tables.len()];
        for (kind, table) in builder.tables.iter().enumerate() {
            of_kind[kind].0 = columns.len();
            let ints = table
                .params
                .iter()
                .enumerate()
                .filter(|(_, param)| param.class == Class::Int);
            let params = ints.map(|(at, _)| (column::param(at), Table::HEAD + at));
            let fields = std::iter::once((column::RESULT, Table::RESULT)).chain(params);
            columns.extend(
                fields
                    .filter(|(_, word)| has_addresses(table, *word, builder.rows.len()))
                    .map(|(field, word)| {
                        let column = AddressColumn {
                            kind,
                            field,
                            numbers: Vec::with_capacity(table.rows()),
                            distances: Vec::with_capacity(table.rows()),
                        };
                        (column, word)
                    }),
            );
            of_kind[kind].1 = columns.len();
        }
        let mut finder = BaseFinder::default();
        if columns.is_empty() {
            let columns = Vec::new();
            return Addresses { finder, columns };
        }
        let mut group = u32::MAX;
        for at in &layout.stored {
            let row = builder.rows[*at as usize];
            let own = layout.groups[row.thread as usize];
            if own != group {
                finder.next_thread();
                group = own;
            }
            let (from, to) = of_kind[usize::from(row.kind)];
            if from == to {
                continue;
            }
            let table = &builder.tables[usize::from(row.kind)];
            let start = row.rank as usize * table.width();
            for (column, word) in &mut columns[from..to] {
                let (number, distance) = finder.relative(table.words()[start + *word]);
                column.numbers.push(number);
                column.distances.push(distance);
            }
        }
        let columns = columns.into_iter().map(|(column, _)| column).collect();
        Addresses { finder, columns }
    }

    fn column(&self, kind: usize, field: u16) -> Option<(&[i64], &[i64])> {
        let found = self.columns.iter().find(|c| (c.kind, c.field) == (kind, field));
        found.map(|c| (c.numbers.as_slice(), c.distances.as_slice()))
    }
}

/// Whether a word of the rows of a kind is often an address. A short column saves little, and would take the kinds and
/// threads of all rows, which are `of`, to decode.
fn has_addresses(table: &Table, word: usize, of: usize) -> bool {
    let rows = table.rows();
    if rows < SHORT.max(of / 256) {
        return false;
    }
    let sample = || {
        table
            .words()
            .iter()
            .skip(word)
            .step_by(table.width() * (rows / 256 + 1))
    };
    sample().filter(|v| bases::is_address(**v)).count() * 8 > sample().count()
}

/// What encoding needs again for the next segment. Builders that take turns need one for all of them, see
/// [`SegmentBuilder::swap_memory`].
pub struct EncoderMemory {
    choices: Memory,
    frames: FrameWriter,
    scratch: Vec<u8>,
    columns: Columns,
}

struct Encoder {
    kept: EncoderMemory,
    meta: SegmentMeta,
    bytes: Vec<u8>,
    /// The frame that all short columns share; it is written last.
    short: Vec<u8>,
}

impl Encoder {
    /// The shared frame has this number until it is written.
    const SHARED: u16 = u16::MAX;

    fn ints(&mut self, column: Column, values: &[i64]) {
        self.ints_as(column, column, values);
    }

    /// A field of events; values that are 0 everywhere are left out. `name` is what the choice of the codec is remembered by.
    fn field(&mut self, name: Column, column: Column, values: &[i64]) {
        if column::is_present(column.field) || codec::constant(values) != Some(0) {
            self.ints_as(name, column, values);
        }
    }

    /// A field of entities; one that is 0 everywhere is left out, but for field 0, which says how many there are.
    fn entity(&mut self, column: Column, values: &[i64]) {
        if column.field == 0 || codec::constant(values) != Some(0) {
            self.ints(column, values);
        }
    }

    fn ints_as(&mut self, name: Column, column: Column, values: &[i64]) {
        if values.len() < SHORT || codec::constant(values).is_some() {
            let start = self.short.len();
            let codec = codec::short(values, &mut self.short);
            self.add(column, codec, values.len(), Self::SHARED, self.short.len() - start);
            return;
        }
        let Encoder { kept, bytes, .. } = self;
        let (codec, info) = kept
            .choices
            .encode(name, values, &mut kept.frames, &mut kept.scratch, bytes);
        let frame = self.frame(info);
        self.add(column, codec, values.len(), frame, info.raw as usize);
    }

    fn prefers_bases(&mut self, name: Column, parts: (&[i64], &[i64]), values: &[i64]) -> bool {
        let EncoderMemory {
            choices,
            frames,
            scratch,
            ..
        } = &mut self.kept;
        choices.prefers_bases(name, parts, values, frames, scratch)
    }

    fn addresses(&mut self, column: Column, numbers: &[i64], distances: &[i64]) {
        let mut own = Vec::new();
        bases::encode(numbers, distances, &mut own);
        self.part(column, codec::ADDRESS, numbers.len(), &own);
    }

    fn raw(&mut self, column: Column, rows: usize, bytes: &[u8]) {
        self.part(column, codec::RAW, rows, bytes);
    }

    fn part(&mut self, column: Column, codec: u8, rows: usize, bytes: &[u8]) {
        if rows < SHORT && bytes.len() < 4096 {
            self.short.extend_from_slice(bytes);
            self.add(column, codec, rows, Self::SHARED, bytes.len());
        } else {
            let info = self.kept.frames.write(bytes, &mut self.bytes);
            let frame = self.frame(info);
            self.add(column, codec, rows, frame, bytes.len());
        }
    }

    fn add(&mut self, column: Column, codec: u8, rows: usize, frame: u16, length: usize) {
        self.meta.columns.push(ColumnInfo {
            column,
            codec,
            rows: rows as u32,
            frame,
            length: length as u32,
        });
    }

    fn frame(&mut self, info: FrameInfo) -> u16 {
        self.meta.frames.push(info);
        self.meta.frames.len() as u16 - 1
    }

    fn finish(mut self) -> (Vec<u8>, EncoderMemory) {
        let info = self.kept.frames.write(&self.short, &mut self.bytes);
        let shared = self.frame(info);
        for column in self.meta.columns.iter_mut().filter(|c| c.frame == Self::SHARED) {
            column.frame = shared;
        }
        let raw = self.meta.encode();
        let mut stored = self.kept.frames.compress(&raw);
        if raw.len() > modest(stored.len()) {
            stored = &raw;
        }
        let mut body = Vec::with_capacity(12 + stored.len() + self.bytes.len());
        for word in [stored.len() as u32, raw.len() as u32, crc32fast::hash(stored)] {
            body.extend_from_slice(&word.to_le_bytes());
        }
        body.extend_from_slice(stored);
        body.extend_from_slice(&self.bytes);
        (body, self.kept)
    }
}
