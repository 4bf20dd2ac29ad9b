//! `capture record --explain`: what the kernel decides, and what user space.

use super::Filter;
use super::foresee::{Result as Known, Verdict, foresee};
use super::narrow::Narrowing;
use crate::catalogue::Catalogue;
use crate::profile::{Profile, Take};
use crate::scope::Scope;
use afterimage_abi::recorded;
use afterimage_query::eval::Node;
use afterimage_query::lang::{self, Expr};
use std::fmt::Write;

/// Says it. `scope` is as the user gave it, `catalogue` as the kernel gets it.
pub(crate) fn explain(profile: &Profile, catalogue: &Catalogue, scope: &Scope, filter: Option<&Filter>) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "scope, decided by the kernel: {}", scope.text());
    let _ = writeln!(out, "profile {}: {}", profile.name, profile.about);
    let mut counts = [0; 5];
    for ((call, _), spec) in catalogue.calls_with_specs() {
        let at = match (spec.recorded, call.take) {
            (recorded::NO, _) => 4,
            (_, Take::Never) => 3,
            (recorded::FAILED, _) => 1,
            (_, Take::Always) => 0,
            (_, Take::Sockets | Take::Others) => 2,
        };
        counts[at] += 1;
    }
    let lines = [
        "recorded",
        "recorded where they fail (kernel)",
        "recorded; user space keeps those on the right descriptors",
        "followed for the state, not written (user space)",
        "not recorded (kernel)",
    ];
    for (count, line) in counts.into_iter().zip(lines).filter(|(count, _)| *count > 0) {
        let _ = writeln!(out, "  {count:3} system calls {line}");
    }
    let Some(filter) = filter else { return out };
    let _ = writeln!(out, "filter: {}", filter.text);
    for (term, text) in filter.terms().iter().zip(filter.term_texts()) {
        let _ = writeln!(out, "  {text}\n    {}", filter.place(term, catalogue, scope));
    }
    out
}

impl Filter {
    /// The text of each of [`Filter::terms`].
    fn term_texts(&self) -> Vec<String> {
        let of = |expr: &Expr| {
            let span = expr.span();
            self.text.get(span.start..span.end).unwrap_or(&self.text).to_owned()
        };
        match lang::parse(&self.text) {
            Ok(Expr::And { terms, .. }) => terms.iter().map(of).collect(),
            Ok(one) => vec![of(&one)],
            Err(_) => Vec::new(),
        }
    }

    /// Where a term is decided.
    fn place(&self, term: &Node, catalogue: &Catalogue, scope: &Scope) -> String {
        if let Some(narrowing) = self.narrowing(term, scope) {
            let to = match narrowing {
                Narrowing::Processes(ids) => format!("processes {}", joined(&ids)),
                Narrowing::Users(ids) => format!("real or effective users {}", joined(&ids)),
                Narrowing::Containers(names) => format!("containers {}", names.join(", ")),
            };
            return format!("kernel: narrowed to {to}; then user space");
        }
        let calls: Vec<_> = catalogue.calls().map(|(_, kind)| kind).collect();
        let count = |result: Known, verdict: Verdict| {
            let kinds = calls.iter().filter(|kind| foresee(term, kind, result) == verdict);
            kinds.count()
        };
        match (count(Known::Any, Verdict::Never), count(Known::Any, Verdict::Maybe)) {
            (never, 0) => format!("kernel: {never} of {} system calls cannot pass", calls.len()),
            (0, _) if count(Known::Success, Verdict::Never) == calls.len() => {
                "kernel: calls that succeed cannot pass; user space for those that the state follows".to_owned()
            }
            (0, _) => "user space".to_owned(),
            (never, _) => format!(
                "kernel: {never} of {} system calls cannot pass; then user space",
                calls.len()
            ),
        }
    }
}

fn joined(ids: &[u32]) -> String {
    ids.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}
