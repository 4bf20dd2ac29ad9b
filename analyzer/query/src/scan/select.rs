//! Which rows of a segment pass: kind by kind, column by column, without an order of time.

use super::plan::{Plan, Step};
use crate::eval::{Matcher, NumberOp, Source, Test, Value};
use crate::fields::{EvtField, FdField, FieldId};
use crate::row::domain::{self, Domain};
use crate::row::{Known, SegmentRows, StoredRow};
use afterimage_format::Error;
use afterimage_format::model::{Category, Descriptor, DescriptorType, EventFlags, Kind, ParamType, Value as Raw};
use afterimage_format::segment::{KindCount, Passes};
use hashbrown::HashMap;

/// For each kind of the segment, the rows that pass.
pub(super) fn select(plan: &Plan<'_>, rows: &SegmentRows<'_>) -> Vec<Passes> {
    let kinds = rows.segment().kinds().len();
    let Some(root) = &plan.root else {
        return vec![Passes::All; kinds];
    };
    let mut selector = Selector {
        rows,
        tables: HashMap::new(),
        threads: None,
    };
    let counts = |kind: &Kind| plan.with_state || kind.category != Category::State;
    let kinds = rows.segment().kinds().iter().enumerate();
    let passes = kinds.map(|(at, kind)| match counts(kind) {
        true => selector.step(root, at, None),
        false => Passes::None,
    });
    passes.collect()
}

/// Answers of a test for each thread version or descriptor.
struct Table {
    answers: Vec<u8>,
    /// The answer for all that rows can have, where it is the same.
    same: Option<bool>,
}

struct Selector<'q, 's> {
    rows: &'q SegmentRows<'s>,
    /// By test, and by kind where that matters.
    tables: HashMap<(usize, Option<usize>), Table>,
    /// Thread versions with rows.
    threads: Option<Vec<u32>>,
}

impl Selector<'_, '_> {
    fn count(&self, kind: usize) -> usize {
        let kinds = &self.rows.segment().zone().kinds;
        kinds.get(kind).map_or(0, |kind| kind.events as usize)
    }

    /// The rows that pass. Rows that are not `live` do not matter: whatever is said of them is not used.
    fn step(&mut self, step: &Step<'_>, kind: usize, live: Option<&[u8]>) -> Passes {
        match step {
            Step::And(steps) => {
                let mut all = Passes::All;
                for step in steps {
                    let of = match &all {
                        Passes::None => return Passes::None,
                        Passes::All => self.step(step, kind, live),
                        Passes::Some(mask) => self.step(step, kind, Some(mask)),
                    };
                    all = and(all, of);
                }
                all
            }
            Step::Or(steps) => {
                let mut any = Passes::None;
                for step in steps {
                    if any == Passes::All {
                        return any;
                    }
                    any = or(any, self.step(step, kind, live));
                }
                any
            }
            Step::Not(step) => match self.step(step, kind, live) {
                Passes::None => Passes::All,
                Passes::All => Passes::None,
                Passes::Some(mut mask) => {
                    mask.iter_mut().for_each(|bit| *bit ^= 1);
                    Passes::Some(mask)
                }
            },
            Step::Test(test, number) => {
                let count = self.count(kind);
                let passes = self.test(test, *number, kind, live);
                match passes {
                    // What could not be read was noted as damage; what is missing passes no test.
                    Ok(Passes::Some(mask)) if mask.len() != count || !mask.contains(&1) => Passes::None,
                    Ok(passes) => passes,
                    Err(error) => {
                        let _ = self.rows.note::<()>(Err(error));
                        Passes::None
                    }
                }
            }
        }
    }

    fn test(&mut self, test: &Test, number: usize, kind: usize, live: Option<&[u8]>) -> Result<Passes, Error> {
        let segment = self.rows.segment();
        let Some(spec) = segment.kinds().get(kind) else {
            return Ok(Passes::None);
        };
        let domain = domain::of_test(test, spec);
        match domain {
            Domain::Kind => Ok(constant(test.matches(&Known::of_kind(self.rows, kind)))),
            Domain::Thread => self.by_thread(test, number, kind),
            Domain::Descriptor => self.by_descriptor(test, number, kind),
            Domain::Result => self.by_result(test, kind),
            Domain::Duration => self.by_duration(test, kind),
            Domain::Flags => {
                let flags = segment.flags_column(kind)?;
                let mut known = [None; 256];
                Ok(mask(flags.iter().map(|flags| {
                    *known[*flags as u8 as usize].get_or_insert_with(|| {
                        let mut row = Known::of_kind(self.rows, kind);
                        row.flags = EventFlags(*flags as u8);
                        test.matches(&row)
                    })
                })))
            }
            Domain::Arg(at) => self.by_arg(test, kind, at, spec),
            Domain::Row => {
                let rows = self.rows;
                let count = self.count(kind);
                Ok(mask((0..count).map(|rank| {
                    live.is_none_or(|live| live.get(rank) == Some(&1)) && test.matches(&StoredRow { rows, kind, rank })
                })))
            }
        }
    }

    fn by_thread(&mut self, test: &Test, number: usize, kind: usize) -> Result<Passes, Error> {
        let segment = self.rows.segment();
        let key = (number, (!domain::asks_the_same_of_all_kinds(test)).then_some(kind));
        if !self.tables.contains_key(&key) {
            let threads = segment.threads()?;
            if self.threads.is_none() {
                self.threads = Some(segment.threads_with_rows()?);
            }
            let mut answers = vec![0; threads.len() + 1];
            let mut row = Known::of_kind(self.rows, kind);
            let (mut passed, mut asked) = (0, 0);
            for index in self.threads.iter().flatten() {
                let at = (*index as usize).min(threads.len());
                row.thread = threads.get(at);
                answers[at] = u8::from(test.matches(&row));
                passed += usize::from(answers[at] == 1);
                asked += 1;
            }
            let same = same(passed, asked);
            self.tables.insert(key, Table { answers, same });
        }
        let Some(table) = self.tables.get(&key) else {
            return Ok(Passes::None);
        };
        if let Some(same) = table.same {
            return Ok(constant(same));
        }
        let last = table.answers.len() - 1;
        let column = segment.thread_column(kind)?;
        let answers = column.iter().map(|thread| table.answers[(*thread as usize).min(last)]);
        Ok(Passes::Some(answers.collect()))
    }

    fn by_descriptor(&mut self, test: &Test, number: usize, kind: usize) -> Result<Passes, Error> {
        let segment = self.rows.segment();
        let key = (number, (!domain::asks_the_same_of_all_kinds(test)).then_some(kind));
        let cheap = match field_alone(test).filter(|_| !self.tables.contains_key(&key)) {
            Some(FdField::Name) => Some(self.by_descriptor_name(test)?),
            Some(FdField::Type | FdField::TypeChar) => Some(self.by_descriptor_type(test)?),
            _ => None,
        };
        if let Some(answers) = cheap {
            let passed = answers.iter().filter(|answer| **answer == 1).count();
            let same = same(passed, answers.len());
            self.tables.insert(key, Table { answers, same });
        }
        if !self.tables.contains_key(&key) {
            let descriptors = segment.descriptors()?;
            let mut row = Known::of_kind(self.rows, kind);
            let mut answers = Vec::with_capacity(descriptors.len() + 1);
            answers.push(u8::from(test.matches(&row)));
            for descriptor in descriptors {
                row.descriptor = Some(descriptor);
                answers.push(u8::from(test.matches(&row)));
            }
            let passed = answers.iter().filter(|answer| **answer == 1).count();
            let same = same(passed, answers.len());
            self.tables.insert(key, Table { answers, same });
        }
        let Some(table) = self.tables.get(&key) else {
            return Ok(Passes::None);
        };
        if let Some(same) = table.same {
            return Ok(constant(same));
        }
        // An index that does not exist is no descriptor.
        let answer = |index: &i64| {
            let at = usize::try_from(*index).ok();
            let answer = at.and_then(|at| table.answers.get(at));
            *answer.unwrap_or(&table.answers[0])
        };
        let column = segment.descriptor_column(kind)?;
        Ok(Passes::Some(column.iter().map(answer).collect()))
    }

    /// Answers for no descriptor and each descriptor, found once for each name.
    fn by_descriptor_name(&self, test: &Test) -> Result<Vec<u8>, Error> {
        let segment = self.rows.segment();
        let names = segment.descriptor_names()?;
        let mut known = vec![2u8; segment.string_count(ParamType::Path)? + 1];
        known[0] = u8::from(test.passes(&Value::Missing));
        let mut answers = Vec::with_capacity(names.len() + 1);
        answers.push(known[0]);
        for id in names {
            // An id that does not exist is no name.
            let at = usize::try_from(*id).ok().filter(|at| *at < known.len()).unwrap_or(0);
            if known[at] == 2 {
                let name = segment.string(ParamType::Path, *id)?.filter(|name| !name.is_empty());
                known[at] = u8::from(test.passes(&name.map_or(Value::Missing, Value::str)));
            }
            answers.push(known[at]);
        }
        Ok(answers)
    }

    /// The same for tests of the type, found once for each type.
    fn by_descriptor_type(&self, test: &Test) -> Result<Vec<u8>, Error> {
        let segment = self.rows.segment();
        let (types, reasons) = (segment.descriptor_types()?, segment.descriptor_reasons()?);
        let row = Known::of_kind(self.rows, 0);
        let mut answers = vec![u8::from(test.matches(&row))];
        let mut known: HashMap<(DescriptorType, bool), u8> = HashMap::new();
        for (at, ty) in types.enumerate() {
            let is_known = reasons.get(at).is_none_or(|reason| *reason == 0);
            let answer = *known.entry((ty, is_known)).or_insert_with(|| {
                let mut descriptor = Descriptor::unknown(0);
                descriptor.ty = ty;
                if is_known {
                    descriptor.missing.clear();
                } else {
                    descriptor.missing = b"?".to_vec();
                }
                let descriptor = Some(&descriptor);
                u8::from(test.matches(&Known { descriptor, ..row }))
            });
            answers.push(answer);
        }
        Ok(answers)
    }

    fn by_result(&self, test: &Test, kind: usize) -> Result<Passes, Error> {
        let segment = self.rows.segment();
        // How many rows failed is known before anything is read.
        if let Some(kind) = segment.zone().kinds.get(kind)
            && let Some(passes) = by_errors(test, kind)
        {
            return Ok(passes);
        }
        let results = segment.result_column(kind)?;
        let flags = segment.flags_column(kind)?;
        let has = |flags: &i64| EventFlags(*flags as u8).has(EventFlags::HAS_RESULT);
        let all_have = flags.iter().all(has);
        if all_have && let Some((op, other)) = number_test(test, EvtField::RawRes) {
            return Ok(compare(results, op, other));
        }
        if all_have && let Some((op, other)) = number_test(test, EvtField::Failed) {
            let failed: Vec<i64> = results.iter().map(|result| i64::from(*result < 0)).collect();
            return Ok(compare(&failed, op, other));
        }
        let mut row = Known::of_kind(self.rows, kind);
        let mut memo = Memo::default();
        Ok(mask(results.iter().zip(flags).map(|(result, flags)| {
            let result = has(flags).then_some(*result);
            memo.get(result, || {
                row.result = result;
                test.matches(&row)
            })
        })))
    }

    fn by_duration(&self, test: &Test, kind: usize) -> Result<Passes, Error> {
        let durations = self.rows.segment().duration_column(kind)?;
        if let Some((op, other)) = number_test(test, EvtField::Latency) {
            let passes = compare(durations, op, other);
            // What was not measured has no value.
            let measured = compare(durations, NumberOp::Gt, 0);
            return Ok(and(passes, measured));
        }
        let mut row = Known::of_kind(self.rows, kind);
        let mut memo = Memo::default();
        Ok(mask(durations.iter().map(|duration| {
            memo.get(Some(*duration), || {
                row.duration = u64::try_from(*duration).ok().filter(|duration| *duration != 0);
                test.matches(&row)
            })
        })))
    }

    fn by_arg(&self, test: &Test, kind: usize, at: usize, spec: &Kind) -> Result<Passes, Error> {
        let segment = self.rows.segment();
        let column = segment.param_column(kind, at)?;
        let mut row = Known::of_kind(self.rows, kind);
        let mut memo = Memo::default();
        let Some(ty) = spec.params.get(at).map(|param| param.ty) else {
            return Ok(Passes::None);
        };
        if ty.is_bytes() {
            // An id stands for a string of the segment's dictionary, and 0 for none.
            let mut known = vec![2u8; segment.string_count(ty)? + 1];
            return Ok(mask(column.iter().map(|id| {
                let slot = usize::try_from(*id).ok().and_then(|id| known.get_mut(id));
                let mut answer = || {
                    let value = self.rows.note(segment.string(ty, *id)).flatten();
                    row.arg = Some((at, value.map_or(Raw::Missing, Raw::Bytes)));
                    test.matches(&row)
                };
                match slot {
                    Some(slot) => {
                        if *slot == 2 {
                            *slot = u8::from(answer());
                        }
                        *slot == 1
                    }
                    None => answer(),
                }
            })));
        }
        let present = segment.present_column(kind, at)?;
        Ok(mask(column.iter().enumerate().map(|(rank, value)| {
            let value = present
                .is_none_or(|present| present.get(rank) == Some(&1))
                .then_some(*value);
            memo.get(value, || {
                row.arg = Some((at, value.map_or(Raw::Missing, Raw::Int)));
                test.matches(&row)
            })
        })))
    }
}

/// Answers for numbers that were met already.
#[derive(Default)]
struct Memo {
    last: Option<(Option<i64>, bool)>,
    known: HashMap<Option<i64>, bool>,
}

/// Numbers whose answers are kept; where there are more, most differ.
const MAX_KNOWN: usize = 4096;

impl Memo {
    fn get(&mut self, value: Option<i64>, ask: impl FnOnce() -> bool) -> bool {
        if let Some((last, answer)) = self.last
            && last == value
        {
            return answer;
        }
        let answer = match self.known.get(&value) {
            Some(answer) => *answer,
            None => {
                let answer = ask();
                if self.known.len() < MAX_KNOWN {
                    self.known.insert(value, answer);
                }
                answer
            }
        };
        self.last = Some((value, answer));
        answer
    }
}

/// The field of the descriptor, if the test asks for nothing else.
fn field_alone(test: &Test) -> Option<FdField> {
    match &test.source {
        Source::Field { def, .. } if !matches!(test.matcher, Matcher::Against { .. }) => match def.id {
            FieldId::Fd(field) => Some(field),
            _ => None,
        },
        _ => None,
    }
}

/// The answer to whether rows failed, where none or all did.
fn by_errors(test: &Test, kind: &KindCount) -> Option<Passes> {
    match (number_test(test, EvtField::RawRes), number_test(test, EvtField::Failed)) {
        (Some((NumberOp::Lt, 0)), _) | (_, Some((NumberOp::Eq, 1))) => {}
        _ => return None,
    }
    match kind.errors {
        0 => Some(Passes::None),
        errors if errors == kind.events => Some(Passes::All),
        _ => None,
    }
}

/// The comparison with a number, if the test is one of this field.
fn number_test(test: &Test, field: EvtField) -> Option<(NumberOp, i64)> {
    let Source::Field { def, .. } = &test.source else {
        return None;
    };
    match &test.matcher {
        Matcher::Number(op, other) if def.id == FieldId::Evt(field) => Some((*op, i64::try_from(*other).ok()?)),
        _ => None,
    }
}

/// The rows whose number compares so.
fn compare(values: &[i64], op: NumberOp, other: i64) -> Passes {
    fn each(values: &[i64], holds: impl Fn(i64) -> bool) -> Passes {
        let mut passed = 0usize;
        let mask: Vec<u8> = values.iter().map(|value| u8::from(holds(*value))).collect();
        for block in mask.chunks(255) {
            passed += usize::from(block.iter().sum::<u8>());
        }
        same(passed, mask.len()).map_or(Passes::Some(mask), constant)
    }
    match op {
        NumberOp::Eq => each(values, |value| value == other),
        NumberOp::Ne => each(values, |value| value != other),
        NumberOp::Lt => each(values, |value| value < other),
        NumberOp::Le => each(values, |value| value <= other),
        NumberOp::Gt => each(values, |value| value > other),
        NumberOp::Ge => each(values, |value| value >= other),
    }
}

fn mask(answers: impl Iterator<Item = bool>) -> Passes {
    Passes::Some(answers.map(u8::from).collect())
}

fn constant(answer: bool) -> Passes {
    if answer { Passes::All } else { Passes::None }
}

/// The one answer of all that were asked.
fn same(passed: usize, asked: usize) -> Option<bool> {
    match passed {
        0 => Some(false),
        passed if passed == asked => Some(true),
        _ => None,
    }
}

fn and(one: Passes, other: Passes) -> Passes {
    match (one, other) {
        (Passes::None, _) | (_, Passes::None) => Passes::None,
        (Passes::All, passes) | (passes, Passes::All) => passes,
        (Passes::Some(mut one), Passes::Some(other)) => {
            one.iter_mut().zip(&other).for_each(|(one, other)| *one &= other);
            if one.contains(&1) {
                Passes::Some(one)
            } else {
                Passes::None
            }
        }
    }
}

fn or(one: Passes, other: Passes) -> Passes {
    match (one, other) {
        (Passes::All, _) | (_, Passes::All) => Passes::All,
        (Passes::None, passes) | (passes, Passes::None) => passes,
        (Passes::Some(mut one), Passes::Some(other)) => {
            one.iter_mut().zip(&other).for_each(|(one, other)| *one |= other);
            Passes::Some(one)
        }
    }
}
