//! What a machine said, as results.

use std::collections::BTreeMap;
use std::fmt;

/// How a test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It held.
    Passed,
    /// It did not, or the machine ended before it did.
    Failed,
    /// It did not run, for this reason.
    Skipped(String),
}

/// One test on one kernel.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Result {
    /// `vm KERNEL PART` or `vm KERNEL PART::TEST`.
    pub(crate) name: String,
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// What was said, where that is worth reading.
    pub(crate) said: String,
}

impl fmt::Display for Result {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Outcome::Passed => write!(f, "ok      {}", self.name)?,
            Outcome::Failed => write!(f, "FAILED  {}", self.name)?,
            Outcome::Skipped(reason) => write!(f, "skipped {}: {reason}", self.name)?,
        }
        for line in self.said.lines() {
            write!(f, "\n        {line}")?;
        }
        Ok(())
    }
}

/// The results on the console of one kernel. A machine that ends early has failed.
pub(crate) fn read(kernel: &str, said: &str) -> Vec<Result> {
    let lines = said.lines();
    let skipped: BTreeMap<&str, &str> = lines
        .filter_map(|line| line.strip_prefix("SKIPPED: ")?.split_once(": "))
        .collect();
    let mut results = Vec::new();
    let mut part: Option<(&str, Vec<&str>)> = None;
    for line in said.lines() {
        if let Some(name) = line.strip_prefix("vm: begin ") {
            part = Some((name, Vec::new()));
        } else if let Some((name, said)) = part.take_if(|_| line.starts_with("vm: end ")) {
            let passed = line.ends_with(" 0");
            results.extend(of_part(kernel, name, &said, passed, &skipped));
        } else if let Some((_, said)) = &mut part {
            said.push(line);
        }
    }
    if let Some((name, said)) = part {
        // The test that was running when the machine ended.
        results.extend(of_part(kernel, name, &said, false, &skipped));
    }
    if !said.lines().any(|line| line.starts_with("vm: done")) {
        let from = said.lines().count().saturating_sub(40);
        results.push(Result {
            name: format!("vm {kernel}"),
            outcome: Outcome::Failed,
            said: format!(
                "the machine ended early, or its time was up; its last lines:\n{}",
                said.lines().skip(from).collect::<Vec<_>>().join("\n")
            ),
        });
    }
    results
}

fn of_part(kernel: &str, part: &str, said: &[&str], passed: bool, skipped: &BTreeMap<&str, &str>) -> Vec<Result> {
    let tests = said.iter().filter_map(|line| {
        let (name, result) = line.strip_prefix("test ")?.split_once(" ... ")?;
        let outcome = match (skipped.get(name), result.trim()) {
            (Some(reason), _) => Outcome::Skipped((*reason).to_owned()),
            (None, "ok") => Outcome::Passed,
            _ => Outcome::Failed,
        };
        Some((name, outcome))
    });
    let mut results: Vec<Result> = tests
        .map(|(name, outcome)| Result {
            name: format!("vm {kernel} {part}::{name}"),
            outcome,
            said: String::new(),
        })
        .collect();
    let explained = results.iter().any(|result| result.outcome == Outcome::Failed);
    if results.is_empty() || !passed {
        results.push(Result {
            name: format!("vm {kernel} {part}"),
            outcome: if passed { Outcome::Passed } else { Outcome::Failed },
            said: said.join("\n"),
        });
    }
    if explained {
        // The part's own line only carries the words: its tests are what failed.
        if let Some(words) = results.pop()
            && let Some(failed) = results.iter_mut().rfind(|result| result.outcome == Outcome::Failed)
        {
            failed.said = words.said;
        }
    }
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "noise of the firmware
6.1.0
vm: begin doctor
ok      all is well
vm: end doctor 0
vm: begin scope
running 3 tests
test one ... ok
test two ... FAILED
test three ... ok
panicked at two
vm: end scope 101
SKIPPED: three: no cgroup v2
";

    fn outcomes(said: &str) -> Vec<(String, Outcome)> {
        read("6.1", said).into_iter().map(|r| (r.name, r.outcome)).collect()
    }

    #[test]
    fn every_part_and_test_has_its_result() {
        let expected = [
            ("vm 6.1 doctor", Outcome::Passed),
            ("vm 6.1 scope::one", Outcome::Passed),
            ("vm 6.1 scope::two", Outcome::Failed),
            ("vm 6.1 scope::three", Outcome::Skipped("no cgroup v2".to_owned())),
        ];
        let said = format!("{SAID}vm: done after 9 s\n");
        assert_eq!(outcomes(&said), expected.map(|(name, o)| (name.to_owned(), o)));
        let two = &read("6.1", &said)[2];
        assert!(two.said.contains("panicked at two"));
    }

    #[test]
    fn a_machine_that_ends_early_has_failed() {
        assert_eq!(outcomes(""), [("vm 6.1".to_owned(), Outcome::Failed)]);
        let cut = outcomes("vm: begin doctor\nok   \nvm: end doctor 0\nvm: begin record\nvm: lin");
        let failed: Vec<&str> = cut
            .iter()
            .filter(|(_, o)| *o == Outcome::Failed)
            .map(|(n, _)| n.as_str())
            .collect();
        assert_eq!(failed, ["vm 6.1 record", "vm 6.1"]);
    }

    #[test]
    fn a_part_that_dies_after_its_tests_has_failed() {
        let said = "vm: begin scope\ntest one ... ok\nvm: end scope 139\nvm: done\n";
        let expected = [
            ("vm 6.1 scope::one", Outcome::Passed),
            ("vm 6.1 scope", Outcome::Failed),
        ];
        assert_eq!(outcomes(said), expected.map(|(n, o)| (n.to_owned(), o)));
    }
}
