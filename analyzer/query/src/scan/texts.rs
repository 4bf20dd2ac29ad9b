//! Tests of strings, payloads and arguments: answered once for each string or number there is, and where a text is asked
//! for, only for those that have it in them.

use super::mask::{compare, constant, mask};
use super::numbers::{Memo, is_field};
use super::select::Selector;
use crate::eval::{Literals, Matcher, NumberOp, Source, Test, TextTest, Value};
use crate::fields::{EvtField, FieldId};
use crate::row::Known;
use afterimage_format::Error;
use afterimage_format::model::{Kind, ParamType, Value as Raw};
use afterimage_format::segment::{EventField, Passes};
use hashbrown::HashSet;
use memchr::memmem::Finder;

/// An answer that is not known yet.
const UNKNOWN: u8 = 2;

/// Texts that are looked for one after the other in all strings; more are looked for in each string.
const MANY: usize = 4;

/// Answers of a test for the strings of a dictionary.
pub(super) enum Strings {
    /// None passes.
    None,
    /// For each id.
    Each(Vec<u8>),
}

impl Strings {
    pub(super) fn none_passes(&self) -> bool {
        matches!(self, Strings::None)
    }

    /// That for the string with this id.
    pub(super) fn answer(&mut self, id: i64, ask: impl FnOnce() -> bool) -> u8 {
        let Strings::Each(known) = self else { return 0 };
        match usize::try_from(id).ok().and_then(|id| known.get_mut(id)) {
            Some(slot) => {
                if *slot == UNKNOWN {
                    *slot = u8::from(ask());
                }
                *slot
            }
            None => u8::from(ask()),
        }
    }
}

/// Strings that can pass.
enum Candidates {
    Any,
    These(Vec<usize>),
}

impl Selector<'_, '_> {
    /// Answers for strings of this type, of a test that asks for nothing else.
    pub(super) fn strings(&mut self, test: &Test, number: usize, ty: ParamType) -> Result<&mut Strings, Error> {
        let key = (number, ty == ParamType::Bytes);
        if !self.strings.contains_key(&key) {
            let segment = self.rows.segment();
            let made = match self.candidates(test.matcher.literals().as_ref(), ty)? {
                Candidates::Any => Strings::Each(vec![UNKNOWN; segment.string_count(ty)? + 1]),
                Candidates::These(ids) if ids.is_empty() => Strings::None,
                Candidates::These(ids) => {
                    let texts = segment.texts(ty)?;
                    let mut known = vec![0; texts.len() + 1];
                    let passes = |id: &usize| texts.get(*id as i64).is_some_and(|text| test.passes(&Value::str(text)));
                    ids.iter().for_each(|id| known[*id] = u8::from(passes(id)));
                    match known.contains(&1) {
                        true => Strings::Each(known),
                        false => Strings::None,
                    }
                }
            };
            self.strings.insert(key, made);
        }
        Ok(self.strings.entry(key).or_insert(Strings::None))
    }

    /// Which strings have one of the texts in them.
    fn candidates(&self, literals: Option<&Literals<'_>>, ty: ParamType) -> Result<Candidates, Error> {
        let Some(literals) = literals else {
            return Ok(Candidates::Any);
        };
        let segment = self.rows.segment();
        let mut texts = Vec::new();
        for text in &literals.texts {
            if segment.may_have(ty, text)? {
                texts.push(text);
            }
        }
        if !texts.is_empty() && (literals.any_case || texts.len() > MANY) {
            return Ok(Candidates::Any);
        }
        let mut ids = Vec::new();
        for text in texts {
            let finder = Finder::new(text.as_ref());
            ids.extend(segment.texts(ty)?.with(text.len(), |all| finder.find(all)));
        }
        Ok(Candidates::These(ids))
    }

    pub(super) fn by_arg(
        &mut self,
        test: &Test,
        number: usize,
        kind: usize,
        at: usize,
        spec: &Kind,
    ) -> Result<Passes, Error> {
        let segment = self.rows.segment();
        let Some(ty) = spec.params.get(at).map(|param| param.ty) else {
            return Ok(Passes::None);
        };
        let is_plain = is_field(test)
            && matches!(&test.source, Source::Field { def, .. } if def.id == FieldId::Evt(EvtField::Arg));
        if ty.is_bytes() {
            let is_itself = is_plain && !matches!(ty, ParamType::TextList | ParamType::PollFds | ParamType::SockAddr);
            return self.by_string(test, is_itself.then_some(number), kind, at, ty);
        }
        if is_plain && never_passes(test, ty) {
            return Ok(Passes::None);
        }
        let present = segment.present_column(kind, at)?;
        let mut row = Known::of_kind(self.rows, kind);
        let mut answer = |value: Option<i64>| {
            row.arg = Some((at, value.map_or(Raw::Missing, Raw::Int)));
            test.matches(&row)
        };
        if present.is_none() {
            if let Some((value, same)) = segment.limits(kind, EventField::Param(at))?
                && value == same
            {
                return Ok(constant(answer(Some(value))));
            }
            if let Some(value) = number_of(test, ty).filter(|_| is_plain) {
                return Ok(compare(segment.param_column(kind, at)?, NumberOp::Eq, value));
            }
        }
        let column = segment.param_column(kind, at)?;
        let mut memo = Memo::default();
        Ok(mask(column.iter().enumerate().map(|(rank, value)| {
            let value = present
                .is_none_or(|present| present.get(rank) == Some(&1))
                .then_some(*value);
            memo.get(value, || answer(value))
        })))
    }

    /// Tests of a string; `number` is that of a test of the string itself, not of what it is shown as.
    fn by_string(
        &mut self,
        test: &Test,
        number: Option<usize>,
        kind: usize,
        at: usize,
        ty: ParamType,
    ) -> Result<Passes, Error> {
        let rows = self.rows;
        let segment = rows.segment();
        let mut own;
        let strings = match number {
            Some(number) => self.strings(test, number, ty)?,
            None => {
                own = Strings::Each(vec![UNKNOWN; segment.string_count(ty)? + 1]);
                &mut own
            }
        };
        if strings.none_passes() {
            return Ok(Passes::None);
        }
        let mut row = Known::of_kind(rows, kind);
        // An id stands for a string of the segment's dictionary, and 0 for none.
        let mut answer = |id: i64| {
            strings.answer(id, || {
                let value = rows.note(segment.string(ty, id)).flatten();
                row.arg = Some((at, value.map_or(Raw::Missing, Raw::Bytes)));
                test.matches(&row)
            })
        };
        if let Some((id, same)) = segment.limits(kind, EventField::Param(at))?
            && id == same
        {
            return Ok(constant(answer(id) == 1));
        }
        let column = segment.param_column(kind, at)?;
        Ok(Passes::Some(column.iter().map(|id| answer(*id)).collect()))
    }

    /// Tests of the number of the row's descriptor. Where it is known what that is, it is shown, and the number does not
    /// matter; else the number alone does.
    pub(super) fn by_described(&mut self, test: &Test, number: usize, kind: usize, at: usize) -> Result<Passes, Error> {
        let rows = self.rows;
        let segment = rows.segment();
        let is_plain = is_field(test);
        let key = (number, (!is_plain).then_some(kind));
        if !self.described.contains_key(&key) {
            let answers = self.descriptors_that_can_pass(test, is_plain)?;
            self.described.insert(key, answers);
        }
        let Some(answers) = self.described.get_mut(&key) else {
            return Ok(Passes::None);
        };
        if is_plain && never_passes(test, ParamType::Fd) && !answers.iter().any(|answer| *answer != 0) {
            return Ok(Passes::None);
        }
        let column = segment.param_column(kind, at)?;
        let present = segment.present_column(kind, at)?;
        let indexes = segment.descriptor_column(kind)?;
        let reasons = segment.descriptor_reasons()?;
        let mut row = Known::of_kind(rows, kind);
        let mut memo = Memo::default();
        Ok(mask(column.iter().zip(indexes).enumerate().map(
            |(rank, (value, index))| {
                let value = present
                    .is_none_or(|present| present.get(rank) == Some(&1))
                    .then_some(*value);
                let index = usize::try_from(*index).ok().and_then(|index| index.checked_sub(1));
                let known = index.filter(|index| reasons.get(*index).is_none_or(|reason| *reason == 0));
                let slot = known.and_then(|index| Some((index, answers.get_mut(index)?)));
                row.arg = Some((at, value.map_or(Raw::Missing, Raw::Int)));
                row.descriptor = None;
                match (slot, value) {
                    (Some((index, slot)), Some(0..)) => {
                        if *slot == UNKNOWN {
                            row.descriptor = rows.note(segment.descriptor_at(index)).flatten();
                            *slot = u8::from(test.matches(&row));
                        }
                        *slot == 1
                    }
                    _ => memo.get(value, || test.matches(&row)),
                }
            },
        )))
    }

    /// For each descriptor, whether it cannot pass when it is shown (0), or may.
    fn descriptors_that_can_pass(&self, test: &Test, is_plain: bool) -> Result<Vec<u8>, Error> {
        let segment = self.rows.segment();
        let (mut count, mut letters) = (0, HashSet::new());
        for ty in segment.descriptor_types()? {
            count += 1;
            letters.insert(ty.names().1);
        }
        let literals = test
            .matcher
            .literals()
            .filter(|literals| is_plain && !literals.texts.iter().any(|text| is_of_type(text, &letters)));
        match self.candidates(literals.as_ref(), ParamType::Path)? {
            Candidates::Any => Ok(vec![UNKNOWN; count]),
            Candidates::These(ids) if ids.is_empty() => Ok(vec![0; count]),
            Candidates::These(ids) => {
                let names = segment.descriptor_names()?;
                let mut can = vec![0; segment.string_count(ParamType::Path)? + 1];
                ids.iter().for_each(|id| can[*id] = UNKNOWN);
                let of_name = |id: &i64| usize::try_from(*id).ok().and_then(|id| can.get(id)).copied();
                let mut answers: Vec<u8> = names.iter().map(|id| of_name(id).unwrap_or(0)).collect();
                answers.resize(count, 0);
                Ok(answers)
            }
        }
    }
}

/// Whether a text can stand in what a descriptor is shown as other than in its name: it begins with `<`, a letter of its
/// type, one of its protocol, and `>`.
fn is_of_type(text: &[u8], letters: &HashSet<char>) -> bool {
    const PROTOCOLS: &[u8] = b"tuir";
    let is_letter = |byte: &u8| letters.contains(&char::from(*byte));
    match text {
        _ if text.contains(&b'<') || text.contains(&b'>') => true,
        [one] => is_letter(one) || PROTOCOLS.contains(one),
        [one, other] => is_letter(one) && PROTOCOLS.contains(other),
        _ => false,
    }
}

/// Whether a number of this type cannot be shown as a text that passes.
fn never_passes(test: &Test, ty: ParamType) -> bool {
    let can_have: fn(&u8) -> bool = match ty {
        ParamType::Int | ParamType::Uint | ParamType::Pid => |byte| matches!(byte, b'0'..=b'9' | b'-'),
        ParamType::Hex => |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'x'),
        // Negative ones are error numbers, and some have a name.
        ParamType::Fd => |byte| matches!(byte, b'0'..=b'9' | b'A'..=b'Z' | b'-' | b'_'),
        _ => return false,
    };
    let Some(literals) = test.matcher.literals() else {
        return false;
    };
    let fits = |text: &[u8]| match literals.any_case {
        true => text.to_ascii_lowercase().iter().all(can_have) || text.to_ascii_uppercase().iter().all(can_have),
        false => text.iter().all(can_have),
    };
    !literals.texts.iter().any(|text| fits(text))
}

/// The only number of this type that passes, if the test says it.
fn number_of(test: &Test, ty: ParamType) -> Option<i64> {
    let Matcher::Text(TextTest::Order(NumberOp::Eq, text)) = &test.matcher else {
        return None;
    };
    let text = std::str::from_utf8(text).ok()?;
    let (number, shown) = match ty {
        ParamType::Int | ParamType::Pid => text.parse::<i64>().ok().map(|number| (number, number.to_string()))?,
        ParamType::Uint => text
            .parse::<u64>()
            .ok()
            .map(|number| (number as i64, number.to_string()))?,
        _ => return None,
    };
    (shown == text).then_some(number)
}
