//! How long calls took, over time.

use super::Histogram;

/// Calls by when they ended and how long they took.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spectrum {
    /// Which calls, as a condition of the view.
    pub(crate) condition: &'static str,
    /// What the screen is called.
    pub(crate) name: &'static str,
    /// The stretches of time, with all calls of each.
    pub(crate) times: Histogram,
    /// Calls of each stretch, by how long they took: [`BUCKETS`] numbers for each.
    pub(crate) counts: Vec<u64>,
    /// The selected stretch and length.
    pub(crate) at: (usize, usize),
}

/// Lengths are told apart by a factor of the root of ten: from 100 ns to 10 s and more.
pub(crate) const BUCKETS: usize = 17;

/// The bucket of a length of time in nanoseconds.
pub(crate) fn bucket(nanoseconds: i64) -> usize {
    (1..BUCKETS)
        .rev()
        .find(|bucket| nanoseconds >= least(*bucket))
        .unwrap_or(0)
}

/// The least length in a bucket, nanoseconds.
pub(crate) fn least(bucket: usize) -> i64 {
    let decade = 100i64.saturating_mul(10i64.saturating_pow(u32::try_from(bucket / 2).unwrap_or(0)));
    match bucket {
        0 => 0,
        bucket if bucket % 2 == 1 => decade * 316 / 100,
        _ => decade,
    }
}

impl Spectrum {
    /// Calls of a stretch that took so long.
    pub(crate) fn count(&self, bar: usize, bucket: usize) -> u64 {
        self.counts.get(bar * BUCKETS + bucket).copied().unwrap_or(0)
    }

    /// The filter and the span of what is selected.
    pub(crate) fn selected(&self) -> (String, (i64, i64)) {
        let (bar, bucket) = self.at;
        let mut filter = format!("evt.latency >= {}", least(bucket));
        if bucket + 1 < BUCKETS {
            filter.push_str(&format!(" and evt.latency < {}", least(bucket + 1)));
        }
        (filter, self.times.span(bar))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_their_buckets() {
        for (nanoseconds, expected) in [
            (-1, 0),
            (0, 0),
            (315, 0),
            (316, 1),
            (999, 1),
            (1000, 2),
            (1_000_000, 8),
            (9_999_999_999, 15),
            (10_000_000_000, 16),
            (i64::MAX, 16),
        ] {
            assert_eq!(bucket(nanoseconds), expected, "{nanoseconds}");
        }
        assert!((0..BUCKETS).all(|at| bucket(least(at)) == at));
    }
}
