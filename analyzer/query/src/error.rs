//! What is wrong with a filter, and where.

use std::fmt::Write as _;
use thiserror::Error;

/// A range of bytes in the text of a filter. Both ends lie on character boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte. Equal to `start` where something is missing.
    pub end: usize,
}

impl Span {
    /// The bytes from `start` up to, not including, `end`.
    pub fn new(start: usize, end: usize) -> Span {
        Span { start, end }
    }
}

/// A filter that cannot be used: the place, what is wrong, what would have been right.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct FilterError {
    /// The place in the filter's text.
    pub span: Span,
    /// What is wrong there, one sentence without a full stop.
    pub message: String,
    /// What could have stood there.
    pub expected: Option<String>,
    /// The nearest name that does exist.
    pub suggestion: Option<String>,
}

/// Longest piece of a line that is shown around the place of an error, in characters.
const SHOWN: usize = 120;
/// How much of it stands before the place.
const SHOWN_BEFORE: usize = 50;

impl FilterError {
    /// An error at `span`.
    pub fn new(span: Span, message: impl Into<String>) -> FilterError {
        FilterError {
            span,
            message: message.into(),
            expected: None,
            suggestion: None,
        }
    }

    /// Adds what could have stood there.
    pub fn expected(mut self, what: impl Into<String>) -> FilterError {
        self.expected = Some(what.into());
        self
    }

    /// Adds the nearest name that does exist, if there is one.
    pub fn suggest(mut self, name: Option<impl Into<String>>) -> FilterError {
        self.suggestion = name.map(Into::into);
        self
    }

    /// The same in a text that begins so many bytes later.
    pub(crate) fn moved_back(mut self, bytes: usize) -> FilterError {
        self.span.start = self.span.start.saturating_sub(bytes);
        self.span.end = self.span.end.saturating_sub(bytes);
        self
    }

    /// The error for a person: the line of `text` with the place underlined, and the hints below it.
    ///
    /// `text` must be the filter that the error came from.
    pub fn render(&self, text: &str) -> String {
        let mut out = format!("{}\n", self.message);
        let (line, at, width) = excerpt(text, self.span);
        let _ = writeln!(out, "  {line}");
        let _ = writeln!(out, "  {}{}", " ".repeat(at), "^".repeat(width));
        if let Some(expected) = &self.expected {
            let _ = writeln!(out, "expected {expected}");
        }
        if let Some(name) = &self.suggestion {
            let _ = writeln!(out, "did you mean `{name}`?");
        }
        out.pop();
        out
    }
}

/// The shown part of the line with the span, the column where the underline starts, and its width.
fn excerpt(text: &str, span: Span) -> (String, usize, usize) {
    let start = text.floor_char_boundary(span.start);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let end = text.floor_char_boundary(span.end).clamp(start, line_end);

    let mut at = text[line_start..start].chars().count();
    let width = text[start..end].chars().count().max(1);
    let mut line: Vec<char> = text[line_start..line_end].chars().map(visible).collect();
    if line.len() > SHOWN {
        let first = at.saturating_sub(SHOWN_BEFORE);
        line.drain(..first);
        line.truncate(SHOWN);
        at -= first;
    }
    let width = width.min(SHOWN - at.min(SHOWN - 1));
    (line.into_iter().collect(), at, width)
}

/// One column for every character, and nothing that moves the cursor of a terminal.
fn visible(c: char) -> char {
    match c {
        '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, span: Span, expected: &str) {
        let error = FilterError::new(span, "wrong");
        assert_eq!(error.render(text), format!("wrong\n{expected}"));
    }

    #[test]
    fn the_place_is_underlined_in_its_line() {
        check("a = b", Span::new(4, 5), "  a = b\n      ^");
        check(
            "a = 1\n and bc",
            Span::new(11, 13),
            "   and bc\n       ^^".trim_start_matches('\n'),
        );
        check("a =", Span::new(3, 3), "  a =\n     ^");
        check("ä = \u{1b}x", Span::new(5, 7), "  ä = \u{fffd}x\n      ^^");
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("{}here{}", "x".repeat(500), "y".repeat(500));
        let shown = FilterError::new(Span::new(500, 504), "wrong").render(&text);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[1].trim_start().len(), SHOWN);
        assert_eq!(&lines[1][lines[2].find('^').unwrap()..][..4], "here");
    }
}
