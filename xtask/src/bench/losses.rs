//! Work that is to make a recorder lose events: a steady stream of calls, and bursts out of silence.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Threads that make calls at the same time.
const THREADS: u64 = 2;
/// Calls a second of all threads together.
pub(super) const MIXED_RATE: u64 = 3_000_000;
/// After so many calls a thread looks at the time.
const BATCH: u64 = 1000;
/// Calls of each thread in a burst, and the silence before it.
const BURST: u64 = 200_000;
const SILENCE: Duration = Duration::from_millis(300);

/// So many calls of mixed kinds, at [`MIXED_RATE`] where the machine can.
pub(super) fn mixed(calls: u64, folder: &Path) -> Result<()> {
    on_all_threads(folder, |file, path| {
        let (each, start) = (calls / THREADS, Instant::now());
        let pace = Duration::from_secs(1).mul_f64(THREADS as f64 * BATCH as f64 / MIXED_RATE as f64);
        for batch in 1..=each / BATCH {
            mix(file, path)?;
            let ahead = (pace * u32::try_from(batch)?).saturating_sub(start.elapsed());
            // A shorter sleep would last longer than it says.
            if ahead > Duration::from_millis(1) {
                thread::sleep(ahead);
            }
        }
        Ok(())
    })
}

/// So many bursts.
pub(super) fn bursts(times: u64, folder: &Path) -> Result<()> {
    on_all_threads(folder, |file, path| {
        for _ in 0..times {
            thread::sleep(SILENCE);
            for _ in 0..BURST / BATCH {
                mix(file, path)?;
            }
        }
        Ok(())
    })
}

/// [`BATCH`] calls: of ten, six take numbers alone, three read 80 bytes, and one opens or closes a file by its path.
fn mix(file: &File, path: &Path) -> Result<()> {
    let mut bytes = [0; 80];
    for _ in 0..BATCH / 20 {
        for _ in 0..12 {
            // SAFETY: getppid has no arguments and no effect.
            unsafe { libc::syscall(libc::SYS_getppid) };
        }
        for _ in 0..6 {
            file.read_exact_at(&mut bytes, 0)?;
        }
        drop(File::open(path)?);
    }
    Ok(())
}

fn on_all_threads(folder: &Path, work: impl Fn(&File, &Path) -> Result<()> + Sync) -> Result<()> {
    let path = folder.join("mixed");
    fs::write(&path, [b'm'; 80]).with_context(|| format!("cannot write {}", path.display()))?;
    let file = File::open(&path)?;
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(|| work(&file, &path))).collect();
        threads.into_iter().try_for_each(|thread| match thread.join() {
            Ok(done) => done,
            Err(_) => bail!("a thread of the workload panicked"),
        })
    })
}
