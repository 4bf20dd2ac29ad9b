//! The syntax tree as text.

use super::ast::{Expr, Operand, Right, Text};
use super::escape::escape;
use std::fmt::Write as _;

/// One line for every node, indented by depth: its kind, its content, and `start..end` in bytes.
pub fn tree(expr: &Expr) -> String {
    let mut out = String::new();
    node(expr, 0, &mut out);
    out
}

fn line(out: &mut String, depth: usize, what: &str, span: crate::Span) {
    let _ = writeln!(out, "{}{what} {}..{}", "  ".repeat(depth), span.start, span.end);
}

fn node(expr: &Expr, depth: usize, out: &mut String) {
    let span = expr.span();
    match expr {
        Expr::And { terms, .. } => {
            line(out, depth, "and", span);
            terms.iter().for_each(|term| node(term, depth + 1, out));
        }
        Expr::Or { terms, .. } => {
            line(out, depth, "or", span);
            terms.iter().for_each(|term| node(term, depth + 1, out));
        }
        Expr::Not { term, .. } => {
            line(out, depth, "not", span);
            node(term, depth + 1, out);
        }
        Expr::Macro { name, .. } => line(out, depth, &format!("macro {name}"), span),
        Expr::Exists { left, .. } => {
            line(out, depth, "exists", span);
            operand(left, depth + 1, out);
        }
        Expr::Compare {
            left,
            op,
            quantifier,
            right,
            ..
        } => {
            let quantifier = quantifier.map_or(String::new(), |quantifier| format!(" {}", quantifier.name()));
            line(out, depth, &format!("{}{quantifier}", op.name()), span);
            operand(left, depth + 1, out);
            match right {
                Right::Text(text) => value(text, depth + 1, out),
                Right::ListName { name, span } => line(out, depth + 1, &format!("list {name}"), *span),
                Right::Operand(right) => operand(right, depth + 1, out),
                Right::List(list) => {
                    line(out, depth + 1, "list", list.span);
                    list.items.iter().for_each(|item| value(item, depth + 2, out));
                }
            }
        }
    }
}

fn operand(operand_: &Operand, depth: usize, out: &mut String) {
    match operand_ {
        Operand::Field(field) => line(
            out,
            depth,
            &format!("field {}{}", field.name, bracketed(&field.arg)),
            field.span,
        ),
        Operand::Text(text) => value(text, depth, out),
        Operand::Call(call) => {
            line(
                out,
                depth,
                &format!("{}(){}", call.transformer.name(), bracketed(&call.arg)),
                call.span,
            );
            call.args.iter().for_each(|arg| operand(arg, depth + 1, out));
        }
        Operand::List { items, span } => {
            line(out, depth, "list", *span);
            items.iter().for_each(|item| operand(item, depth + 1, out));
        }
    }
}

fn bracketed(arg: &Option<Text>) -> String {
    arg.as_ref()
        .map_or(String::new(), |arg| format!("[{}]", escape(&arg.bytes)))
}

fn value(text: &Text, depth: usize, out: &mut String) {
    line(out, depth, &escape(&text.bytes), text.span);
}
