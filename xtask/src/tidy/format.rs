//! The trace format does not change by accident: docs/format.sum says which sources were compared with which documents.

use std::collections::BTreeMap;
use std::fs;

use anyhow::Result;

use super::Repository;
use crate::format::{self, DOCUMENTS, SUM};

pub(super) fn check(repository: &Repository) -> Result<Vec<String>> {
    let recorded = fs::read_to_string(repository.root.join(SUM)).unwrap_or_default();
    let now = format::sum(&repository.root, &repository.files)?;
    Ok(Vec::from_iter(changed(&recorded, &now)))
}

/// What to do about what differs between the record and what is there now.
fn changed(recorded: &str, now: &str) -> Option<String> {
    let (before, after) = (by_name(recorded), by_name(now));
    let names = before.keys().chain(after.keys());
    let mut names: Vec<&str> = names
        .filter(|name| before.get(*name) != after.get(*name))
        .copied()
        .collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return None;
    }
    let list = names.join(", ");
    let is_told = names.iter().any(|name| *name == VERSION || DOCUMENTS.contains(name));
    let what = if is_told {
        "check that the two say the same"
    } else {
        "neither docs/format.md nor FORMAT_VERSION did. Check whether traces are still as docs/format.md and \
         docs/format.ksy say; if not, change these (what version 1 wrote has to stay readable; what older readers cannot \
         skip needs a new version)"
    };
    Some(format!(
        "{list}: changed since they were compared with the format's description; {what}. Run `cargo test -p \
         afterimage-format --test specification`, then `cargo xtask format accept`, and commit {SUM} with the change"
    ))
}

const VERSION: &str = "FORMAT_VERSION";

/// Hash, or version, by the name of what has it.
fn by_name(sum: &str) -> BTreeMap<&str, &str> {
    let entry = |line| match str::split_once(line, "  ") {
        Some((hash, name)) => (name, hash),
        None => (VERSION, line),
    };
    sum.lines().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_the_encoder_alone_is_noticed() {
        let recorded = "version 1\naa  docs/format.md\nbb  docs/format.ksy\ncc  encode.rs\n";
        let check = |now: &str, expected: &[&str]| {
            let found = changed(recorded, now).unwrap_or_default();
            for part in expected {
                assert!(found.contains(part), "{found:?} lacks {part:?}");
            }
            assert_eq!(found.is_empty(), expected.is_empty(), "{found}");
        };
        check(recorded, &[]);
        check(
            &recorded.replace("cc", "dd"),
            &["encode.rs: ", "neither docs/format.md nor", "xtask format accept"],
        );
        check(
            &recorded.replace("cc", "dd").replace("aa", "ee"),
            &["docs/format.md, encode.rs: ", "say the same", "xtask format accept"],
        );
        check(
            &recorded.replace("version 1", "version 2"),
            &["FORMAT_VERSION: ", "say the same"],
        );
        check(&format!("{recorded}ff  new.rs\n"), &["new.rs: "]);
        check("version 1\naa  docs/format.md\nbb  docs/format.ksy\n", &["encode.rs: "]);
        assert!(changed("", recorded).is_some(), "a record that is missing is noticed");
    }
}
