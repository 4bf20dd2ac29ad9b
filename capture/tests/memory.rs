//! What waits between kernel and file has a bound, however long the disk stands still.

mod support;

use afterimage_format::file::Trace;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{Recording, can_record, count, lost, skip, workload};

/// A file system that can be made to stand still; gone when this is dropped.
struct Disk(PathBuf);

impl Disk {
    fn new(dir: &Path) -> Option<Disk> {
        let (image, place) = (dir.join("image"), dir.join("disk"));
        std::fs::File::create(&image).unwrap().set_len(64 << 20).unwrap();
        std::fs::create_dir(&place).unwrap();
        let done = |command: &mut Command| command.status().is_ok_and(|status| status.success());
        let made = done(Command::new("mkfs.ext4").arg("-q").arg(&image))
            && done(Command::new("mount").args(["-o", "loop"]).arg(&image).arg(&place));
        made.then_some(Disk(place))
    }

    fn freeze(&self, how: &str) -> bool {
        let status = Command::new("fsfreeze").arg(how).arg(&self.0).status();
        status.is_ok_and(|status| status.success())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.freeze("-u");
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Most memory that a process has had, in MiB.
fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() >> 10
}

#[test]
fn a_disk_that_stands_still_costs_events_and_no_memory() {
    let name = "a_disk_that_stands_still_costs_events_and_no_memory";
    if !can_record(name) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::new(dir.path()) else {
        skip(name, "no file system can be mounted from a file");
        return;
    };
    let path = disk.0.join("t.scap");
    let pid = std::process::id().to_string();
    let args = [
        "--profile",
        "full",
        "--snaplen",
        "4096",
        "--min-free",
        "0",
        "--pid",
        &pid,
    ];
    let recording = Recording::start(dir.path(), &path, &args);
    let before = peak(recording.pid());
    if !disk.freeze("-f") {
        recording.seal();
        skip(name, "no file system can be frozen");
        return;
    }
    // 200 MB of noise, 20,000 writes a round.
    for _ in 0..10 {
        let work = workload().with_file_name("transport");
        let status = Command::new(work).args(["stream", "20000", "2000"]).status();
        assert!(status.unwrap().success());
    }
    let after = peak(recording.pid());
    assert!(disk.freeze("-u"));
    let sealed = recording.seal();
    assert_eq!(sealed.status.code(), Some(3), "{sealed:?}");
    // Rings, and two segments with as much payload as one may have, while they are filled and encoded.
    assert!(after < before + 100, "{before} MiB before, {after} after");
    let trace = Trace::open(&path).unwrap();
    let written = count(&trace, "evt.type=write and fd.name=/dev/null") as u64;
    let lost = lost(&trace);
    assert!(
        written < 200_000 && written + lost >= 200_000,
        "{written} written, {lost} lost"
    );
    assert!(trace.summary().is_some() && trace.damage().is_empty());
}
