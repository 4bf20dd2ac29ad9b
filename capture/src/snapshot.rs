//! What already runs, from /proc: processes, their threads and descriptors, and cgroups.

mod hierarchy;
mod process;
mod read;
mod sockets;

pub(crate) use hierarchy::hierarchy;
pub(crate) use process::{cgroup_of, descriptors, parent_of, process_of, processes, thread, threads, users_of};
pub(crate) use sockets::Sockets;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Where the hierarchy of cgroups that counts is mounted.
pub(crate) fn cgroup_root() -> Option<PathBuf> {
    hierarchy().map(|hierarchy| hierarchy.root.clone())
}

/// The cgroup at `root` and all below it, parents first: id, parent's id, path below the root.
pub(crate) fn cgroups(root: &Path) -> Vec<(u64, u64, PathBuf)> {
    let mut found = Vec::new();
    let Ok(top) = std::fs::metadata(root) else { return found };
    found.push((top.ino(), 0, PathBuf::from("/")));
    let mut open = vec![(top.ino(), PathBuf::from("/"))];
    while let Some((parent, path)) = open.pop() {
        let place = root.join(path.strip_prefix("/").unwrap_or(&path));
        for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
            if let Ok(metadata) = entry.metadata()
                && metadata.is_dir()
            {
                let path = path.join(entry.file_name());
                found.push((metadata.ino(), parent, path.clone()));
                open.push((metadata.ino(), path));
            }
        }
    }
    found
}

/// The cgroup with this id: its parent's id and its path. A walk of the whole hierarchy, for the rare case that its
/// birth was not recorded.
pub(crate) fn find_cgroup(id: u64) -> Option<(u64, PathBuf)> {
    let all = cgroups(&cgroup_root()?);
    all.into_iter()
        .find(|(found, ..)| *found == id)
        .map(|(_, parent, path)| (parent, path))
}

/// A process in the cgroup at this path below the root.
pub(crate) fn first_process(path: &str) -> Option<u32> {
    let place = cgroup_root()?.join(path.trim_start_matches('/')).join("cgroup.procs");
    let text = std::fs::read_to_string(place).ok()?;
    text.lines().next()?.parse().ok()
}

/// Whether a thread is still there.
pub(crate) fn exists(pid: u32, tid: u32) -> bool {
    Path::new(&format!("/proc/{pid}/task/{tid}")).exists()
}
