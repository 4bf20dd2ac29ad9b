//! Work for all CPUs whose results come in order.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

/// So many threads at most: each holds a decoded segment, and a trace should open in little memory.
const MAX_THREADS: usize = 8;

/// How many results may wait for one before them, beside those being worked on. Each can be as large as the text of a segment.
const WAITING: usize = 1;

struct Shared<I> {
    items: I,
    /// Number of the next item.
    next: usize,
    /// Number of the next result that is wanted.
    wanted: usize,
    stopped: bool,
}

/// Has `work` done on every item by several threads, and calls `each` with item and result in the order of the items until it
/// breaks off. Gives the rest of the items back.
pub(super) fn in_order<I, T>(
    items: I,
    work: impl Fn(&I::Item) -> T + Sync,
    mut each: impl FnMut(I::Item, T) -> ControlFlow<()>,
) -> I
where
    I: Iterator + Send,
    I::Item: Send,
    T: Send,
{
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
    let shared = Mutex::new(Shared {
        items,
        next: 0,
        wanted: 0,
        stopped: false,
    });
    let turn = Condvar::new();
    let (send, receive) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..threads {
            let (send, shared, turn, work) = (send.clone(), &shared, &turn, &work);
            scope.spawn(move || {
                while let Some((number, item)) = take(shared, turn, threads) {
                    let made = work(&item);
                    if send.send((number, item, made)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let mut early = BTreeMap::new();
        let mut wanted = 0;
        'results: for (number, item, made) in &receive {
            early.insert(number, (item, made));
            while let Some((item, made)) = early.remove(&wanted) {
                wanted += 1;
                lock(&shared).wanted = wanted;
                turn.notify_all();
                if each(item, made).is_break() {
                    break 'results;
                }
            }
        }
        lock(&shared).stopped = true;
        turn.notify_all();
    });
    shared.into_inner().unwrap_or_else(PoisonError::into_inner).items
}

/// The next item; waits while others are too far ahead of the result that is wanted.
fn take<I: Iterator>(shared: &Mutex<Shared<I>>, turn: &Condvar, threads: usize) -> Option<(usize, I::Item)> {
    let mut state = lock(shared);
    while !state.stopped && state.next > state.wanted + threads + WAITING {
        state = turn.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    if state.stopped {
        return None;
    }
    let item = state.items.next()?;
    state.next += 1;
    Some((state.next - 1, item))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_work_ends_when_they_are_not_wanted() {
        let mut seen = Vec::new();
        let rest = in_order(
            0..1000,
            |item| {
                // Some take longer than those behind them.
                if item % 7 == 0 {
                    thread::yield_now();
                }
                item * 2
            },
            |item, made| {
                assert_eq!(made, item * 2);
                seen.push(item);
                if item == 500 {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            },
        );
        assert_eq!(seen, (0..=500).collect::<Vec<_>>());
        let begun = rest.start;
        assert!(begun > 500 && begun <= 501 + 2 * (MAX_THREADS + WAITING + 1), "{begun}");
    }

    #[test]
    fn nothing_to_do_is_done() {
        let rest = in_order(0..0, |item: &i32| *item, |_, _| ControlFlow::Continue(()));
        assert!(rest.is_empty());
    }
}
