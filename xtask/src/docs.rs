//! Documents that are written from the sources.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Subcommand;

/// Which one.
#[derive(Subcommand)]
pub(crate) enum Action {
    /// docs/syscalls.md: what is captured of each system call
    Syscalls,
    /// docs/fields.md: what filters and formats can name
    Fields,
    /// docs/images/tui and the keys in docs/tui.md: the terminal interface on the sample incident
    Screenshots,
}

/// The test that compares the document writes it where this is set.
const WRITE: &str = "AFTERIMAGE_WRITE_DOCS";

/// Writes it.
pub(crate) fn run(root: &Path, action: &Action) -> Result<()> {
    let (document, test, of) = match action {
        Action::Syscalls => (
            "docs/syscalls.md",
            &[
                "-p",
                "afterimage-capture",
                "--bin",
                "capture",
                "the_document_is_up_to_date",
            ][..],
            "the tables in capture/src/catalogue",
        ),
        Action::Fields => (
            "docs/fields.md",
            &[
                "-p",
                "afterimage-analyze",
                "--test",
                "examples",
                "the_document_of_fields_is_up_to_date",
            ][..],
            "the definitions in analyzer/query/src/fields",
        ),
        Action::Screenshots => (
            "docs/images/tui and docs/tui.md",
            &["-p", "afterimage-tui", "--lib", "tests::pictures"][..],
            "samples/incident.scap and analyzer/tui/src",
        ),
    };
    let status = Command::new("cargo")
        .args(["test", "--quiet"])
        .args(test)
        .env(WRITE, "1")
        .current_dir(root)
        .status()
        .context("cannot run cargo")?;
    if !status.success() {
        bail!("{document} was not written");
    }
    println!("xtask: {document} is of {of}");
    Ok(())
}
