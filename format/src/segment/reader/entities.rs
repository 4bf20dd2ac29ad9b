//! What rows refer to.

use super::super::column::{self, Column};
use super::super::dictionary::{self, Dictionary};
use super::super::tables::{self, FdChange, FdState};
use super::super::{descriptors, grams, threads};
use super::{Segment, Text};
use crate::model::{Container, Descriptor, DescriptorType, Loss, ParamType, Thread};
use crate::{Result, meta};
use bincode::Decode;
use std::cell::{Cell, OnceCell};

/// What a string that threads share takes beside its bytes, roughly.
const SHARED: usize = 64;

/// Who has asked for one in so many descriptors is going to ask for most of them.
const MANY: usize = 16;

/// Descriptors that were asked for one by one.
pub(super) struct Single {
    slots: Vec<OnceCell<Box<Descriptor>>>,
    made: Cell<usize>,
}

impl Segment<'_> {
    /// Number of strings or payloads; ids run from 1 to this. For predicates that are evaluated once per string.
    pub fn string_count(&self, ty: ParamType) -> Result<usize> {
        Ok(self.texts(ty)?.len())
    }

    /// Thread versions that rows refer to, their ancestors, and in keyframes all that were alive.
    pub fn threads(&self) -> Result<&[Thread]> {
        if self.threads.get().is_none() {
            let (count, columns) = self.table::<{ threads::FIELDS }>(column::THREADS)?;
            let (strings, mut shared) = (self.strings()?, threads::Shared::default());
            // Each string is copied at most once, for all threads that have it.
            self.spend(count * size_of::<Thread>() + strings.len() * SHARED + strings.len_bytes())?;
            let mut loaded = Vec::with_capacity(count);
            for row in 0..count {
                let before = shared.executables();
                let thread = threads::load(&columns, row, strings, &mut shared);
                let credentials = thread.credentials.as_deref().map_or(0, size_of_val);
                self.spend((shared.executables() - before) * threads::Shared::EXECUTABLE + credentials)?;
                loaded.push(thread);
            }
            let _ = self.threads.set(loaded);
        }
        Ok(self.threads.get().map_or(&[], |v| v))
    }

    /// Containers of those threads.
    pub fn containers(&self) -> Result<&[Container]> {
        self.metadata(column::CONTAINERS, &self.containers)
    }

    /// Descriptors that rows refer to, and in keyframes all that were open.
    pub fn descriptors(&self) -> Result<&[Descriptor]> {
        if self.descriptors.get().is_none() {
            let (count, columns) = self.table::<{ descriptors::FIELDS }>(column::DESCRIPTORS)?;
            let strings = self.strings()?;
            self.spend(count * size_of::<Descriptor>())?;
            let mut loaded = Vec::with_capacity(count);
            for row in 0..count {
                let descriptor = descriptors::load(&columns, row, strings);
                // A name is copied for each: a crafted table can name a long one often.
                self.spend(descriptor.name.len())?;
                loaded.push(descriptor);
            }
            let _ = self.descriptors.set(loaded);
        }
        Ok(self.descriptors.get().map_or(&[], |v| v))
    }

    /// Descriptor number `index` of [`Segment::descriptors`]. Where few of them are looked at, the rest are not made.
    pub fn descriptor_at(&self, index: usize) -> Result<Option<&Descriptor>> {
        if let Some(all) = self.descriptors.get() {
            return Ok(all.get(index));
        }
        if let Some(one) = self.single.get().and_then(|single| single.slots.get(index)?.get()) {
            return Ok(Some(one));
        }
        let (count, columns) = self.table::<{ descriptors::FIELDS }>(column::DESCRIPTORS)?;
        if self.single.get().is_none() {
            self.spend(count * size_of::<OnceCell<Box<Descriptor>>>())?;
        }
        let single = self.single.get_or_init(|| Single {
            slots: vec![OnceCell::new(); count],
            made: Cell::new(0),
        });
        if single.made.get() > count / MANY {
            return Ok(self.descriptors()?.get(index));
        }
        let Some(slot) = single.slots.get(index) else {
            return Ok(None);
        };
        let descriptor = descriptors::load(&columns, index, self.strings()?);
        self.spend(size_of::<Descriptor>() + descriptor.name.len())?;
        single.made.set(single.made.get() + 1);
        Ok(Some(slot.get_or_init(|| Box::new(descriptor))))
    }

    /// Names of the descriptors, as ids for [`Segment::string`]: many descriptors share one. Empty where none has a name.
    pub fn descriptor_names(&self) -> Result<&[i64]> {
        self.descriptor_field(descriptors::NAME)
    }

    /// Types of the descriptors.
    pub fn descriptor_types(&self) -> Result<impl Iterator<Item = DescriptorType>> {
        let count = self
            .column(column::column(column::DESCRIPTORS, 0))?
            .map_or(0, <[i64]>::len);
        let codes = self.descriptor_field(descriptors::TYPE)?.iter();
        // A column that is not there is one of zeros.
        let codes = codes.copied().chain(std::iter::repeat(0)).take(count);
        Ok(codes.map(|code| DescriptorType::of_code(u32::try_from(code).unwrap_or(u32::MAX))))
    }

    /// Why it is not known what the descriptors are, as ids for [`Segment::string`]. Empty where all are known.
    pub fn descriptor_reasons(&self) -> Result<&[i64]> {
        self.descriptor_field(descriptors::MISSING)
    }

    fn descriptor_field(&self, field: usize) -> Result<&[i64]> {
        let ids = self.column(column::column(column::DESCRIPTORS, 0))?.unwrap_or_default();
        match self.column(column::column(column::DESCRIPTORS, field as u16))? {
            Some(values) if values.len() == ids.len() => Ok(values),
            Some(_) => Err(self.damage("the columns of the descriptors differ in length")),
            None => Ok(&[]),
        }
    }

    /// Loss records.
    pub fn losses(&self) -> Result<&[Loss]> {
        self.metadata(column::LOSSES, &self.losses)
    }

    /// How many events are there and not whole, by cause and CPU.
    pub fn incomplete(&self) -> Result<&[Loss]> {
        self.metadata(column::INCOMPLETE, &self.incomplete)
    }

    /// In keyframes, the threads alive when the segment began.
    pub fn live(&self) -> Result<Vec<&Thread>> {
        if !self.meta.zone.keyframe {
            return Ok(Vec::new());
        }
        let threads = self.threads()?;
        let live = self.column(column::LIVE)?.unwrap_or_default();
        Ok(live
            .iter()
            .filter_map(|i| threads.get(usize::try_from(*i).ok()?))
            .collect())
    }

    /// Changes of descriptor tables in the order of rows, in keyframes behind the state in which they begin. An open one
    /// refers to a [`Descriptor::id`] of [`Segment::descriptors`].
    pub fn fd_changes(&self) -> Result<Vec<FdChange>> {
        let column = |name| -> Result<&[i64]> { Ok(self.column(name)?.unwrap_or_default()) };
        let processes = column(tables::PROCESS)?;
        let (rows, fds, states) = (column(tables::ROW)?, column(tables::FD)?, column(tables::STATE)?);
        if [rows.len(), fds.len(), states.len()] != [processes.len(); 3] {
            return Err(self.damage("the columns of the descriptor tables differ in length"));
        }
        self.spend(size_of::<FdChange>() * processes.len())?;
        let descriptors = self.descriptors()?;
        let change = |at: usize| FdChange {
            row: u32::try_from(rows[at]).ok().and_then(|row| row.checked_sub(1)),
            process: processes[at] as u32,
            fd: fds[at].max(0) as i32,
            state: match (fds[at], states[at]) {
                (tables::COPY_OF, process) => FdState::CopyOf(process as u32),
                (..0, _) => FdState::Ended,
                (_, state) => {
                    let index = usize::try_from(state).ok().and_then(|state| state.checked_sub(1));
                    let open = index.and_then(|index| descriptors.get(index));
                    open.map_or(FdState::Closed, |descriptor| FdState::Open(descriptor.id))
                }
            },
        };
        Ok((0..processes.len()).map(change).collect())
    }

    /// Rows and columns of a table of entities. Field 0 says how many rows there are; other fields may lack.
    fn table<const FIELDS: usize>(&self, table: u8) -> Result<(usize, [Option<&[i64]>; FIELDS])> {
        let mut columns = [None; FIELDS];
        for (field, slot) in columns.iter_mut().enumerate() {
            *slot = self.column(column::column(table, field as u16))?;
        }
        let count = columns.first().copied().flatten().map_or(0, <[i64]>::len);
        if columns.iter().flatten().any(|c| c.len() != count) {
            return Err(self.damage(format!("the columns of table {table} differ in length")));
        }
        Ok((count, columns))
    }

    fn dictionary<'s>(&'s self, slot: &'s OnceCell<Text>, lengths: Column, text: Column) -> Result<Dictionary<'s>> {
        if slot.get().is_none() {
            let bytes = self.raw(text)?;
            let lengths = self.column(lengths)?.unwrap_or_default();
            self.spend(4 * lengths.len())?;
            let ends = dictionary::ends(lengths, bytes.len())
                .ok_or_else(|| self.damage(format!("the lengths of {text:?} do not fit")))?;
            let place = self.index.get(&text).and_then(|(at, start)| {
                let info = self.meta.columns.get(*at)?;
                Some((usize::from(info.frame), *start..start + bytes.len()))
            });
            let _ = slot.set(Text { ends, place });
        }
        let Some(Text { ends, place }) = slot.get() else {
            return Err(self.damage("dictionary"));
        };
        let bytes = place.as_ref().and_then(|(frame, span)| {
            let frame = self.frames.get(*frame)?.get()?;
            frame.get(span.clone())
        });
        Ok(Dictionary::new(ends, bytes.unwrap_or_default()))
    }

    #[inline]
    pub(super) fn strings(&self) -> Result<Dictionary<'_>> {
        self.dictionary(&self.strings, column::STRING_LENGTHS, column::STRING_BYTES)
    }

    #[inline]
    pub(super) fn payloads(&self) -> Result<Dictionary<'_>> {
        self.dictionary(&self.payloads, column::PAYLOAD_LENGTHS, column::PAYLOAD_BYTES)
    }

    /// The strings or payloads that parameters of type `ty` refer to.
    pub fn texts(&self, ty: ParamType) -> Result<Dictionary<'_>> {
        if ty == ParamType::Bytes {
            self.payloads()
        } else {
            self.strings()
        }
    }

    /// Whether one of those can have this text in it, in any case of its letters: where not, they need not be decoded.
    pub fn may_have(&self, ty: ParamType, text: &[u8]) -> Result<bool> {
        if ty == ParamType::Bytes {
            return Ok(true);
        }
        let set = self.raw(column::GRAMS)?;
        Ok(!grams::is_set(set) || grams::may_have(set, text))
    }

    /// Whether what [`Segment::may_have`] goes by is true of the strings.
    pub(super) fn check_grams(&self) -> Result<()> {
        let set = self.raw(column::GRAMS)?;
        let strings = self.strings()?;
        let mut texts = (1..=strings.len() as i64).filter_map(|id| strings.get(id));
        if grams::is_set(set) && !texts.all(|text| grams::may_have(set, text)) {
            return Err(self.damage("strings have runs of bytes in them that the segment denies"));
        }
        Ok(())
    }

    fn metadata<'s, T: Decode<()> + 'static>(&'s self, name: Column, slot: &'s OnceCell<Vec<T>>) -> Result<&'s [T]> {
        if slot.get().is_none() {
            let bytes = self.raw(name)?;
            self.spend(bytes.len() * 4)?;
            let values = if bytes.is_empty() {
                Vec::new()
            } else {
                meta::decode(bytes).map_err(|e| self.damage(format!("{name:?}: {e}")))?
            };
            let _ = slot.set(values);
        }
        Ok(slot.get().map_or(&[], |v| v))
    }
}
