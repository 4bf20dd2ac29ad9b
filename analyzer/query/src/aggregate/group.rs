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
    for (cell, totals) in cells.cells.into_iter().zip(cells.totals) {
        let by = ByKind {
            rows,
            grouping,
            zone,
            kind: cell.kind.unwrap_or(0),
        };
        if let Some(key) = rows.note(by.key(&cell)) {
            groups.add(key, totals);
        }
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
    groups.add(key, totals.collect());
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
    cells: Vec<Cell>,
    totals: Vec<Vec<Total>>,
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
        let count = self.count();
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
        let Collected { places, cells, totals } = collected;
        let mut last = None;
        for rank in 0..count {
            if !holds(passes, rank) {
                continue;
            }
            let index = descriptors.get(rank).copied().unwrap_or(0);
            let cell = Cell {
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
            let at = match last {
                Some((same, at)) if same == cell => at,
                _ => *places.entry(cell).or_insert_with(|| {
                    cells.push(cell);
                    totals.push(start.clone());
                    totals.len() - 1
                }),
            };
            last = Some((cell, at));
            for (total, (numbers, measure)) in totals[at].iter_mut().zip(numbers.iter().zip(&self.grouping.measures)) {
                match numbers {
                    Numbers::Nothing => {}
                    Numbers::Ones => total.add(1),
                    Numbers::Results(results, flags, least) => {
                        let has = flags
                            .get(rank)
                            .is_some_and(|flags| EventFlags(*flags as u8).has(EventFlags::HAS_RESULT));
                        let result = results.get(rank).filter(|result| has && *result >= least);
                        result.into_iter().for_each(|result| total.add(*result));
                    }
                    Numbers::Errors(results, flags) => {
                        let has = |flags: &i64| EventFlags(*flags as u8).has(EventFlags::HAS_RESULT);
                        let failed = results.get(rank).is_some_and(|result| *result < 0);
                        total.add(i64::from(failed && flags.get(rank).is_some_and(has)));
                    }
                    Numbers::Durations(durations) => {
                        let measured = durations.get(rank).filter(|duration| **duration > 0);
                        measured.into_iter().for_each(|duration| total.add(*duration));
                    }
                    Numbers::Values => {
                        if let Some((def, arg)) = measure.field() {
                            let (rows, kind) = (self.rows, self.kind);
                            total.add_value(&StoredRow { rows, kind, rank }.value(def.id, arg));
                        }
                    }
                }
            }
        }
        Ok(())
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
                    Some(index) => segment.descriptors()?.get(index),
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
