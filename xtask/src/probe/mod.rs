//! The committed kernel object: building it, and checking that it is what the sources say.
//!
//! A user needs no eBPF compiler, because the object is under version control and embedded by `capture`. A developer who
//! changes the program rebuilds it with `cargo xtask probe build`; `check` says whether object, manifest and sources agree.

mod check;
mod compile;
mod linker;
mod manifest;
mod sources;
mod toolchain;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Subcommand;

use manifest::Manifest;

pub(crate) use check::agrees_with_sources;

/// What to do with the kernel object.
#[derive(Subcommand)]
pub(crate) enum Action {
    /// Build the kernel program into the object that is under version control
    Build,
    /// Rebuild it and compare; fail where sources, manifest and object disagree
    Check,
}

/// Paths of everything that concerns the object.
pub(crate) struct Files {
    /// The program's package.
    pub(crate) program: PathBuf,
    /// The stripped object that `capture` embeds.
    pub(crate) object: PathBuf,
    /// What it was built from and with.
    pub(crate) manifest: PathBuf,
}

impl Files {
    /// The paths in the repository at `root`.
    pub(crate) fn of(root: &Path) -> Self {
        let folder = root.join("probe-ebpf");
        Self {
            program: folder.join("program"),
            object: folder.join("afterimage.bpf.o"),
            manifest: folder.join("afterimage.bpf.json"),
        }
    }
}

/// Does what was asked.
pub(crate) fn run(root: &Path, action: &Action) -> Result<()> {
    match action {
        Action::Build => build(root),
        Action::Check => check::run(root),
    }
}

fn build(root: &Path) -> Result<()> {
    let files = Files::of(root);
    let toolchain = toolchain::find_or_install(root)?;
    println!("xtask: building the kernel program with {}", toolchain.identity.rustc);
    let object = compile::object(root, &toolchain)?;
    // After compiling: cargo may have written Cargo.lock, which is part of the sources.
    let manifest = Manifest::new(&object, sources::hash(root)?, toolchain.identity);
    fs::write(&files.object, &object).with_context(|| format!("cannot write {}", files.object.display()))?;
    manifest.write(&files.manifest)?;
    println!(
        "xtask: {} ({} bytes, sha256 {})",
        files.object.display(),
        manifest.size,
        manifest.sha256
    );
    Ok(())
}
