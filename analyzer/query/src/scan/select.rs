//! Which rows of a segment pass: kind by kind, column by column, without an order of time.

use super::mask::{and, compare, constant, mask, or, same};
use super::plan::{Plan, Step};
use super::texts::Strings;
use crate::eval::{Matcher, NumberOp, Source, Test, Value};
use crate::fields::{FdField, FieldId};
use crate::row::domain::{self, Domain};
use crate::row::{Known, SegmentRows, StoredRow};
use afterimage_format::Error;
use afterimage_format::model::{Category, Descriptor, DescriptorType, EventFlags, Kind, ParamType};
use afterimage_format::segment::{EventField, Passes};
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
        strings: HashMap::new(),
        described: HashMap::new(),
        cpus: HashMap::new(),
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
    /// The only ones that pass, where they are few.
    few: Option<Vec<i64>>,
}

/// To compare a column with so many numbers one after the other takes no longer than to look each row's answer up.
const FEW: usize = 4;

impl Table {
    fn of(answers: Vec<u8>) -> Table {
        let passed = answers.iter().filter(|answer| **answer == 1).count();
        let same = same(passed, answers.len());
        let few = (passed <= FEW && answers.first() == Some(&0)).then(|| {
            let passing = answers.iter().enumerate().filter(|(_, answer)| **answer == 1);
            passing.map(|(at, _)| at as i64).collect()
        });
        Table { answers, same, few }
    }

    /// Where nothing passes.
    fn none() -> Table {
        Table::of(vec![0])
    }
}

pub(super) struct Selector<'q, 's> {
    pub(super) rows: &'q SegmentRows<'s>,
    /// By test, and by kind where that matters.
    tables: HashMap<(usize, Option<usize>), Table>,
    /// Thread versions with rows.
    threads: Option<Vec<u32>>,
    /// By test, and whether they are payloads.
    pub(super) strings: HashMap<(usize, bool), Strings>,
    /// Answers for the descriptors of rows that show one: by test, and by kind where that matters.
    pub(super) described: HashMap<(usize, Option<usize>), Vec<u8>>,
    /// Rows of all kinds that pass a test of the CPU: by test, and by kind where that matters.
    pub(super) cpus: HashMap<(usize, Option<usize>), Vec<Passes>>,
}

impl Selector<'_, '_> {
    pub(super) fn count(&self, kind: usize) -> usize {
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
                if let Some((flags, same)) = segment.limits(kind, EventField::Flags)?
                    && flags == same
                {
                    let mut row = Known::of_kind(self.rows, kind);
                    row.flags = EventFlags(flags as u8);
                    return Ok(constant(test.matches(&row)));
                }
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
            Domain::Arg(at) => self.by_arg(test, number, kind, at, spec),
            Domain::Described(at) => self.by_described(test, number, kind, at),
            Domain::Cpu => self.by_cpu(test, number, kind),
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
            let few = None;
            self.tables.insert(key, Table { answers, same, few });
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
            Some(FdField::Name) => match self.by_descriptor_name(test, number)? {
                Some(answers) => Some(answers),
                None => {
                    self.tables.insert(key, Table::none());
                    None
                }
            },
            Some(FdField::Type | FdField::TypeChar) => Some(self.by_descriptor_type(test)?),
            _ => None,
        };
        if let Some(answers) = cheap {
            self.tables.insert(key, Table::of(answers));
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
            self.tables.insert(key, Table::of(answers));
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
        if let Some((index, same)) = segment.limits(kind, EventField::Descriptor)?
            && index == same
        {
            return Ok(constant(answer(&index) == 1));
        }
        let column = segment.descriptor_column(kind)?;
        if let Some(few) = &table.few {
            let rows_of = |index: &i64| compare(column, NumberOp::Eq, *index);
            return Ok(few.iter().map(rows_of).fold(Passes::None, or));
        }
        Ok(Passes::Some(column.iter().map(answer).collect()))
    }

    /// Answers for no descriptor and each descriptor, found once for each name; nothing where no name passes.
    fn by_descriptor_name(&mut self, test: &Test, number: usize) -> Result<Option<Vec<u8>>, Error> {
        if self.strings(test, number, ParamType::Path)?.none_passes() {
            return Ok(None);
        }
        let segment = self.rows.segment();
        let names = segment.descriptor_names()?;
        let missing = u8::from(test.passes(&Value::Missing));
        let texts = segment.texts(ParamType::Path)?;
        let strings = self.strings(test, number, ParamType::Path)?;
        let mut answers = Vec::with_capacity(names.len() + 1);
        answers.push(missing);
        answers.extend(names.iter().map(|id| match texts.get(*id) {
            Some(name) if !name.is_empty() => strings.answer(*id, || test.passes(&Value::str(name))),
            _ => missing,
        }));
        Ok(Some(answers))
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
