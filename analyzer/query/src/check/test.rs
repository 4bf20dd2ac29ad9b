//! Tests: whether operator and right-hand side fit the type on the left.

use super::Settings;
use super::literal::{self, LiteralError};
use super::operand::{Typed, operand};
use crate::error::{FilterError, Span};
use crate::eval::{Glob, Matcher, NumberOp, PathPrefixes, Source, Test, TextTest};
use crate::fields::{EvtField, FieldId, FieldType};
use crate::lang::{List, Op, Operand, Quantifier, Right, Text, escape};
use crate::nearest::nearest;
use memchr::memmem::Finder;
use regex::RegexBuilder;

/// Largest compiled regular expression, in bytes. `regex` needs time linear in the text whatever the expression.
const REGEX_LIMIT: usize = 1 << 20;

pub(super) fn exists(left: &Operand) -> Result<Test, FilterError> {
    Ok(Test::new(operand(left)?.source, None, Matcher::Exists))
}

pub(super) fn compare(
    left: &Operand,
    (op, op_span): (Op, Span),
    quantifier: Option<Quantifier>,
    right: &Right,
    settings: &Settings,
) -> Result<Test, FilterError> {
    let Typed { source, ty } = operand(left)?;
    let is_list = source.is_list();
    // As elsewhere in the field, being around a time is being at most so far from it.
    let op = match &source {
        Source::Field { def, .. } if def.id == FieldId::Evt(EvtField::Around) && op == Op::Eq => Op::Le,
        _ => op,
    };
    if !allowed(op, ty, is_list) || is_list && quantifier.is_some() {
        let what = if is_list { "list".to_string() } else { ty.to_string() };
        let names: Vec<&str> = OPS
            .into_iter()
            .filter(|&op| allowed(op, ty, is_list))
            .map(Op::name)
            .collect();
        return Err(
            FilterError::new(op_span, format!("`{}` does not work on a {what}", op.name()))
                .expected(format!("one of {} exists", names.join(" "))),
        );
    }
    let matcher = match (quantifier, right) {
        (_, Right::ListName { name, span }) => {
            return Err(FilterError::new(*span, format!("unknown list `{name}`"))
                .expected("a list such as `(a, b)`")
                .suggest(nearest(name, settings.rules.list_names())));
        }
        (_, Right::Operand(right)) => against(op, ty, right)?,
        (Some(quantifier), Right::List(list)) => {
            let tests: Result<_, FilterError> = list.items.iter().map(|item| single(op, ty, item, settings)).collect();
            Matcher::Quantified(quantifier, tests?)
        }
        (_, Right::List(list)) => one_of(op, ty, list, settings)?,
        (_, Right::Text(text)) => single(op, ty, text, settings)?,
    };
    Ok(Test::new(source, Some(op), matcher))
}

const OPS: [Op; 18] = [
    Op::Eq,
    Op::Ne,
    Op::Lt,
    Op::Le,
    Op::Gt,
    Op::Ge,
    Op::Contains,
    Op::IContains,
    Op::BContains,
    Op::StartsWith,
    Op::BStartsWith,
    Op::EndsWith,
    Op::Glob,
    Op::IGlob,
    Op::Regex,
    Op::In,
    Op::Intersects,
    Op::PMatch,
];

/// Whether the operator works on the type.
fn allowed(op: Op, ty: FieldType, is_list: bool) -> bool {
    if is_list {
        return matches!(op, Op::In | Op::Intersects);
    }
    match op {
        Op::Eq | Op::Ne | Op::In | Op::Intersects => true,
        Op::Lt | Op::Le | Op::Gt | Op::Ge => !matches!(ty, FieldType::Bool | FieldType::Bytes | FieldType::Ip),
        Op::Contains | Op::StartsWith | Op::EndsWith => matches!(ty, FieldType::Str | FieldType::Bytes),
        Op::BContains | Op::BStartsWith => ty == FieldType::Bytes,
        Op::IContains | Op::Glob | Op::IGlob | Op::Regex | Op::PMatch => ty == FieldType::Str,
    }
}

/// A comparison with another value of the row.
fn against(op: Op, ty: FieldType, right: &Operand) -> Result<Matcher, FilterError> {
    let typed = operand(right)?;
    let number = |ty| {
        matches!(
            ty,
            FieldType::Int | FieldType::Uint | FieldType::Duration | FieldType::Time
        )
    };
    if typed.ty != ty && !(number(ty) && number(typed.ty)) {
        return Err(
            FilterError::new(right.span(), format!("a {} cannot be compared with a {ty}", typed.ty))
                .expected(format!("a {ty}")),
        );
    }
    if matches!(op, Op::Regex | Op::BContains | Op::BStartsWith) {
        let message = format!("`{}` needs a constant, not a value of the event", op.name());
        return Err(FilterError::new(right.span(), message));
    }
    // Membership in the values of the other side is equality with one of them.
    let op = if matches!(op, Op::In | Op::Intersects) {
        Op::Eq
    } else {
        op
    };
    Ok(Matcher::Against {
        op,
        right: typed.source,
    })
}

/// A comparison with a list of constants.
fn one_of(op: Op, ty: FieldType, list: &List, settings: &Settings) -> Result<Matcher, FilterError> {
    let items = &list.items;
    if op == Op::PMatch {
        return Ok(Matcher::Prefixes(PathPrefixes::new(
            items.iter().map(|item| item.bytes.as_slice()),
        )));
    }
    Ok(match ty {
        FieldType::Str | FieldType::Bytes => {
            items.iter().try_for_each(|item| no_nul(ty, item))?;
            Matcher::Texts(items.iter().map(|item| item.bytes.clone()).collect())
        }
        FieldType::Ip => Matcher::Nets {
            nets: items
                .iter()
                .map(|item| parsed(item, literal::net))
                .collect::<Result<_, _>>()?,
            denied: false,
        },
        _ => Matcher::Numbers(
            items
                .iter()
                .map(|item| number(ty, item, settings))
                .collect::<Result<_, _>>()?,
        ),
    })
}

/// A comparison with one constant.
fn single(op: Op, ty: FieldType, text: &Text, settings: &Settings) -> Result<Matcher, FilterError> {
    Ok(match ty {
        FieldType::Str | FieldType::Bytes => {
            no_nul(ty, text)?;
            Matcher::Text(text_test(op, text)?)
        }
        FieldType::Ip => Matcher::Nets {
            nets: vec![parsed(text, literal::net)?],
            denied: op == Op::Ne,
        },
        _ => Matcher::Number(
            NumberOp::from_op(op).unwrap_or(NumberOp::Eq),
            number(ty, text, settings)?,
        ),
    })
}

fn text_test(op: Op, text: &Text) -> Result<TextTest, FilterError> {
    let bytes = text.bytes.clone();
    Ok(match op {
        Op::Contains => TextTest::Contains(finder(&bytes)),
        Op::IContains => TextTest::ContainsLower(finder(&bytes.to_ascii_lowercase())),
        Op::BContains => TextTest::Contains(finder(&parsed(text, literal::hex)?)),
        Op::StartsWith => TextTest::StartsWith(bytes),
        Op::BStartsWith => TextTest::StartsWith(parsed(text, literal::hex)?),
        Op::EndsWith => TextTest::EndsWith(bytes),
        Op::Glob => TextTest::Glob(Glob::new(&bytes, false)),
        Op::IGlob => TextTest::Glob(Glob::new(&bytes, true)),
        Op::Regex => TextTest::Regex(regex(text)?),
        op => TextTest::Order(NumberOp::from_op(op).unwrap_or(NumberOp::Eq), bytes),
    })
}

fn finder(needle: &[u8]) -> Box<Finder<'static>> {
    Box::new(Finder::new(needle).into_owned())
}

fn regex(text: &Text) -> Result<regex::Regex, FilterError> {
    let pattern = std::str::from_utf8(&text.bytes)
        .map_err(|_| FilterError::new(text.span, "a regular expression must be UTF-8"))?;
    // Parsed alone first: the anchors around it must not complete a broken expression.
    let build = |pattern: &str| {
        RegexBuilder::new(pattern)
            .size_limit(REGEX_LIMIT)
            .dfa_size_limit(REGEX_LIMIT)
            .build()
    };
    build(pattern)
        .and_then(|_| build(&format!(r"\A(?:{pattern})\z")))
        .map_err(|error| {
            let error = error.to_string();
            let reason = error
                .lines()
                .last()
                .unwrap_or_default()
                .trim_start_matches("error: ")
                .to_string();
            FilterError::new(text.span, format!("not a regular expression: {reason}"))
        })
}

fn no_nul(ty: FieldType, text: &Text) -> Result<(), FilterError> {
    match ty == FieldType::Str && text.bytes.contains(&0) {
        true => Err(FilterError::new(
            text.span,
            "strings of the kernel never have a NUL byte, so this never matches",
        )),
        false => Ok(()),
    }
}

fn number(ty: FieldType, text: &Text, settings: &Settings) -> Result<i128, FilterError> {
    parsed(text, |value| literal::number(ty, value, settings))
}

/// Parses a constant that is not taken as it is.
fn parsed<T>(text: &Text, parse: impl FnOnce(&str) -> Result<T, LiteralError>) -> Result<T, FilterError> {
    let result = match std::str::from_utf8(&text.bytes) {
        Ok(value) => parse(value),
        Err(_) => Err(LiteralError::Expected("text")),
    };
    result.map_err(|error| match error {
        LiteralError::Expected(what) => {
            FilterError::new(text.span, format!("{} does not fit the field", escape(&text.bytes))).expected(what)
        }
        LiteralError::Wrong(message) => FilterError::new(text.span, message),
    })
}
