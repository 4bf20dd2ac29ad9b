//! Work for all CPUs whose results come in order.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

/// So many threads at most: each holds a decoded segment, and a trace should open in little memory.
const MAX_THREADS: usize = 8;

struct Shared<I> {
    items: I,
    /// Number of the next item.
    next: usize,
    /// Number of the next result that is wanted.
    wanted: usize,
    stopped: bool,
}

/// What `work` makes in each of several threads.
pub(super) fn each_thread<T: Send>(work: impl Fn() -> T + Sync) -> Vec<T> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(&work)).collect();
        let mut made = vec![work()];
        for other in others {
            match other.join() {
                Ok(other) => made.push(other),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        made
    })
}

/// What a thread says of an item.
enum Said<I, P, T> {
    /// A part of its result.
    Piece(P),
    /// It is done.
    Done(I, T),
}

/// Has `work` done on every item by several threads: it gives pieces of its result while it goes on, and the rest when it is
/// done. `piece` and `done` get them in the order of the items, until one of them breaks off. Gives the rest of the items
/// back.
pub(super) fn in_order<I, P, T>(
    items: I,
    work: impl Fn(&I::Item, &mut dyn FnMut(P)) -> T + Sync,
    mut piece: impl FnMut(P) -> ControlFlow<()>,
    mut done: impl FnMut(I::Item, T) -> ControlFlow<()>,
) -> I
where
    I: Iterator + Send,
    I::Item: Send,
    P: Send,
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
    // Who is ahead of the writer waits: the pieces of the item that is wanted are not kept.
    let (send, receive) = mpsc::sync_channel(2 * threads);
    thread::scope(|scope| {
        for _ in 0..threads {
            let (send, shared, turn, work) = (send.clone(), &shared, &turn, &work);
            scope.spawn(move || {
                while let Some((number, item)) = take(shared, turn, threads) {
                    let made = work(&item, &mut |piece| {
                        let _ = send.send((number, Said::Piece(piece)));
                    });
                    if send.send((number, Said::Done(item, made))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let mut early: BTreeMap<usize, Vec<Said<I::Item, P, T>>> = BTreeMap::new();
        let mut wanted = 0;
        'said: for (number, said) in &receive {
            early.entry(number).or_default().push(said);
            while let Some(said) = early.remove(&wanted) {
                let mut is_done = false;
                for said in said {
                    let flow = match said {
                        Said::Piece(made) => piece(made),
                        Said::Done(item, made) => {
                            is_done = true;
                            done(item, made)
                        }
                    };
                    if flow.is_break() {
                        break 'said;
                    }
                }
                if !is_done {
                    break;
                }
                wanted += 1;
                lock(&shared).wanted = wanted;
                turn.notify_all();
            }
        }
        lock(&shared).stopped = true;
        turn.notify_all();
        // Threads that wait for room in the channel are not to wait for ever.
        drop(receive);
    });
    shared.into_inner().unwrap_or_else(PoisonError::into_inner).items
}

/// The next item; waits while others are too far ahead of the result that is wanted.
fn take<I: Iterator>(shared: &Mutex<Shared<I>>, turn: &Condvar, threads: usize) -> Option<(usize, I::Item)> {
    let mut state = lock(shared);
    while !state.stopped && state.next >= state.wanted + threads {
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
        let mut pieces = Vec::new();
        let rest = in_order(
            0..1000,
            |item, piece| {
                // Some take longer than those behind them.
                if item % 7 == 0 {
                    thread::yield_now();
                }
                (0..3).for_each(|part| piece((*item, part)));
                item * 2
            },
            |made| {
                pieces.push(made);
                ControlFlow::Continue(())
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
        let expected: Vec<(i32, i32)> = (0..=500)
            .flat_map(|item| (0..3).map(move |part| (item, part)))
            .collect();
        assert_eq!(pieces, expected);
        assert_eq!(seen, (0..=500).collect::<Vec<_>>());
        let begun = rest.start;
        assert!(begun > 500 && begun <= 502 + 2 * MAX_THREADS as i32, "{begun}");
    }

    #[test]
    fn nothing_to_do_is_done() {
        let next = |(): ()| ControlFlow::Continue(());
        let rest = in_order(0..0, |item: &i32, _| *item, next, |_, _| ControlFlow::Continue(()));
        assert!(rest.is_empty());
    }
}
