//! What the container is made of: busybox, a small web page with a hole in it, and made-up files worth stealing.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::process;

/// Programs of the container; all of them are busybox under another name.
const PROGRAMS: [&str; 15] = [
    "ash", "cat", "chmod", "echo", "httpd", "id", "ls", "nc", "ps", "rm", "sh", "tar", "uname", "vi", "wget",
];

const FILES: [(&str, u32, &str); 8] = [
    (
        "etc/passwd",
        0o644,
        "root:x:0:0:root:/root:/bin/sh\nshop:x:1000:1000:Shop:/srv:/bin/sh\n",
    ),
    // Not the hash of any password.
    (
        "etc/shadow",
        0o600,
        "root:*:20000:0:99999:7:::\nshop:$6$afterimage$made.up.for.the.demo:20000:0:99999:7:::\n",
    ),
    ("etc/group", 0o644, "root:x:0:\nshop:x:1000:\n"),
    ("etc/hosts", 0o644, "127.0.0.1 localhost\n"),
    (
        "srv/orders.csv",
        0o640,
        "order,customer,total\n1001,Ada Example,12.50\n1002,Grace Example,99.00\n",
    ),
    ("www/index.html", 0o644, "<h1>Shop</h1>\n"),
    ("www/cgi-bin/check", 0o755, CHECK_PAGE),
    ("tmp/.keep", 0o644, ""),
];

/// Tells whether a host answers. The host's name goes into a shell as it came: the hole.
const CHECK_PAGE: &str = "#!/bin/sh\n\
    printf 'Content-Type: text/plain\\r\\n\\r\\n'\n\
    host=$(/bin/httpd -d \"${QUERY_STRING#host=}\")\n\
    exec /bin/sh -c \"/bin/echo checking $host\" 2>&1\n";

/// Writes an OCI bundle into `folder`: the root file system and runc's configuration.
pub(super) fn create(folder: &Path, network_namespace: &Path, id: &str) -> Result<()> {
    fill(&folder.join("rootfs"))?;
    let mut runc = Command::new("runc");
    runc.args(["spec", "--bundle"]).arg(folder);
    process::run_quietly(&mut runc)?;
    let file = folder.join("config.json");
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut config: Value = serde_json::from_str(&text).context("`runc spec` wrote something other than JSON")?;
    configure(&mut config, network_namespace, id);
    fs::write(&file, serde_json::to_vec_pretty(&config)?).with_context(|| format!("cannot write {}", file.display()))
}

fn fill(rootfs: &Path) -> Result<()> {
    for folder in ["bin", "dev", "etc", "proc", "root", "srv", "sys", "tmp", "www/cgi-bin"] {
        fs::create_dir_all(rootfs.join(folder))?;
    }
    let busybox = process::find("busybox").context("busybox is missing (package busybox-static)")?;
    fs::copy(&busybox, rootfs.join("bin/busybox")).context("cannot copy busybox into the container")?;
    for program in PROGRAMS {
        symlink("busybox", rootfs.join("bin").join(program))?;
    }
    for (name, mode, content) in FILES {
        let file = rootfs.join(name);
        fs::write(&file, content)?;
        fs::set_permissions(&file, fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// Turns runc's example into the service: no terminal, a writable file system, the given network.
fn configure(config: &mut Value, network_namespace: &Path, id: &str) {
    config["process"]["terminal"] = json!(false);
    config["process"]["args"] = json!(["/bin/httpd", "-f", "-p", "80", "-h", "/www"]);
    config["process"]["env"] = json!(["PATH=/bin"]);
    config["root"]["readonly"] = json!(false);
    config["hostname"] = json!("shop");
    // Said explicitly, since the default lies below the session's own group on some systems.
    config["linux"]["cgroupsPath"] = json!(format!("/{id}"));
    for namespace in config["linux"]["namespaces"].as_array_mut().into_iter().flatten() {
        if namespace["type"] == "network" {
            namespace["path"] = json!(network_namespace);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_configuration_becomes_the_service() {
        let mut config = json!({
            "process": {"terminal": true, "args": ["sh"]},
            "root": {"path": "rootfs", "readonly": true},
            "linux": {"namespaces": [{"type": "pid"}, {"type": "network"}]}
        });
        configure(&mut config, Path::new("/run/netns/x"), "web");
        assert_eq!(config["process"]["args"][0], "/bin/httpd");
        assert_eq!(config["root"], json!({"path": "rootfs", "readonly": false}));
        assert_eq!(config["linux"]["cgroupsPath"], "/web");
        assert_eq!(
            config["linux"]["namespaces"],
            json!([{"type": "pid"}, {"type": "network", "path": "/run/netns/x"}])
        );
    }
}
