//! What is wrong in a configuration, and where.

use std::fmt;
use std::ops::Range;

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1; 0: the settings came from somewhere else than a text.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What it is about: `source[1].auth.token_file`; empty: the text as a whole.
    pub key: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl Problem {
    /// At a place of the text.
    pub(crate) fn at(text: &str, span: Option<Range<usize>>, key: String, message: impl Into<String>) -> Problem {
        let (line, column) = span.map_or((0, 0), |span| place(text, span.start));
        Problem {
            line,
            column,
            key,
            message: message.into(),
        }
    }
}

/// Line and column of a byte.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(at)];
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}, column {}: ", self.line, self.column)?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}
