//! How many tests passed, read from what their runners print.

use std::fmt;

/// Counts of results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Ran and held.
    pub(crate) passed: usize,
    /// Ran and did not, or could not be built.
    pub(crate) failed: usize,
    /// Did not run.
    pub(crate) skipped: usize,
}

impl Tally {
    /// Adds one result.
    pub(crate) fn count(&mut self, passed: bool) {
        if passed { self.passed += 1 } else { self.failed += 1 }
    }

    /// Adds another tally.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// Counts that many results as skipped which their runner took for passed.
    pub(crate) fn move_to_skipped(&mut self, count: usize) {
        let count = count.min(self.passed);
        self.passed -= count;
        self.skipped += count;
    }

    fn add_counted(&mut self, count: usize, word: &str) {
        match word {
            "passed" => self.passed += count,
            "skipped" | "ignored" => self.skipped += count,
            // Not results: tests and lines that were not asked for, and measurements.
            "filtered out" | "measured" => {}
            // "failed", "timed out", "exec failed", …
            _ => self.failed += count,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

/// Reads nextest's `Summary [ 0.1s] 9 tests run: 8 passed (1 slow), 1 failed, 2 skipped`.
pub(crate) fn nextest(said: &str) -> Tally {
    let summaries = said.lines().filter(|line| line.trim_start().starts_with("Summary ["));
    let counts = summaries
        .filter_map(|line| line.split_once("run: "))
        .map(|(_, counts)| without_parentheses(counts));
    counts.fold(Tally::default(), |tally, counts| add_list(tally, &counts, ','))
}

/// Reads every `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s`.
pub(crate) fn cargo_test(said: &str) -> Tally {
    let results = said.lines().filter_map(|line| line.strip_prefix("test result: "));
    let counts = results
        .filter_map(|line| line.split_once(". "))
        .map(|(_, counts)| counts);
    counts.fold(Tally::default(), |tally, counts| add_list(tally, counts, ';'))
}

fn add_list(mut tally: Tally, counts: &str, separator: char) -> Tally {
    for item in counts.split(separator) {
        if let Some((count, word)) = item.trim().split_once(' ')
            && let Ok(count) = count.parse()
        {
            tally.add_counted(count, word.trim());
        }
    }
    tally
}

fn without_parentheses(text: &str) -> String {
    let mut depth = 0_usize;
    text.chars()
        .filter(|&c| {
            let outside = depth == 0;
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            outside && c != '('
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(passed: usize, failed: usize, skipped: usize) -> Tally {
        Tally {
            passed,
            failed,
            skipped,
        }
    }

    #[test]
    fn the_summary_of_nextest_is_read() {
        for (said, expected) in [
            (
                "     Summary [   0.004s] 2 tests run: 2 passed, 0 skipped\n",
                tally(2, 0, 0),
            ),
            (
                "PASS [ 0.1s] a\n  Summary [  61.0s] 9 tests run: 8 passed (1 slow, 2 flaky), 1 failed, 4 skipped",
                tally(8, 1, 4),
            ),
            (
                " Summary [ 1.0s] 3/9 tests run: 1 passed, 1 timed out, 1 exec failed, 0 skipped",
                tally(1, 2, 0),
            ),
            ("error: could not compile", tally(0, 0, 0)),
        ] {
            assert_eq!(nextest(said), expected, "{said:?}");
        }
    }

    #[test]
    fn the_results_of_cargo_test_are_summed() {
        let said = "running 3 tests\n\
            test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.00s\n\
            test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.50s\n";
        assert_eq!(cargo_test(said), tally(4, 2, 1));
    }

    #[test]
    fn a_test_that_skipped_itself_is_not_counted_as_passed() {
        let mut counted = tally(5, 1, 0);
        counted.move_to_skipped(2);
        assert_eq!(counted, tally(3, 1, 2));
        assert_eq!(counted.to_string(), "3 passed, 1 failed, 2 skipped");
    }
}
