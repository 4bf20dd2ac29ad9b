//! What the figures were measured on.

use std::fs;
use std::thread;

use anyhow::Result;
use chrono::Utc;

/// Date, kernel, processor, cores, in one line.
pub(crate) fn describe() -> Result<String> {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .unwrap_or("unknown processor");
    Ok(format!(
        "{}, Linux {}, {} cores ({})",
        Utc::now().format("%Y-%m-%d"),
        kernel.trim(),
        thread::available_parallelism()?,
        model.trim_start_matches([' ', '\t', ':'])
    ))
}
