//! What a single value must pass.

use super::glob::Glob;
use super::net::Net;
use super::path_prefix::PathPrefixes;
use super::source::Source;
use super::value::Value;
use crate::lang::{Op, Quantifier};
use memchr::memmem::{self, Finder};
use regex::Regex;
use std::cmp::Ordering;
use std::collections::HashSet;

/// A test with its right-hand side parsed once. Values of another type than the test's never pass.
#[derive(Debug)]
pub enum Matcher {
    /// Any value passes.
    Exists,
    /// Numbers, times, durations and truth values (as 0 and 1).
    Number(NumberOp, i128),
    /// Numbers, one of these.
    Numbers(HashSet<i128>),
    /// Strings and bytes.
    Text(TextTest),
    /// Strings and bytes, one of these.
    Texts(HashSet<Vec<u8>>),
    /// Strings that are paths at or below one of these.
    Prefixes(PathPrefixes),
    /// Addresses in one of these networks, or, where `denied`, in none of them.
    Nets {
        /// The networks; an address alone is the network of itself.
        nets: Vec<Net>,
        /// The operator was `!=`.
        denied: bool,
    },
    /// So many of these must pass.
    Quantified(Quantifier, Vec<Matcher>),
    /// Compared with another value of the same row.
    Against {
        /// The operator.
        op: Op,
        /// The other value.
        right: Source,
    },
}

/// A comparison of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberOp {
    /// `=`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl NumberOp {
    /// The operator, if it is one on numbers.
    pub fn from_op(op: Op) -> Option<NumberOp> {
        Some(match op {
            Op::Eq => NumberOp::Eq,
            Op::Ne => NumberOp::Ne,
            Op::Lt => NumberOp::Lt,
            Op::Le => NumberOp::Le,
            Op::Gt => NumberOp::Gt,
            Op::Ge => NumberOp::Ge,
            _ => return None,
        })
    }

    /// Whether it holds for all numbers between these (true) or for none of them (false).
    pub(crate) fn holds_between(self, least: i64, most: i64, other: i64) -> Option<bool> {
        let (at_least, at_most) = (self.holds(least.cmp(&other)), self.holds(most.cmp(&other)));
        let inside = (least..=most).contains(&other);
        match self {
            NumberOp::Eq | NumberOp::Ne if inside && least < most => None,
            _ if least > most => Some(false),
            _ => (at_least == at_most).then_some(at_least),
        }
    }

    pub(crate) fn holds(self, ordering: Ordering) -> bool {
        match self {
            NumberOp::Eq => ordering.is_eq(),
            NumberOp::Ne => ordering.is_ne(),
            NumberOp::Lt => ordering.is_lt(),
            NumberOp::Le => ordering.is_le(),
            NumberOp::Gt => ordering.is_gt(),
            NumberOp::Ge => ordering.is_ge(),
        }
    }
}

/// A test of a string.
#[derive(Debug)]
pub enum TextTest {
    /// Compared byte by byte.
    Order(NumberOp, Vec<u8>),
    /// Has this in it.
    Contains(Box<Finder<'static>>),
    /// Has this in it, in ASCII lower case.
    ContainsLower(Box<Finder<'static>>),
    /// Begins with this.
    StartsWith(Vec<u8>),
    /// Ends with this.
    EndsWith(Vec<u8>),
    /// Matches the pattern as a whole.
    Glob(Glob),
    /// Matches the expression, which is anchored at both ends.
    Regex(Regex),
}

impl TextTest {
    fn matches(&self, text: &[u8]) -> bool {
        match self {
            TextTest::Order(op, other) => op.holds(text.cmp(other)),
            TextTest::Contains(finder) => finder.find(text).is_some(),
            TextTest::ContainsLower(finder) => finder.find(&text.to_ascii_lowercase()).is_some(),
            TextTest::StartsWith(start) => text.starts_with(start),
            TextTest::EndsWith(end) => text.ends_with(end),
            TextTest::Glob(glob) => glob.matches(text),
            // Bytes that are not UTF-8 count as one replacement character each.
            TextTest::Regex(regex) => regex.is_match(&String::from_utf8_lossy(text)),
        }
    }
}

impl Matcher {
    /// Whether the single value passes. [`Matcher::Against`] needs the row: see [`super::Test`].
    pub fn matches(&self, value: &Value<'_>) -> bool {
        match self {
            Matcher::Exists => true,
            Matcher::Number(op, other) => value.as_number().is_some_and(|number| op.holds(number.cmp(other))),
            Matcher::Numbers(set) => value.as_number().is_some_and(|number| set.contains(&number)),
            Matcher::Text(test) => value.as_bytes().is_some_and(|text| test.matches(text)),
            Matcher::Texts(set) => value.as_bytes().is_some_and(|text| set.contains(text)),
            Matcher::Prefixes(prefixes) => value.as_bytes().is_some_and(|path| prefixes.matches(path)),
            Matcher::Nets { nets, denied } => match value {
                Value::Ip(address) => nets.iter().any(|net| net.contains(*address)) != *denied,
                _ => false,
            },
            Matcher::Quantified(quantifier, tests) => {
                let mut passed = tests.iter().filter(|test| test.matches(value));
                match quantifier {
                    Quantifier::AnyOf => passed.next().is_some(),
                    Quantifier::OneOf => passed.by_ref().take(2).count() == 1,
                    Quantifier::AllOf => !tests.is_empty() && passed.count() == tests.len(),
                }
            }
            Matcher::Against { .. } => false,
        }
    }
}

/// Compares two values of a row. Only operators that the checker lets through can hold.
pub(super) fn compare(left: &Value<'_>, op: Op, right: &Value<'_>) -> bool {
    if let (Some(left), Some(right)) = (left.as_number(), right.as_number()) {
        return NumberOp::from_op(op).unwrap_or(NumberOp::Eq).holds(left.cmp(&right));
    }
    if let (Value::Ip(left), Value::Ip(right)) = (left, right) {
        return (left.to_canonical() == right.to_canonical()) != (op == Op::Ne);
    }
    let (Some(text), Some(other)) = (left.as_bytes(), right.as_bytes()) else {
        return false;
    };
    match op {
        Op::Contains => memmem::find(text, other).is_some(),
        Op::IContains => memmem::find(&text.to_ascii_lowercase(), &other.to_ascii_lowercase()).is_some(),
        Op::StartsWith => text.starts_with(other),
        Op::EndsWith => text.ends_with(other),
        Op::Glob => Glob::new(other, false).matches(text),
        Op::IGlob => Glob::new(other, true).matches(text),
        Op::PMatch => PathPrefixes::new([other]).matches(text),
        op => NumberOp::from_op(op).unwrap_or(NumberOp::Eq).holds(text.cmp(other)),
    }
}
