//! What a zone map says about a filter.

use crate::eval::{Matcher, Node, NumberOp, Source, Test, Value};
use crate::fields::{ContainerField, EvtField, FieldId, ProcField, SyscallField};
use crate::row::{TraceContext, container_field, pod_field};
use afterimage_format::segment::Zone;

/// For how many rows of a segment a condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// For none.
    Never,
    /// It takes reading to know.
    Maybe,
    /// For all.
    Always,
}

impl Verdict {
    fn of(possible: bool, certain: bool) -> Verdict {
        match (possible, certain) {
            (false, _) => Verdict::Never,
            (true, true) => Verdict::Always,
            (true, false) => Verdict::Maybe,
        }
    }
}

/// What the zone map of a segment says about the condition.
pub(super) fn verdict(node: &Node, zone: &Zone, context: &TraceContext) -> Verdict {
    let of = |term: &Node| verdict(term, zone, context);
    match node {
        Node::And(terms) => {
            let mut all = Verdict::Always;
            for term in terms {
                match of(term) {
                    Verdict::Never => return Verdict::Never,
                    Verdict::Maybe => all = Verdict::Maybe,
                    Verdict::Always => {}
                }
            }
            all
        }
        Node::Or(terms) => {
            let mut any = Verdict::Never;
            for term in terms {
                match of(term) {
                    Verdict::Always => return Verdict::Always,
                    Verdict::Maybe => any = Verdict::Maybe,
                    Verdict::Never => {}
                }
            }
            any
        }
        Node::Not(term) => match of(term) {
            Verdict::Never => Verdict::Always,
            Verdict::Maybe => Verdict::Maybe,
            Verdict::Always => Verdict::Never,
        },
        Node::Test(test) => one(test, zone, context),
    }
}

fn one(test: &Test, zone: &Zone, context: &TraceContext) -> Verdict {
    let Source::Field { def, arg, .. } = &test.source else {
        return Verdict::Maybe;
    };
    if matches!(test.matcher, Matcher::Against { .. }) {
        return Verdict::Maybe;
    }
    match def.id {
        FieldId::Evt(EvtField::Type) => each(zone.kinds.iter().map(|kind| Some(Value::str(&*kind.name))), test),
        // Kinds that are no system calls lack the value, and the zone map does not say which those are.
        FieldId::Syscall(SyscallField::Type) => {
            match each(zone.kinds.iter().map(|kind| Some(Value::str(&*kind.name))), test) {
                Verdict::Always => Verdict::Maybe,
                verdict => verdict,
            }
        }
        FieldId::Evt(EvtField::Time | EvtField::RawTime) => {
            between(&test.matcher, i128::from(zone.time_min), i128::from(zone.time_max))
        }
        FieldId::Evt(EvtField::Num) => {
            let first = i128::from(zone.first_num);
            between(&test.matcher, first, first + i128::from(zone.rows) - 1)
        }
        FieldId::Container(field) if !matches!(field, ContainerField::Duration | ContainerField::Entry) => each(
            zone.containers.iter().map(|count| match count.key {
                0 => Some(container_field(None, field, arg, 0)),
                key => context
                    .container(key)
                    .map(|container| container_field(Some(container), field, arg, 0)),
            }),
            test,
        ),
        FieldId::K8s(field) if !field.is_of_process() => each(
            zone.containers.iter().map(|count| match count.key {
                0 => Some(Value::Missing),
                key => context
                    .container(key)
                    .map(|container| pod_field(Some(container), field, arg)),
            }),
            test,
        ),
        // A zone map that lists no processes had too many.
        FieldId::Proc(ProcField::Pid) if !zone.pids.is_empty() => each(
            zone.pids.iter().map(|pid| match pid {
                // What belongs to no process has no value.
                0 => None,
                pid => Some(Value::Int(i64::from(*pid))),
            }),
            test,
        ),
        _ => Verdict::Maybe,
    }
}

/// The verdict when every row has one of these values; a value that is not known may be any.
fn each<'v>(values: impl Iterator<Item = Option<Value<'v>>>, test: &Test) -> Verdict {
    let (mut possible, mut certain) = (false, true);
    for value in values {
        let passes = value.map(|value| value != Value::Missing && test.matcher.matches(&value));
        possible |= passes.unwrap_or(true);
        certain &= passes.unwrap_or(false);
    }
    Verdict::of(possible, certain)
}

/// The verdict when the values of all rows lie between these, the ends included.
fn between(matcher: &Matcher, min: i128, max: i128) -> Verdict {
    match matcher {
        Matcher::Number(op, other) => {
            let single = min == max && min == *other;
            let inside = (min..=max).contains(other);
            match op {
                NumberOp::Eq => Verdict::of(inside, single),
                NumberOp::Ne => Verdict::of(!single, !inside),
                NumberOp::Lt => Verdict::of(min < *other, max < *other),
                NumberOp::Le => Verdict::of(min <= *other, max <= *other),
                NumberOp::Gt => Verdict::of(max > *other, min > *other),
                NumberOp::Ge => Verdict::of(max >= *other, min >= *other),
            }
        }
        Matcher::Numbers(set) => Verdict::of(set.iter().any(|other| (min..=max).contains(other)), false),
        Matcher::Exists => Verdict::Always,
        _ => Verdict::Maybe,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        use NumberOp::{Eq, Ge, Gt, Le, Lt, Ne};
        use Verdict::{Always, Maybe, Never};
        for (op, other, expected) in [
            (Eq, 9, Never),
            (Eq, 10, Maybe),
            (Eq, 20, Maybe),
            (Ne, 9, Always),
            (Ne, 10, Maybe),
            (Lt, 10, Never),
            (Lt, 11, Maybe),
            (Lt, 21, Always),
            (Le, 9, Never),
            (Le, 20, Always),
            (Gt, 20, Never),
            (Gt, 9, Always),
            (Ge, 21, Never),
            (Ge, 10, Always),
        ] {
            assert_eq!(between(&Matcher::Number(op, other), 10, 20), expected, "{op:?} {other}");
        }
        assert_eq!(between(&Matcher::Number(Eq, 5), 5, 5), Always);
        assert_eq!(between(&Matcher::Number(Ne, 5), 5, 5), Never);
        assert_eq!(between(&Matcher::Numbers([1, 2].into()), 10, 20), Never);
    }
}
