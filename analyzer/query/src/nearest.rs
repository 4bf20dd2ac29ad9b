//! The nearest name, for "did you mean".

/// The candidate that differs least from `name`, if it differs little enough to be a slip.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Names longer than any field are no slip, and the distance costs their product.
    if name.len() > 64 {
        return None;
    }
    let allowed = (name.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|&(distance, _)| distance <= allowed)
        // Of two that are equally near, the one that was only not typed to its end.
        .min_by_key(|&(distance, candidate)| (distance, !candidate.starts_with(name)))
        .map(|(_, candidate)| candidate)
}

/// How many insertions, deletions, replacements and swaps of neighbours turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: Option<&str>) {
        assert_eq!(
            nearest(name, ["proc.name", "proc.pid", "fd.num", "fd.name", "evt.type"]),
            expected
        );
    }

    #[test]
    fn slips_are_recognised() {
        check("proc.nam", Some("proc.name"));
        check("porc.name", Some("proc.name"));
        check("process.name", Some("proc.name"));
        check("event.type", Some("evt.type"));
        check("fd.nam", Some("fd.name"));
        check("container.id", None);
        check(&"x".repeat(1000), None);
    }
}
