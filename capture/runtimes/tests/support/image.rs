//! An image from the host's static busybox, as a `docker save` archive: all runtimes can load it.

use super::output;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Name and tag of the image.
pub const NAME: &str = "afterimage-test:1";
/// The same for those who insist on a registry.
pub const FULL_NAME: &str = "docker.io/library/afterimage-test:1";

/// Makes the archive in `dir`.
pub fn archive(dir: &Path) -> PathBuf {
    let work = dir.join("image");
    root(&work.join("root"));
    output(
        Command::new("tar")
            .args(["-C", "root", "-cf", "layer.tar", "."])
            .current_dir(&work),
    );
    let sum = output(Command::new("sha256sum").arg("layer.tar").current_dir(&work));
    let layer = format!("sha256:{}", sum.split(' ').next().unwrap());
    let architecture = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "amd64"
    };
    let config = json!({
        "architecture": architecture, "os": "linux", "created": "2024-01-01T00:00:00Z",
        "config": {"Env": ["PATH=/bin", "FROM_IMAGE=value of the image"], "Cmd": ["/bin/sleep", "1000"]},
        "rootfs": {"type": "layers", "diff_ids": [layer]},
    });
    let manifest = json!([{"Config": "config.json", "RepoTags": [NAME], "Layers": ["layer.tar"]}]);
    std::fs::write(work.join("config.json"), config.to_string()).unwrap();
    std::fs::write(work.join("manifest.json"), manifest.to_string()).unwrap();
    let archive = dir.join("image.tar");
    output(
        Command::new("tar")
            .arg("-cf")
            .arg(&archive)
            .args(["manifest.json", "config.json", "layer.tar"])
            .current_dir(&work),
    );
    archive
}

/// A root file system with busybox.
pub fn root(root: &Path) {
    for folder in ["bin", "proc", "sys", "dev", "tmp", "etc", "data"] {
        std::fs::create_dir_all(root.join(folder)).unwrap();
    }
    std::fs::copy("/bin/busybox", root.join("bin/busybox")).unwrap();
    for name in ["sh", "true", "sleep", "head", "tail", "cat"] {
        std::os::unix::fs::symlink("busybox", root.join("bin").join(name)).unwrap();
    }
}
