//! The hierarchy of cgroups that tells containers apart: version 2, or that of one controller where a host has only
//! version 1.

use std::path::PathBuf;
use std::sync::LazyLock;

/// Controllers of version 1 in which every runtime makes a cgroup for a container.
const CONTROLLERS: [&str; 4] = ["pids", "memory", "devices", "freezer"];

/// One hierarchy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hierarchy {
    /// Where it is mounted.
    pub(crate) root: PathBuf,
    /// The kernel's number for it; 0: version 2.
    pub(crate) id: u32,
    /// Its controller; empty: version 2.
    pub(crate) controller: &'static str,
}

/// The one that counts on this host.
pub(crate) fn hierarchy() -> Option<&'static Hierarchy> {
    static FOUND: LazyLock<Option<Hierarchy>> = LazyLock::new(|| {
        let read = |file| std::fs::read_to_string(file).unwrap_or_default();
        find(&read("/proc/self/mounts"), &read("/proc/cgroups"))
    });
    FOUND.as_ref()
}

/// Looks for it in /proc/self/mounts and /proc/cgroups.
fn find(mounts: &str, controllers: &str) -> Option<Hierarchy> {
    let mounted = |kind: &str, option: &str| {
        mounts.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(' ').collect();
            let [_, place, found, options, ..] = fields.as_slice() else {
                return None;
            };
            let fits = *found == kind && (option.is_empty() || options.split(',').any(|o| o == option));
            fits.then(|| PathBuf::from(place))
        })
    };
    if let Some(root) = mounted("cgroup2", "") {
        return Some(Hierarchy {
            root,
            id: 0,
            controller: "",
        });
    }
    CONTROLLERS.into_iter().find_map(|controller| {
        let root = mounted("cgroup", controller)?;
        let line = controllers
            .lines()
            .find(|line| line.split('\t').next() == Some(controller))?;
        let id: u32 = line.split('\t').nth(1)?.parse().ok()?;
        (id != 0).then_some(Hierarchy { root, id, controller })
    })
}

/// The path in `text`, which is a process's /proc/PID/cgroup.
pub(super) fn path_in<'t>(text: &'t [u8], hierarchy: &Hierarchy) -> Option<&'t [u8]> {
    let id = format!("{}:", hierarchy.id);
    text.split(|byte| *byte == b'\n').find_map(|line| {
        let rest = line.strip_prefix(id.as_bytes())?;
        let colon = rest.iter().position(|byte| *byte == b':')?;
        Some(&rest[colon + 1..])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTROLLERS: &str = "#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t4\t61\t1\npids\t8\t4\t1\n";

    #[test]
    fn version_2_is_preferred() {
        let mounts = "cgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n";
        let found = find(mounts, CONTROLLERS).unwrap();
        assert_eq!((found.root.to_str(), found.id), (Some("/sys/fs/cgroup/unified"), 0));
        let text = b"8:pids:/docker/x\n4:memory:/m\n0::/docker/y\n";
        assert_eq!(path_in(text, &found), Some(&b"/docker/y"[..]));
    }

    #[test]
    fn version_1_alone() {
        let mounts = "cgroup /c/memory cgroup rw,memory 0 0\ncgroup /c/pids cgroup rw,nosuid,pids 0 0\n";
        let found = find(mounts, CONTROLLERS).unwrap();
        assert_eq!(
            (found.root.to_str(), found.id, found.controller),
            (Some("/c/pids"), 8, "pids")
        );
        let text = b"8:pids:/docker/x\n4:memory:/m\n0::/\n";
        assert_eq!(path_in(text, &found), Some(&b"/docker/x"[..]));
        assert_eq!(find("proc /proc proc rw 0 0\n", CONTROLLERS), None);
        assert_eq!(find("cgroup /c/pids cgroup rw,pids 0 0\n", "pids\t0\t1\t1\n"), None);
    }
}
