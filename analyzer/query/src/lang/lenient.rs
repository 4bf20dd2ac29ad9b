//! Filters that are still being typed: a tree and all errors, rather than the first error alone.

use super::ast::Expr;
use super::parse::{MAX_LENGTH, parse};
use crate::error::{FilterError, Span};

/// Errors that are looked for; behind so many, more tell nothing new.
const MAX_ERRORS: usize = 16;

/// Bytes that are added at the end of a text at most.
const ROOM: usize = 64;

/// The name of the macro that stands in the tree where the text could not be understood. One letter, so that it fits in the
/// place of the shortest test.
pub const HOLE: &str = "Z";

/// What could be understood of a text.
#[derive(Debug)]
pub struct Lenient {
    /// The tree; tests that could not be understood are macros called [`HOLE`]. Nothing where the text is blank or hopeless.
    pub expr: Option<Expr>,
    /// What is wrong, in the order of the text, at most 16.
    pub errors: Vec<FilterError>,
}

/// Parses a filter as far as it can be understood: what is wrong costs the test that it is in.
pub fn parse_lenient(text: &str) -> Lenient {
    let mut errors: Vec<FilterError> = Vec::new();
    if text.len() > MAX_LENGTH || text.trim().is_empty() {
        let expr = None;
        errors.extend(parse(text).err());
        return Lenient { expr, errors };
    }
    // Places stay what they are: what is wrong is overwritten, and what lacks at the end is added behind it.
    let mut tried = text.to_owned();
    let mut expr = None;
    while errors.len() <= MAX_ERRORS {
        match parse(&tried) {
            Ok(parsed) => {
                expr = Some(parsed);
                break;
            }
            Err(error) if errors.len() == MAX_ERRORS => {
                drop(error);
                break;
            }
            Err(error) => {
                let (mut start, end) = around(&tried, error.span, 0);
                let is_hole = |start: usize| tried.get(start..end).is_some_and(|inside| inside.trim() == HOLE);
                // A test that is wrong behind a hole has taken the word between them for its value.
                if is_hole(start) && !matches!(tried.get(end..end + 1), None | Some("(" | ")"))
                    || is_word_taken(&tried, start, &error)
                {
                    start = around(&tried, error.span, 1).0;
                }
                let is_open = error.span.start >= tried.trim_end().len()
                    && tried.len() < text.len() + ROOM
                    && error
                        .expected
                        .as_deref()
                        .is_some_and(|expected| expected.contains("`)`"));
                let mended = match is_open {
                    true => Some(format!("{tried} )")),
                    false => mended(&tried, start, end, text.len()),
                };
                let span = Span::new(error.span.start.min(text.len()), error.span.end.min(text.len()));
                let known = errors
                    .iter()
                    .any(|known| known.span == span && known.message == error.message);
                if !known {
                    errors.push(FilterError { span, ..error });
                }
                match mended {
                    Some(mended) => tried = mended,
                    None => break,
                }
            }
        }
    }
    errors.sort_by_key(|error| error.span.start);
    Lenient { expr, errors }
}

/// The test that a place is in: up to the next `and`, `or`, or parenthesis that opens or closes a group.
/// `back` more words between tests are left out at its beginning.
fn around(text: &str, place: Span, back: usize) -> (usize, usize) {
    let bounds = bounds(text);
    let start = bounds
        .iter()
        .rev()
        .map(|(_, end)| *end)
        .filter(|end| *end <= place.start)
        .nth(back);
    let end = bounds
        .iter()
        .map(|(start, _)| *start)
        .find(|start| *start >= place.start);
    (start.unwrap_or(0), end.unwrap_or(text.len()))
}

/// Whether the error stands where a test begins behind `and` or `or`: the test before it has no value, and took the word.
fn is_word_taken(text: &str, start: usize, error: &FilterError) -> bool {
    let before = text.get(..start).unwrap_or_default();
    let between = text.get(start..error.span.start).unwrap_or("?");
    between.trim().is_empty()
        && (before.ends_with("and") || before.ends_with("or"))
        && error.expected.as_deref() == Some("`and`, `or` or the end of the filter")
}

/// Where tests begin and end, outside of quotes: words and parentheses between them.
fn bounds(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let is_word = |at: usize| {
        bytes
            .get(at)
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
    };
    let (mut found, mut at, mut quote) = (Vec::new(), 0, None);
    // Parentheses behind an operator or a transformer belong to their test.
    let mut groups: Vec<bool> = Vec::new();
    while at < bytes.len() {
        let byte = bytes[at];
        match (quote, byte) {
            (Some(open), _) if byte == open && bytes[at - 1] != b'\\' => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'(') => {
                let before = text[..at].trim_end();
                let word = before
                    .rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .next()
                    .unwrap_or_default();
                let is_group = before.is_empty() || before.ends_with('(') || matches!(word, "and" | "or" | "not");
                groups.push(is_group);
                if is_group {
                    found.push((at, at + 1));
                }
            }
            // One that closes nothing counts, too.
            (None, b')') => found.extend(groups.pop().unwrap_or(true).then_some((at, at + 1))),
            (None, _) if is_word(at) && (at == 0 || !is_word(at - 1)) => {
                let end = (at..).find(|at| !is_word(*at)).unwrap_or(bytes.len());
                if matches!(&text[at..end], "and" | "or") && groups.last().is_none_or(|is_group| *is_group) {
                    found.push((at, end));
                }
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// The text with a hole for a test; nothing where there is no way to mend it.
fn mended(text: &str, start: usize, end: usize, original: usize) -> Option<String> {
    let hole = |text: &str, start: usize, end: usize| {
        let mut out = text[..start].to_owned();
        out.push(' ');
        out.push_str(HOLE);
        // A test is overwritten as a whole, so that what stands behind it stays where it is.
        out.push_str(&" ".repeat((end - start).saturating_sub(2)));
        out.push(' ');
        out.push_str(&text[end..]);
        out
    };
    let inside = text.get(start..end)?;
    let is_hole = inside.trim() == HOLE;
    if !is_hole && (!inside.trim().is_empty() || end == text.len()) {
        if inside.len() >= 2 {
            let mut out = text[..start].to_owned();
            out.push(' ');
            out.push_str(HOLE);
            out.push_str(&" ".repeat(inside.len() - 2));
            out.push_str(&text[end..]);
            return Some(out);
        }
        // At the end there is room.
        return (end == text.len() && text.len() < original + ROOM).then(|| hole(text, start, end));
    }
    match text.get(end..end + 1) {
        // Nothing to close, or nothing inside.
        Some(")" | "(") => {
            let mut out = text.to_owned();
            out.replace_range(end..=end, " ");
            Some(out)
        }
        // A parenthesis is open.
        None if text.len() < original + ROOM => Some(format!("{text} )")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::tree;

    #[track_caller]
    fn check(text: &str, holes: usize, errors: usize) {
        let Lenient { expr, errors: found } = parse_lenient(text);
        let expr = expr.unwrap_or_else(|| panic!("{text}: nothing was understood: {found:?}"));
        let shown = tree(&expr);
        assert_eq!(shown.matches("macro Z").count(), holes, "{text}\n{shown}");
        assert_eq!(found.len(), errors, "{text}\n{found:?}");
        assert!(found.iter().all(|error| error.span.end <= text.len()), "{found:?}");
    }

    #[test]
    fn what_can_be_understood_is() {
        check("proc.name = sh", 0, 0);
        check("proc.name = sh and fd.name", 1, 1);
        check("proc.name = sh and ", 1, 1);
        check("proc.name = and fd.num > 3", 1, 1);
        check("fd.num >> 3 and proc.name = sh or evt.type =", 2, 2);
        check("(proc.name = sh and evt.num = 1", 0, 1);
        check("not (proc.name ~ sh) and evt.type in (open, openat)", 1, 1);
        check("proc.name = 'sh' or evt.type in (open, openat and fd.num = 1", 1, 1);
    }

    #[test]
    fn hopeless_texts_end() {
        for text in [
            "",
            " ",
            ")",
            "(((((",
            ")))))",
            "and",
            "or or or",
            "'",
            "\"'\"",
            "not",
            "a ( b ) c ( d )",
            "é and ü = ",
            "=(=)=(=)",
        ] {
            let found = parse_lenient(text);
            assert!(
                text.trim().is_empty() || found.expr.is_some() || !found.errors.is_empty(),
                "{text}"
            );
            assert!(found.errors.len() <= MAX_ERRORS);
        }
    }
}
