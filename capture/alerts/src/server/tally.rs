//! Refused and passed requests, gathered: a flood is a few lines a second.

use crate::protocol::Said;
use std::collections::BTreeMap;

/// Kinds that are told apart between two lines. Sources, statuses and classes are few; this is for certainty.
const KINDS_MAX: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Tally {
    refused: BTreeMap<(String, u16, &'static str), (u64, String)>,
    passed: BTreeMap<(String, &'static str), u64>,
}

impl Tally {
    /// One more that was refused. `class` tells kinds apart, `reason` is for people.
    pub(super) fn refuse(&mut self, source: &str, status: u16, class: &'static str, reason: &str) {
        if self.refused.len() >= KINDS_MAX && !self.refused.contains_key(&(source.to_owned(), status, class)) {
            return;
        }
        let entry = self.refused.entry((source.to_owned(), status, class)).or_default();
        entry.0 += 1;
        reason.clone_into(&mut entry.1);
    }

    /// So many more that caused nothing.
    pub(super) fn pass(&mut self, source: &str, reason: &'static str, count: u64) {
        if self.passed.len() < KINDS_MAX {
            *self.passed.entry((source.to_owned(), reason)).or_default() += count;
        }
    }

    /// What was gathered; begins anew.
    pub(super) fn take(&mut self) -> Vec<Said> {
        let gathered = std::mem::take(self);
        let refused = gathered
            .refused
            .into_iter()
            .map(|((source, status, _), (count, reason))| Said::Refused {
                source,
                status,
                reason,
                count,
            });
        let passed = gathered
            .passed
            .into_iter()
            .map(|((source, reason), count)| Said::Passed {
                source,
                reason: reason.to_owned(),
                count,
            });
        refused.chain(passed).collect()
    }
}
