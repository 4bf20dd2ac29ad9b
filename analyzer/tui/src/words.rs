//! Words that are looked for.

/// Words that a row has to contain, in any order and whatever their case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Words(Vec<String>);

impl Words {
    /// The words of a text.
    pub(crate) fn of(text: &str) -> Words {
        Words(text.split_whitespace().map(str::to_lowercase).collect())
    }

    /// Whether a row with these cells has them all.
    pub(crate) fn are_in<'c>(&self, cells: impl Iterator<Item = &'c str>) -> bool {
        let mut row = String::new();
        for cell in cells {
            row.push_str(&cell.to_lowercase());
            row.push('\n');
        }
        self.0.iter().all(|word| row.contains(word))
    }
}

#[cfg(test)]
mod tests {
    use super::Words;

    #[test]
    fn all_words_count_and_their_case_does_not() {
        for (words, found) in [
            ("read", true),
            ("READ data", true),
            ("data read", true),
            ("read write", false),
            ("", true),
            ("ÄPFEL", true),
            ("readdata", false),
        ] {
            assert_eq!(
                Words::of(words).are_in(["read", "Data=4 äpfel"].into_iter()),
                found,
                "{words}"
            );
        }
    }
}
