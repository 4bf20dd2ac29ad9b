//! What measuring needs before it can begin.

use std::path::Path;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::run::Bench;
use super::web;
use super::workload::{self, Workload};
use crate::process;
use crate::workspace::{self, Profile};

/// A folder that is gone when this is dropped.
pub(super) fn scratch() -> Result<TempDir> {
    let mut folder = tempfile::Builder::new();
    folder
        .prefix("afterimage-bench-")
        .tempdir()
        .context("no temporary folder")
}

/// A median of nothing is none.
pub(super) fn some_repetitions(repetitions: usize) -> Result<()> {
    if repetitions == 0 {
        bail!("--repetitions must be at least 1");
    }
    Ok(())
}

/// The recorder, built, and what these workloads work on, in the folder `scratch`.
///
/// # Errors
/// Where this is not root, or something cannot be built or written.
pub(super) fn bench(root: &Path, workloads: &[Workload], scale: f64, scratch: &Path) -> Result<Bench> {
    if !process::is_root() {
        bail!("recording needs root: try `sudo -E cargo xtask bench …`");
    }
    let server = workloads.contains(&Workload::Http).then(|| web::programs(root));
    let bench = Bench {
        programs: workspace::build_programs(root, Profile::Release)?,
        scratch: scratch.to_owned(),
        server: server.transpose()?,
        scale,
    };
    if workloads.contains(&Workload::Files) {
        workload::make_files(&bench.files(), scale)?;
    }
    Ok(bench)
}
