//! The traces that are encoded and decoded: recorded for it, or given.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Args;

use super::observer::Observer;
use super::run::Bench;
use super::setup;
use super::workload::Workload;
use crate::interrupt;

/// Which traces.
#[derive(Args)]
pub(crate) struct Sources {
    /// A trace to use instead of recording the workloads; several may be given
    #[arg(long = "trace", value_name = "FILE", conflicts_with_all = ["workloads", "scale"])]
    traces: Vec<PathBuf>,
    /// Only these workloads (default: files, http, exec, compile, storm)
    #[arg(long = "workload", value_enum)]
    workloads: Vec<Workload>,
    /// Part of the work to record: 0.1 for a quick look
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
}

/// A trace and what the report calls it.
pub(crate) struct Named {
    /// The workload's name, or the file's.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) file: PathBuf,
}

impl Sources {
    /// The traces; those that are recorded are in `scratch`.
    pub(super) fn gather(&self, root: &Path, scratch: &Path) -> Result<Vec<Named>> {
        if self.traces.is_empty() {
            let workloads = Workload::or(&self.workloads, Workload::traced);
            let bench = setup::bench(root, &workloads, self.scale, scratch)?;
            return workloads.iter().map(|&workload| record(&bench, workload)).collect();
        }
        self.traces.iter().map(|file| given(file)).collect()
    }
}

/// A trace that is there already.
pub(super) fn given(file: &Path) -> Result<Named> {
    if !file.is_file() {
        bail!("{} is not a file: --trace takes a recorded trace", file.display());
    }
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Named {
        name,
        file: file.to_owned(),
    })
}

/// A recording of one workload, in `scratch`.
pub(super) fn record_one(root: &Path, workload: Workload, scale: f64, scratch: &Path) -> Result<Named> {
    record(&setup::bench(root, &[workload], scale, scratch)?, workload)
}

/// The same with the time that calls took.
pub(super) fn record_timed(root: &Path, workload: Workload, scale: f64, scratch: &Path) -> Result<Named> {
    record_as(
        &setup::bench(root, &[workload], scale, scratch)?,
        workload,
        Observer::Timed,
    )
}

fn record(bench: &Bench, workload: Workload) -> Result<Named> {
    record_as(bench, workload, Observer::Capture)
}

fn record_as(bench: &Bench, workload: Workload, observer: Observer) -> Result<Named> {
    interrupt::check()?;
    eprintln!("xtask: recording {}", workload.name());
    let file = bench.scratch.join(format!("{}.scap", workload.name()));
    bench.record(workload, observer, &file)?;
    Ok(Named {
        name: workload.name().to_owned(),
        file,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_given_trace_goes_by_its_files_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("night.scap");
        assert!(given(&file).is_err(), "it is not there yet");
        fs::write(&file, "").unwrap();
        assert_eq!(given(&file).unwrap().name, "night.scap");
    }
}
