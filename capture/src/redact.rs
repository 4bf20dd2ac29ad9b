//! Redaction at the source: secrets are replaced before anything is written.
//!
//! What a pattern matches becomes [`MARK`]: its first group where it has one, else all of it. Patterns see an argument
//! list as it is shown, with spaces between its elements. What a cut-off value no longer shows, and what a process
//! reads or writes in pieces, cannot be matched: redaction is a net with meshes, not a guarantee.

use anyhow::{Context, Result};
use regex::bytes::{Regex, RegexBuilder};
use std::borrow::Cow;
use std::ops::Range;

/// What stands where a secret stood.
pub(crate) const MARK: &[u8] = b"[redacted]";

/// Names of environment variables whose values are secrets as a rule.
pub(crate) const SECRET_NAMES: &str = r"(?i-u)PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|(^|_)KEY$|(^|_)AUTH$|(^|_)PWD$";

/// Variables that such a name fits and that hold none.
const HARMLESS: [&[u8]; 3] = [b"PWD", b"OLDPWD", b"SSH_AUTH_SOCK"];

/// Largest compiled pattern in bytes.
const PATTERN_LIMIT: usize = 1 << 20;

/// What is replaced.
#[derive(Debug, Default)]
pub(crate) struct Redactor {
    patterns: Vec<Regex>,
    names: Option<Regex>,
}

impl Redactor {
    /// From what the user gave, and the defaults for the environment unless they are not wanted.
    ///
    /// # Errors
    /// The pattern that is none.
    pub(crate) fn new(patterns: &[String], defaults: bool) -> Result<Redactor> {
        let patterns = patterns.iter().map(|pattern| {
            let regex = RegexBuilder::new(pattern).size_limit(PATTERN_LIMIT).build();
            regex.with_context(|| format!("--redact {pattern}"))
        });
        Ok(Redactor {
            patterns: patterns.collect::<Result<_>>()?,
            names: if defaults {
                Some(Regex::new(SECRET_NAMES)?)
            } else {
                None
            },
        })
    }

    /// Whether it has any patterns, beside those for names of the environment.
    pub(crate) fn has_patterns(&self) -> bool {
        !self.patterns.is_empty()
    }

    /// What it does, for the header of the trace.
    pub(crate) fn describe(&self) -> Vec<String> {
        let names = self.names.iter().map(|names| format!("environment names: {names}"));
        names
            .chain(self.patterns.iter().map(|p| format!("pattern: {p}")))
            .collect()
    }

    /// An argument list, NUL between its elements.
    pub(crate) fn arguments<'a>(&self, list: &'a [u8]) -> Cow<'a, [u8]> {
        if self.patterns.is_empty() {
            return Cow::Borrowed(list);
        }
        let shown: Vec<u8> = list.iter().map(|byte| if *byte == 0 { b' ' } else { *byte }).collect();
        replace(list, self.matches(&shown))
    }

    /// An environment, NUL between its `NAME=value`.
    pub(crate) fn environment<'a>(&self, list: &'a [u8]) -> Cow<'a, [u8]> {
        let mut found = Vec::new();
        let mut at = 0;
        for variable in list.split(|byte| *byte == 0) {
            if let Some(equals) = variable.iter().position(|byte| *byte == b'=') {
                let (name, value) = (&variable[..equals], at + equals + 1..at + variable.len());
                if self.is_secret(name) {
                    found.push(value);
                }
            }
            found.extend(self.matches(variable).into_iter().map(|m| m.start + at..m.end + at));
            at += variable.len() + 1;
        }
        replace(list, found)
    }

    /// Payload.
    pub(crate) fn payload<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        replace(bytes, self.matches(bytes))
    }

    fn is_secret(&self, name: &[u8]) -> bool {
        !HARMLESS.contains(&name) && self.names.as_ref().is_some_and(|names| names.is_match(name))
    }

    fn matches(&self, text: &[u8]) -> Vec<Range<usize>> {
        let found = self.patterns.iter().flat_map(|pattern| {
            pattern.captures_iter(text).filter_map(|captures| {
                let all = captures.get(0);
                captures.get(1).or(all).map(|m| m.range())
            })
        });
        found.filter(|range| !range.is_empty()).collect()
    }
}

/// `text` with a mark for each of the ranges; what overlaps is one. A NUL stays: it separates elements.
fn replace(text: &[u8], mut ranges: Vec<Range<usize>>) -> Cow<'_, [u8]> {
    if ranges.is_empty() {
        return Cow::Borrowed(text);
    }
    ranges.sort_by_key(|range| range.start);
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    let mut ranges = ranges.into_iter().peekable();
    while let Some(mut range) = ranges.next() {
        while let Some(next) = ranges.next_if(|next| next.start <= range.end) {
            range.end = range.end.max(next.end);
        }
        out.extend_from_slice(&text[at..range.start]);
        for (count, piece) in text[range.clone()].split(|byte| *byte == 0).enumerate() {
            if count > 0 {
                out.push(0);
            }
            if !piece.is_empty() {
                out.extend_from_slice(MARK);
            }
        }
        at = range.end;
    }
    out.extend_from_slice(&text[at..]);
    Cow::Owned(out)
}

/// Whether a text has a mark in it.
pub(crate) fn is_marked(text: &[u8]) -> bool {
    text.windows(MARK.len()).any(|window| window == MARK)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor(patterns: &[&str]) -> Redactor {
        let patterns: Vec<String> = patterns.iter().map(|p| (*p).to_owned()).collect();
        Redactor::new(&patterns, true).unwrap()
    }

    #[test]
    fn arguments_across_their_elements() {
        for (pattern, list, expected) in [
            ("hunter2", "-p\0hunter2\0x", "-p\0[redacted]\0x"),
            (
                r"--password[= ](\S+)",
                "--password\0s3cret\0-v",
                "--password\0[redacted]\0-v",
            ),
            (r"--password[= ](\S+)", "--password=s3cret", "--password=[redacted]"),
            ("a b", "a\0b\0c", "[redacted]\0[redacted]\0c"),
            ("x*", "abc", "abc"),
            ("nothing", "a\0b", "a\0b"),
        ] {
            let found = redactor(&[pattern]).arguments(list.as_bytes()).into_owned();
            assert_eq!(String::from_utf8_lossy(&found), expected, "{pattern}");
        }
    }

    #[test]
    fn environment_by_name_and_by_pattern() {
        let redactor = redactor(&["AKIA[A-Z0-9]+"]);
        for (list, expected) in [
            ("DB_PASSWORD=x=y", "DB_PASSWORD=[redacted]"),
            ("github_token=abc\0HOME=/root", "github_token=[redacted]\0HOME=/root"),
            ("AWS_SECRET_ACCESS_KEY=k", "AWS_SECRET_ACCESS_KEY=[redacted]"),
            ("KEY=k\0KEYBOARD=us\0MONKEY=y", "KEY=[redacted]\0KEYBOARD=us\0MONKEY=y"),
            (
                "PWD=/a\0OLDPWD=/b\0SSH_AUTH_SOCK=/c\0DB_PWD=d",
                "PWD=/a\0OLDPWD=/b\0SSH_AUTH_SOCK=/c\0DB_PWD=[redacted]",
            ),
            ("ID=AKIA0123", "ID=[redacted]"),
            ("TOKEN=\0noequals\0=x", "TOKEN=\0noequals\0=x"),
            ("", ""),
        ] {
            let found = redactor.environment(list.as_bytes()).into_owned();
            assert_eq!(String::from_utf8_lossy(&found), expected, "{list}");
        }
        let without = Redactor::new(&[], false).unwrap();
        assert_eq!(*without.environment(b"TOKEN=x"), *b"TOKEN=x");
    }

    #[test]
    fn overlapping_matches_are_one_mark() {
        let redactor = redactor(&["abc", "bcd", "(?-u)\\xff+"]);
        assert_eq!(*redactor.payload(b"xabcdx\xff\xff."), *b"x[redacted]x[redacted].");
        assert!(is_marked(&redactor.payload(b"abc")) && !is_marked(b"abc"));
        assert!(matches!(redactor.payload(b"nothing"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_pattern_that_is_none_is_named() {
        let error = format!("{:#}", Redactor::new(&["(".to_owned()], true).unwrap_err());
        assert!(error.contains("--redact ("), "{error}");
    }
}
