//! Operators.

/// A comparison. `exists` is not among them: it has no right-hand side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// `=` or `==`
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
    /// Has the string in it.
    Contains,
    /// `contains`, ignoring ASCII case.
    IContains,
    /// `contains`, the bytes given in hexadecimal.
    BContains,
    /// Begins with the string.
    StartsWith,
    /// `startswith`, the bytes given in hexadecimal.
    BStartsWith,
    /// Ends with the string.
    EndsWith,
    /// Matches a shell pattern as a whole.
    Glob,
    /// `glob`, ignoring ASCII case.
    IGlob,
    /// Matches a regular expression as a whole.
    Regex,
    /// Is one of a list.
    In,
    /// Has an element in common with a list.
    Intersects,
    /// Lies at or below one of a list of paths, whose parts may be shell patterns.
    PMatch,
}

/// What kind of right-hand side an operator takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// A number, time, duration or size.
    Number,
    /// A string or anything written as one.
    Text,
    /// A list.
    List,
}

/// Longer names before those they begin with, so that the first that fits is the one meant.
const NAMES: [(&str, Op); 19] = [
    ("==", Op::Eq),
    ("=", Op::Eq),
    ("!=", Op::Ne),
    ("<=", Op::Le),
    ("<", Op::Lt),
    (">=", Op::Ge),
    (">", Op::Gt),
    ("contains", Op::Contains),
    ("icontains", Op::IContains),
    ("bcontains", Op::BContains),
    ("startswith", Op::StartsWith),
    ("bstartswith", Op::BStartsWith),
    ("endswith", Op::EndsWith),
    ("glob", Op::Glob),
    ("iglob", Op::IGlob),
    ("regex", Op::Regex),
    ("in", Op::In),
    ("intersects", Op::Intersects),
    ("pmatch", Op::PMatch),
];

impl Op {
    /// The name in a filter.
    pub fn name(self) -> &'static str {
        NAMES.iter().rfind(|(_, op)| *op == self).map_or("", |(name, _)| name)
    }

    /// The operator of that word.
    pub(crate) fn from_word(word: &str) -> Option<Op> {
        NAMES.iter().find(|(name, _)| *name == word).map(|(_, op)| *op)
    }

    /// The operator of signs that `text` begins with, and its length.
    pub(super) fn from_signs(text: &str) -> Option<(Op, usize)> {
        NAMES
            .iter()
            .filter(|(name, _)| !name.starts_with(|c: char| c.is_ascii_alphabetic()))
            .find(|(name, _)| text.starts_with(name))
            .map(|(name, op)| (*op, name.len()))
    }

    /// All names, `exists` included.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name).chain(["exists"])
    }

    /// Whether a list stands behind it.
    pub(crate) fn takes_list(self) -> bool {
        self.takes() == Takes::List
    }

    pub(super) fn takes(self) -> Takes {
        match self {
            Op::Lt | Op::Le | Op::Gt | Op::Ge => Takes::Number,
            Op::In | Op::Intersects | Op::PMatch => Takes::List,
            _ => Takes::Text,
        }
    }
}

/// How many elements of the list behind it must pass the operator before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quantifier {
    /// Exactly one.
    OneOf,
    /// At least one.
    AnyOf,
    /// Every one. False for an empty list, as the others are.
    AllOf,
}

impl Quantifier {
    /// The name in a filter.
    pub fn name(self) -> &'static str {
        match self {
            Quantifier::OneOf => "oneof",
            Quantifier::AnyOf => "anyof",
            Quantifier::AllOf => "allof",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Quantifier> {
        [Quantifier::OneOf, Quantifier::AnyOf, Quantifier::AllOf]
            .into_iter()
            .find(|quantifier| quantifier.name() == word)
    }
}
