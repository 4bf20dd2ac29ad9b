//! Compiling and stripping the kernel program, so that the same sources give the same bytes on any machine.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::Files;
use super::toolchain::{Compiler, TARGET, Toolchain};
use crate::{process, workspace};

const PROGRAM: &str = "afterimage-probe";

/// Separates flags in CARGO_ENCODED_RUSTFLAGS.
const SEPARATOR: &str = "\x1f";

/// The stripped object as bytes.
pub(crate) fn object(root: &Path, toolchain: &Toolchain) -> Result<Vec<u8>> {
    let files = Files::of(root);
    if !files.program.join("Cargo.toml").is_file() {
        bail!("there is no kernel program in {}", files.program.display());
    }
    let target_dir = workspace::target_dir(root).join("probe");
    // The registry's folders exist only once the dependencies are there, and their names are in the flags.
    process::run(cargo(toolchain, &files.program).args(["fetch", "--quiet"]))?;

    let mut build = cargo(toolchain, &files.program);
    build
        .args([
            "build",
            "--release",
            "--bin",
            PROGRAM,
            "--target",
            TARGET,
            "--target-dir",
        ])
        .arg(&target_dir);
    if toolchain.compiler == Compiler::Nightly {
        build.arg("-Zbuild-std=core");
    }
    build.env("CARGO_ENCODED_RUSTFLAGS", flags(root)?);
    process::run(&mut build)?;

    let built = target_dir.join(TARGET).join("release").join(PROGRAM);
    let stripped = target_dir.join("afterimage.bpf.o");
    strip(&toolchain.strip, &built, &stripped)?;
    fs::read(&stripped).with_context(|| format!("cannot read {}", stripped.display()))
}

/// A cargo in the program's folder, free of settings that would change the object's bytes.
fn cargo(toolchain: &Toolchain, program: &Path) -> Command {
    let mut cargo = toolchain.compiler.cargo();
    cargo.current_dir(program);
    for setting in [
        "RUSTFLAGS",
        "CARGO_BUILD_RUSTFLAGS",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "CARGO_INCREMENTAL",
    ] {
        cargo.env_remove(setting);
    }
    let inherited = env::var_os("PATH").unwrap_or_default();
    let mut path = OsString::from(&toolchain.linker_folder);
    path.push(":");
    path.push(inherited);
    cargo.env("PATH", path);
    cargo
}

fn flags(root: &Path) -> Result<OsString> {
    // bpf_target_arch is the machine whose registers the programs read, not the one that compiles.
    let mut flags: Vec<OsString> = [
        r#"--cfg=bpf_target_arch="x86_64""#,
        "-Cdebuginfo=2",
        "-Clink-arg=--btf",
        "-Ctarget-cpu=v3",
    ]
    .map(OsString::from)
    .to_vec();
    for (folder, name) in [(root.to_owned(), "afterimage")].into_iter().chain(registry_folders()?) {
        let mut flag = OsString::from("--remap-path-prefix=");
        flag.push(folder);
        flag.push("=");
        flag.push(name);
        flags.push(flag);
    }
    Ok(flags.join(SEPARATOR.as_ref()))
}

/// Where cargo unpacks the dependencies' sources.
fn registry_folders() -> Result<Vec<(PathBuf, &'static str)>> {
    let home = match (env::var_os("CARGO_HOME"), env::var_os("HOME")) {
        (Some(home), _) => PathBuf::from(home),
        (None, Some(home)) => PathBuf::from(home).join(".cargo"),
        (None, None) => bail!("neither CARGO_HOME nor HOME is set: cargo's folder cannot be found"),
    };
    let sources = home.join("registry/src");
    let entries = fs::read_dir(&sources).with_context(|| format!("cannot list {}", sources.display()))?;
    entries.map(|entry| Ok((entry?.path(), "registry"))).collect()
}

/// Drops DWARF and keeps what the loader reads: programs, maps, relocations, BTF, licence, read-only data.
fn strip(llvm_strip: &Path, built: &Path, stripped: &Path) -> Result<()> {
    process::run_quietly(
        Command::new(llvm_strip)
            .arg("--strip-debug")
            .arg("-o")
            .arg(stripped)
            .arg(built),
    )
}
