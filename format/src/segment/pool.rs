//! Memory that goes from one segment to the next: fresh pages from the kernel cost more than decoding into them.

use std::cell::RefCell;

/// What a thread keeps at most, in bytes.
const KEEP: usize = 16 << 20;

/// Elements of the shortest vector that is worth keeping.
const SHORTEST: usize = 512;

/// Vectors by the power of two that their capacity has reached: one that was made for a short column and grows with
/// every long one that it is given to would be fresh memory each time.
struct Shelf<T>([Vec<Vec<T>>; usize::BITS as usize]);

struct Pool {
    ints: Shelf<i64>,
    bytes: Shelf<u8>,
    /// Nobody writes to these.
    zeros: Vec<i64>,
    /// Bytes on both shelves.
    kept: usize,
}

thread_local! {
    static POOL: RefCell<Pool> = RefCell::new(Pool {
        ints: Shelf::default(),
        bytes: Shelf::default(),
        zeros: Vec::new(),
        kept: 0,
    });
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Shelf(std::array::from_fn(|_| Vec::new()))
    }
}

impl<T> Shelf<T> {
    /// One with room for `count`, and not for many times that.
    fn take(&mut self, count: usize) -> Option<Vec<T>> {
        let at = count.max(1).ilog2() as usize;
        let same = self.0.get_mut(at)?;
        if let Some(fits) = same.iter().rposition(|vec| vec.capacity() >= count) {
            return Some(same.swap_remove(fits));
        }
        self.0.get_mut(at + 1)?.pop()
    }

    fn put(&mut self, vec: Vec<T>) {
        self.0[vec.capacity().max(1).ilog2() as usize].push(vec);
    }
}

/// An empty vector with room for `count` integers.
pub(super) fn ints(count: usize) -> Vec<i64> {
    let mut vec = old_ints(count);
    vec.clear();
    vec
}

/// `count` integers that say nothing: those of columns before, or 0.
pub(super) fn some_ints(count: usize) -> Vec<i64> {
    let mut vec = old_ints(count);
    vec.resize(count, 0);
    vec
}

fn old_ints(count: usize) -> Vec<i64> {
    let kept = POOL.with_borrow_mut(|pool| {
        let vec = pool.ints.take(count)?;
        pool.kept -= 8 * vec.capacity();
        Some(vec)
    });
    kept.unwrap_or_else(|| Vec::with_capacity(count))
}

/// An empty vector with room for `count` bytes.
pub(super) fn bytes(count: usize) -> Vec<u8> {
    let kept = POOL.with_borrow_mut(|pool| {
        let vec = pool.bytes.take(count)?;
        pool.kept -= vec.capacity();
        Some(vec)
    });
    let mut vec = kept.unwrap_or_else(|| Vec::with_capacity(count));
    vec.clear();
    vec
}

/// `count` zeros or more.
pub(super) fn zeros(count: usize) -> Vec<i64> {
    let mut vec = POOL.with_borrow_mut(|pool| std::mem::take(&mut pool.zeros));
    if vec.len() < count {
        vec = vec![0; count];
    }
    vec
}

/// Takes back what [`zeros`] gave.
pub(super) fn give_zeros(vec: Vec<i64>) {
    if 8 * vec.len() <= KEEP / 16 {
        POOL.with_borrow_mut(|pool| pool.zeros = vec);
    }
}

/// Takes back what a segment used.
pub(super) fn give(ints: impl Iterator<Item = Vec<i64>>, bytes: impl Iterator<Item = Vec<u8>>) {
    POOL.with_borrow_mut(|pool| {
        for vec in ints.filter(|vec| vec.capacity() >= SHORTEST) {
            if pool.kept + 8 * vec.capacity() <= KEEP {
                pool.kept += 8 * vec.capacity();
                pool.ints.put(vec);
            }
        }
        for vec in bytes.filter(|vec| vec.capacity() >= SHORTEST) {
            if pool.kept + vec.capacity() <= KEEP {
                pool.kept += vec.capacity();
                pool.bytes.put(vec);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_is_taken_again_where_it_fits() {
        give(
            [Vec::with_capacity(1000), Vec::with_capacity(5000)].into_iter(),
            [].into_iter(),
        );
        let taken = [ints(4200), ints(700), ints(700)].map(|vec| vec.capacity());
        assert_eq!(taken, [5000, 1000, 700]);
        give([vec![7; 600]].into_iter(), [].into_iter());
        assert_eq!(some_ints(550).len(), 550);
        give_zeros(zeros(10));
        assert!(zeros(20).iter().all(|zero| *zero == 0));
    }
}
