//! The file in which tests that cannot run here say so.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};

/// Environment variable that names the file; a test appends `SKIPPED: name: reason` to it.
pub(crate) const VARIABLE: &str = "AFTERIMAGE_SKIP_LOG";

/// Empties the file, so that it tells of this run alone.
pub(crate) fn start(file: &Path) -> Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    fs::write(file, "").with_context(|| format!("cannot write {}", file.display()))
}

/// Says that `name` did not run.
pub(crate) fn add(file: &Path, name: &str, reason: &str) -> Result<()> {
    // A reason of several lines would be read as one.
    let line = format!("SKIPPED: {name}: {}\n", reason.replace('\n', " "));
    print!("{line}");
    let mut log = fs::OpenOptions::new()
        .append(true)
        .open(file)
        .with_context(|| format!("cannot write {}", file.display()))?;
    log.write_all(line.as_bytes())
        .with_context(|| format!("cannot write {}", file.display()))
}

/// `name: reason` of each skipped test, by name.
pub(crate) fn read(file: &Path) -> Result<Vec<String>> {
    let log = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(parse(&log))
}

fn parse(log: &str) -> Vec<String> {
    let entries = log.lines().filter_map(|line| line.strip_prefix("SKIPPED: "));
    // A test that says it twice (for two of its cases) is still one test.
    let by_name: BTreeMap<&str, &str> = entries.filter_map(|entry| entry.split_once(": ")).collect();
    by_name
        .into_iter()
        .map(|(name, reason)| format!("{name}: {reason}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_listed_once_with_its_reason() {
        let log = "SKIPPED: live_opens: not root\nnoise\nSKIPPED: live_forks: no BTF: /sys/kernel/btf\nSKIPPED: live_opens: not root\n";
        assert_eq!(
            parse(log),
            ["live_forks: no BTF: /sys/kernel/btf", "live_opens: not root"]
        );
    }
}
