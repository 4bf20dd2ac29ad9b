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
}

/// The test that compares the document writes it where this is set.
const WRITE: &str = "AFTERIMAGE_WRITE_DOCS";

/// Writes it.
pub(crate) fn run(root: &Path, action: &Action) -> Result<()> {
    let Action::Syscalls = action;
    let status = Command::new("cargo")
        .args(["test", "--quiet", "-p", "afterimage-capture", "--bin", "capture"])
        .arg("the_document_is_up_to_date")
        .env(WRITE, "1")
        .current_dir(root)
        .status()
        .context("cannot run cargo")?;
    if !status.success() {
        bail!("docs/syscalls.md was not written");
    }
    println!("xtask: docs/syscalls.md is of the tables in capture/src/catalogue");
    Ok(())
}
