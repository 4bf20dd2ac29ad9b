//! The compiler of Kaitai Struct, with which a test reads traces by docs/format.ksy. It is in npm alone.

use std::path::Path;
use std::process::Command;

use crate::{process, workspace};

const PACKAGES: [&str; 3] = ["kaitai-struct-compiler@0.11.0", "kaitai-struct@0.11.0", "yaml@2.9.1"];

/// Installs it where the test looks for it, unless it is there; where that cannot be done, the test says that it is skipped.
pub(super) fn install(root: &Path) {
    // What cargo tells tests as CARGO_TARGET_TMPDIR.
    let folder = workspace::target_dir(root).join("tmp/kaitai");
    if folder.join("node_modules/kaitai-struct-compiler").is_dir() {
        return;
    }
    if process::find("npm").is_none() {
        println!("xtask: no npm here, so docs/format.ksy will not be compiled");
        return;
    }
    println!("xtask: installing the compiler of Kaitai Struct with npm, for the test of docs/format.ksy");
    let mut npm = Command::new("npm");
    npm.args([
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--prefix",
    ]);
    if let Err(error) = process::run_quietly(npm.arg(&folder).args(PACKAGES)) {
        println!("xtask: {error:#}; docs/format.ksy will not be compiled");
    }
}
