//! When the next try is due: after one second, two, four, … at most five minutes, and a little apart from others.

use ring::rand::{SecureRandom, SystemRandom};
use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_secs(300);

/// How long to wait after so many tries that failed. What the other side asked for counts, within the bounds.
pub(super) fn pause(attempts: u32, asked: Option<Duration>) -> Duration {
    let doubled = FIRST.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(MOST);
    let mut byte = [0];
    // Without randomness all come at once; that is no reason to fail.
    let _ = SystemRandom::new().fill(&mut byte);
    let spread = doubled.mul_f64(0.9 + 0.2 * f64::from(byte[0]) / 255.0);
    asked.map_or(spread, |asked| asked.clamp(FIRST, MOST).max(spread))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_and_has_an_end() {
        let check = |attempts, asked: Option<u64>, least: f64, most: f64| {
            let pause = pause(attempts, asked.map(Duration::from_secs)).as_secs_f64();
            assert!((least..=most).contains(&pause), "{attempts}: {pause}");
        };
        check(1, None, 0.9, 1.1);
        check(2, None, 1.8, 2.2);
        check(3, None, 3.6, 4.4);
        check(100, None, 270.0, 330.0);
        check(u32::MAX, None, 270.0, 330.0);
        check(1, Some(30), 30.0, 30.0);
        check(1, Some(99999), 300.0, 300.0);
    }
}
