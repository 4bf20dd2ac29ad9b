//! What the committed object was built from and with.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::sources;

/// The programs whose versions decide the object's bytes, each as it names itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// `rustc --version`.
    pub(crate) rustc: String,
    /// LLVM inside that rustc.
    pub(crate) rustc_llvm: String,
    /// `cargo --version`: it derives the crates' identifiers, which are part of the symbol names.
    pub(crate) cargo: String,
    /// `bpf-linker --version`.
    pub(crate) bpf_linker: String,
    /// LLVM that bpf-linker generates the code with.
    pub(crate) linker_llvm: String,
}

/// The file beside the object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// SHA-256 of the object, hexadecimal.
    pub(crate) sha256: String,
    /// Its size in bytes.
    pub(crate) size: usize,
    /// Hash over the sources (see [`sources::hash`]).
    pub(crate) sources: String,
    /// What compiled it.
    pub(crate) built_with: Identity,
}

impl Manifest {
    /// Describes an object.
    pub(crate) fn new(object: &[u8], sources: String, built_with: Identity) -> Self {
        Self {
            sha256: sources::sha256(object),
            size: object.len(),
            sources,
            built_with,
        }
    }

    /// Reads the manifest.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file).with_context(|| {
            format!(
                "cannot read {}: `cargo xtask probe build` writes it and the object",
                file.display()
            )
        })?;
        serde_json::from_str(&text).with_context(|| format!("{} is not a manifest", file.display()))
    }

    /// Writes the manifest, one field a line so that changes are readable.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
    }
}
