//! Every crate says at its top what it is.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::Repository;

/// A crate that `cargo metadata` of the workspace does not list: it is built for another machine.
const KERNEL_PROGRAM: &str = "probe-ebpf/program/src/main.rs";

pub(super) fn check(repository: &Repository) -> Result<Vec<String>> {
    let kernel_program = repository.root.join(KERNEL_PROGRAM);
    let mut found = Vec::new();
    for file in repository.metadata.crate_roots.iter().chain([&kernel_program]) {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        if !starts_with_docs(&text) {
            found.push(format!(
                "{}: does not begin with `//!` and what the crate is",
                relative(file, &repository.root)
            ));
        }
    }
    Ok(found)
}

fn relative(file: &Path, root: &Path) -> String {
    file.strip_prefix(root).unwrap_or(file).display().to_string()
}

fn starts_with_docs(text: &str) -> bool {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty());
    first
        .and_then(|line| line.strip_prefix("//!"))
        .is_some_and(|said| !matches!(said.trim(), "" | "placeholder"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docs_come_first_and_say_something() {
        for (text, expected) in [
            ("//! The trace file.\nmod a;", true),
            ("\n//! The trace file.", true),
            ("mod a;\n//! too late", false),
            ("//!\n//! begins empty", false),
            ("//! placeholder\nfn main() {}", false),
            ("", false),
        ] {
            assert_eq!(starts_with_docs(text), expected, "{text:?}");
        }
    }
}
