//! Which crate may depend on which: the workspace's directions, as ARCHITECTURE.md states them.

use std::collections::BTreeSet;

use anyhow::Result;

use super::Repository;
use super::metadata::Metadata;

/// `crates` must reach none of `forbidden`, however indirectly.
struct Rule {
    crates: &'static [&'static str],
    forbidden: &'static [&'static str],
    reason: &'static str,
}

const READERS: &[&str] = &[
    "afterimage-format",
    "afterimage-import",
    "afterimage-query",
    "afterimage-tui",
    "afterimage-analyze",
];

const RULES: [Rule; 6] = [
    Rule {
        crates: READERS,
        forbidden: &["aya", "aya-obj", "aya-ebpf", "afterimage-capture"],
        reason: "a trace opens on any laptop, without the machinery that recorded it",
    },
    Rule {
        crates: &["afterimage-format"],
        forbidden: &["ratatui", "crossterm", "tokio"],
        reason: "the trace format knows no terminal and no async runtime",
    },
    Rule {
        crates: &["afterimage-format"],
        forbidden: &[
            "afterimage-import",
            "afterimage-query",
            "afterimage-tui",
            "afterimage-analyze",
        ],
        reason: "the trace format is below the analyzer",
    },
    Rule {
        crates: &["afterimage-import"],
        forbidden: &["ratatui", "crossterm", "clap", "tokio", "afterimage-query"],
        reason: "an import is a library over the trace format, without terminal or command line",
    },
    Rule {
        crates: &["afterimage-query"],
        forbidden: &["ratatui", "crossterm", "afterimage-tui"],
        reason: "queries know no terminal",
    },
    Rule {
        crates: &["afterimage-capture"],
        forbidden: &["ratatui", "afterimage-tui"],
        reason: "the recorder has no terminal interface",
    },
];

/// A crate that the kernel program shares.
const WITHOUT_DEPENDENCIES: &str = "afterimage-abi";

pub(super) fn check(repository: &Repository) -> Result<Vec<String>> {
    Ok(violations(&repository.metadata))
}

fn violations(metadata: &Metadata) -> Vec<String> {
    let ruled: BTreeSet<&str> = RULES
        .iter()
        .flat_map(|rule| rule.crates)
        .copied()
        .chain([WITHOUT_DEPENDENCIES])
        .collect();
    let mut found = Vec::new();
    for member in ruled.into_iter().filter(|member| !metadata.members.contains(*member)) {
        found.push(format!(
            "{member} is named in a rule of tidy, but is no crate of this workspace"
        ));
    }
    for rule in &RULES {
        for member in rule.crates {
            for forbidden in rule.forbidden {
                if let Some(path) = metadata.path(member, forbidden) {
                    found.push(format!("{} must not be: {}", path.join(" -> "), rule.reason));
                }
            }
        }
    }
    for need in metadata.needs.get(WITHOUT_DEPENDENCIES).into_iter().flatten() {
        found.push(format!(
            "{WITHOUT_DEPENDENCIES} -> {need} must not be: the kernel program shares this crate"
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(edges: &[(&str, &str)], expected: &[&str]) {
        let mut metadata = Metadata::default();
        metadata.members.extend(READERS.iter().map(|name| (*name).to_owned()));
        metadata
            .members
            .extend(["afterimage-capture", WITHOUT_DEPENDENCIES].map(str::to_owned));
        for (from, to) in edges {
            metadata
                .needs
                .entry((*from).to_owned())
                .or_default()
                .insert((*to).to_owned());
        }
        let found = violations(&metadata);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                found.starts_with(expected),
                "{found:?} does not start with {expected:?}"
            );
        }
    }

    #[test]
    fn the_intended_directions_pass() {
        check(
            &[
                ("afterimage-capture", "aya"),
                ("afterimage-capture", "afterimage-format"),
                ("afterimage-analyze", "afterimage-tui"),
                ("afterimage-tui", "ratatui"),
                ("afterimage-tui", "afterimage-query"),
                ("afterimage-query", "afterimage-format"),
                ("afterimage-format", "zstd"),
            ],
            &[],
        );
    }

    #[test]
    fn a_forbidden_dependency_is_shown_with_the_way_to_it() {
        check(
            &[("afterimage-analyze", "aya")],
            &["afterimage-analyze -> aya must not be"],
        );
        check(
            &[("afterimage-format", "helper"), ("helper", "tokio")],
            &["afterimage-format -> helper -> tokio must not be"],
        );
        check(&[("afterimage-abi", "libc")], &["afterimage-abi -> libc must not be"]);
    }

    #[test]
    fn a_rule_about_a_crate_that_is_gone_is_not_silently_void() {
        let found = violations(&Metadata::default());
        assert!(
            found
                .iter()
                .any(|line| line.starts_with("afterimage-format is named in a rule")),
            "{found:?}"
        );
    }
}
