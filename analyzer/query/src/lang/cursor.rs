//! Reading words, strings and numbers from the text of a filter.

use super::ast::Text;
use super::escape::unescape;
use crate::error::{FilterError, Span};

/// A place in the text.
pub(super) struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x08 | 0x0b | 0x0c)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str) -> Cursor<'t> {
        Cursor { text, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn go_back_to(&mut self, at: usize) {
        self.at = at;
    }

    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    pub(super) fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    pub(super) fn since(&self, start: usize) -> Span {
        Span::new(start, self.at)
    }

    /// The next byte, 0 at the end.
    pub(super) fn peek(&self) -> u8 {
        self.rest().bytes().next().unwrap_or(0)
    }

    pub(super) fn at_end(&self) -> bool {
        self.rest().is_empty()
    }

    /// Skips white space and tells whether there was any.
    pub(super) fn blank(&mut self) -> bool {
        let skipped = self.length_of(is_blank);
        self.at += skipped;
        skipped > 0
    }

    /// Takes the byte if it comes next.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte && !self.at_end();
        self.at += usize::from(found);
        found
    }

    fn length_of(&self, accepted: impl Fn(u8) -> bool) -> usize {
        self.rest().bytes().take_while(|&byte| accepted(byte)).count()
    }

    fn take_while(&mut self, accepted: impl Fn(u8) -> bool) -> &'t str {
        let (taken, _) = self.rest().split_at(self.length_of(accepted));
        self.at += taken.len();
        taken
    }

    /// The word that comes next, without taking it; empty if there is none.
    pub(super) fn peek_word(&self) -> &'t str {
        let length = if self.peek().is_ascii_alphabetic() {
            self.length_of(is_word)
        } else {
            0
        };
        &self.rest()[..length]
    }

    /// `name(.name)+`, or nothing.
    pub(super) fn field_name(&mut self) -> Option<&'t str> {
        let rest = self.rest();
        let mut length = self.peek_word().len();
        let mut parts = 1;
        while length > 0
            && rest[length..].starts_with('.')
            && rest[length + 1..].starts_with(|c: char| c.is_ascii_alphabetic())
        {
            length += 1 + rest[length + 1..].bytes().take_while(|&byte| is_word(byte)).count();
            parts += 1;
        }
        if parts < 2 {
            return None;
        }
        self.at += length;
        Some(&rest[..length])
    }

    /// A quoted string, or nothing. A quote after a backslash never ends a string, not even after two of them:
    /// that is how filters in use are read elsewhere (`\x5c` gives a backslash at the end).
    pub(super) fn quoted(&mut self) -> Result<Option<Text>, FilterError> {
        let quote = self.peek();
        if quote != b'"' && quote != b'\'' {
            return Ok(None);
        }
        let start = self.at;
        let rest = self.rest().as_bytes();
        let end = (1..rest.len()).find(|&i| rest[i] == quote && rest[i - 1] != b'\\');
        let Some(end) = end else {
            let missing = Span::new(start, self.text.len());
            return Err(
                FilterError::new(missing, "the string does not end").expected(format!("a closing {}", quote as char))
            );
        };
        let body = &self.rest()[1..end];
        self.at += end + 1;
        match unescape(body, quote) {
            Ok(bytes) => Ok(Some(Text {
                bytes,
                quoted: true,
                span: self.since(start),
            })),
            Err((offset, message)) => {
                let place = start + 1 + offset;
                let width = body[offset..].chars().take(2).map(char::len_utf8).sum::<usize>();
                Err(FilterError::new(Span::new(place, place + width), message)
                    .expected(r#"one of \b \f \n \r \t \\ \/ \xHH or the quote itself"#))
            }
        }
    }

    /// A string without quotes, or nothing.
    pub(super) fn bare(&mut self) -> Option<Text> {
        self.unquoted(|byte| !is_blank(byte) && !matches!(byte, b'(' | b')' | b'"' | b'\'' | b'=' | b','))
    }

    /// What stands between brackets without quotes, or nothing.
    pub(super) fn bare_argument(&mut self) -> Option<Text> {
        self.unquoted(|byte| !is_blank(byte) && !matches!(byte, b'[' | b']' | b'"' | b'\''))
    }

    fn unquoted(&mut self, accepted: impl Fn(u8) -> bool) -> Option<Text> {
        let start = self.at;
        let text = self.take_while(accepted);
        (!text.is_empty()).then(|| Text {
            bytes: text.as_bytes().to_vec(),
            quoted: false,
            span: self.since(start),
        })
    }

    /// Whether a number, or a time, duration or size, comes next.
    pub(super) fn number_follows(&self) -> bool {
        self.rest()
            .trim_start_matches(['+', '-'])
            .starts_with(|c: char| c.is_ascii_digit())
    }

    /// What to underline when nothing that fits comes next: the next word, or the one character, or the end.
    pub(super) fn offender(&self) -> Span {
        let word = self.length_of(|byte| is_word(byte) || byte == b'.');
        let width = if word > 0 {
            word
        } else {
            self.rest().chars().next().map_or(0, char::len_utf8)
        };
        Span::new(self.at, self.at + width)
    }
}
