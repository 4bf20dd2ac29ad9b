//! One hash over everything that the object is built from.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Hash over names and contents of the sources in `probe-ebpf/`: Rust files, Cargo.toml, Cargo.lock.
pub(crate) fn hash(root: &Path) -> Result<String> {
    let folder = root.join("probe-ebpf");
    let mut hasher = Sha256::new();
    for file in list(&folder)? {
        let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let name = file.strip_prefix(&folder)?.to_string_lossy().into_owned();
        // Lengths keep two different sets of files from running together into the same bytes.
        hasher.update(format!("{name} {}\n", bytes.len()));
        hasher.update(&bytes);
    }
    Ok(hex(&hasher.finalize()))
}

fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let entry = entry?;
            let name = entry.file_name();
            if entry.file_type()?.is_dir() {
                // Build products, and tests that run in user space, do not reach the object.
                if name != "target" && name != "tests" {
                    folders.push(entry.path());
                }
            } else if is_source(&entry.path()) {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn is_source(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default();
    name == "Cargo.toml" || name == "Cargo.lock" || file.extension().is_some_and(|extension| extension == "rs")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let file = root.path().join("probe-ebpf").join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, content).unwrap();
        }
        root
    }

    fn hash_of(files: &[(&str, &str)]) -> String {
        hash(tree(files).path()).unwrap()
    }

    #[test]
    fn the_hash_follows_sources_and_nothing_else() {
        let base = [("program/src/main.rs", "fn a() {}"), ("abi/src/lib.rs", "")];
        let same = hash_of(&base);
        let with = |file: (&'static str, &'static str)| hash_of(&[base[0], base[1], file]);

        assert_eq!(
            hash_of(&[base[1], base[0]]),
            same,
            "the order of creation does not matter"
        );
        assert_eq!(with(("program/README.md", "text")), same);
        assert_eq!(with(("program/target/debug/x.rs", "")), same);
        assert_eq!(with(("abi/tests/layout.rs", "")), same);
        assert_ne!(with(("program/Cargo.lock", "")), same);
        assert_ne!(with(("program/src/walk.rs", "")), same);
        assert_ne!(hash_of(&[("program/src/main.rs", "fn b() {}"), base[1]]), same);
        assert_ne!(
            hash_of(&[("program/src/other.rs", "fn a() {}"), base[1]]),
            same,
            "names count"
        );
    }

    #[test]
    fn sha256_is_the_standard_one() {
        assert_eq!(
            sha256(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
