//! Conditions: `and`, `or`, `not`, parentheses and tests.

use super::ast::{Expr, Operand};
use super::cursor::Cursor;
use super::op::{Op, Quantifier, Takes};
use crate::error::{FilterError, Span};
use crate::nearest::nearest;

/// How deep parentheses and transformers may nest. The tree is walked recursively, so this bounds the stack.
pub const MAX_DEPTH: usize = 100;

/// Longest accepted filter, in bytes.
pub const MAX_LENGTH: usize = 1 << 20;

/// Parses a filter.
///
/// # Errors
/// The first place where the text does not follow the grammar.
pub fn parse(text: &str) -> Result<Expr, FilterError> {
    if text.len() > MAX_LENGTH {
        let message = format!(
            "the filter has {} bytes, more than the {MAX_LENGTH} allowed",
            text.len()
        );
        return Err(FilterError::new(Span::new(0, 0), message));
    }
    let mut parser = Parser {
        cursor: Cursor::new(text),
        depth: 0,
    };
    let expr = parser.or()?;
    parser.cursor.blank();
    if !parser.cursor.at_end() {
        return Err(parser.after_a_condition());
    }
    Ok(expr)
}

pub(super) struct Parser<'t> {
    pub(super) cursor: Cursor<'t>,
    depth: usize,
}

impl<'t> Parser<'t> {
    /// Runs `inner` one level deeper.
    pub(super) fn nested<T>(
        &mut self,
        inner: impl FnOnce(&mut Parser<'t>) -> Result<T, FilterError>,
    ) -> Result<T, FilterError> {
        if self.depth >= MAX_DEPTH {
            let message = format!("the filter nests deeper than {MAX_DEPTH} levels");
            return Err(FilterError::new(self.cursor.offender(), message));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// An error at what comes next.
    pub(super) fn unexpected(&self, expected: impl Into<String>) -> FilterError {
        let place = self.cursor.offender();
        let message = match self.cursor.rest().get(..place.end - place.start) {
            Some(found) if !found.is_empty() => format!("unexpected `{}`", found.escape_debug()),
            _ => "the filter ends too early".to_string(),
        };
        FilterError::new(place, message).expected(expected)
    }

    fn after_a_condition(&self) -> FilterError {
        let rest = self.cursor.rest();
        let word = self.cursor.peek_word();
        let suggestion = match rest {
            _ if rest.starts_with("&&") => Some("and"),
            _ if rest.starts_with("||") => Some("or"),
            _ => nearest(word, ["and", "or"]),
        };
        let error = self.unexpected("`and`, `or` or the end of the filter");
        if word == "not" {
            error.suggest(Some("and not"))
        } else {
            error.suggest(suggestion)
        }
    }

    fn or(&mut self) -> Result<Expr, FilterError> {
        self.chain("or", Parser::and, |terms, span| Expr::Or { terms, span })
    }

    fn and(&mut self) -> Result<Expr, FilterError> {
        self.chain("and", Parser::not, |terms, span| Expr::And { terms, span })
    }

    /// Terms with `word` between them; a single term stays as it is.
    fn chain(
        &mut self,
        word: &str,
        term: fn(&mut Parser<'t>) -> Result<Expr, FilterError>,
        join: fn(Vec<Expr>, Span) -> Expr,
    ) -> Result<Expr, FilterError> {
        self.cursor.blank();
        let start = self.cursor.at();
        let first = term(self)?;
        let mut end = self.cursor.at();
        self.cursor.blank();
        if self.cursor.peek_word() != word {
            self.cursor.go_back_to(end);
            return Ok(first);
        }
        let mut terms = vec![first];
        while self.cursor.peek_word() == word {
            self.cursor.skip(word.len());
            terms.push(term(self)?);
            end = self.cursor.at();
            self.cursor.blank();
        }
        self.cursor.go_back_to(end);
        Ok(join(terms, Span::new(start, end)))
    }

    fn not(&mut self) -> Result<Expr, FilterError> {
        self.cursor.blank();
        let start = self.cursor.at();
        let mut denied = false;
        while self.cursor.peek_word() == "not" {
            self.cursor.skip("not".len());
            self.cursor.blank();
            denied = !denied;
        }
        let term = self.test()?;
        if denied {
            Ok(Expr::Not {
                term: Box::new(term),
                span: self.cursor.since(start),
            })
        } else {
            Ok(term)
        }
    }

    /// Parentheses, a test of a field, or the name of a macro.
    fn test(&mut self) -> Result<Expr, FilterError> {
        const EXPECTED: &str = "a field such as `proc.name`, a macro, `not` or `(`";
        if self.cursor.take(b'(') {
            let inner = self.nested(Parser::or)?;
            self.cursor.blank();
            return match self.cursor.take(b')') {
                true => Ok(inner),
                false => Err(self.unexpected("`and`, `or` or `)`")),
            };
        }
        let start = self.cursor.at();
        if let Some(left) = self.field_or_call()? {
            return self.condition(left, start);
        }
        match self.cursor.peek_word() {
            "" => {
                let denial = self.cursor.peek() == b'!';
                Err(self.unexpected(EXPECTED).suggest(denial.then_some("not")))
            }
            "and" | "or" => Err(self.unexpected(EXPECTED)),
            name => {
                self.cursor.skip(name.len());
                Ok(Expr::Macro {
                    name: name.to_string(),
                    span: self.cursor.since(start),
                })
            }
        }
    }

    /// The operator behind `left`, and what it takes.
    fn condition(&mut self, left: Operand, start: usize) -> Result<Expr, FilterError> {
        let left_end = self.cursor.at();
        self.cursor.blank();
        let op_start = self.cursor.at();
        let word = self.cursor.peek_word();
        if word == "exists" {
            self.cursor.skip(word.len());
            return Ok(Expr::Exists {
                left,
                span: self.cursor.since(start),
            });
        }
        let (op, length) = match Op::from_word(word) {
            Some(op) => (op, word.len()),
            None => Op::from_signs(self.cursor.rest()).ok_or_else(|| {
                if self.cursor.at_end() {
                    self.cursor.go_back_to(left_end);
                }
                let names: Vec<&str> = Op::names().collect();
                self.unexpected(format!("an operator: {}", names.join(" ")))
                    .suggest(nearest(word, Op::names()))
            })?,
        };
        self.cursor.skip(length);
        let mut op_end = self.cursor.at();
        let mut quantifier = None;
        let right = match op.takes() {
            Takes::Number => self.number()?,
            Takes::List => self.list_or_call()?,
            Takes::Text => {
                quantifier = self.quantifier();
                if quantifier.is_some() {
                    op_end = self.cursor.at();
                    self.list()?
                } else {
                    self.text_or_call()?
                }
            }
        };
        let op_span = Span::new(op_start, op_end);
        Ok(Expr::Compare {
            left,
            op,
            op_span,
            quantifier,
            right,
            span: self.cursor.since(start),
        })
    }

    /// `oneof`, `anyof` or `allof`, if a list follows it; otherwise the word is a string like any other.
    fn quantifier(&mut self) -> Option<Quantifier> {
        let start = self.cursor.at();
        if self.cursor.blank()
            && let word = self.cursor.peek_word()
            && let Some(quantifier) = Quantifier::from_word(word)
        {
            self.cursor.skip(word.len());
            let end = self.cursor.at();
            if self.cursor.blank() {
                let list_follows = match self.cursor.peek_word() {
                    "" => self.cursor.peek() == b'(',
                    "and" | "or" => false,
                    _ => true,
                };
                if list_follows {
                    self.cursor.go_back_to(end);
                    return Some(quantifier);
                }
            }
        }
        self.cursor.go_back_to(start);
        None
    }
}
