//! Shell patterns.

/// A shell pattern: `*` any run of characters (slashes too), `?` one, `[a-z]` and `[!a-z]` one of a set, `\` takes
/// the next character as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    parts: Vec<Part>,
    fold_case: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Byte(u8),
    One,
    Run,
    Set { denied: bool, ranges: Vec<(u8, u8)> },
}

impl Glob {
    /// The pattern; every pattern is valid, an unclosed `[` stands for itself. `fold_case` ignores ASCII case.
    pub fn new(pattern: &[u8], fold_case: bool) -> Glob {
        let mut parts = Vec::new();
        let mut rest = pattern;
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            let part = match byte {
                b'*' => Part::Run,
                b'?' => Part::One,
                b'[' => match set(rest) {
                    Some((part, after)) => {
                        rest = after;
                        part
                    }
                    None => Part::Byte(b'['),
                },
                b'\\' if !rest.is_empty() => {
                    let byte = rest[0];
                    rest = &rest[1..];
                    Part::Byte(byte)
                }
                byte => Part::Byte(byte),
            };
            // Two runs in a row match what one does, and cost more.
            if part != Part::Run || parts.last() != Some(&Part::Run) {
                parts.push(part);
            }
        }
        Glob { parts, fold_case }
    }

    /// Whether the case of ASCII letters does not matter.
    pub(crate) fn folds_case(&self) -> bool {
        self.fold_case
    }

    /// The longest text that stands in everything that matches; it may be empty.
    pub(crate) fn literal(&self) -> Vec<u8> {
        let runs = self.parts.split(|part| !matches!(part, Part::Byte(_)));
        let longest = runs.max_by_key(|run| run.len()).unwrap_or_default();
        let byte = |part: &Part| match part {
            Part::Byte(byte) => Some(*byte),
            _ => None,
        };
        longest.iter().filter_map(byte).collect()
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &[u8]) -> bool {
        let (mut part, mut at) = (0, 0);
        // Where to go on when the parts behind the last run do not fit: it is enough to lengthen that run.
        let mut retry: Option<(usize, usize)> = None;
        loop {
            let taken = match self.parts.get(part) {
                Some(Part::Run) => {
                    retry = Some((part + 1, at));
                    Some(0)
                }
                Some(one) => text.get(at..).and_then(|rest| self.takes(one, rest)),
                None if at == text.len() => return true,
                None => None,
            };
            match (taken, retry) {
                (Some(taken), _) => {
                    part += 1;
                    at += taken;
                }
                (None, Some((after_run, from))) if from < text.len() => {
                    part = after_run;
                    at = from + 1;
                    retry = Some((after_run, at));
                }
                (None, _) => return false,
            }
        }
    }

    /// How many bytes of a text the part takes, if it fits.
    fn takes(&self, part: &Part, text: &[u8]) -> Option<usize> {
        let &byte = text.first()?;
        match part {
            Part::Byte(wanted) if self.fold_case => wanted.eq_ignore_ascii_case(&byte).then_some(1),
            Part::Byte(wanted) => (*wanted == byte).then_some(1),
            Part::One => Some(character(text)),
            Part::Set { denied, ranges } => {
                let inside = |byte: u8| ranges.iter().any(|&(from, to)| (from..=to).contains(&byte));
                let found = inside(byte)
                    || self.fold_case && (inside(byte.to_ascii_lowercase()) || inside(byte.to_ascii_uppercase()));
                (found != *denied).then_some(1)
            }
            Part::Run => Some(0),
        }
    }
}

/// The length of the character that a text begins with; a byte that is not UTF-8 counts as one.
fn character(text: &[u8]) -> usize {
    let length = match text.first() {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        _ => 1,
    };
    match text.get(..length) {
        Some(bytes) if std::str::from_utf8(bytes).is_ok() => length,
        _ => 1,
    }
}

/// The set whose inside `rest` begins with, and what follows its `]`.
fn set(rest: &[u8]) -> Option<(Part, &[u8])> {
    let denied = matches!(rest.first(), Some(b'!' | b'^'));
    let mut at = usize::from(denied);
    let mut ranges = Vec::new();
    let first = at;
    loop {
        let mut from = *rest.get(at)?;
        // A `]` right at the beginning is an element.
        if from == b']' && at > first {
            return Some((Part::Set { denied, ranges }, &rest[at + 1..]));
        }
        if from == b'\\' {
            at += 1;
            from = *rest.get(at)?;
        }
        match (rest.get(at + 1), rest.get(at + 2)) {
            (Some(b'-'), Some(&to)) if to != b']' => {
                ranges.push((from, to));
                at += 3;
            }
            _ => {
                ranges.push((from, from));
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, text: &[u8], expected: bool) {
        assert_eq!(
            Glob::new(pattern.as_bytes(), false).matches(text),
            expected,
            "{pattern}"
        );
    }

    #[test]
    fn patterns() {
        check("", b"", true);
        check("", b"a", false);
        check("*", b"", true);
        check("a*", b"abc", true);
        check("*c", b"abc", true);
        check("a*b*c", b"a/x/b/y/c", true);
        check("a*b*c", b"a/x/c", false);
        check("a?c", b"abc", true);
        check("a?c", "a\u{e4}c".as_bytes(), true);
        check("bad?", b"bad\xff", true);
        check("a?", b"a", false);
        check("[a-c]x", b"bx", true);
        check("[!a-c]x", b"bx", false);
        check("[]]", b"]", true);
        check("[a-]", b"-", true);
        check("[", b"[", true);
        check("a\\*", b"a*", true);
        check("a\\*", b"ab", false);
        check("a\\", b"a\\", true);
    }

    #[test]
    fn case_can_be_ignored() {
        assert!(Glob::new(b"MY*[x-z]", true).matches(b"myexeX"));
        assert!(!Glob::new(b"MY*", false).matches(b"myexe"));
    }

    #[test]
    fn hard_patterns_stay_cheap() {
        let pattern = "*a".repeat(1000);
        assert!(!Glob::new(pattern.as_bytes(), false).matches(&b"a".repeat(999)));
    }
}
