//! Where things are: the repository's folder, its build folder, the files under version control.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::packages::{self, Need};
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

impl Programs {
    /// What `analyze info` says about a trace.
    pub(crate) fn info(&self, trace: &Path) -> Result<Value> {
        let output = Command::new(&self.analyze)
            .args(["info", "--json"])
            .arg(trace)
            .output()
            .with_context(|| format!("cannot start {}", self.analyze.display()))?;
        // Its exit status also tells of losses, which are no failure here.
        serde_json::from_slice(&output.stdout).with_context(|| {
            format!(
                "`analyze info --json` wrote no JSON: {}",
                String::from_utf8_lossy(&output.stderr)
            )
        })
    }
}

/// What building `capture` takes beside Rust: the interfaces of containerd and Kubernetes are compiled from their
/// descriptions.
pub(crate) const CAPTURE_NEEDS: Need = Need::program("protoc", "protobuf-compiler");

/// Builds `analyze`, which takes nothing but Rust.
pub(crate) fn build_analyze(root: &Path, profile: Profile) -> Result<PathBuf> {
    Ok(build(root, profile, &["--bin", "analyze"])?.join("analyze"))
}

/// Builds `capture` alone.
pub(crate) fn build_capture(root: &Path, profile: Profile) -> Result<PathBuf> {
    packages::ensure(&[CAPTURE_NEEDS], "building the recorder")?;
    Ok(build(root, profile, &["--bin", "capture"])?.join("capture"))
}

/// Builds `capture` and `analyze`.
pub(crate) fn build_programs(root: &Path, profile: Profile) -> Result<Programs> {
    packages::ensure(&[CAPTURE_NEEDS], "building the recorder")?;
    let folder = build(root, profile, &["--bin", "capture", "--bin", "analyze"])?;
    Ok(Programs {
        capture: folder.join("capture"),
        analyze: folder.join("analyze"),
    })
}

/// Builds them for another machine, as programs that need nothing of it but its kernel. `compiler` is that of C.
pub(crate) fn build_programs_for(root: &Path, target: &str, compiler: &str) -> Result<Programs> {
    packages::ensure(&[CAPTURE_NEEDS], "building the recorder")?;
    let mut build = cargo();
    let variable = target.replace('-', "_");
    build
        .current_dir(root)
        .args(["build", "--bin", "capture", "--bin", "analyze", "--target", target])
        .env(format!("CC_{variable}"), compiler)
        .env(format!("CARGO_TARGET_{}_LINKER", variable.to_uppercase()), compiler);
    process::run(&mut build)?;
    let folder = target_dir(root).join(target).join("debug");
    Ok(Programs {
        capture: folder.join("capture"),
        analyze: folder.join("analyze"),
    })
}

/// Builds `measure`, the format's example that times its encoder and its reader; its path.
pub(crate) fn build_measure(root: &Path) -> Result<PathBuf> {
    let folder = build(
        root,
        Profile::Release,
        &["--package", "afterimage-format", "--example", "measure"],
    )?;
    Ok(folder.join("examples/measure"))
}

/// A program that was built for tests.
pub(crate) struct Built {
    /// Name of the test file or example.
    pub(crate) name: String,
    /// The program.
    pub(crate) program: PathBuf,
}

/// Builds test files of a package by name.
pub(crate) fn build_tests(root: &Path, package: &str, names: &[String]) -> Result<Vec<Built>> {
    let names = names.iter().flat_map(|name| ["--test", name.as_str()]);
    let arguments: Vec<&str> = ["test", "--no-run", "--package", package]
        .into_iter()
        .chain(names)
        .collect();
    build_and_list(root, &arguments, "test")
}

/// Builds the examples of a package.
pub(crate) fn build_examples(root: &Path, package: &str) -> Result<Vec<Built>> {
    build_and_list(root, &["build", "--package", package, "--examples"], "example")
}

/// The programs of one kind that cargo makes.
fn build_and_list(root: &Path, arguments: &[&str], kind: &str) -> Result<Vec<Built>> {
    let mut build = cargo();
    build.current_dir(root).args(arguments);
    let said = process::output(build.arg("--message-format=json-render-diagnostics"))?;
    let messages = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let of_kind = messages.filter(|message| message["target"]["kind"][0] == kind);
    let built = of_kind.filter_map(|message| {
        Some(Built {
            name: message["target"]["name"].as_str()?.to_owned(),
            program: message["executable"].as_str()?.into(),
        })
    });
    Ok(built.collect())
}

/// Builds something of the workspace; the folder with the result.
fn build(root: &Path, profile: Profile, what: &[&str]) -> Result<PathBuf> {
    let mut build = cargo();
    build.current_dir(root).arg("build").args(what);
    let folder = match profile {
        Profile::Dev => "debug",
        Profile::Release => {
            build.arg("--release");
            "release"
        }
    };
    process::run(&mut build)?;
    Ok(target_dir(root).join(folder))
}
