//! The first screen: when something happened, what stands out, whose containers.

use super::{Cursor, Position};

/// The overview.
#[derive(Debug, Default)]
pub(crate) struct Overview {
    /// Events over time.
    pub(crate) histogram: Histogram,
    /// What stands out, as far as it was looked for.
    pub(crate) findings: Vec<Finding>,
    /// Which part takes the keys.
    pub(crate) focus: Focus,
    /// In the list of what stands out and of containers.
    pub(crate) list: Cursor,
    /// The selected stretch of time, a bar of the histogram.
    pub(crate) bar: usize,
    /// Where the choice of a span began.
    pub(crate) anchor: Option<usize>,
}

/// Which part of the overview takes the keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Focus {
    /// The list.
    #[default]
    List,
    /// The histogram.
    Histogram,
}

/// Counts of stretches of time that are equally long.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Histogram {
    /// Where the first one begins, nanoseconds since 1970.
    pub(crate) from: i64,
    /// How long each is, nanoseconds.
    pub(crate) step: i64,
    /// Events of each.
    pub(crate) counts: Vec<u64>,
}

impl Histogram {
    /// How many stretches a histogram has at most; screens show two or more of them as one.
    pub(crate) const BARS: usize = 240;

    /// An empty one from `from` to `to`.
    pub(crate) fn new(from: i64, to: i64) -> Histogram {
        let span = (i128::from(to) - i128::from(from) + 1).max(1);
        // One bar more may be needed because the first one begins before the first event.
        let step = i64::try_from((span - 1) / (Self::BARS as i128 - 1) + 1).unwrap_or(i64::MAX);
        // Stretches count from 1970, as those of `--every` do.
        let from = from.div_euclid(step).saturating_mul(step);
        let bars = (i128::from(to) - i128::from(from)) / i128::from(step) + 1;
        let bars = usize::try_from(bars).unwrap_or(1);
        Histogram {
            from,
            step,
            counts: vec![0; bars.clamp(1, Self::BARS)],
        }
    }

    /// The stretch in which a time lies; that before or behind all is the first or last.
    pub(crate) fn bar(&self, time: i64) -> usize {
        let at = (i128::from(time) - i128::from(self.from)).max(0) / i128::from(self.step.max(1));
        usize::try_from(at)
            .unwrap_or(usize::MAX)
            .min(self.counts.len().saturating_sub(1))
    }

    /// From when to when a stretch lasts, both included.
    pub(crate) fn span(&self, bar: usize) -> (i64, i64) {
        let step = i128::from(self.step.max(1));
        let from = i128::from(self.from) + step * bar as i128;
        let time = |at: i128| i64::try_from(at).unwrap_or(i64::MAX);
        (time(from), time(from + step - 1))
    }

    /// Adds events that lie evenly between two times.
    pub(crate) fn spread(&mut self, from: i64, to: i64, events: u64) {
        let (first, last) = (self.bar(from), self.bar(to));
        let bars = (last - first + 1) as u64;
        for (at, count) in self.counts[first..=last].iter_mut().enumerate() {
            let at = at as u64;
            // What does not divide evenly is not lost.
            let share = events * (at + 1) / bars - events * at / bars;
            *count = count.saturating_add(share);
        }
    }
}

/// Something that a responder wants to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// What it is.
    pub(crate) name: String,
    /// Techniques of ATT&CK, separated by spaces.
    pub(crate) technique: String,
    /// How bad it is, 0 the worst.
    pub(crate) rank: u8,
    /// How often.
    pub(crate) count: u64,
    /// The first event.
    pub(crate) first: Position,
    /// When that was.
    pub(crate) time: i64,
    /// The same as text.
    pub(crate) clock: String,
    /// What it was about.
    pub(crate) example: String,
    /// The filter that its events pass.
    pub(crate) filter: String,
    /// Times of some of them, nanoseconds since 1970: about one for each stretch of the histogram in which there are any.
    pub(crate) times: Vec<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_cover_the_span_and_lose_nothing() {
        for (from, to) in [(0, 0), (0, 239), (0, 240), (5, 1_000_000_007), (i64::MIN, i64::MAX)] {
            let mut histogram = Histogram::new(from, to);
            assert!(histogram.counts.len() <= Histogram::BARS, "{from} {to}");
            assert_eq!(histogram.bar(from), 0);
            assert_eq!(histogram.bar(to), histogram.counts.len() - 1, "{from} {to}");
            histogram.spread(from, to, 1001);
            assert_eq!(histogram.counts.iter().sum::<u64>(), 1001);
            assert!(histogram.span(0).0 <= from && histogram.span(0).1 >= from);
            assert!(histogram.span(histogram.counts.len() - 1).1 >= to);
        }
    }
}
