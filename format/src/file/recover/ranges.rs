//! Gaps in `evt.num`.

/// Ranges of event numbers of which it is known what became of them.
#[derive(Debug, Default)]
pub(super) struct Ranges(Vec<(u64, u64)>);

/// Ranges that are kept apart; segments that follow each other are one.
const MAX: usize = 1 << 20;

impl Ranges {
    /// `rows` events from `first` on are accounted for.
    pub(super) fn add(&mut self, first: u64, rows: u64) {
        let end = first.saturating_add(rows);
        if rows == 0 {
            return;
        }
        let room = self.0.len() < MAX;
        match self.0.last_mut() {
            Some(last) if last.1 == first => last.1 = end,
            _ if room => self.0.push((first, end)),
            _ => {}
        }
    }

    /// Events between the first and the last that are not accounted for.
    pub(super) fn gaps(mut self) -> u64 {
        self.0.sort_unstable();
        let mut gaps: u64 = 0;
        let mut at = self.0.first().map_or(0, |range| range.0);
        for (first, end) in self.0 {
            gaps = gaps.saturating_add(first.saturating_sub(at));
            at = at.max(end);
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_what_nothing_accounts_for() {
        let check = |ranges: &[(u64, u64)], expected: u64| {
            let mut all = Ranges::default();
            ranges.iter().for_each(|(first, rows)| all.add(*first, *rows));
            assert_eq!(all.gaps(), expected, "{ranges:?}");
        };
        check(&[], 0);
        check(&[(7, 3), (10, 5)], 0);
        check(&[(7, 3), (12, 5)], 2);
        check(&[(12, 5), (7, 3), (0, 0)], 2);
        check(&[(1, 10), (3, 2), (20, 1)], 9);
        check(&[(1, u64::MAX), (5, 1)], 0);
    }
}
