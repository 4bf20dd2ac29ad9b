//! The filter as it was put together, and the line in which it is typed.

use super::Place;
use afterimage_query::FilterError;

/// A piece of the filter. All pieces together have to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Crumb {
    /// A filter of its own.
    pub(crate) text: String,
    /// Whether a person typed it, and may want to change it.
    pub(crate) typed: bool,
    /// Where the table stood before this was added.
    pub(crate) place: Place,
}

/// The text of all pieces as one filter; empty where there are none.
pub(crate) fn combined(crumbs: &[Crumb]) -> String {
    match crumbs {
        [one] => one.text.clone(),
        many => {
            let pieces: Vec<String> = many.iter().map(|crumb| format!("({})", crumb.text)).collect();
            pieces.join(" and ")
        }
    }
}

/// A filter that is being typed.
#[derive(Debug, Clone)]
pub(crate) struct Input {
    /// What was typed so far.
    pub(crate) text: String,
    /// Where typing goes on, in bytes; always on a character boundary.
    pub(crate) cursor: usize,
    /// What is wrong with it; the listing is then still that of the last filter that was right.
    pub(crate) error: Option<FilterError>,
    /// The pieces before typing began.
    pub(crate) before: Vec<Crumb>,
    /// Where the table stood then.
    pub(crate) place: Place,
}

/// More is not typed by hand, and is slow to check with every key.
const MAX_INPUT: usize = 4096;

impl Input {
    /// Adds text at the cursor; control characters are left out.
    pub(crate) fn insert(&mut self, text: &str) {
        for c in text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }) {
            if c.is_control() || self.text.len() + c.len_utf8() > MAX_INPUT {
                continue;
            }
            self.text.insert(self.cursor, c);
            self.cursor += c.len_utf8();
        }
    }

    /// Removes the character before the cursor.
    pub(crate) fn backspace(&mut self) {
        let before = self.cursor;
        self.left();
        self.text.drain(self.cursor..before);
    }

    /// Removes the character at the cursor.
    pub(crate) fn delete(&mut self) {
        if self.cursor < self.text.len() {
            self.text.remove(self.cursor);
        }
    }

    /// Removes everything before the cursor.
    pub(crate) fn clear_before(&mut self) {
        self.text.drain(..self.cursor);
        self.cursor = 0;
    }

    /// Moves the cursor one character to the left.
    pub(crate) fn left(&mut self) {
        let before = self.text[..self.cursor].chars().next_back();
        self.cursor -= before.map_or(0, char::len_utf8);
    }

    /// Moves the cursor one character to the right.
    pub(crate) fn right(&mut self) {
        let next = self.text[self.cursor..].chars().next();
        self.cursor += next.map_or(0, char::len_utf8);
    }
}
