//! Calls by when they ended and how long they took.

use super::job::{Pace, Work};
use crate::message::{Answer, Message};
use crate::state::{BUCKETS, Histogram, bucket};
use afterimage_query::fields::{EvtField, FieldArg, FieldId};
use afterimage_query::{EventRow, Query, Row as _, Value, scan_pieces};

/// Sends the counts so far, again and again.
pub(super) fn look(work: &Work<'_>, query: &Query<'_>, send: &mut dyn FnMut(Message)) {
    let opened = work.opened;
    let (from, to) = opened.times_of(work.task.span);
    let mut times = Histogram::new(from, to);
    let frame = times.clone();
    let mut counts = vec![0u64; times.counts.len() * BUCKETS];
    let mut pace = Pace::new();
    let outcome = scan_pieces(
        opened.trace(),
        opened.context(),
        query,
        |hits, piece| {
            let mut found: Vec<(usize, u64)> = Vec::new();
            for row in hits.rows() {
                let event = EventRow::new(hits.segment(), *row as usize);
                if let Value::Int(took) = event.value(FieldId::Evt(EvtField::Latency), &FieldArg::None) {
                    let at = frame.bar(event.time()) * BUCKETS + bucket(took);
                    match found.last_mut().filter(|(last, _)| *last == at) {
                        Some((_, count)) => *count += 1,
                        None => found.push((at, 1)),
                    }
                }
            }
            piece(found);
        },
        |found| {
            for (at, count) in found {
                if let Some(known) = counts.get_mut(at) {
                    *known += count;
                }
            }
            if pace.is_due() {
                send(work.message(answer(&mut times, &counts), None, false));
            }
            work.flow()
        },
    );
    work.end(answer(&mut times, &counts), &outcome, send);
}

fn answer(times: &mut Histogram, counts: &[u64]) -> Answer {
    for (bar, counts) in times.counts.iter_mut().zip(counts.chunks(BUCKETS)) {
        *bar = counts.iter().sum();
    }
    Answer::Spectrum(times.clone(), counts.to_vec())
}
