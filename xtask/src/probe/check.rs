//! Whether sources, manifest and committed object agree.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::manifest::{Identity, Manifest};
use super::{Files, compile, sources, toolchain};

/// Rebuilds the object and compares.
pub(crate) fn run(root: &Path) -> Result<()> {
    agrees_with_sources(root)?;
    let manifest = Manifest::read(&Files::of(root).manifest)?;
    let toolchain = toolchain::find_or_install(root)?;
    let rebuilt = compile::object(root, &toolchain)?;
    if let Some(difference) = difference(&manifest.built_with, &toolchain.identity) {
        println!("xtask: the program builds, but not with the versions in the manifest, so bytes are not compared:");
        println!("{difference}");
        println!("xtask: whether an object of this compiler works is decided by the live tests: run");
        println!("xtask: `cargo xtask probe build` and, as root, `cargo xtask test`");
        return Ok(());
    }
    let sha256 = sources::sha256(&rebuilt);
    if sha256 != manifest.sha256 {
        bail!(
            "the object under version control is not what these sources compile to: rebuilt {} bytes, sha256 {sha256}; \
             committed {} bytes, sha256 {}. Run `cargo xtask probe build` and look at what changed",
            rebuilt.len(),
            manifest.size,
            manifest.sha256
        );
    }
    println!("xtask: rebuilt the same {} bytes, sha256 {sha256}", rebuilt.len());
    Ok(())
}

/// Checks without a compiler that the committed object is the manifest's, and the manifest the sources'.
pub(crate) fn agrees_with_sources(root: &Path) -> Result<()> {
    let files = Files::of(root);
    let manifest = Manifest::read(&files.manifest)?;
    let object = fs::read(&files.object).with_context(|| format!("cannot read {}", files.object.display()))?;
    if sources::sha256(&object) != manifest.sha256 {
        bail!(
            "{} is not the object that its manifest describes: run `cargo xtask probe build`",
            files.object.display()
        );
    }
    if sources::hash(root)? != manifest.sources {
        bail!("probe-ebpf/ has changed since the object was built: run `cargo xtask probe build`");
    }
    Ok(())
}

/// What differs between the versions of two builds, one a line; None where nothing does.
fn difference(then: &Identity, now: &Identity) -> Option<String> {
    let fields = [
        ("rustc", &then.rustc, &now.rustc),
        ("LLVM of rustc", &then.rustc_llvm, &now.rustc_llvm),
        ("cargo", &then.cargo, &now.cargo),
        ("bpf-linker", &then.bpf_linker, &now.bpf_linker),
        ("LLVM of bpf-linker", &then.linker_llvm, &now.linker_llvm),
    ];
    let lines: Vec<String> = fields
        .into_iter()
        .filter(|(_, then, now)| then != now)
        .map(|(name, then, now)| format!("  {name}: manifest {then}, here {now}"))
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(rustc: &str) -> Identity {
        Identity {
            rustc: rustc.to_owned(),
            rustc_llvm: "22.1.8".to_owned(),
            cargo: "cargo 1.95.0".to_owned(),
            bpf_linker: "bpf-linker 0.13.0".to_owned(),
            linker_llvm: "22.1.8".to_owned(),
        }
    }

    #[test]
    fn only_what_differs_between_two_compilers_is_named() {
        assert_eq!(difference(&identity("rustc 1.96.0"), &identity("rustc 1.96.0")), None);
        assert_eq!(
            difference(&identity("rustc 1.96.0"), &identity("rustc 1.97.0")),
            Some("  rustc: manifest rustc 1.96.0, here rustc 1.97.0".to_owned())
        );
    }

    /// A repository with one source, its object, and the manifest of both.
    fn consistent() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let files = Files::of(root.path());
        fs::create_dir_all(files.program.join("src")).unwrap();
        fs::write(files.program.join("src/main.rs"), "//! one").unwrap();
        fs::write(&files.object, b"object").unwrap();
        let hash = sources::hash(root.path()).unwrap();
        Manifest::new(b"object", hash, identity("rustc"))
            .write(&files.manifest)
            .unwrap();
        root
    }

    fn complaint(root: &Path) -> String {
        agrees_with_sources(root).unwrap_err().to_string()
    }

    #[test]
    fn a_stale_object_is_noticed_without_a_compiler() {
        let root = consistent();
        let files = Files::of(root.path());
        agrees_with_sources(root.path()).unwrap();

        fs::write(files.program.join("src/main.rs"), "//! two").unwrap();
        assert!(complaint(root.path()).contains("has changed since"));

        fs::write(&files.object, b"another object").unwrap();
        assert!(complaint(root.path()).contains("is not the object that its manifest describes"));

        fs::remove_file(&files.manifest).unwrap();
        assert!(complaint(root.path()).contains("probe build"));
    }
}
