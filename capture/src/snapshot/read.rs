//! Reading files of /proc/PID: thousands of them at the start of a recording.

use std::fs::File;
use std::io::{Read, Result};
use std::path::Path;

/// Most of these files are shorter, and come with one read then.
const USUAL: usize = 8 << 10;

/// The content of a file of one record (status, stat, cgroup, cmdline, fdinfo, …): without the questions for its size
/// that `std::fs::read` asks and /proc does not answer. Files of many records (maps, net) can stop between two of them.
pub(super) fn read(path: impl AsRef<Path>) -> Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let mut out = vec![0; USUAL];
    let mut len = 0;
    loop {
        let got = file.read(&mut out[len..])?;
        len += got;
        // A record gives all that there is room for.
        if len < out.len() {
            out.truncate(len);
            return Ok(out);
        }
        out.resize(2 * out.len(), 0);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn short_and_long_records_come_whole() {
        // An argument list of more than the usual size.
        let long = "x".repeat(100_000);
        let mut child = std::process::Command::new("sh");
        let mut child = child
            .args(["-c", "read line; : $0", &long])
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let path = |name: &str| format!("/proc/{}/{name}", child.id());
        // The arguments are there a moment after the new image is; what is shown stands still once the shell waits.
        let sleeps = || std::fs::read_to_string(path("stat")).unwrap().contains(") S ");
        while std::fs::read(path("cmdline")).unwrap().is_empty() || !sleeps() {
            std::thread::yield_now();
        }
        for name in ["status", "stat", "cgroup", "cmdline"] {
            assert_eq!(
                super::read(path(name)).unwrap(),
                std::fs::read(path(name)).unwrap(),
                "{name}"
            );
        }
        assert!(super::read(path("cmdline")).unwrap().len() > 100_000);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(super::read("/proc/no/such").is_err());
    }
}
