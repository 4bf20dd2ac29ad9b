//! Groups of this host by name.

use std::ffi::CString;

/// The number of a group: by name, or the number itself.
pub(crate) fn id(name: &str) -> Option<u32> {
    if let Ok(number) = name.parse() {
        return Some(number);
    }
    let name = CString::new(name).ok()?;
    // SAFETY: the name is a string; the answer is looked at before anything else asks.
    unsafe { libc::getgrnam(name.as_ptr()).as_ref().map(|group| group.gr_gid) }
}

/// Whether a process has a group, as /proc says: its own one or an additional one.
pub(crate) fn has(pid: u32, group: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let lines = status
        .lines()
        .filter(|line| line.starts_with("Gid:") || line.starts_with("Groups:"));
    lines
        .flat_map(|line| line.split_whitespace().skip(1))
        .any(|number| number.parse() == Ok(group))
}
