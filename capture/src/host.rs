//! The machine, for the header.

use afterimage_format::model::Host;
use std::fs;

/// What this machine says about itself; what cannot be read is left empty.
pub(crate) fn describe() -> Host {
    let read = |path: &str| {
        fs::read_to_string(path)
            .map(|t| t.trim().to_owned())
            .unwrap_or_default()
    };
    Host {
        hostname: read("/proc/sys/kernel/hostname"),
        machine_id: read("/etc/machine-id"),
        boot_id: read("/proc/sys/kernel/random/boot_id"),
        kernel: read("/proc/sys/kernel/osrelease"),
        arch: std::env::consts::ARCH.to_owned(),
        cpus: std::thread::available_parallelism().map_or(0, |n| n.get() as u32),
    }
}
