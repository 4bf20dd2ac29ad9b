//! Docker's own notes: `<root>/<id>/config.v2.json` and `hostconfig.json`.

use super::oci::{names_of, strings, text};
use super::read;
use crate::protocol::{Metadata, Mount};
use crate::time;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Docker's notes hold labels and variables without a limit of their own.
const CONFIG_MAX: u64 = 4 << 20;

/// What Docker noted about a container.
pub(super) fn look(roots: &[PathBuf], id: &str) -> Option<Metadata> {
    roots.iter().find_map(|root| of_root(root, id))
}

fn of_root(root: &Path, id: &str) -> Option<Metadata> {
    let config = read::json(root, &format!("{id}/config.v2.json"), CONFIG_MAX)?;
    let host = read::json(root, &format!("{id}/hostconfig.json"), read::FILE_MAX).unwrap_or_default();
    let asked = &config["Config"];
    let state = &config["State"];
    let labels = asked["Labels"].as_object().into_iter().flatten();
    let networks = config["NetworkSettings"]["Networks"].as_object().into_iter().flatten();
    let mounts = config["MountPoints"].as_object().into_iter().flatten();
    let running = state["Running"] == true;
    let finished = state["FinishedAt"].as_str().and_then(time::parse).filter(|_| !running);
    let exit_code = state["ExitCode"].as_i64().and_then(|code| i32::try_from(code).ok());
    Some(Metadata {
        source: "docker".into(),
        name: text(&config["Name"]).trim_start_matches('/').to_owned(),
        image: text(&asked["Image"]),
        image_id: text(&config["Image"]),
        labels: labels.map(|(key, value)| (key.clone(), text(value))).collect(),
        env_names: names_of(strings(&asked["Env"])),
        mounts: mounts.map(|(_, m)| mount(m)).collect(),
        privileged: host["Privileged"].as_bool(),
        network_mode: host["NetworkMode"].as_str().map(str::to_owned),
        ips: networks
            .flat_map(|(_, n)| [text(&n["IPAddress"]), text(&n["GlobalIPv6Address"])])
            .filter(|ip| !ip.is_empty())
            .collect(),
        created: config["Created"].as_str().and_then(time::parse),
        started: state["StartedAt"].as_str().and_then(time::parse),
        finished,
        exit_code: finished.and(exit_code),
        oom_killed: state["OOMKilled"].as_bool(),
        restart_count: config["RestartCount"].as_u64().and_then(|n| u32::try_from(n).ok()),
        ..Metadata::default()
    })
    // A file of another shape is no description.
    .filter(|found| !found.name.is_empty())
}

fn mount(mount: &Value) -> Mount {
    Mount {
        source: text(&mount["Source"]),
        destination: text(&mount["Destination"]),
        mode: text(&mount["Mode"]),
        rw: mount["RW"] == true,
        propagation: text(&mount["Propagation"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn notes_of_docker() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("c1");
        std::fs::create_dir(&folder).unwrap();
        let config = json!({
            "Name": "/web", "Image": "sha256:12", "Created": "2024-01-01T00:00:00Z", "RestartCount": 2,
            "Config": {"Image": "shop:1", "Labels": {"a": "b\n\"c\""}, "Env": ["KEY=value"]},
            "State": {"Running": false, "ExitCode": 3, "FinishedAt": "2024-01-01T00:00:01Z", "OOMKilled": true},
            "MountPoints": {"/data": {"Source": "/srv", "Destination": "/data", "RW": true, "Propagation": "rprivate"}},
            "NetworkSettings": {"Networks": {"bridge": {"IPAddress": "172.17.0.2"}}},
        });
        std::fs::write(folder.join("config.v2.json"), config.to_string()).unwrap();
        std::fs::write(
            folder.join("hostconfig.json"),
            r#"{"NetworkMode":"bridge","Privileged":true}"#,
        )
        .unwrap();
        let found = look(&[dir.path().to_owned()], "c1").unwrap();
        assert_eq!((found.name.as_str(), found.image.as_str()), ("web", "shop:1"));
        assert_eq!(found.labels["a"], "b\n\"c\"");
        assert_eq!(found.env_names, ["KEY"]);
        assert_eq!((found.exit_code, found.oom_killed), (Some(3), Some(true)));
        assert_eq!(found.ips, ["172.17.0.2"]);
        assert_eq!(found.privileged, Some(true));
        assert!(found.mounts[0].rw);
    }

    #[test]
    fn one_that_runs_has_not_ended() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("c2")).unwrap();
        let config =
            json!({"Name": "/x", "State": {"Running": true, "ExitCode": 0, "FinishedAt": "2024-01-01T00:00:01Z"}});
        std::fs::write(dir.path().join("c2/config.v2.json"), config.to_string()).unwrap();
        let found = look(&[dir.path().to_owned()], "c2").unwrap();
        assert_eq!((found.finished, found.exit_code), (None, None));
    }
}
