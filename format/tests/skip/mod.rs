//! Saying that a test cannot run here.

use std::io::Write;

/// Says that a test is skipped, where `cargo xtask test` collects it.
pub(crate) fn skip(name: &str, reason: &str) {
    println!("SKIPPED: {name}: {reason}");
    if let Some(log) = std::env::var_os("AFTERIMAGE_SKIP_LOG") {
        let mut log = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        writeln!(log, "SKIPPED: {name}: {reason}").unwrap();
    }
}
