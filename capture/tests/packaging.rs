//! What is installed fits together: the DaemonSet against Kubernetes' own types, against the unit and against the agent.

mod support;

use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, ServiceAccount};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

fn packaging(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging").join(name);
    std::fs::read_to_string(path).unwrap()
}

fn manifest() -> Vec<Value> {
    let text = packaging("kubernetes/daemonset.yaml");
    text.split("\n---\n")
        .map(|text| serde_saphyr::from_str(text).unwrap())
        .collect()
}

/// What Kubernetes' types do not know would be left out by the API server without a word.
fn strict<T: Serialize + DeserializeOwned>(document: &Value) -> T {
    let read: T = serde_json::from_value(document.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), *document);
    read
}

#[test]
fn the_manifest_has_nothing_that_kubernetes_does_not_know() {
    let mut kinds = Vec::new();
    for document in manifest() {
        let kind = document["kind"].as_str().unwrap().to_owned();
        match kind.as_str() {
            "Namespace" => drop(strict::<Namespace>(&document)),
            "ServiceAccount" => drop(strict::<ServiceAccount>(&document)),
            "ClusterRole" => drop(strict::<ClusterRole>(&document)),
            "ClusterRoleBinding" => drop(strict::<ClusterRoleBinding>(&document)),
            "ConfigMap" => drop(strict::<ConfigMap>(&document)),
            "DaemonSet" => {
                let spec = strict::<DaemonSet>(&document).spec.unwrap().template.spec.unwrap();
                let volumes: BTreeSet<String> = spec.volumes.unwrap().into_iter().map(|one| one.name).collect();
                let mounts = spec.containers[0].volume_mounts.clone().unwrap();
                let mounted: BTreeSet<String> = mounts.into_iter().map(|one| one.name).collect();
                assert_eq!(mounted, volumes);
            }
            other => panic!("{other}"),
        }
        kinds.push(kind);
    }
    assert_eq!(kinds.last().unwrap(), "DaemonSet");
}

/// The rights of the unit, but for a socket that is given away and ports below 1024, which a pod does not need.
#[test]
fn unit_and_pod_have_the_same_rights() {
    let unit = packaging("afterimage-agent.service");
    let line = unit
        .lines()
        .find_map(|line| line.strip_prefix("CapabilityBoundingSet="))
        .unwrap();
    let of_unit: BTreeSet<&str> = line.split(' ').filter_map(|name| name.strip_prefix("CAP_")).collect();
    let all = manifest();
    let pod = &all.last().unwrap()["spec"]["template"]["spec"];
    let capabilities = &pod["containers"][0]["securityContext"]["capabilities"];
    let mut of_pod: BTreeSet<&str> = capabilities["add"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(capabilities["drop"], serde_json::json!(["ALL"]));
    of_pod.extend(["CHOWN", "NET_BIND_SERVICE"]);
    assert_eq!(of_pod, of_unit);
}

/// The agent of a node can be reached at the node's address, and reads the file that the ConfigMap becomes, in a folder of its
/// own: what is mounted as a file stays as it was when the ConfigMap changes.
#[test]
fn the_pod_is_reached_and_configured_by_what_the_manifest_has() {
    let all = manifest();
    let map = all.iter().find(|document| document["kind"] == "ConfigMap").unwrap();
    let spec = &all.last().unwrap()["spec"]["template"]["spec"];
    let agent = &spec["containers"][0];
    let text = map["data"]["agent.toml"].as_str().unwrap();
    let port = &agent["ports"][0];
    assert_eq!(port["hostPort"], port["containerPort"]);
    assert!(text.contains(&format!("listen = [\"0.0.0.0:{}\"]", port["containerPort"])));
    for probe in ["readinessProbe", "livenessProbe"] {
        let get = &agent[probe]["httpGet"];
        assert_eq!((&get["port"], &get["scheme"]), (&port["name"], &Value::from("HTTPS")));
    }
    assert!(text.contains("[http.tls]") && !text.contains("client_ca"));
    let named = |list: &str, name: &str| {
        let items = agent.get(list).or(spec.get(list)).and_then(Value::as_array).unwrap();
        items.iter().find(|item| item["name"] == name).unwrap().clone()
    };
    let mount = named("volumeMounts", "config");
    assert_eq!(mount.get("subPath"), None);
    assert_eq!(named("volumes", "config")["configMap"]["name"], map["metadata"]["name"]);
    let file = format!("{}/agent.toml", mount["mountPath"].as_str().unwrap());
    assert_eq!(agent["args"], serde_json::json!(["--config", file]));
    assert!(agent.get("command").is_none());
    let image = packaging("Containerfile");
    let entry = "ENTRYPOINT [\"/usr/bin/capture\", \"agent\"]\nCMD [\"--config\",";
    assert!(image.contains(entry), "{image}");
    // Mounts within mounts would have to be made in what is mounted.
    let mounts = agent["volumeMounts"].as_array().unwrap();
    let paths: Vec<&str> = mounts.iter().filter_map(|mount| mount["mountPath"].as_str()).collect();
    for inner in &paths {
        let outer = paths.iter().find(|outer| inner.starts_with(&format!("{outer}/")));
        assert_eq!(outer, None, "{inner}");
    }
}

#[test]
fn the_agent_takes_the_configuration_of_the_manifest() {
    let dir = tempfile::tempdir().unwrap();
    let all = manifest();
    let map = all.iter().find(|document| document["kind"] == "ConfigMap").unwrap();
    let mut text = map["data"]["agent.toml"].as_str().unwrap().to_owned();
    let certificate = rcgen::generate_simple_self_signed(vec!["node".to_owned()]).unwrap();
    for (name, content) in [
        ("tls/tls.crt", certificate.cert.pem()),
        ("tls/tls.key", certificate.signing_key.serialize_pem()),
        ("tokens/falco", "a-token-of-some-length".to_owned()),
    ] {
        let path = dir.path().join(name.replace('/', "-"));
        std::fs::write(&path, content).unwrap();
        let mounted = format!("/etc/afterimage/{name}");
        assert!(text.contains(&mounted), "{mounted}");
        text = text.replace(&mounted, path.to_str().unwrap());
    }
    let path = dir.path().join("agent.toml");
    std::fs::write(&path, text).unwrap();
    let output = support::capture()
        .args(["agent", "--check", "--config"])
        .arg(&path)
        .env("KUBERNETES_SERVICE_HOST", "10.0.0.1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}
