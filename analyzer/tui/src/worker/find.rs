//! Looks for the next row of a table that contains some words, with all CPUs.

use super::Opened;
use super::job::Pace;
use super::reader::Reader;
use super::row::Cells;
use crate::message::{Find, Message};
use crate::state::Position;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Rows between two looks at whether to go on.
const STEP: u64 = 512;

/// Sends how far it is, and what it found. Nothing is told of a search that was stopped.
pub(crate) fn find(
    opened: &Opened,
    (generation, find): (u64, &Find),
    stopped: &(dyn Fn() -> bool + Sync),
    send: &mut dyn FnMut(Message),
) {
    let pieces = pieces(find);
    let of = pieces.len() as u64;
    let mut done = 0;
    let mut pace = Pace::new();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut found = None;
    for batch in pieces.chunks(threads) {
        found = first_of(opened, find, batch, stopped);
        done += batch.len() as u64;
        if stopped() {
            return;
        }
        if found.is_some() {
            break;
        }
        if pace.is_due() {
            send(Message::Found {
                generation,
                done: (done, of),
                end: None,
            });
        }
    }
    send(Message::Found {
        generation,
        done: (done, of),
        end: Some(found),
    });
}

/// Indices of the rows that are looked at, a piece for each part of the table, the nearest piece first.
fn pieces(find: &Find) -> Vec<Range<u64>> {
    let wanted = match find.forwards {
        true => find.from.saturating_add(1)..find.rows.len(),
        false => 0..find.from.min(find.rows.len()),
    };
    let parts = find.rows.parts().map(|part| {
        let (start, end) = (part.start.max(wanted.start), part.end.min(wanted.end));
        start..end
    });
    let mut pieces: Vec<Range<u64>> = parts.filter(|part| !part.is_empty()).collect();
    if !find.forwards {
        pieces.reverse();
    }
    pieces
}

/// What is found in the first of some pieces that has anything.
fn first_of(
    opened: &Opened,
    find: &Find,
    pieces: &[Range<u64>],
    stopped: &(dyn Fn() -> bool + Sync),
) -> Option<Position> {
    // The first piece that has something: those behind it need not go on.
    let first = AtomicUsize::new(usize::MAX);
    let first = &first;
    let found: Vec<Option<Position>> = thread::scope(|scope| {
        let threads: Vec<_> = pieces
            .iter()
            .enumerate()
            .map(|(at, piece)| {
                scope.spawn(move || {
                    let given_up = || stopped() || first.load(Ordering::Relaxed) < at;
                    let found = in_piece(opened, find, piece, &given_up);
                    if found.is_some() {
                        first.fetch_min(at, Ordering::Relaxed);
                    }
                    found
                })
            })
            .collect();
        // One that failed said so already.
        threads.into_iter().map(|thread| thread.join().ok().flatten()).collect()
    });
    found.into_iter().flatten().next()
}

fn in_piece(opened: &Opened, find: &Find, piece: &Range<u64>, given_up: &dyn Fn() -> bool) -> Option<Position> {
    let mut reader = Reader::new(opened);
    let cells = Cells::of(&find.columns);
    let len = piece.end - piece.start;
    for step in 0..len {
        if step.is_multiple_of(STEP) && given_up() {
            return None;
        }
        let index = match find.forwards {
            true => piece.start + step,
            false => piece.end - 1 - step,
        };
        let position = find.rows.position(index)?;
        let has = reader.event(position, |row| {
            let text = cells.text(row, opened);
            find.words.are_in(text.cells.iter().map(String::as_str))
        });
        match has {
            Ok(true) => return Some(position),
            Ok(false) => {}
            // The whole segment cannot be read; the table says so, too.
            Err(_) => return None,
        }
    }
    None
}
