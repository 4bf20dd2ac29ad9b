//! Lets the kernel count what its programs take, which costs some itself: for a moment only.

use std::fs;

use anyhow::{Context, Result};

const SWITCH: &str = "/proc/sys/kernel/bpf_stats_enabled";

/// Counted until this is dropped.
pub(super) struct Counted {
    before: String,
}

impl Counted {
    pub(super) fn begin() -> Result<Self> {
        let before = fs::read_to_string(SWITCH).with_context(|| format!("cannot read {SWITCH}"))?;
        fs::write(SWITCH, "1").with_context(|| format!("cannot write {SWITCH}"))?;
        Ok(Self { before })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let _ = fs::write(SWITCH, &self.before);
    }
}
