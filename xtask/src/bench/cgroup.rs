//! A cgroup in which nothing runs: a recorder that records only this one selects nothing.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

/// Gone when dropped.
pub(super) struct Cgroup {
    path: PathBuf,
    name: String,
}

impl Cgroup {
    /// Makes it below the root of the hierarchy of version 2.
    pub(super) fn make() -> Result<Self> {
        let mounts = fs::read_to_string("/proc/self/mounts").context("cannot read the mounts of this process")?;
        let root = mounts
            .lines()
            .find_map(|line| match *line.split(' ').collect::<Vec<_>>() {
                [_, place, "cgroup2", ..] => Some(place),
                _ => None,
            });
        let name = format!("/afterimage-bench-{}", std::process::id());
        let path = PathBuf::from(format!("{}{name}", root.context("cgroup v2 is not mounted")?));
        fs::create_dir(&path).with_context(|| format!("cannot make the cgroup {name}"))?;
        Ok(Self { path, name })
    }

    /// As `--cgroup` takes it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.path);
    }
}
