//! Medians and ranges of a few runs.

/// The middle of some numbers and their range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Summary {
    /// Median: half are below, half above.
    pub(crate) median: f64,
    /// Smallest.
    pub(crate) least: f64,
    /// Largest.
    pub(crate) most: f64,
}

impl Summary {
    /// Of nothing there is none.
    pub(crate) fn of(numbers: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = numbers.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (least, most) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let median = match sorted.len() % 2 {
            0 => f64::midpoint(*sorted.get(middle - 1)?, *sorted.get(middle)?),
            _ => *sorted.get(middle)?,
        };
        Some(Self { median, least, most })
    }

    /// Median and range, with so many decimals.
    pub(crate) fn written(&self, decimals: usize) -> String {
        let Self { median, least, most } = self;
        format!("{median:.decimals$} ({least:.decimals$}-{most:.decimals$})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let of = |numbers: &[f64]| Summary::of(numbers.iter().copied());
        assert_eq!(of(&[]), None);
        assert_eq!(
            of(&[2.0]),
            Some(Summary {
                median: 2.0,
                least: 2.0,
                most: 2.0
            })
        );
        assert_eq!(
            of(&[9.0, 1.0, 2.0]),
            Some(Summary {
                median: 2.0,
                least: 1.0,
                most: 9.0
            })
        );
        assert_eq!(
            of(&[4.0, 1.0, 2.0, 9.0]),
            Some(Summary {
                median: 3.0,
                least: 1.0,
                most: 9.0
            })
        );
    }

    #[test]
    fn the_range_is_behind_the_median() {
        let summary = Summary::of([4.0, 1.25, 2.0]).unwrap();
        assert_eq!(summary.written(1), "2.0 (1.2-4.0)");
        assert_eq!(summary.written(0), "2 (1-4)");
    }
}
