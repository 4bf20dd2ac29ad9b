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
use crate::rules::{Budget, Rules};
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
        Filter::check_within(expr, settings, &mut Budget::default())
    }

    /// The same, where macros and lists may come to no more than this.
    pub(crate) fn check_within(expr: &Expr, settings: &Settings, budget: &mut Budget) -> Result<Filter, FilterError> {
        let root = node(expr, settings, budget)?;
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

fn node(expr: &Expr, settings: &Settings, budget: &mut Budget) -> Result<Node, FilterError> {
    let nodes = |terms: &[Expr], budget: &mut Budget| {
        // Macros in macros can come to a tree deeper than any text that parses.
        budget.deeper(expr.span())?;
        let nodes: Vec<Node> = terms
            .iter()
            .map(|term| node(term, settings, budget))
            .collect::<Result<_, _>>()?;
        budget.end();
        Ok(nodes)
    };
    Ok(match expr {
        Expr::And { terms, .. } => Node::And(nodes(terms, budget)?),
        Expr::Or { terms, .. } => Node::Or(nodes(terms, budget)?),
        Expr::Not { term, span } => {
            budget.deeper(*span)?;
            let term = node(term, settings, budget)?;
            budget.end();
            Node::Not(Box::new(term))
        }
        Expr::Macro { name, span } => return in_place_of(name, *span, settings, budget),
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
            &*settings.rules.expand(right, budget)?,
            settings,
        )?)),
    })
}

/// What a macro stands for.
fn in_place_of(name: &str, span: Span, settings: &Settings, budget: &mut Budget) -> Result<Node, FilterError> {
    let Some(text) = settings.rules.macro_text(name) else {
        return Err(unknown_macro(name, span, settings));
    };
    budget.begin(text, span)?;
    let made = lang::parse(text).and_then(|expr| node(&expr, settings, budget));
    budget.end();
    // A place in the macro's text is none in the filter's.
    made.map_err(|error| match error.message.starts_with(IN_MACRO) {
        true => FilterError { span, ..error },
        false => FilterError::new(span, format!("{IN_MACRO}`{name}`: {}", error.message)).suggest(error.suggestion),
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
