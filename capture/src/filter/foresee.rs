//! What a condition says of a kind of event before there is one.

use afterimage_format::model::{Category, Kind};
use afterimage_query::Value;
use afterimage_query::eval::{Matcher, Node, NumberOp, Row, Source, Test};
use afterimage_query::fields::{EvtField, FieldArg, FieldId, SyscallField};

/// Whether the condition can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Never,
    Maybe,
    Always,
}

/// What is known of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Result {
    Any,
    /// 0 or more.
    Success,
}

pub(super) fn foresee(node: &Node, kind: &Kind, result: Result) -> Verdict {
    let verdicts = |terms: &[Node]| -> Vec<Verdict> { terms.iter().map(|term| foresee(term, kind, result)).collect() };
    match node {
        Node::And(terms) => worst(verdicts(terms), Verdict::Never, Verdict::Always),
        Node::Or(terms) => worst(verdicts(terms), Verdict::Always, Verdict::Never),
        Node::Not(term) => match foresee(term, kind, result) {
            Verdict::Never => Verdict::Always,
            Verdict::Maybe => Verdict::Maybe,
            Verdict::Always => Verdict::Never,
        },
        Node::Test(test) => one(test, kind, result),
    }
}

/// `decides` where one of them is that, `rest` where all are that.
fn worst(verdicts: Vec<Verdict>, decides: Verdict, rest: Verdict) -> Verdict {
    if verdicts.contains(&decides) {
        decides
    } else if verdicts.iter().all(|verdict| *verdict == rest) {
        rest
    } else {
        Verdict::Maybe
    }
}

fn one(test: &Test, kind: &Kind, result: Result) -> Verdict {
    let Source::Field {
        def,
        arg: FieldArg::None,
    } = &test.source
    else {
        return Verdict::Maybe;
    };
    if matches!(test.matcher, Matcher::Against { .. }) {
        return Verdict::Maybe;
    }
    let moves = matches!(kind.category, Category::IoRead | Category::IoWrite | Category::IoOther);
    let known = match (def.id, result) {
        (FieldId::Evt(EvtField::Type), _) => Value::str(&kind.name),
        (FieldId::Syscall(SyscallField::Type), _) if kind.syscall.is_some() => Value::str(&kind.name),
        (FieldId::Syscall(SyscallField::Type), _) => Value::Missing,
        // What moves data has the category of what it moves it to or from.
        (FieldId::Evt(EvtField::Category), _) if !moves => Value::str(kind.category.name()),
        (FieldId::Evt(EvtField::Failed), Result::Success) => Value::Bool(false),
        (FieldId::Evt(EvtField::Res), Result::Success) => Value::str("SUCCESS"),
        (FieldId::Evt(EvtField::RawRes), Result::Success) => return positive(&test.matcher),
        _ => return Verdict::Maybe,
    };
    if test.matches(&Only(known)) {
        Verdict::Always
    } else {
        Verdict::Never
    }
}

/// A test of a number that is 0 or more.
fn positive(matcher: &Matcher) -> Verdict {
    use NumberOp::{Eq, Ge, Gt, Le, Lt, Ne};
    match matcher {
        Matcher::Number(Lt, limit) if *limit <= 0 => Verdict::Never,
        Matcher::Number(Le | Eq, limit) if *limit < 0 => Verdict::Never,
        Matcher::Number(Ge, limit) if *limit <= 0 => Verdict::Always,
        Matcher::Number(Gt | Ne, limit) if *limit < 0 => Verdict::Always,
        Matcher::Numbers(set) if set.iter().all(|number| *number < 0) => Verdict::Never,
        _ => Verdict::Maybe,
    }
}

/// A row with one value, whatever is asked.
struct Only<'a>(Value<'a>);

impl Row for Only<'_> {
    fn value(&self, _: FieldId, _: &FieldArg) -> Value<'_> {
        self.0.clone()
    }
}
