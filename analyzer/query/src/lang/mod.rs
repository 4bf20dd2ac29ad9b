//! Syntax: the text of a filter to a tree, with the place of every node. Names and types are not
//! looked at here; that is the work of [`crate::check`].

mod ast;
mod cursor;
mod escape;
mod lenient;
mod op;
mod operand;
mod parse;
mod show;

pub use ast::{Call, Expr, FieldRef, List, Operand, Right, Text, Transformer};
pub use escape::{escape, unescape};
pub use lenient::{HOLE, Lenient, parse_lenient};
pub use op::{Op, Quantifier};
pub use parse::{MAX_DEPTH, MAX_LENGTH, parse};
pub use show::tree;

/// A text that as a whole is a quoted string.
pub(crate) fn quoted(text: &str) -> Option<Text> {
    let mut cursor = cursor::Cursor::new(text);
    cursor.quoted().ok().flatten().filter(|_| cursor.at_end())
}
