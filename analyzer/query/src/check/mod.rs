//! Names and types: a syntax tree to a [`Filter`], with every constant parsed once.

mod literal;
mod operand;
mod test;
mod time;

pub use operand::resolve_field;
pub use time::{TimeZone, parse_time};

use crate::error::{FilterError, Span};
use crate::eval::{Node, Row, asks_for_state};
use crate::fields;
use crate::lang::{self, Expr};
use crate::nearest::nearest;

/// What the meaning of a filter depends on besides its text.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The end of the trace in nanoseconds since 1970, which times such as `-5m` count from.
    pub end: Option<i64>,
    /// The zone of times that name none.
    pub zone: TimeZone,
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
        let root = node(expr, settings)?;
        Ok(Filter {
            asks_for_state: asks_for_state(&root),
            root,
        })
    }

    /// Whether the row passes.
    pub fn matches<R: Row + ?Sized>(&self, row: &R) -> bool {
        self.root.matches(row) && (self.asks_for_state || !row.is_state())
    }

    /// The checked condition, for planning.
    pub fn root(&self) -> &Node {
        &self.root
    }
}

fn node(expr: &Expr, settings: &Settings) -> Result<Node, FilterError> {
    let nodes = |terms: &[Expr]| {
        terms
            .iter()
            .map(|term| node(term, settings))
            .collect::<Result<Vec<_>, _>>()
    };
    Ok(match expr {
        Expr::And { terms, .. } => Node::And(nodes(terms)?),
        Expr::Or { terms, .. } => Node::Or(nodes(terms)?),
        Expr::Not { term, .. } => Node::Not(Box::new(node(term, settings)?)),
        Expr::Macro { name, span } => return Err(unknown_macro(name, *span)),
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
            right,
            settings,
        )?)),
    })
}

fn unknown_macro(name: &str, span: Span) -> FilterError {
    let after_dot = |field: &'static str| field.split_once('.').map_or(field, |(_, rest)| rest);
    let field = nearest(name, fields::all().map(|def| def.name))
        .or_else(|| fields::all().map(|def| def.name).find(|field| after_dot(field) == name));
    FilterError::new(span, format!("unknown macro `{name}`"))
        .expected("a condition such as `proc.name = nginx`")
        .suggest(field)
}

#[cfg(test)]
mod tests;
