//! Whether a live recording is possible on this machine, and if not, why.

use std::fs;
use std::path::Path;

use crate::packages::{self, Need};
use crate::process;

const PACKAGES: [Need; 3] = [
    Need::program("runc", "runc"),
    Need::program("busybox", "busybox-static"),
    Need::program("ip", "iproute2"),
];

/// Capability number of CAP_SYS_ADMIN (capabilities(7)): namespaces and tracing programs need it.
const CAP_SYS_ADMIN: u32 = 21;

/// The first thing that stands in the way; installs missing packages where it may.
pub(super) fn obstacle() -> Option<String> {
    if !process::is_root() {
        return Some("not root: recording needs it (try: sudo -E cargo xtask demo)".to_owned());
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    if !has_capability(&status, CAP_SYS_ADMIN) {
        return Some(
            "root without CAP_SYS_ADMIN (inside a container?): neither eBPF nor namespaces are allowed".to_owned(),
        );
    }
    if !Path::new("/sys/kernel/btf/vmlinux").exists() {
        return Some("this kernel has no BTF (/sys/kernel/btf/vmlinux): its structures cannot be found".to_owned());
    }
    packages::ensure(&PACKAGES, "the demo")
        .err()
        .map(|error| format!("{error:#}"))
}

/// Whether the effective set in `/proc/PID/status` has a capability.
fn has_capability(status: &str, number: u32) -> bool {
    let set = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let set = set
        .and_then(|set| u64::from_str_radix(set.trim(), 16).ok())
        .unwrap_or(0);
    set >> number & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_read_from_the_effective_set() {
        for (status, expected) in [
            ("CapPrm:\t0000000000000000\nCapEff:\t000001ffffffffff\n", true),
            ("CapEff:\t0000000000200000", true),
            ("CapPrm:\t000001ffffffffff\nCapEff:\t00000000a80425fb", false),
            ("", false),
        ] {
            assert_eq!(has_capability(status, CAP_SYS_ADMIN), expected, "{status:?}");
        }
    }
}
