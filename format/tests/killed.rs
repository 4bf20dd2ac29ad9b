//! Writers that are killed and disks that become full, for real: what was announced as appended is there.
//!
//! The writer is this program again, told by its environment to write; so that nothing but the kernel keeps its data.

mod skip;
mod world;

use afterimage_format::file::*;
use afterimage_format::segment::EncodedSegment;
use skip::skip;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use world::*;

/// Names the file that a child is to write.
const CHILD: &str = "AFTERIMAGE_TEST_WRITES_TO";
/// Number of the round, which the policy of a child follows from.
const ROUND: &str = "AFTERIMAGE_TEST_ROUND";

const ROUNDS: u64 = 200;

/// Pairs of rows of each segment, in turn: by them a segment is known again.
const PAIRS: [u64; 5] = [1, 40, 400, 7, 2000];

fn contents() -> Vec<EncodedSegment> {
    PAIRS.iter().flat_map(|pairs| segments(1, *pairs)).collect()
}

/// xorshift64*: the same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16) % end
    }
}

/// Writes until it is killed, and says the number of segments after each.
fn write_for_ever(path: &Path) -> ! {
    let round: u64 = std::env::var(ROUND).unwrap().parse().unwrap();
    let sync = match round % 4 {
        0 => SyncPolicy::Segment,
        1 => SyncPolicy::Every(Duration::from_millis(1)),
        _ => SyncPolicy::Seal,
    };
    let options = WriterOptions {
        sync,
        ..WriterOptions::default()
    };
    let contents = contents();
    let mut writer = TraceWriter::create(path, &header(), options).unwrap();
    let mut pipe = std::io::stderr();
    for written in 0u64.. {
        // One write, so that no announcement is cut in two.
        pipe.write_all(format!("{written}\n").as_bytes()).unwrap();
        writer.append(&contents[written as usize % contents.len()]).unwrap();
        if written % 50 == 49 {
            writer.attach("note", "text/plain", &written.to_le_bytes()).unwrap();
        }
    }
    unreachable!("it writes until it is killed")
}

/// Runs a writer for so long after its first announcement and kills it; how many segments it announced.
fn run_and_kill(test: &str, path: &Path, round: u64, after: Duration) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(CHILD, path)
        .env(ROUND, round.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let first = lines.next();
    assert_eq!(
        first.as_deref(),
        Some("0"),
        "round {round}: {}",
        lines.collect::<Vec<_>>().join("\n")
    );
    // The pipe holds some ten thousand announcements; nobody has to read meanwhile.
    std::thread::sleep(after);
    child.kill().unwrap();
    let last = lines.last();
    let status = child.wait().unwrap();
    assert_eq!(
        status.signal(),
        Some(libc::SIGKILL),
        "round {round}: the writer ended by itself: {last:?}"
    );
    last.map_or(0, |last| last.parse().unwrap())
}

/// Everything up to `announced` is there, complete and in order; how many segments there are.
fn check_segments(path: &Path, announced: u64, name: &str) -> u64 {
    let trace = Trace::open(path).unwrap();
    let count = trace.segment_count() as u64;
    assert!(count >= announced, "{name}: {count} of {announced} announced segments");
    for at in 0..count {
        let pairs = PAIRS[at as usize % PAIRS.len()];
        let segment = trace.segment(at as usize).unwrap();
        assert_eq!(segment.rows() as u64, 2 * pairs, "{name}: segment {at}");
    }
    // Decoding every column of thousands of segments would take most of the time.
    for at in (0..count).rev().take(2 * PAIRS.len()) {
        trace.check_segment(at as usize).unwrap();
    }
    assert!(trace.damage().len() <= 1, "{name}: {:?}", trace.damage());
    count
}

#[test]
fn after_a_kill_at_any_moment_everything_announced_is_there() {
    if let Some(path) = std::env::var_os(CHILD) {
        write_for_ever(Path::new(&path));
    }
    let dir = tempfile::tempdir().unwrap();
    let (path, output) = (dir.path().join("t.scap"), dir.path().join("recovered.scap"));
    let mut random = Random(0x5eed_0001);
    let (mut segments, mut torn) = (0, 0);
    for round in 0..ROUNDS {
        let after = Duration::from_micros(random.below(8000));
        let name = format!("round {round}, killed after {after:?}");
        let _ = std::fs::remove_file(&path);
        let test = "after_a_kill_at_any_moment_everything_announced_is_there";
        let announced = run_and_kill(test, &path, round, after);
        let count = check_segments(&path, announced, &name);
        let Integrity::Truncated { segments: verified, .. } = verify(&path, &[]).unwrap().integrity else {
            panic!("{name}: not truncated")
        };
        assert_eq!(verified, count, "{name}");
        let options = RecoverOptions {
            force: true,
            ..RecoverOptions::default()
        };
        let recovery = recover(&path, &output, &options).unwrap();
        assert_eq!(recovery.segments_saved, count, "{name}");
        assert!(recovery.segments_lost <= 1, "{name}: {} lost", recovery.segments_lost);
        assert!(verify(&output, &[]).unwrap().is_intact(), "{name}");
        assert_eq!(check_segments(&output, count, &name), count);
        (segments, torn) = (segments + count, torn + u64::from(recovery.garbage > 0));
    }
    println!("{segments} segments in {ROUNDS} rounds, {torn} of them torn");
    assert!(
        segments > 10 * ROUNDS,
        "the writers were killed before they wrote: {segments} segments"
    );
}

/// A file system of `size` bytes at `folder`, which only this thread sees; the error says why there is none.
fn mount_small(folder: &Path, size: u64) -> std::io::Result<()> {
    let c = |text: &str| std::ffi::CString::new(text).map_err(std::io::Error::from);
    let check = |done: i32| {
        if done == 0 {
            Ok(())
        } else {
            Err(std::io::Error::last_os_error())
        }
    };
    let (root, target) = (c("/")?, c(&folder.to_string_lossy())?);
    let (tmpfs, options) = (c("tmpfs")?, c(&format!("size={size}"))?);
    // SAFETY: unshare takes a number.
    check(unsafe { libc::unshare(libc::CLONE_NEWNS) })?;
    let private = libc::MS_REC | libc::MS_PRIVATE;
    // SAFETY: the strings end with NUL and live for the call; the others may be null for this change of propagation.
    check(unsafe {
        libc::mount(
            std::ptr::null(),
            root.as_ptr(),
            std::ptr::null(),
            private,
            std::ptr::null(),
        )
    })?;
    // SAFETY: as above.
    check(unsafe {
        libc::mount(
            tmpfs.as_ptr(),
            target.as_ptr(),
            tmpfs.as_ptr(),
            0,
            options.as_ptr().cast(),
        )
    })
}

/// Writes until the disk is full, seals, and checks; the number of segments.
fn fill_disk(path: &Path, sync: SyncPolicy) -> u64 {
    let contents = contents();
    let options = WriterOptions {
        sync,
        ..WriterOptions::default()
    };
    let mut writer = TraceWriter::create(path, &header(), options).unwrap();
    let mut written = 0;
    let error = loop {
        match writer.append(&contents[written as usize % contents.len()]) {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(error.is_no_space(), "{error}");
    check_segments(path, written, "full, not sealed");
    writer.seal(&summary()).unwrap();
    assert!(verify(path, &[]).unwrap().is_intact());
    assert_eq!(check_segments(path, written, "full"), written);
    written
}

#[test]
fn a_full_disk_leaves_a_sealed_file_with_everything_announced() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("small");
    std::fs::create_dir(&folder).unwrap();
    let mut random = Random(0x5eed_0002);
    for round in 0..20 {
        let size = 4096 * (100 + random.below(600));
        let sync = if round % 2 == 0 {
            SyncPolicy::Seal
        } else {
            SyncPolicy::Segment
        };
        let path: PathBuf = folder.join("t.scap");
        let folder = folder.clone();
        // A thread of its own: the mount is gone with it.
        let filled = std::thread::spawn(move || mount_small(&folder, size).map(|()| fill_disk(&path, sync)));
        match filled.join().unwrap() {
            Ok(written) => assert!(written > 5, "{written} segments in {size} bytes"),
            Err(error) => {
                return skip(
                    "a_full_disk_leaves_a_sealed_file_with_everything_announced",
                    &format!("cannot mount a small tmpfs: {error}"),
                );
            }
        }
    }
    assert_eq!(
        std::fs::read_dir(&folder).unwrap().count(),
        0,
        "the small disks were not used"
    );
}
