//! The storage that Podman and CRI-O share: one list of containers, and a folder for each of them.

use super::oci::{from_spec, strings, text};
use super::read::{self, FILE_MAX};
use crate::protocol::{Metadata, Pod};
use crate::time;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The list grows with the number of containers on the host.
const LIST_MAX: u64 = 4 << 20;

/// What the storage says about a container. The folder of the bundle may be another than that of the list.
pub(super) fn look(roots: &[PathBuf], id: &str) -> Option<Metadata> {
    let spec = roots
        .iter()
        .find_map(|root| read::json(root, &format!("{id}/userdata/config.json"), FILE_MAX));
    let entry = roots.iter().find_map(|root| entry(root, id));
    if spec.is_none() && entry.is_none() {
        return None;
    }
    let mut metadata = spec.map(|spec| from_spec(&spec)).unwrap_or_default();
    if let Some(entry) = entry {
        metadata.overlay(of_entry(&entry));
    }
    if metadata.source.is_empty() {
        metadata.source = "podman".into();
    }
    Some(metadata)
}

fn entry(root: &Path, id: &str) -> Option<Value> {
    let Value::Array(all) = read::json(root, "containers.json", LIST_MAX)? else {
        return None;
    };
    all.into_iter().find(|entry| entry["id"] == id)
}

/// The interesting part is JSON in a text.
fn of_entry(entry: &Value) -> Metadata {
    let notes: Value = entry["metadata"]
        .as_str()
        .and_then(|json| serde_json::from_str(json).ok())
        .unwrap_or_default();
    let name = strings(&entry["names"]).next().map(str::to_owned).unwrap_or_default();
    let mut metadata = Metadata {
        name,
        image: text(&notes["image-name"]),
        image_id: text(&entry["image"]),
        created: entry["created"].as_str().and_then(time::parse),
        ..Metadata::default()
    };
    if notes.get("pod-id").is_some() {
        metadata.source = "cri-o".into();
        metadata.is_sandbox = notes["pod-id"] == entry["id"];
        // CRI-O's name is made of five parts; the container's own stands in its notes.
        metadata.name = text(&notes["container-name"]);
        metadata.pod = Some(Pod {
            name: text(&notes["pod-name"]),
            sandbox_id: text(&notes["pod-id"]),
            ..Pod::default()
        });
    }
    metadata
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn list_and_bundle() {
        let dir = tempfile::tempdir().unwrap();
        let run = dir.path().join("run");
        std::fs::create_dir_all(run.join("c1/userdata")).unwrap();
        let spec = json!({"annotations": {"io.container.manager": "libpod"}, "process": {"env": ["A=1"]}});
        std::fs::write(run.join("c1/userdata/config.json"), spec.to_string()).unwrap();
        let list = json!([{"id": "c0"}, {
            "id": "c1", "names": ["web"], "image": "12ab", "created": "2024-01-01T00:00:00Z",
            "metadata": "{\"image-name\":\"localhost/shop:1\",\"name\":\"web\"}",
        }]);
        std::fs::write(dir.path().join("containers.json"), list.to_string()).unwrap();
        let roots = [dir.path().to_owned(), run];
        let found = look(&roots, "c1").unwrap();
        assert_eq!((found.source.as_str(), found.name.as_str()), ("podman", "web"));
        assert_eq!(
            (found.image.as_str(), found.image_id.as_str()),
            ("localhost/shop:1", "12ab")
        );
        assert_eq!(found.env_names, ["A"]);
        assert_eq!(look(&roots, "c2"), None);
    }

    #[test]
    fn containers_of_crio() {
        let dir = tempfile::tempdir().unwrap();
        let list = json!([{
            "id": "c1", "names": ["k8s_app_web_shop_u_0"],
            "metadata": "{\"pod-name\":\"web\",\"pod-id\":\"5a\",\"container-name\":\"app\"}",
        }]);
        std::fs::write(dir.path().join("containers.json"), list.to_string()).unwrap();
        let found = look(&[dir.path().to_owned()], "c1").unwrap();
        assert_eq!((found.source.as_str(), found.name.as_str()), ("cri-o", "app"));
        assert_eq!(found.pod.unwrap().name, "web");
    }
}
