//! A cgroup of its own: a recorder that records only this one selects what was put into it, or nothing.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

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

    /// The file that processes join it through.
    pub(super) fn processes(&self) -> PathBuf {
        self.path.join("cgroup.procs")
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // Programs that were just being started end by themselves.
        for _ in 0..20 {
            if fs::remove_dir(&self.path).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}
