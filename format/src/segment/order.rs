//! The two orders of rows. *Stored*: thread by thread, in each the order of time. *Read*: by time; rows of the same time
//! stay in stored order. So a reader that has the times needs nothing else to put rows in order.

use super::codec;

/// Arrival numbers of the rows in stored order. `groups` says which thread each row belongs to.
pub(super) fn stored(groups: &[u32], count: usize, times: &[i64], keep: bool) -> Vec<u32> {
    let mut starts = vec![0u32; count + 1];
    for group in groups {
        starts[*group as usize + 1] += 1;
    }
    for group in 0..count {
        starts[group + 1] += starts[group];
    }
    let mut next = starts.clone();
    let mut order = vec![0u32; groups.len()];
    for (arrival, group) in groups.iter().enumerate() {
        let at = &mut next[*group as usize];
        order[*at as usize] = arrival as u32;
        *at += 1;
    }
    if !keep {
        for bounds in starts.windows(2) {
            let rows = &mut order[bounds[0] as usize..bounds[1] as usize];
            // A thread that changed CPU can come a little out of order; what it did is told in the order in which it did it.
            if !rows.is_sorted_by_key(|arrival| times[*arrival as usize]) {
                rows.sort_by_key(|arrival| times[*arrival as usize]);
            }
        }
    }
    order
}

/// The row in which each arrival is read: those of the same time in stored order.
pub(super) fn rows(times: &[i64], stored: &[u32]) -> Vec<u32> {
    if times.is_sorted() {
        // They arrived in order, so only those of the same time may change places.
        let mut rows: Vec<u32> = (0..times.len() as u32).collect();
        if times.windows(2).all(|pair| pair[0] < pair[1]) {
            return rows;
        }
        let positions = inverse(stored);
        let mut start = 0;
        for same in times.chunk_by(|a, b| a == b) {
            let end = start + same.len();
            if same.len() > 1 {
                let mut order: Vec<usize> = (start..end).collect();
                order.sort_by_key(|arrival| positions[*arrival]);
                for (row, arrival) in (start..).zip(order) {
                    rows[arrival] = row as u32;
                }
            }
            start = end;
        }
        return rows;
    }
    let stored_times: Vec<i64> = stored.iter().map(|arrival| times[*arrival as usize]).collect();
    let mut rows = vec![0; times.len()];
    for (row, at) in by_time(&stored_times).iter().enumerate() {
        rows[stored[*at as usize] as usize] = row as u32;
    }
    rows
}

/// Stored positions in the order of time.
pub(super) fn by_time(times: &[i64]) -> Vec<u32> {
    sort(&mut times.to_vec())
}

/// Puts the times of stored rows in order; returns which stored position each had. Equal ones stay as they are.
pub(super) fn sort(times: &mut [i64]) -> Vec<u32> {
    if times.is_sorted() {
        return (0..times.len() as u32).collect();
    }
    let (min, max) = codec::bounds(times);
    let bits = usize::BITS - times.len().leading_zeros();
    if max.wrapping_sub(min) as u64 >> (63 - bits) == 0 {
        // Time and position in one word: the sort then moves and compares half as much.
        for (at, time) in times.iter_mut().enumerate() {
            *time = time.wrapping_sub(min) << bits | at as i64;
        }
        times.sort();
        let order = times.iter().map(|word| (word & ((1 << bits) - 1)) as u32).collect();
        for time in times {
            *time = (*time >> bits).wrapping_add(min);
        }
        return order;
    }
    let mut order: Vec<u32> = (0..times.len() as u32).collect();
    order.sort_by_key(|at| times[*at as usize]);
    times.sort();
    order
}

/// The other way round: for each position in `order`, where it stands there.
pub(super) fn inverse(order: &[u32]) -> Vec<u32> {
    let mut out = vec![0; order.len()];
    for (at, position) in order.iter().enumerate() {
        out[*position as usize] = at as u32;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_thread_stay_together_and_time_puts_them_back() {
        let times = [10, 20, 15, 30, 20];
        let order = stored(&[1, 0, 1, 1, 0], 2, &times, false);
        assert_eq!(order, [1, 4, 0, 2, 3]);
        let stored_times: Vec<i64> = order.iter().map(|at| times[*at as usize]).collect();
        assert_eq!(by_time(&stored_times), [2, 3, 0, 1, 4]);
        assert_eq!(inverse(&[2, 3, 0, 1, 4]), [2, 3, 0, 1, 4]);
        // Arrivals 1 and 4 have the same time and are stored in this order.
        assert_eq!(rows(&times, &order), [0, 2, 1, 4, 3]);
        assert_eq!(rows(&[1, 2, 2, 2, 3], &[3, 0, 2, 1, 4]), [0, 3, 2, 1, 4]);
        assert_eq!(rows(&[1, 2, 3], &[2, 0, 1]), [0, 1, 2]);
        assert_eq!(stored(&[0, 0], 1, &[5, 4], false), [1, 0]);
        assert_eq!(stored(&[0, 0], 1, &[5, 4], true), [0, 1]);
        for mut times in [[i64::MAX, i64::MIN, 0], [9, -5, 3], [1 << 60, 0, 1]] {
            let order = by_time(&times);
            assert_eq!(order, [1, 2, 0], "{times:?}");
            let expected: Vec<i64> = order.iter().map(|at| times[*at as usize]).collect();
            assert_eq!(sort(&mut times), order);
            assert_eq!(times, expected.as_slice());
        }
    }
}
