//! What is frozen of the trace format: docs/format.sum has a line for each file that defines the bytes of a trace, and for
//! the documents that describe them. Who changes the one has to look at the other.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use sha2::{Digest, Sha256};

use crate::workspace;

/// The record, in the repository.
pub(crate) const SUM: &str = "docs/format.sum";

/// What describes the bytes.
pub(crate) const DOCUMENTS: [&str; 2] = ["docs/format.md", "docs/format.ksy"];

/// Files and folders that define the bytes.
const SOURCES: [&str; 25] = [
    "format/src/evidence/chain.rs",
    "format/src/evidence/identity.rs",
    "format/src/evidence/seal.rs",
    "format/src/evidence/signature.rs",
    "format/src/file/attachment.rs",
    "format/src/file/block.rs",
    "format/src/file/index/",
    "format/src/file/layout.rs",
    "format/src/file/packed.rs",
    "format/src/file/writer/",
    "format/src/meta.rs",
    "format/src/model/",
    "format/src/segment/bases.rs",
    "format/src/segment/builder.rs",
    "format/src/segment/codec/",
    "format/src/segment/column.rs",
    "format/src/segment/descriptors.rs",
    "format/src/segment/dictionary.rs",
    "format/src/segment/encode.rs",
    "format/src/segment/frame.rs",
    "format/src/segment/grams.rs",
    "format/src/segment/order.rs",
    "format/src/segment/tables.rs",
    "format/src/segment/threads.rs",
    "format/src/segment/zone.rs",
];

/// What to do with the record of the format.
#[derive(Subcommand)]
pub(crate) enum Action {
    /// Record that docs/format.md and docs/format.ksy say what the sources do now; check that first
    Accept,
}

/// Does what was asked.
pub(crate) fn run(root: &Path, action: &Action) -> Result<()> {
    match action {
        Action::Accept => {
            let sum = sum(root, &workspace::files(root)?)?;
            fs::write(root.join(SUM), sum).with_context(|| format!("cannot write {SUM}"))?;
            println!("xtask: {SUM} is of what is here now");
            Ok(())
        }
    }
}

/// What [`SUM`] has to say of `files`: `version N`, then a hash and a path a line.
pub(crate) fn sum(root: &Path, files: &[PathBuf]) -> Result<String> {
    let read = |file: &str| fs::read_to_string(root.join(file)).with_context(|| format!("cannot read {file}"));
    let layout = read("format/src/file/layout.rs")?;
    let version = version(&layout).context("format/src/file/layout.rs does not say FORMAT_VERSION")?;
    let mut sum = format!("version {version}\n");
    let names: Vec<&str> = files.iter().filter_map(|file| file.to_str()).collect();
    for source in SOURCES {
        if !names.iter().any(|name| is_in(name, source)) {
            bail!("{source} is not there; the list in xtask/src/format.rs names it");
        }
    }
    for document in DOCUMENTS {
        sum += &line(document, &read(document)?);
    }
    for name in names {
        if SOURCES.iter().any(|source| is_in(name, source)) {
            sum += &line(name, &code(&read(name)?));
        }
    }
    Ok(sum)
}

/// Whether `name` is the file `source`, or in the folder of that name.
fn is_in(name: &str, source: &str) -> bool {
    name == source || (source.ends_with('/') && name.starts_with(source))
}

fn line(name: &str, text: &str) -> String {
    let hash: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{hash}  {name}\n")
}

/// A source without its tests, comments and empty lines: they define nothing.
fn code(source: &str) -> String {
    let lines = source.lines().take_while(|line| *line != "#[cfg(test)]");
    let code = lines
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("//"));
    code.flat_map(|line| [line, "\n"]).collect()
}

fn version(layout: &str) -> Option<&str> {
    let (_, rest) = layout.split_once("const FORMAT_VERSION: u32 = ")?;
    Some(rest.split_once(';')?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_tests_define_nothing() {
        let check = |source: &str, expected: &str| assert_eq!(code(source), expected);
        check(
            "//! Page.\n\n/// Doc.\npub const A: u8 = 1;\n",
            "pub const A: u8 = 1;\n",
        );
        check("fn a() {\n    // why\n    b()\n}\n", "fn a() {\nb()\n}\n");
        check("a\n#[cfg(test)]\nmod tests {}\n", "a\n");
    }

    #[test]
    fn folders_have_what_is_below_them() {
        assert!(is_in("format/src/model/kind.rs", "format/src/model/"));
        assert!(is_in("format/src/meta.rs", "format/src/meta.rs"));
        assert!(!is_in("format/src/meta.rs2", "format/src/meta.rs"));
        assert!(!is_in("format/src/model.rs", "format/src/model/"));
    }

    #[test]
    fn the_version_is_read_out_of_the_source() {
        assert_eq!(version("pub const FORMAT_VERSION: u32 = 12;\n"), Some("12"));
        assert_eq!(version("const OTHER: u32 = 1;"), None);
    }
}
