//! The part of `cargo metadata` that the checks read: which package needs which.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::{process, workspace};

/// The workspace's packages and what they need to be built (not what only their tests need).
#[derive(Debug, Default)]
pub(crate) struct Metadata {
    /// Names of the workspace's own packages.
    pub(crate) members: BTreeSet<String>,
    /// Direct dependencies by package name.
    pub(crate) needs: BTreeMap<String, BTreeSet<String>>,
    /// Root source files of the workspace's libraries and programs.
    pub(crate) crate_roots: Vec<PathBuf>,
}

impl Metadata {
    /// Asks cargo about the workspace at `root`.
    pub(crate) fn of_workspace(root: &Path) -> Result<Self> {
        let mut cargo = workspace::cargo();
        cargo.current_dir(root).args(["metadata", "--format-version", "1"]);
        Self::parse(&process::output(&mut cargo)?)
    }

    fn parse(json: &str) -> Result<Self> {
        let raw: Raw = serde_json::from_str(json).context("cargo metadata has another shape than expected")?;
        let names: BTreeMap<&str, &str> = raw
            .packages
            .iter()
            .map(|package| (&*package.id, &*package.name))
            .collect();
        let name = |id: &str| names.get(id).map_or_else(|| id.to_owned(), |name| (*name).to_owned());
        let mut found = Self {
            members: raw.workspace_members.iter().map(|id| name(id)).collect(),
            ..Self::default()
        };
        for node in &raw.resolve.nodes {
            let needs = found.needs.entry(name(&node.id)).or_default();
            needs.extend(
                node.deps
                    .iter()
                    .filter(|need| need.is_for_building())
                    .map(|need| name(&need.pkg)),
            );
        }
        let own = raw
            .packages
            .iter()
            .filter(|package| raw.workspace_members.contains(&package.id));
        for target in own.flat_map(|package| &package.targets) {
            if target.kind.iter().any(|kind| kind == "lib" || kind == "bin") {
                found.crate_roots.push(target.src_path.clone());
            }
        }
        Ok(found)
    }

    /// The shortest chain of dependencies from one package to another, both included.
    pub(crate) fn path(&self, from: &str, to: &str) -> Option<Vec<String>> {
        let mut queue = VecDeque::from([vec![from.to_owned()]]);
        let mut seen = BTreeSet::from([from.to_owned()]);
        while let Some(path) = queue.pop_front() {
            let last = path.last()?;
            if last == to {
                return Some(path);
            }
            for next in self.needs.get(last).into_iter().flatten() {
                if seen.insert(next.clone()) {
                    queue.push_back(path.iter().chain([next]).cloned().collect());
                }
            }
        }
        None
    }
}

#[derive(Deserialize)]
struct Raw {
    packages: Vec<Package>,
    workspace_members: Vec<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
    src_path: PathBuf,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<DependencyKind>,
}

#[derive(Deserialize)]
struct DependencyKind {
    /// Null for an ordinary one, "build" or "dev".
    kind: Option<String>,
}

impl Dependency {
    fn is_for_building(&self) -> bool {
        self.dep_kinds
            .iter()
            .any(|dependency| dependency.kind.as_deref() != Some("dev"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{
        "packages": [
            {"id": "id:format", "name": "format", "targets": [
                {"kind": ["lib"], "src_path": "/r/format/src/lib.rs"},
                {"kind": ["test"], "src_path": "/r/format/tests/all.rs"}]},
            {"id": "id:zstd", "name": "zstd", "targets": [{"kind": ["lib"], "src_path": "/registry/zstd.rs"}]},
            {"id": "id:cc", "name": "cc", "targets": []},
            {"id": "id:aya", "name": "aya", "targets": []}],
        "workspace_members": ["id:format"],
        "resolve": {"nodes": [
            {"id": "id:format", "deps": [
                {"pkg": "id:zstd", "dep_kinds": [{"kind": null}]},
                {"pkg": "id:aya", "dep_kinds": [{"kind": "dev"}]}]},
            {"id": "id:zstd", "deps": [{"pkg": "id:cc", "dep_kinds": [{"kind": "build"}, {"kind": "dev"}]}]},
            {"id": "id:cc", "deps": []}, {"id": "id:aya", "deps": []}]}
    }"#;

    #[test]
    fn members_roots_and_chains_are_read_from_cargo() {
        let metadata = Metadata::parse(JSON).unwrap();
        assert_eq!(metadata.members, BTreeSet::from(["format".to_owned()]));
        assert_eq!(metadata.crate_roots, [PathBuf::from("/r/format/src/lib.rs")]);
        assert_eq!(metadata.path("format", "cc").unwrap(), ["format", "zstd", "cc"]);
        assert_eq!(metadata.path("format", "aya"), None, "needed by tests only");
    }
}
