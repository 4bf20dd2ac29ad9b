//! Paths at or below given ones.

use super::glob::Glob;
use std::borrow::Cow;

/// A set of paths whose parts may be shell patterns. A path matches when one of them is it or lies above it.
#[derive(Debug, Clone)]
pub struct PathPrefixes {
    prefixes: Vec<Vec<Glob>>,
}

impl PathPrefixes {
    /// The set of these paths. A path without parts, such as `/`, lies above every path.
    pub fn new<'p>(paths: impl IntoIterator<Item = &'p [u8]>) -> PathPrefixes {
        let prefixes = paths
            .into_iter()
            .map(|path| parts(path).map(|part| Glob::new(part, false)).collect())
            .collect();
        PathPrefixes { prefixes }
    }

    /// A text for each that stands in every path that it matches; nothing where one matches every path.
    pub(crate) fn literals(&self) -> Option<Vec<Cow<'_, [u8]>>> {
        let longest = |prefix: &Vec<Glob>| {
            let parts = prefix.iter().map(Glob::literal);
            // Of equally long ones the first.
            parts.rev().max_by_key(Vec::len).filter(|part| !part.is_empty())
        };
        self.prefixes
            .iter()
            .map(|prefix| longest(prefix).map(Cow::Owned))
            .collect()
    }

    /// Whether the path is one of them or lies below one.
    pub fn matches(&self, path: &[u8]) -> bool {
        self.prefixes.iter().any(|prefix| {
            let mut found = parts(path);
            prefix
                .iter()
                .all(|glob| found.next().is_some_and(|part| glob.matches(part)))
        })
    }
}

fn parts(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|&byte| byte == b'/').filter(|part| !part.is_empty())
}
