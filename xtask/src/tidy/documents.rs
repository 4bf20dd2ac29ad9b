//! The documents that a reader expects are there and say something.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::Repository;

const DOCUMENTS: [&str; 10] = [
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "docs/format.md",
    "docs/benchmarks.md",
    "probe-ebpf/program/README.md",
    "samples/README.md",
];

pub(super) fn check(repository: &Repository) -> Result<Vec<String>> {
    Ok(missing(&repository.root, &DOCUMENTS))
}

fn missing(root: &Path, documents: &[&str]) -> Vec<String> {
    let says_something = |name: &&&str| fs::read_to_string(root.join(name)).is_ok_and(|text| !text.trim().is_empty());
    let missing = documents.iter().filter(|name| !says_something(name));
    missing.map(|name| format!("{name} is missing or empty")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_document_counts_as_missing() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("README.md"), "Afterimage").unwrap();
        fs::write(root.path().join("CHANGELOG.md"), " \n").unwrap();
        assert_eq!(
            missing(root.path(), &["README.md", "CHANGELOG.md", "docs/format.md"]),
            ["CHANGELOG.md is missing or empty", "docs/format.md is missing or empty"]
        );
    }
}
