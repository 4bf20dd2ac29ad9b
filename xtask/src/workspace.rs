//! Where things are: the repository's folder, its build folder, the files under version control.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;

/// Folder of the repository: the nearest one, upward from here, that holds `xtask/Cargo.toml`.
pub(crate) fn root() -> Result<PathBuf> {
    let start = match env::var_os("CARGO_MANIFEST_DIR") {
        Some(dir) => PathBuf::from(dir),
        None => env::current_dir()?,
    };
    start
        .ancestors()
        .find(|dir| dir.join("xtask/Cargo.toml").is_file())
        .map(Path::to_owned)
        .with_context(|| format!("{} is not inside the Afterimage repository", start.display()))
}

/// Cargo's build folder: `CARGO_TARGET_DIR` where it is set, `target/` otherwise.
pub(crate) fn target_dir(root: &Path) -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root.join(dir),
        None => root.join("target"),
    }
}

/// The cargo that runs this program (a path), or the one on PATH.
pub(crate) fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Files that git tracks or would track (new ones that are not ignored), relative to `root`, in order.
pub(crate) fn files(root: &Path) -> Result<Vec<PathBuf>> {
    let mut git = Command::new("git");
    git.current_dir(root)
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let listing = process::output(&mut git).context("which files are under version control is asked from git")?;
    let mut files: Vec<PathBuf> = listing
        .split('\0')
        .filter(|name| !name.is_empty())
        .map(PathBuf::from)
        .collect();
    files.retain(|file| root.join(file).is_file());
    files.sort();
    files.dedup();
    Ok(files)
}

/// Profile to build the workspace's own programs with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Quick to build; what the demo and the tests use.
    Dev,
    /// Optimised; what is measured.
    Release,
}

/// The two programs of the workspace, built.
pub(crate) struct Programs {
    /// Path of `capture`.
    pub(crate) capture: PathBuf,
    /// Path of `analyze`.
    pub(crate) analyze: PathBuf,
}

/// Builds `capture` and `analyze`.
pub(crate) fn build_programs(root: &Path, profile: Profile) -> Result<Programs> {
    let mut build = cargo();
    build
        .current_dir(root)
        .args(["build", "--bin", "capture", "--bin", "analyze"]);
    let folder = match profile {
        Profile::Dev => "debug",
        Profile::Release => {
            build.arg("--release");
            "release"
        }
    };
    process::run(&mut build)?;
    let folder = target_dir(root).join(folder);
    Ok(Programs {
        capture: folder.join("capture"),
        analyze: folder.join("analyze"),
    })
}
