//! `--cpu-limit`: the recorder pauses when it has used more CPU time than its share.
//!
//! It needs no right and no cgroup. While it pauses the rings fill; what they cannot hold the kernel counts, so that the
//! trace says what the limit cost. Before that, the writer is told to compress less.

use std::time::{Duration, Instant};

/// CPU time that may be saved up while there is little to do.
const BURST: Duration = Duration::from_millis(200);
/// Longest pause at a time: signals and the end of the recording are looked for in between.
const LONGEST: Duration = Duration::from_millis(50);

/// A share of one CPU for the whole process.
pub(crate) struct CpuLimit {
    /// CPU time per time, 1 is one CPU.
    share: f64,
    looked: Instant,
    used: Duration,
    /// What may still be used; negative: used beyond the share.
    left: f64,
}

impl CpuLimit {
    /// `percent` of one CPU.
    pub(crate) fn new(percent: u32) -> CpuLimit {
        CpuLimit {
            share: f64::from(percent) / 100.0,
            looked: Instant::now(),
            used: cpu_time(),
            left: BURST.as_secs_f64(),
        }
    }

    /// How long to pause now; nothing where the share is not used up.
    pub(crate) fn pause(&mut self) -> Duration {
        let (now, used) = (Instant::now(), cpu_time());
        let (time, work) = (now - self.looked, used.saturating_sub(self.used));
        (self.looked, self.used) = (now, used);
        self.account(time, work)
    }

    fn account(&mut self, time: Duration, work: Duration) -> Duration {
        let earned = time.as_secs_f64() * self.share;
        self.left = (self.left + earned - work.as_secs_f64()).min(BURST.as_secs_f64());
        if self.left >= 0.0 {
            return Duration::ZERO;
        }
        Duration::try_from_secs_f64(-self.left / self.share).map_or(LONGEST, |pause| pause.min(LONGEST))
    }
}

/// CPU time of all threads of this process.
fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place for the answer.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_beyond_the_share_is_paid_with_pauses() {
        let milliseconds = Duration::from_millis;
        let mut limit = CpuLimit::new(10);
        // The burst is free.
        assert_eq!(limit.account(milliseconds(100), milliseconds(100)), Duration::ZERO);
        assert_eq!(limit.account(milliseconds(100), milliseconds(100)), Duration::ZERO);
        // 20 ms of 200 are left; 30 are used; 5 ms earned: 5 ms are owed, which is a pause of 50.
        let pause = limit.account(milliseconds(50), milliseconds(30));
        assert!(pause > milliseconds(40) && pause <= LONGEST, "{pause:?}");
        assert_eq!(limit.account(milliseconds(1000), Duration::ZERO), Duration::ZERO);
        // Over a long time the share is kept.
        let (mut worked, mut passed) = (Duration::ZERO, Duration::ZERO);
        let mut pause = Duration::ZERO;
        while passed < Duration::from_secs(60) {
            let (time, work) = match pause {
                Duration::ZERO => (milliseconds(10), milliseconds(10)),
                pause => (pause, Duration::ZERO),
            };
            pause = limit.account(time, work);
            worked += work;
            passed += time;
        }
        let share = worked.as_secs_f64() / passed.as_secs_f64();
        assert!((0.09..0.12).contains(&share), "{share}");
    }
}
