//! Tests of numbers that rows have: results, durations, CPUs.

use super::mask::{compare, compare_where, constant, mask, same};
use super::select::Selector;
use crate::eval::{Matcher, NumberOp, Source, Test};
use crate::fields::{EvtField, FieldId};
use crate::row::Known;
use afterimage_format::Error;
use afterimage_format::model::EventFlags;
use afterimage_format::segment::{EventField, KindCount, Passes};
use hashbrown::HashMap;

impl Selector<'_, '_> {
    pub(super) fn by_result(&self, test: &Test, kind: usize) -> Result<Passes, Error> {
        let segment = self.rows.segment();
        // How many rows failed is known before anything is read.
        if let Some(kind) = segment.zone().kinds.get(kind)
            && let Some(passes) = by_errors(test, kind)
        {
            return Ok(passes);
        }
        let has = |flags: &i64| EventFlags(*flags as u8).has(EventFlags::HAS_RESULT);
        let all_have = match segment.limits(kind, EventField::Flags)? {
            Some((flags, same)) if flags == same => has(&flags),
            _ => segment.flags_column(kind)?.iter().all(has),
        };
        if all_have
            && let Some((result, same)) = segment.limits(kind, EventField::Result)?
            && result == same
        {
            let mut row = Known::of_kind(self.rows, kind);
            row.result = Some(result);
            return Ok(constant(test.matches(&row)));
        }
        let results = segment.result_column(kind)?;
        if all_have && let Some((op, other)) = number_test(test, EvtField::RawRes) {
            return Ok(compare(results, op, other));
        }
        if all_have && let Some((op, other)) = number_test(test, EvtField::Failed) {
            return Ok(match (op.holds(0.cmp(&other)), op.holds(1.cmp(&other))) {
                (false, true) => compare(results, NumberOp::Lt, 0),
                (true, false) => compare(results, NumberOp::Ge, 0),
                (always, _) => constant(always),
            });
        }
        let flags = segment.flags_column(kind)?;
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

    pub(super) fn by_duration(&self, test: &Test, kind: usize) -> Result<Passes, Error> {
        let segment = self.rows.segment();
        let number = number_test(test, EvtField::Latency);
        if let Some((least, most)) = segment.limits(kind, EventField::Duration)? {
            if let Some((op, other)) = number
                && op.holds_between(least.max(1), most, other) == Some(false)
            {
                return Ok(Passes::None);
            }
            if least == most {
                let mut row = Known::of_kind(self.rows, kind);
                row.duration = u64::try_from(least).ok().filter(|duration| *duration != 0);
                return Ok(constant(test.matches(&row)));
            }
        }
        let durations = segment.duration_column(kind)?;
        if let Some((op, other)) = number {
            // What was not measured has no value.
            return Ok(compare_where(durations, op, other, |duration| duration > 0));
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

    pub(super) fn by_cpu(&mut self, test: &Test, number: usize, kind: usize) -> Result<Passes, Error> {
        let key = (number, (!is_field(test)).then_some(kind));
        if !self.cpus.contains_key(&key) {
            let segment = self.rows.segment();
            let cpus = segment.stored_cpus()?;
            let mut row = Known::of_kind(self.rows, kind);
            let mut memo = Memo::default();
            let answers: Vec<u8> = cpus
                .iter()
                .map(|cpu| {
                    u8::from(memo.get(Some(*cpu), || {
                        row.cpu = Some(*cpu);
                        test.matches(&row)
                    }))
                })
                .collect();
            let kinds = segment.kinds().len();
            let passes = match same(answers.iter().map(|answer| usize::from(*answer)).sum(), answers.len()) {
                Some(answer) => vec![constant(answer); kinds],
                None => segment
                    .split(answers.into_iter())?
                    .into_iter()
                    .map(Passes::Some)
                    .collect(),
            };
            self.cpus.insert(key, passes);
        }
        let passes = self.cpus.get(&key).and_then(|passes| passes.get(kind));
        Ok(passes.cloned().unwrap_or(Passes::None))
    }
}

/// Whether the test is one of a field alone, which depends on the kind no further than what the field is of.
pub(super) fn is_field(test: &Test) -> bool {
    matches!(test.source, Source::Field { .. }) && !matches!(test.matcher, Matcher::Against { .. })
}

/// Answers for numbers that were met already.
#[derive(Default)]
pub(super) struct Memo {
    last: Option<(Option<i64>, bool)>,
    known: HashMap<Option<i64>, bool>,
}

/// Numbers whose answers are kept; where there are more, most differ.
const MAX_KNOWN: usize = 4096;

impl Memo {
    pub(super) fn get(&mut self, value: Option<i64>, ask: impl FnOnce() -> bool) -> bool {
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
