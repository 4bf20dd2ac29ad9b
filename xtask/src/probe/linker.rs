//! bpf-linker: found, or built into the repository's own build folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{process, workspace};

/// The version that the committed object is built with.
pub(crate) const VERSION: &str = "0.13.0";

/// LLVM that bpf-linker is to be built against.
pub(crate) struct Llvm<'a> {
    /// Major version: must be rustc's own or newer, or its bitcode cannot be read.
    pub(crate) major: &'a str,
    /// Folder that has `bin/llvm-config`; None: bpf-linker finds one itself.
    pub(crate) prefix: Option<&'a Path>,
}

/// Folder of a bpf-linker of the right version; builds one (about a minute) where there is none.
pub(crate) fn find_or_build(root: &Path, llvm: &Llvm) -> Result<PathBuf> {
    let tools = workspace::target_dir(root).join("tools");
    let own = tools.join("bin/bpf-linker");
    if is_right_version(&own) {
        return Ok(tools.join("bin"));
    }
    if let Some(found) = process::find("bpf-linker").filter(|found| is_right_version(found)) {
        return Ok(found.parent().map(Path::to_owned).unwrap_or_default());
    }
    println!("xtask: building bpf-linker {VERSION} into {}", tools.display());
    process::run(&mut install(&tools, llvm)).context("bpf-linker could not be built")?;
    Ok(tools.join("bin"))
}

fn install(tools: &Path, llvm: &Llvm) -> Command {
    let mut cargo = workspace::cargo();
    cargo.args([
        "install",
        "bpf-linker",
        "--version",
        VERSION,
        "--locked",
        "--force",
        "--quiet",
    ]);
    cargo.args(["--no-default-features", "--features", &format!("llvm-{}", llvm.major)]);
    cargo.arg("--root").arg(tools);
    if let Some(prefix) = llvm.prefix {
        cargo.env("LLVM_PREFIX", prefix);
    }
    cargo
}

fn is_right_version(program: &Path) -> bool {
    version(program).is_ok_and(|version| version.split_whitespace().last() == Some(VERSION))
}

/// `bpf-linker --version`.
pub(crate) fn version(program: &Path) -> Result<String> {
    Ok(process::output(Command::new(program).arg("--version"))?
        .trim()
        .to_owned())
}
