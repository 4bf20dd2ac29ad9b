//! The descendants of processes.

use crate::snapshot;
use std::collections::{BTreeMap, BTreeSet};

/// The processes `roots` with all their descendants as /proc has them now. A process whose parent ended belongs to
/// another one, so what was left behind before is not found.
pub(crate) fn descendants(roots: &BTreeSet<u32>) -> BTreeSet<u32> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for pid in snapshot::processes() {
        if let Some(parent) = snapshot::parent_of(pid) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = roots.clone();
    let mut open: Vec<u32> = roots.iter().copied().collect();
    while let Some(pid) = open.pop() {
        for child in children.remove(&pid).unwrap_or_default() {
            if found.insert(child) {
                open.push(child);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_belongs_to_its_parent() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let found = descendants(&[std::process::id()].into());
        assert!(found.contains(&child.id()) && !found.contains(&1));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
