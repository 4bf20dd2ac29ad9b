//! Looks for the events that pass a filter, a piece of a segment after the other.

use super::Opened;
use crate::message::Message;
use crate::state::Part;
use afterimage_query::row::SegmentRows;
use afterimage_query::{EventRow, Filter};

/// Rows between two messages: some milliseconds of work, so that stopping and first results are felt at once.
const PIECE: usize = 4096;

/// Tests every event and sends what it finds, until the end or until `stopped`.
pub(crate) fn scan(
    opened: &Opened,
    generation: u64,
    filter: &str,
    stopped: &dyn Fn() -> bool,
    send: &mut dyn FnMut(Message),
) {
    let mut read: u64 = 0;
    let mut found = |part, read, damage, done| {
        send(Message::Found {
            generation,
            part,
            read,
            damage,
            done,
        });
    };
    let filter = match Filter::compile(filter, &opened.context().settings()) {
        Ok(filter) => filter,
        // It was checked before; should that ever differ, an empty answer with the reason is the honest one.
        Err(error) => return found(None, 0, Some(error.to_string()), true),
    };
    for (number, entry) in opened.trace().entries() {
        if stopped() {
            return;
        }
        let rows_of = entry.as_ref().map_or(0, |entry| entry.zone.rows);
        let segment = match entry.and_then(|_| opened.trace().segment(number)) {
            Ok(segment) => segment,
            Err(error) => {
                read = read.saturating_add(u64::from(rows_of));
                found(None, read, Some(error.to_string()), false);
                continue;
            }
        };
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let rows = SegmentRows::new(opened.context(), segment);
        let count = rows.segment().rows();
        for base in (0..count).step_by(PIECE) {
            if stopped() {
                return;
            }
            let span = PIECE.min(count - base);
            let passes = |at: &u32| filter.matches(&EventRow::new(&rows, base + *at as usize));
            let matching: Vec<u32> = (0..span as u32).filter(passes).collect();
            let part = Part::some(number, base as u32, span as u32, &matching);
            read = read.saturating_add(span as u64);
            found(
                Some(part),
                read,
                rows.take_damage().map(|error| error.to_string()),
                false,
            );
        }
    }
    found(None, read, None, true);
}
