//! Memory that goes from one segment to the next: fresh pages from the kernel cost more than decoding into them.

use std::cell::RefCell;

/// What a thread keeps at most, in bytes.
const KEEP: usize = 16 << 20;

#[derive(Default)]
struct Pool {
    ints: Vec<Vec<i64>>,
    bytes: Vec<Vec<u8>>,
    kept: usize,
}

thread_local! {
    static POOL: RefCell<Pool> = RefCell::default();
}

/// An empty vector with room for `count` integers.
pub(super) fn ints(count: usize) -> Vec<i64> {
    let mut vec = POOL.with_borrow_mut(|pool| {
        let vec = pool.ints.pop().unwrap_or_default();
        pool.kept -= 8 * vec.capacity();
        vec
    });
    vec.reserve(count);
    vec
}

/// An empty vector with room for `count` bytes.
pub(super) fn bytes(count: usize) -> Vec<u8> {
    let mut vec = POOL.with_borrow_mut(|pool| {
        let vec = pool.bytes.pop().unwrap_or_default();
        pool.kept -= vec.capacity();
        vec
    });
    vec.reserve(count);
    vec
}

/// Takes back what a segment used.
pub(super) fn give(ints: impl Iterator<Item = Vec<i64>>, bytes: impl Iterator<Item = Vec<u8>>) {
    POOL.with_borrow_mut(|pool| {
        for mut vec in ints.filter(|vec| vec.capacity() >= 512) {
            if pool.kept + 8 * vec.capacity() <= KEEP {
                pool.kept += 8 * vec.capacity();
                vec.clear();
                pool.ints.push(vec);
            }
        }
        for mut vec in bytes.filter(|vec| vec.capacity() >= 4096) {
            if pool.kept + vec.capacity() <= KEEP {
                pool.kept += vec.capacity();
                vec.clear();
                pool.bytes.push(vec);
            }
        }
    });
}
