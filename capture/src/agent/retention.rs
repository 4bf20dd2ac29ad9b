//! Old captures leave. Not because the disk is full: whoever is recorded may have filled it, and would have the evidence
//! deleted. Then no capture is begun (`min_free`), and what is there stays.

use super::config::Retention;
use super::folder::{self, Files};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Deletes the oldest sealed captures that are too much; returns what was deleted, and why. Those in `busy` stay, and
/// count.
pub(crate) fn apply(folder: &Path, limits: &Retention, busy: &[String], now: u64) -> Vec<(Files, &'static str)> {
    let all = folder::list(folder);
    let mut bytes: u64 = all.iter().map(Files::bytes).sum();
    let mut files = all.len();
    let mut gone = Vec::new();
    for one in all {
        // What has been recovered, or cannot be, is a capture like any other.
        if busy.contains(&one.id) {
            continue;
        }
        let why = if limits.files > 0 && files > limits.files {
            "too many files"
        } else if limits.total.0 > 0 && bytes > limits.total.0 {
            "too many bytes"
        } else if !limits.age.0.is_zero() && age(&one, now) > limits.age.0.as_nanos() {
            "too old"
        } else {
            break;
        };
        let size = one.bytes();
        // The side-car last: without it nobody would know what the rest was.
        let paths = [one.part(), one.trace(), one.sidecar()];
        let removed = paths.iter().filter(|path| std::fs::remove_file(path).is_ok()).count();
        if removed == 0 {
            continue;
        }
        bytes = bytes.saturating_sub(size);
        files -= 1;
        gone.push((one, why));
    }
    gone
}

/// Nanoseconds since it was last written to.
fn age(files: &Files, now: u64) -> u128 {
    let about = std::fs::metadata(files.trace()).or_else(|_| std::fs::metadata(files.sidecar()));
    let written = about
        .and_then(|about| about.modified())
        .unwrap_or_else(|_| SystemTime::now());
    let written = written.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    u128::from(now).saturating_sub(written)
}

#[cfg(test)]
mod tests {
    use super::super::config::{Size, Time};
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_oldest_leave_and_never_the_one_being_written() {
        let dir = tempfile::tempdir().unwrap();
        let ids: Vec<String> = (0..5).map(|at| format!("20261128-10000{at}000-00000000")).collect();
        let fill = || {
            for id in &ids {
                let files = Files::new(dir.path(), id);
                std::fs::write(files.trace(), vec![0; 900]).unwrap();
                std::fs::write(files.sidecar(), vec![0; 100]).unwrap();
            }
            std::fs::write(dir.path().join("mine.scap"), "x").unwrap();
        };
        let limits = |total, files, age| Retention {
            total: Size(total),
            files,
            age: Time(Duration::from_secs(age)),
            // More than any disk has.
            min_free: Size(u64::MAX),
        };
        let check = |limits: Retention, busy: &[String], now: u64, expected: &[usize]| {
            fill();
            let gone = apply(dir.path(), &limits, busy, now);
            let gone: Vec<&str> = gone.iter().map(|(files, _)| files.id.as_str()).collect();
            let expected: Vec<&str> = expected.iter().map(|at| ids[*at].as_str()).collect();
            assert_eq!(gone, expected, "{limits:?}");
            assert!(dir.path().join("mine.scap").exists());
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
        check(limits(0, 0, 0), &[], now, &[]);
        check(limits(0, 3, 0), &[], now, &[0, 1]);
        check(limits(2500, 0, 0), &[], now, &[0, 1, 2]);
        check(limits(0, 3, 0), &ids[..1], now, &[1, 2]);
        check(limits(0, 0, 60), &[], now, &[]);
        check(limits(0, 0, 60), &[], now + 120_000_000_000, &[0, 1, 2, 3, 4]);
    }
}
