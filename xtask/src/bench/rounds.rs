//! The order in which things are measured that are compared with each other.

/// Round and thing, round after round. Each round begins with another thing, so that none always finds the machine as
/// the same other one left it.
pub(crate) fn turns(rounds: usize, things: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rounds).flat_map(move |round| (0..things).map(move |turn| (round, (round + turn) % things)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_turn_in_each_round_and_is_first_in_turn() {
        let order: Vec<_> = turns(3, 2).collect();
        assert_eq!(order, [(0, 0), (0, 1), (1, 1), (1, 0), (2, 0), (2, 1)]);
    }
}
