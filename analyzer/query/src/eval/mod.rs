//! Testing rows against a checked filter.

mod getopt;
mod glob;
mod literal;
mod matcher;
mod net;
mod path_prefix;
mod source;
mod state;
mod value;

pub use glob::Glob;
pub(crate) use literal::Literals;
pub use matcher::{Matcher, NumberOp, TextTest};
pub use net::Net;
pub use path_prefix::PathPrefixes;
pub use source::{Apply, Source};
pub(crate) use state::asks_for_state;
pub use value::Value;

use crate::fields::{FieldArg, FieldId, Many};
use crate::lang::Op;

/// Anything that has values for fields: an event in a trace, a process in a list.
pub trait Row {
    /// The value of a field, of the type that its definition says, or [`Value::Missing`].
    fn value(&self, field: FieldId, arg: &FieldArg) -> Value<'_>;

    /// Whether it is nothing that happened, but tells of the state of the machine: a filter finds such a row only if it
    /// names its kind.
    fn is_state(&self) -> bool {
        false
    }
}

/// A checked condition.
#[derive(Debug)]
pub enum Node {
    /// Every term holds.
    And(Vec<Node>),
    /// At least one term holds.
    Or(Vec<Node>),
    /// The term does not hold.
    Not(Box<Node>),
    /// A value passes a test.
    Test(Box<Test>),
}

impl Node {
    /// Whether the condition holds for the row.
    pub fn matches<R: Row + ?Sized>(&self, row: &R) -> bool {
        match self {
            Node::And(terms) => terms.iter().all(|term| term.matches(row)),
            Node::Or(terms) => terms.iter().any(|term| term.matches(row)),
            Node::Not(term) => !term.matches(row),
            Node::Test(test) => test.matches(row),
        }
    }

    /// Calls `visit` with every test in the tree.
    pub fn each_test<'n>(&'n self, visit: &mut impl FnMut(&'n Test)) {
        match self {
            Node::And(terms) | Node::Or(terms) => terms.iter().for_each(|term| term.each_test(visit)),
            Node::Not(term) => term.each_test(visit),
            Node::Test(test) => visit(test),
        }
    }
}

/// A value of the row, and what it must pass.
#[derive(Debug)]
pub struct Test {
    /// Where the value comes from.
    pub source: Source,
    /// How many values it has when it has several.
    pub several: Several,
    /// What it must pass.
    pub matcher: Matcher,
}

/// What holds for several values of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Several {
    /// One of them passes.
    Any,
    /// Every one passes, and there is one.
    All,
}

impl Test {
    /// A test of `source`; `op`, if it is not `exists`, decides with the source what several values mean.
    pub(crate) fn new(source: Source, op: Option<Op>, matcher: Matcher) -> Test {
        let all = match source.many() {
            Some(Many::Sides) => op == Some(Op::Ne),
            Some(Many::No | Many::Ancestors) => false,
            Some(Many::Elements) => op == Some(Op::In),
            None => source.is_list() && op == Some(Op::In),
        };
        Test {
            source,
            several: if all { Several::All } else { Several::Any },
            matcher,
        }
    }

    /// Whether the row has the value and it passes.
    pub fn matches<R: Row + ?Sized>(&self, row: &R) -> bool {
        let value = self.source.read(row);
        if let Matcher::Against { op, right } = &self.matcher {
            let right = right.read(row);
            return self.holds(&value, |one| {
                right.iter().any(|other| matcher::compare(one, *op, other))
            });
        }
        self.holds(&value, |one| self.matcher.matches(one))
    }

    /// Whether a value that is known without a row passes; the test must not compare it with another one of the row.
    pub(crate) fn passes(&self, value: &Value<'_>) -> bool {
        self.holds(value, |one| self.matcher.matches(one))
    }

    fn holds(&self, value: &Value<'_>, passes: impl Fn(&Value<'_>) -> bool) -> bool {
        let mut values = value.iter();
        match self.several {
            Several::Any => values.any(passes),
            Several::All => value.iter().next().is_some() && values.all(passes),
        }
    }
}

#[cfg(test)]
mod tests;
