//! When a segment is to be a keyframe.

/// Not more often than every so many segments: of a busy host that is half a million events, of a quiet one 8 seconds.
const FEWEST_SEGMENTS: u32 = 8;
/// At the latest after so many segments, so that a reader that asks for one moment never reads more than these: a minute
/// of a quiet host.
const MOST_SEGMENTS: u32 = 64;
/// Between the two, when the rows since the last keyframe are at least so many times its entries (threads and open
/// descriptors). Seen on one lightly used host: under 27 bytes an entry (a keyframe of 110 threads and 132 descriptors with
/// 49 rows had 6.4 KB in all), 6.7 bytes a row; there keyframes take an eighth at most. An idle host with thousands of
/// descriptors writes one a minute.
const ROWS_PER_ENTRY: usize = 32;

/// Counts what was written since the last keyframe.
#[derive(Debug, Default)]
pub(super) struct Keyframes {
    segments: u32,
    rows: usize,
}

impl Keyframes {
    /// A segment was closed. Whether the next one is to be a keyframe, which would have `entries`; then counting begins
    /// anew.
    pub(super) fn is_due(&mut self, rows: usize, entries: impl FnOnce() -> usize) -> bool {
        self.segments += 1;
        self.rows += rows;
        let due = self.segments >= MOST_SEGMENTS
            || self.segments >= FEWEST_SEGMENTS && self.rows >= entries().saturating_mul(ROWS_PER_ENTRY);
        if due {
            *self = Keyframes::default();
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyframes_come_by_rows_and_by_segments() {
        // Rows of each segment, entries of a keyframe, and the segments after which one comes.
        for (rows, entries, expected) in [
            (65_536, 1000, 8),
            (65_536, 16_384, 8),
            (65_536, 20_000, 10),
            (500, 500, 32),
            (100, 5000, 64),
            (0, 5000, 64),
            (0, 0, 8),
        ] {
            let mut keyframes = Keyframes::default();
            for round in 1..=2 {
                let after = (1..100).find(|_| keyframes.is_due(rows, || entries));
                assert_eq!(after, Some(expected), "{rows} rows, {entries} entries, round {round}");
            }
        }
    }
}
