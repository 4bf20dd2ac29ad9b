//! The syntax tree.

use super::op::{Op, Quantifier};
use crate::error::Span;

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// Every term holds. Two terms or more.
    And {
        /// In the order written.
        terms: Vec<Expr>,
        /// From the first term to the last.
        span: Span,
    },
    /// At least one term holds. Two terms or more.
    Or {
        /// In the order written.
        terms: Vec<Expr>,
        /// From the first term to the last.
        span: Span,
    },
    /// The term does not hold. An even number of `not` leaves the bare term, an odd number one `Not`.
    Not {
        /// What is denied.
        term: Box<Expr>,
        /// From the first `not` on.
        span: Span,
    },
    /// A condition defined elsewhere, by its name.
    Macro {
        /// The name.
        name: String,
        /// Its place.
        span: Span,
    },
    /// `left exists`
    Exists {
        /// What must have a value.
        left: Operand,
        /// The whole test.
        span: Span,
    },
    /// `left op right`
    Compare {
        /// What is read from the event.
        left: Operand,
        /// The operator.
        op: Op,
        /// Its place, with the quantifier.
        op_span: Span,
        /// `oneof`, `anyof` or `allof` after the operator.
        quantifier: Option<Quantifier>,
        /// What it is compared with.
        right: Right,
        /// The whole test.
        span: Span,
    },
}

impl Expr {
    /// The place of the whole node, without parentheses around it.
    pub fn span(&self) -> Span {
        match self {
            Expr::And { span, .. }
            | Expr::Or { span, .. }
            | Expr::Not { span, .. }
            | Expr::Macro { span, .. }
            | Expr::Exists { span, .. }
            | Expr::Compare { span, .. } => *span,
        }
    }
}

/// What stands on the left of an operator, or in the parentheses of a transformer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// A field.
    Field(FieldRef),
    /// A transformer and what it is applied to.
    Call(Call),
    /// A constant; only inside a transformer.
    Text(Text),
    /// Several operands in parentheses; only inside a transformer.
    List {
        /// In the order written.
        items: Vec<Operand>,
        /// With the parentheses.
        span: Span,
    },
}

impl Operand {
    /// The place of the whole operand.
    pub fn span(&self) -> Span {
        match self {
            Operand::Field(field) => field.span,
            Operand::Call(call) => call.span,
            Operand::Text(text) => text.span,
            Operand::List { span, .. } => *span,
        }
    }
}

/// A field by name, known or not, such as `proc.aname[2]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRef {
    /// The name, without the argument in brackets.
    pub name: String,
    /// The argument in brackets.
    pub arg: Option<Text>,
    /// Name and argument.
    pub span: Span,
}

/// A transformer applied to operands, such as `tolower(proc.name)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Which one.
    pub transformer: Transformer,
    /// What it is applied to, at least one.
    pub args: Vec<Operand>,
    /// The argument in brackets behind it, as in `getopt(…)[k]`.
    pub arg: Option<Text>,
    /// From the name to the closing parenthesis or bracket.
    pub span: Span,
}

/// A constant string or number. Escapes are resolved, so it can hold any bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The value.
    pub bytes: Vec<u8>,
    /// Whether it stood in quotes.
    pub quoted: bool,
    /// Its place, with the quotes.
    pub span: Span,
}

/// Constants in parentheses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// In the order written; may be empty.
    pub items: Vec<Text>,
    /// With the parentheses.
    pub span: Span,
}

/// What stands on the right of an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Right {
    /// One constant.
    Text(Text),
    /// Several constants.
    List(List),
    /// A list defined elsewhere, by its name.
    ListName {
        /// The name.
        name: String,
        /// Its place.
        span: Span,
    },
    /// Another value of the same event: `val(field)` gives [`Operand::Field`], a transformer [`Operand::Call`].
    Operand(Operand),
}

impl Right {
    /// The place of the whole right-hand side.
    pub fn span(&self) -> Span {
        match self {
            Right::Text(text) => text.span,
            Right::List(list) => list.span,
            Right::ListName { span, .. } => *span,
            Right::Operand(operand) => operand.span(),
        }
    }
}

/// A function on values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transformer {
    /// ASCII lower case.
    ToLower,
    /// ASCII upper case.
    ToUpper,
    /// Decodes base 64.
    Base64,
    /// What follows the last slash.
    Basename,
    /// How many bytes, or how many elements.
    Len,
    /// `join(separator, (…))`
    Join,
    /// All arguments as one string.
    Concat,
    /// `getopt((arguments…), "optstring")`: the options and values that POSIX getopt finds.
    Getopt,
}

impl Transformer {
    /// Every transformer.
    pub const ALL: [Transformer; 8] = [
        Transformer::ToLower,
        Transformer::ToUpper,
        Transformer::Base64,
        Transformer::Basename,
        Transformer::Len,
        Transformer::Join,
        Transformer::Concat,
        Transformer::Getopt,
    ];

    /// The name in a filter.
    pub fn name(self) -> &'static str {
        match self {
            Transformer::ToLower => "tolower",
            Transformer::ToUpper => "toupper",
            Transformer::Base64 => "b64",
            Transformer::Basename => "basename",
            Transformer::Len => "len",
            Transformer::Join => "join",
            Transformer::Concat => "concat",
            Transformer::Getopt => "getopt",
        }
    }

    /// The transformer of that name.
    pub fn from_name(name: &str) -> Option<Transformer> {
        Transformer::ALL
            .into_iter()
            .find(|transformer| transformer.name() == name)
    }
}
