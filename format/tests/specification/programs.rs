//! The readers that are not of this crate, and what they need.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where `cargo xtask test` puts the compiler of Kaitai Struct.
const KAITAI: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/kaitai/node_modules");

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Says that a test is skipped; false.
fn skip(name: &str, reason: &str) -> bool {
    crate::skip::skip(name, reason);
    false
}

fn runs(program: &str) -> bool {
    let mut command = Command::new(program);
    let command = command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Whether `reader.py` can run; says for the test `name` why not.
pub(crate) fn can_read_by_specification(name: &str) -> bool {
    let missing = ["python3", "zstd"].into_iter().find(|program| !runs(program));
    missing.is_none_or(|program| skip(name, &format!("{program} is not installed")))
}

/// The same for the parser made of the grammar.
pub(crate) fn can_read_by_grammar(name: &str) -> bool {
    let has_compiler = Path::new(KAITAI).join("kaitai-struct-compiler").is_dir();
    can_read_by_specification(name)
        && (runs("node") || skip(name, "node is not installed"))
        && (has_compiler
            || skip(
                name,
                "kaitai-struct-compiler is not installed; cargo xtask test does that with npm",
            ))
}

/// What `reader.py` prints of a file; the error is what it says instead.
pub(crate) fn read_by_specification(file: &Path) -> Result<Value, String> {
    let script = repository().join("format/tests/spec/reader.py");
    // It is run from a checkout that may be read-only.
    document(Command::new("python3").arg("-B").arg(script).arg(file))
}

/// What `kaitai.js` prints of a file.
pub(crate) fn read_by_grammar(file: &Path) -> Value {
    let script = repository().join("format/tests/spec/kaitai.js");
    let grammar = repository().join("docs/format.ksy");
    let mut node = Command::new("node");
    document(node.arg(script).arg(KAITAI).arg(grammar).arg(file))
        .unwrap_or_else(|message| panic!("{}: the grammar does not fit: {message}", file.display()))
}

fn document(command: &mut Command) -> Result<Value, String> {
    let done = command.output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    if !done.status.success() {
        assert!(!said.contains("Traceback"), "{command:?} failed: {said}");
        return Err(said);
    }
    Ok(serde_json::from_slice(&done.stdout).unwrap_or_else(|error| panic!("{command:?}: {error}")))
}
