//! Bundles and state directories of runc, crun and containerd's shim.

use super::Hints;
use super::oci::{self, from_spec};
use super::read::{self, FILE_MAX};
use crate::protocol::Metadata;
use crate::settings::Roots;
use crate::time;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Folders of namespaces that are looked into.
const NAMESPACES_MAX: usize = 64;

/// What the low-level runtime was told.
pub(super) fn look(roots: &Roots, hints: &Hints, id: &str) -> Option<Metadata> {
    let runc = hints.roots.runc.iter().chain(&roots.runc);
    let crun = hints.roots.crun.iter().chain(&roots.crun);
    let tasks = hints.roots.tasks.iter().chain(&roots.tasks);
    let bundles = hints.bundles.iter();
    let from_bundle = bundles
        .filter_map(|bundle| read::json(bundle, "config.json", FILE_MAX))
        .map(|spec| from_spec(&spec))
        .next();
    runc.flat_map(|root| below(root, hints))
        .find_map(|root| of_runc(&root, id))
        .or_else(|| crun.clone().find_map(|root| of_crun(root, id)))
        .or_else(|| {
            tasks
                .flat_map(|root| below(root, hints))
                .find_map(|root| of_task(&root, id))
        })
        .or_else(|| {
            let mut metadata = from_bundle?;
            name(&mut metadata, "runc", id);
            Some(metadata)
        })
}

/// A root itself and its folders, the likely one first: one per namespace, where there are namespaces.
fn below(root: &Path, hints: &Hints) -> Vec<PathBuf> {
    let likely = hints.namespace.iter().map(|namespace| root.join(namespace));
    let mut all: Vec<PathBuf> = std::iter::once(root.to_owned()).chain(likely).collect();
    if let Ok(folders) = std::fs::read_dir(root) {
        let folders = folders.flatten().filter(|f| f.file_type().is_ok_and(|t| t.is_dir()));
        all.extend(folders.take(NAMESPACES_MAX).map(|f| f.path()));
    }
    all
}

/// `<root>/<id>/state.json` names the bundle.
fn of_runc(root: &Path, id: &str) -> Option<Metadata> {
    let state = read::json(root, &format!("{id}/state.json"), FILE_MAX)?;
    let labels = oci::strings(&state["config"]["labels"]);
    let bundle = labels.filter_map(|l| l.strip_prefix("bundle=")).next();
    let mut metadata = bundle.map(|b| of_bundle(Path::new(b))).unwrap_or_default();
    metadata.created = state["created"].as_str().and_then(time::parse);
    name(&mut metadata, "runc", id);
    Some(metadata)
}

/// `<root>/<id>/status` does so, and `config.json` lies beside it in newer versions.
fn of_crun(root: &Path, id: &str) -> Option<Metadata> {
    let status: Value = read::json(root, &format!("{id}/status"), FILE_MAX)?;
    let mut metadata = match read::json(root, &format!("{id}/config.json"), FILE_MAX) {
        Some(spec) => from_spec(&spec),
        None => status["bundle"]
            .as_str()
            .map(|bundle| of_bundle(Path::new(bundle)))
            .unwrap_or_default(),
    };
    metadata.created = status["created"].as_str().and_then(time::parse);
    name(&mut metadata, "crun", id);
    Some(metadata)
}

/// containerd's bundles exist before runc has begun.
fn of_task(root: &Path, id: &str) -> Option<Metadata> {
    let mut metadata = from_spec(&read::json(root, &format!("{id}/config.json"), FILE_MAX)?);
    name(&mut metadata, "containerd", id);
    Some(metadata)
}

fn of_bundle(bundle: &Path) -> Metadata {
    let spec = read::json(bundle, "config.json", FILE_MAX);
    spec.map(|spec| from_spec(&spec)).unwrap_or_default()
}

/// A bare container's name is its id. One with an id of 64 digits belongs to somebody who has a name for it.
fn name(metadata: &mut Metadata, source: &str, id: &str) {
    if metadata.source.is_empty() {
        metadata.source = source.into();
    }
    let generated = id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit());
    if metadata.name.is_empty() && !generated {
        metadata.name = id.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn write(path: &Path, value: &Value) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, value.to_string()).unwrap();
    }

    #[test]
    fn state_of_runc_leads_to_the_bundle() {
        let dir = tempfile::tempdir().unwrap();
        let bundle = dir.path().join("bundle");
        write(&bundle.join("config.json"), &json!({"process": {"env": ["A=1"]}}));
        let state = json!({
            "created": "2024-01-01T00:00:00Z", "config": {"labels": ["x", format!("bundle={}", bundle.display())]},
        });
        write(&dir.path().join("state/default/c1/state.json"), &state);
        let roots = Roots {
            runc: vec![dir.path().join("state")],
            ..Roots::default()
        };
        let found = look(&roots, &Hints::default(), "c1").unwrap();
        assert_eq!((found.source.as_str(), found.name.as_str()), ("runc", "c1"));
        assert_eq!(found.env_names, ["A"]);
        assert_eq!(found.created, Some(1_704_067_200_000_000_000));
    }

    #[test]
    fn status_of_crun() {
        let dir = tempfile::tempdir().unwrap();
        let status = json!({"bundle": "/nowhere", "created": "2024-01-01T00:00:00.5Z"});
        write(&dir.path().join("c2/status"), &status);
        let roots = Roots {
            crun: vec![dir.path().to_owned()],
            ..Roots::default()
        };
        let found = look(&roots, &Hints::default(), "c2").unwrap();
        assert_eq!((found.source.as_str(), found.name.as_str()), ("crun", "c2"));
        assert_eq!(found.created, Some(1_704_067_200_500_000_000));
    }

    #[test]
    fn a_bundle_of_containerd() {
        let dir = tempfile::tempdir().unwrap();
        let id = "ab".repeat(32);
        let spec = json!({"annotations": {"io.kubernetes.cri.container-type": "sandbox",
            "io.kubernetes.cri.sandbox-name": "p"}});
        write(&dir.path().join(format!("k8s.io/{id}/config.json")), &spec);
        let roots = Roots {
            tasks: vec![dir.path().to_owned()],
            ..Roots::default()
        };
        let found = look(&roots, &Hints::default(), &id).unwrap();
        assert_eq!((found.source.as_str(), found.name.as_str()), ("cri", ""));
        assert_eq!(found.pod.unwrap().name, "p");
    }

    #[test]
    fn a_state_that_is_garbage_is_none() {
        let dir = tempfile::tempdir().unwrap();
        write(&dir.path().join("c3/state.json"), &json!([1, 2]));
        std::fs::write(dir.path().join("c3/state.json"), "{\"config\":").unwrap();
        let roots = Roots {
            runc: vec![dir.path().to_owned()],
            ..Roots::default()
        };
        assert_eq!(look(&roots, &Hints::default(), "c3"), None);
    }
}
