//! The hits of one segment put into groups.

use super::names::{Cells, Part};
use super::{Grouping, Groups, Key, Measure, Total};
use crate::check::TimeZone;
use crate::eval::{Row, Value};
use crate::fields::{EvtField, FieldArg, FieldId};
use crate::output::shown;
use crate::row::{EventRow, Known, SegmentRows, StoredRow, value};
use crate::scan::Hits;
use afterimage_format::Error;
use afterimage_format::model::{Descriptor, EventFlags, ParamType};
use afterimage_format::segment::Passes;
use hashbrown::HashMap;

/// Adds the hits of a segment to groups. Times in keys are shown in `zone`.
pub fn group(hits: &Hits<'_, '_>, grouping: &Grouping, zone: TimeZone, groups: &mut Groups) {
    let rows = hits.segment();
    let Some(passes) = hits.by_kind() else {
        for row in hits.rows() {
            one(groups, grouping, zone, &EventRow::new(rows, *row as usize));
        }
        return;
    };
    let mut cells = Collected::default();
    for (kind, passes) in passes.iter().enumerate() {
        let Some(spec) = rows.segment().kinds().get(kind) else {
            continue;
        };
        let by = ByKind {
            rows,
            grouping,
            zone,
            kind,
        };
        match (passes, Cells::of(grouping, spec)) {
            (Passes::None, _) => {}
            (passes, of @ Cells::Of { .. }) => drop(rows.note(by.collect(&mut cells, passes, of))),
            (passes, Cells::Row) => {
                let count = by.count();
                for rank in (0..count).filter(|rank| holds(passes, *rank)) {
                    one(groups, grouping, zone, &StoredRow { rows, kind, rank });
                }
            }
        }
    }
    let width = grouping.measures.len();
    let mut totals = cells.totals.into_iter();
    for cell in cells.cells {
        let by = ByKind {
            rows,
            grouping,
            zone,
            kind: cell.kind.unwrap_or(0),
        };
        let left = totals.len() - width;
        rows.note(by.add(groups, &cell, totals.by_ref().take(width)));
        // Those of a cell whose key cannot be read are nobody's.
        let unused = totals.len() - left;
        totals.by_ref().take(unused).for_each(drop);
    }
}

fn holds(passes: &Passes, rank: usize) -> bool {
    match passes {
        Passes::None => false,
        Passes::All => true,
        Passes::Some(mask) => mask.get(rank) == Some(&1),
    }
}

/// Adds one row.
fn one<R: Row>(groups: &mut Groups, grouping: &Grouping, zone: TimeZone, row: &R) {
    let time = match (
        grouping.every,
        row.value(FieldId::Evt(EvtField::RawTime), &FieldArg::None),
    ) {
        (Some(every), Value::Int(time)) => time.div_euclid(every.max(1)) * every.max(1),
        _ => 0,
    };
    let key = key(grouping, zone, row, time);
    let totals = grouping.measures.iter().map(|measure| {
        let mut total = measure.start();
        match measure.field() {
            None => total.add(1),
            Some((def, arg)) => total.add_value(&row.value(def.id, arg)),
        }
        total
    });
    groups.add(key, totals);
}

fn key<R: Row>(grouping: &Grouping, zone: TimeZone, row: &R, time: i64) -> Key {
    let values = grouping.keys.iter();
    let values = values.map(|(def, arg)| shown(def.id, &row.value(def.id, arg), zone).map(String::into_boxed_str));
    Key {
        time,
        values: values.collect(),
    }
}

/// Where the numbers of a measure come from in rows of a kind.
enum Numbers<'s> {
    /// Every row counts one.
    Ones,
    /// The result, where it is at least this.
    Results(&'s [i64], &'s [i64], i64),
    /// Whether the result, where there is one, is an error: 1 or 0.
    Errors(&'s [i64], &'s [i64]),
    /// How long calls took, where that was measured.
    Durations(&'s [i64]),
    /// A value that takes a look at the row.
    Values,
    /// No row has any.
    Nothing,
}

struct ByKind<'q, 's> {
    rows: &'q SegmentRows<'s>,
    grouping: &'q Grouping,
    zone: TimeZone,
    kind: usize,
}

/// What rows have in common that make one key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Cell {
    /// The kind, where it matters.
    kind: Option<usize>,
    /// The thread version, where it matters.
    thread: Option<u32>,
    /// The descriptor's index plus one, or the id of its name, where they matter.
    descriptor: i64,
    part: Part,
}

/// The cells of a segment so far.
#[derive(Default)]
struct Collected {
    places: HashMap<Cell, usize>,
    /// Where rows differ in their descriptors alone: the cell of each, [`NO_CELL`] where it has none yet.
    by_descriptor: Vec<u32>,
    /// Where they differ in the names of these alone: the cell of each name.
    by_name: Vec<u32>,
    cells: Vec<Cell>,
    /// Those of one cell one behind the other.
    totals: Vec<Total>,
}

const NO_CELL: u32 = u32::MAX;

/// Rows that are put into cells before one measure after the other looks at them.
const BLOCK: usize = 4096;

impl Collected {
    /// The number of a cell, whose totals begin as `start`.
    fn place(&mut self, cell: Cell, start: &[Total]) -> usize {
        let Collected {
            places, cells, totals, ..
        } = self;
        *places.entry(cell).or_insert_with(|| {
            cells.push(cell);
            totals.extend_from_slice(start);
            cells.len() - 1
        })
    }

    /// The same for one of those that differ in the names of their descriptors alone.
    fn place_of_name(&mut self, cell: Cell, start: &[Total]) -> usize {
        let known = usize::try_from(cell.descriptor)
            .ok()
            .filter(|name| *name < self.by_name.len());
        let Some(name) = known else {
            return self.place(cell, start);
        };
        if self.by_name[name] == NO_CELL {
            self.cells.push(cell);
            self.totals.extend_from_slice(start);
            self.by_name[name] = self.cells.len() as u32 - 1;
        }
        self.by_name[name] as usize
    }
}

impl ByKind<'_, '_> {
    fn count(&self) -> usize {
        let kinds = &self.rows.segment().zone().kinds;
        kinds.get(self.kind).map_or(0, |kind| kind.events as usize)
    }

    fn collect(&self, collected: &mut Collected, passes: &Passes, of: Cells) -> Result<(), Error> {
        let Cells::Of {
            kind: by_kind,
            thread: by_thread,
            descriptor: part,
        } = of
        else {
            return Ok(());
        };
        let segment = self.rows.segment();
        let threads = if by_thread {
            segment.thread_column(self.kind)?
        } else {
            &[]
        };
        let descriptors = match part {
            Part::No => &[],
            _ => segment.descriptor_column(self.kind)?,
        };
        let names = match part {
            Part::Name => segment.descriptor_names()?,
            _ => &[],
        };
        let measures = &self.grouping.measures;
        let numbers = measures.iter().map(|measure| self.numbers(measure));
        let numbers: Vec<Numbers<'_>> = numbers.collect::<Result<_, _>>()?;
        let start: Vec<Total> = measures.iter().map(Measure::start).collect();
        let cell = |rank: usize, index: i64| Cell {
            kind: by_kind.then_some(self.kind),
            thread: threads.get(rank).copied(),
            descriptor: match part {
                Part::No => 0,
                Part::Whole => index,
                Part::Name => usize::try_from(index)
                    .ok()
                    .and_then(|index| index.checked_sub(1))
                    .and_then(|index| names.get(index).copied())
                    .unwrap_or(0),
            },
            part,
        };
        let by_descriptor = !by_kind && !by_thread && part != Part::No;
        if by_descriptor && collected.by_descriptor.is_empty() {
            collected.by_descriptor = vec![NO_CELL; segment.descriptor_types()?.count() + 1];
        }
        let by_name = by_descriptor && part == Part::Name;
        if by_name && collected.by_name.is_empty() {
            collected.by_name = vec![NO_CELL; segment.string_count(ParamType::Path)? + 1];
        }
        let mut last = None;
        let count = self.count();
        // Of each row of a block that passes, its rank and its cell.
        let mut places: Vec<(u32, u32)> = Vec::with_capacity(BLOCK.min(count));
        for from in (0..count).step_by(BLOCK) {
            places.clear();
            let block = from..count.min(from + BLOCK);
            for rank in block.filter(|rank| holds(passes, *rank)) {
                let index = descriptors.get(rank).copied().unwrap_or(0);
                let known = usize::try_from(index).ok().filter(|_| by_descriptor);
                let known = known.filter(|index| *index < collected.by_descriptor.len());
                let place = match (known.map(|index| collected.by_descriptor[index]), last) {
                    (Some(place), _) if place != NO_CELL => place,
                    (None, Some((same, place))) if same == cell(rank, index) => place,
                    _ => {
                        let cell = cell(rank, index);
                        let place = match by_name {
                            true => collected.place_of_name(cell, &start),
                            false => collected.place(cell, &start),
                        } as u32;
                        last = Some((cell, place));
                        place
                    }
                };
                if let Some(index) = known {
                    collected.by_descriptor[index] = place;
                }
                places.push((rank as u32, place));
            }
            let width = measures.len();
            for (at, (numbers, measure)) in numbers.iter().zip(measures).enumerate() {
                let totals = &mut collected.totals;
                let rows = places
                    .iter()
                    .map(|(rank, place)| (*rank as usize, *place as usize * width + at));
                self.measure(numbers, measure, rows, totals);
            }
        }
        Ok(())
    }

    /// Adds what a measure finds in rows, given by their rank, to their totals.
    fn measure(
        &self,
        numbers: &Numbers<'_>,
        measure: &Measure,
        rows: impl Iterator<Item = (usize, usize)>,
        totals: &mut [Total],
    ) {
        let has = |flags: &i64| EventFlags(*flags as u8).has(EventFlags::HAS_RESULT);
        match numbers {
            Numbers::Nothing => {}
            Numbers::Ones => rows.for_each(|(_, total)| totals[total].add(1)),
            Numbers::Results(results, flags, least) => {
                for (rank, total) in rows {
                    let has = flags.get(rank).is_some_and(has);
                    let result = results.get(rank).filter(|result| has && *result >= least);
                    result.into_iter().for_each(|result| totals[total].add(*result));
                }
            }
            Numbers::Errors(results, flags) => {
                for (rank, total) in rows {
                    let failed = results.get(rank).is_some_and(|result| *result < 0);
                    totals[total].add(i64::from(failed && flags.get(rank).is_some_and(has)));
                }
            }
            Numbers::Durations(durations) => {
                for (rank, total) in rows {
                    let measured = durations.get(rank).filter(|duration| **duration > 0);
                    measured.into_iter().for_each(|duration| totals[total].add(*duration));
                }
            }
            Numbers::Values => {
                let Some((def, arg)) = measure.field() else { return };
                for (rank, total) in rows {
                    let (rows, kind) = (self.rows, self.kind);
                    totals[total].add_value(&StoredRow { rows, kind, rank }.value(def.id, arg));
                }
            }
        }
    }

    /// Adds what was found of a cell to its group.
    fn add(&self, groups: &mut Groups, cell: &Cell, totals: impl ExactSizeIterator<Item = Total>) -> Result<(), Error> {
        match cell {
            Cell {
                kind: None,
                thread: None,
                part: Part::Name,
                descriptor,
            } => {
                let name = self.rows.segment().string(ParamType::Path, *descriptor)?;
                groups.add_named(name.unwrap_or_default(), || self.key(cell), totals)
            }
            _ => {
                groups.add(self.key(cell)?, totals);
                Ok(())
            }
        }
    }

    /// The key of a cell: made of the thread and descriptor that it stands for.
    fn key(&self, cell: &Cell) -> Result<Key, Error> {
        let segment = self.rows.segment();
        let mut row = Known::of_kind(self.rows, self.kind);
        if let Some(thread) = cell.thread {
            row.thread = segment.threads()?.get(thread as usize);
        }
        let mut named = Descriptor::unknown(0);
        match cell.part {
            Part::No => {}
            Part::Whole => {
                let index = usize::try_from(cell.descriptor)
                    .ok()
                    .and_then(|index| index.checked_sub(1));
                row.descriptor = match index {
                    Some(index) => segment.descriptor_at(index)?,
                    None => None,
                };
            }
            Part::Name => {
                if let Some(name) = segment.string(ParamType::Path, cell.descriptor)? {
                    named.name = name.to_vec();
                }
                let descriptor = Some(&named);
                return Ok(key(self.grouping, self.zone, &Known { descriptor, ..row }, 0));
            }
        }
        Ok(key(self.grouping, self.zone, &row, 0))
    }

    fn numbers(&self, measure: &Measure) -> Result<Numbers<'_>, Error> {
        let segment = self.rows.segment();
        let results = |least| -> Result<Numbers<'_>, Error> {
            let (results, flags) = (segment.result_column(self.kind)?, segment.flags_column(self.kind)?);
            Ok(Numbers::Results(results, flags, least))
        };
        let Some((def, _)) = measure.field() else {
            return Ok(Numbers::Ones);
        };
        if matches!(measure, Measure::Distinct(..)) {
            return Ok(Numbers::Values);
        }
        Ok(match def.id {
            FieldId::Evt(EvtField::RawRes) => results(i64::MIN)?,
            FieldId::Evt(EvtField::Buflen) => {
                let row = Known::of_kind(self.rows, self.kind);
                let moves = value(row, FieldId::Evt(EvtField::IsIo), &FieldArg::None);
                match moves {
                    Value::Bool(true) => results(0)?,
                    _ => Numbers::Nothing,
                }
            }
            FieldId::Evt(EvtField::Failed) => {
                Numbers::Errors(segment.result_column(self.kind)?, segment.flags_column(self.kind)?)
            }
            FieldId::Evt(EvtField::Latency) => Numbers::Durations(segment.duration_column(self.kind)?),
            _ => Numbers::Values,
        })
    }
}
