//! Names and types: a syntax tree to a [`Filter`], with every constant parsed once.

mod literal;
mod operand;
mod test;
mod time;

pub use literal::parse_duration;
pub use operand::resolve_field;
pub use time::{TimeZone, parse_time};

use crate::error::{FilterError, Span};
use crate::eval::{Node, Row, asks_for_state};
use crate::fields;
use crate::lang::{self, Expr};
use crate::nearest::nearest;
use crate::rules::Rules;
use std::sync::Arc;

/// What the meaning of a filter depends on besides its text.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The end of the trace in nanoseconds since 1970, which times such as `-5m` count from.
    pub end: Option<i64>,
    /// The zone of times that name none.
    pub zone: TimeZone,
    /// Macros and lists that filters may name.
    pub rules: Arc<Rules>,
}

impl Settings {
    /// The same with these macros and lists.
    #[must_use]
    pub fn with_rules(mut self, rules: &Arc<Rules>) -> Settings {
        self.rules = Arc::clone(rules);
        self
    }
}

/// A filter ready to test rows.
#[derive(Debug)]
pub struct Filter {
    root: Node,
    asks_for_state: bool,
}

impl Filter {
    /// Parses and checks a filter.
    ///
    /// # Errors
    /// The first place where the text does not follow the grammar, names something unknown, or compares what cannot
    /// be compared. [`FilterError::render`] shows it in `text`.
    pub fn compile(text: &str, settings: &Settings) -> Result<Filter, FilterError> {
        Filter::check(&lang::parse(text)?, settings)
    }

    /// Checks a parsed filter.
    ///
    /// # Errors
    /// The first unknown name or wrong type.
    pub fn check(expr: &Expr, settings: &Settings) -> Result<Filter, FilterError> {
        let root = node(expr, settings, &mut Macros::default())?;
        Ok(Filter {
            asks_for_state: asks_for_state(&root),
            root,
        })
    }

    /// Whether the row passes.
    pub fn matches<R: Row + ?Sized>(&self, row: &R) -> bool {
        self.root.matches(row) && (self.asks_for_state || !row.is_state())
    }

    /// Whether it finds rows that only tell of the state of the machine, because it names their kind.
    pub(crate) fn asks_for_state(&self) -> bool {
        self.asks_for_state
    }

    /// The checked condition, for planning.
    pub fn root(&self) -> &Node {
        &self.root
    }
}

/// Macros that stand for each other so deep are taken for a circle.
const MAX_DEPTH: usize = 100;

/// Macros that a filter may come to: a few that name each other twice would come to any number.
const MAX_MACROS: usize = 10_000;

/// Macros that were put in, and how deep in each other.
#[derive(Default)]
struct Macros {
    depth: usize,
    count: usize,
}

fn node(expr: &Expr, settings: &Settings, macros: &mut Macros) -> Result<Node, FilterError> {
    let mut nodes = |terms: &[Expr]| {
        terms
            .iter()
            .map(|term| node(term, settings, macros))
            .collect::<Result<Vec<_>, _>>()
    };
    Ok(match expr {
        Expr::And { terms, .. } => Node::And(nodes(terms)?),
        Expr::Or { terms, .. } => Node::Or(nodes(terms)?),
        Expr::Not { term, .. } => Node::Not(Box::new(node(term, settings, macros)?)),
        Expr::Macro { name, span } => return in_place_of(name, *span, settings, macros),
        Expr::Exists { left, .. } => Node::Test(Box::new(test::exists(left)?)),
        Expr::Compare {
            left,
            op,
            op_span,
            quantifier,
            right,
            ..
        } => Node::Test(Box::new(test::compare(
            left,
            (*op, *op_span),
            *quantifier,
            &*settings.rules.expand(right)?,
            settings,
        )?)),
    })
}

/// What a macro stands for.
fn in_place_of(name: &str, span: Span, settings: &Settings, macros: &mut Macros) -> Result<Node, FilterError> {
    let Some(text) = settings.rules.macro_text(name) else {
        return Err(unknown_macro(name, span, settings));
    };
    macros.count += 1;
    macros.depth += 1;
    if macros.depth > MAX_DEPTH || macros.count > MAX_MACROS {
        let message = format!("macros in macros: more than {MAX_DEPTH} deep or {MAX_MACROS} in all");
        return Err(FilterError::new(span, message).expected("macros that do not stand for themselves"));
    }
    let made = lang::parse(text).and_then(|expr| node(&expr, settings, macros));
    macros.depth -= 1;
    // A place in the macro's text is none in the filter's.
    made.map_err(|error| match error.message.starts_with(IN_MACRO) {
        true => FilterError { span, ..error },
        false => FilterError::new(span, format!("{IN_MACRO}`{name}`: {}", error.message)),
    })
}

const IN_MACRO: &str = "in the macro ";

fn unknown_macro(name: &str, span: Span, settings: &Settings) -> FilterError {
    let after_dot = |field: &'static str| field.split_once('.').map_or(field, |(_, rest)| rest);
    let field = nearest(name, settings.rules.macro_names())
        .or_else(|| nearest(name, fields::all().map(|def| def.name)))
        .or_else(|| fields::all().map(|def| def.name).find(|field| after_dot(field) == name));
    FilterError::new(span, format!("unknown macro `{name}`"))
        .expected("a condition such as `proc.name = nginx`")
        .suggest(field)
}

#[cfg(test)]
mod tests;
