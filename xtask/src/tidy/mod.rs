//! Rules about the repository that a compiler does not check. Each is a function of its own that lists what breaks it.

mod crate_docs;
mod dependencies;
mod documents;
mod format;
mod length;
mod machine_paths;
mod metadata;
mod samples;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::{probe, workspace};
use metadata::Metadata;

/// What the rules look at.
struct Repository {
    root: PathBuf,
    /// Files under version control, relative to `root`.
    files: Vec<PathBuf>,
    metadata: Metadata,
}

type Check = fn(&Repository) -> Result<Vec<String>>;

const CHECKS: [(&str, Check); 8] = [
    ("dependency directions", dependencies::check),
    ("no paths of a machine", machine_paths::check),
    ("documents present", documents::check),
    ("samples explained", samples::check),
    ("crates documented", crate_docs::check),
    ("trace format described", format::check),
    ("files short", length::check),
    ("kernel object current", kernel_object),
];

/// Runs every check, prints what each found, and fails if any found something.
pub(crate) fn run(root: &Path) -> Result<()> {
    let repository = Repository {
        root: root.to_owned(),
        files: workspace::files(root)?,
        metadata: Metadata::of_workspace(root)?,
    };
    let mut broken = 0;
    for (name, check) in CHECKS {
        let findings = check(&repository)?;
        println!(
            "tidy: {name}: {}",
            if findings.is_empty() {
                "ok".to_owned()
            } else {
                format!("{} found", findings.len())
            }
        );
        for finding in &findings {
            println!("  {finding}");
        }
        broken += findings.len();
    }
    if broken > 0 {
        bail!("tidy: {broken} to put right");
    }
    Ok(())
}

fn kernel_object(repository: &Repository) -> Result<Vec<String>> {
    Ok(match probe::agrees_with_sources(&repository.root) {
        Ok(()) => Vec::new(),
        Err(error) => vec![format!("{error:#}")],
    })
}
