//! A line in which something is typed.

use super::Selection;
use afterimage_query::FilterError;
use afterimage_query::fields;

/// A line that is being typed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Input {
    /// What was typed so far.
    pub(crate) text: String,
    /// Where typing goes on, in bytes; always on a character boundary.
    pub(crate) cursor: usize,
    /// What is wrong with it, with its place; what is shown is then still that of the last text that was right.
    pub(crate) error: Option<FilterError>,
    /// How it was before typing began.
    pub(crate) before: Selection,
    /// What could stand where the cursor is.
    pub(crate) completions: Vec<&'static str>,
    /// Which line of the history it is, counted from the newest; nothing where it is none.
    pub(crate) history: Option<usize>,
}

/// More is not typed by hand, and is slow to check with every key.
const MAX_INPUT: usize = 4096;

impl Input {
    /// A line with a text in it.
    pub(crate) fn new(text: String, before: Selection) -> Input {
        Input {
            cursor: text.len(),
            text,
            before,
            ..Input::default()
        }
    }

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

    /// Puts another text in its place.
    pub(crate) fn replace(&mut self, text: &str) {
        self.text.clear();
        self.cursor = 0;
        self.insert(text);
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

    /// Removes the word before the cursor.
    pub(crate) fn erase_word(&mut self) {
        let before = self.text[..self.cursor].trim_end();
        let start = before.rfind(' ').map_or(0, |at| at + 1);
        self.text.drain(start..self.cursor);
        self.cursor = start;
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

    /// Looks for fields whose names begin with the word before the cursor.
    pub(crate) fn find_completions(&mut self) {
        let word = &self.text[self.word()..self.cursor];
        self.completions = match word.len() {
            0 => Vec::new(),
            _ => fields::all()
                .map(|def| def.name)
                .filter(|name| name.starts_with(word))
                .collect(),
        };
        if self.completions == [word] {
            self.completions.clear();
        }
    }

    /// What the field is about whose name stands before the cursor, or the only one that could.
    pub(crate) fn about(&self) -> Option<&'static str> {
        let word = match self.completions.as_slice() {
            [one] => one,
            _ => &self.text[self.word()..self.cursor],
        };
        fields::lookup(word).map(|(def, _)| def.description)
    }

    /// Completes the word before the cursor as far as there is only one way.
    pub(crate) fn complete(&mut self) {
        let Some(first) = self.completions.first() else { return };
        let common = self.completions.iter().fold(first.len(), |common, name| {
            let same = first.bytes().zip(name.bytes()).take_while(|(one, other)| one == other);
            same.count().min(common)
        });
        let (word, first) = (self.word(), *first);
        self.text.replace_range(word..self.cursor, &first[..common]);
        self.cursor = word + common;
        if self.completions.len() == 1 {
            self.insert(" ");
        }
        self.find_completions();
    }

    /// Where the word before the cursor begins.
    fn word(&self) -> usize {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
        let before = &self.text[..self.cursor];
        before
            .rfind(|c| !is_part(c))
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_fields_are_completed() {
        for (typed, expected) in [
            ("proc.cmdl", "proc.cmdl"),
            ("proc.cmdli", "proc.cmdline "),
            (
                "evt.type = open and container.ima",
                "evt.type = open and container.image",
            ),
            ("(fd.sp", "(fd.sp"),
            ("ä proc.cmdli", "ä proc.cmdline "),
            ("zzz", "zzz"),
            ("", ""),
        ] {
            let mut input = Input::new(typed.into(), Selection::default());
            input.find_completions();
            input.complete();
            assert_eq!(input.text, expected, "{typed}");
            assert_eq!(input.cursor, expected.len());
        }
    }

    #[test]
    fn words_are_erased() {
        let mut input = Input::new("a = b  c".into(), Selection::default());
        let mut left = Vec::new();
        for _ in 0..5 {
            input.erase_word();
            left.push(input.text.clone());
        }
        assert_eq!(left, ["a = b  ", "a = ", "a ", "", ""]);
    }
}
