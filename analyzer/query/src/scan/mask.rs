//! Masks of rows: made of columns, and put together.

use crate::eval::NumberOp;
use afterimage_format::segment::{Passes, wide};

/// The rows whose number compares so.
pub(super) fn compare(values: &[i64], op: NumberOp, other: i64) -> Passes {
    compare_where(values, op, other, |_| true)
}

/// The same of values for which `also` holds; others do not pass.
pub(super) fn compare_where(values: &[i64], op: NumberOp, other: i64, also: impl Fn(i64) -> bool) -> Passes {
    /// Most tests pass nothing or everything, and then no mask is made.
    fn each(values: &[i64], holds: impl Fn(i64) -> bool) -> Passes {
        let passed = wide(
            #[inline(always)]
            || values.iter().map(|value| i64::from(holds(*value))).sum::<i64>(),
        );
        match same(passed as usize, values.len()) {
            Some(answer) => constant(answer),
            None => wide(
                #[inline(always)]
                || Passes::Some(values.iter().map(|value| u8::from(holds(*value))).collect()),
            ),
        }
    }
    match op {
        NumberOp::Eq => each(values, |value| (value == other) & also(value)),
        NumberOp::Ne => each(values, |value| (value != other) & also(value)),
        NumberOp::Lt => each(values, |value| (value < other) & also(value)),
        NumberOp::Le => each(values, |value| (value <= other) & also(value)),
        NumberOp::Gt => each(values, |value| (value > other) & also(value)),
        NumberOp::Ge => each(values, |value| (value >= other) & also(value)),
    }
}

pub(super) fn mask(answers: impl Iterator<Item = bool>) -> Passes {
    Passes::Some(answers.map(u8::from).collect())
}

pub(super) fn constant(answer: bool) -> Passes {
    if answer { Passes::All } else { Passes::None }
}

/// The one answer of all that were asked.
pub(super) fn same(passed: usize, asked: usize) -> Option<bool> {
    match passed {
        0 => Some(false),
        passed if passed == asked => Some(true),
        _ => None,
    }
}

pub(super) fn and(one: Passes, other: Passes) -> Passes {
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

pub(super) fn or(one: Passes, other: Passes) -> Passes {
    match (one, other) {
        (Passes::All, _) | (_, Passes::All) => Passes::All,
        (Passes::None, passes) | (passes, Passes::None) => passes,
        (Passes::Some(mut one), Passes::Some(other)) => {
            one.iter_mut().zip(&other).for_each(|(one, other)| *one |= other);
            Passes::Some(one)
        }
    }
}
