//! Looks for events.

use super::job::Work;
use crate::message::{Answer, Message};
use crate::state::Part;
use afterimage_query::{EventRow, Query, scan_pieces};

/// Sends the places of what is found, a segment after the other.
pub(super) fn find(work: &Work<'_>, query: &Query<'_>, send: &mut dyn FnMut(Message)) {
    let opened = work.opened;
    let outcome = scan_pieces(
        opened.trace(),
        opened.context(),
        query,
        |hits, piece| {
            let rows = hits.segment();
            let span = u32::try_from(rows.segment().rows()).unwrap_or(u32::MAX);
            let number = opened.segment_of(EventRow::new(rows, 0).num());
            piece(number.map(|number| Part::some(number, 0, span, hits.rows())));
        },
        |part| {
            if let Some(part) = part {
                send(work.message(Answer::Events(part), None, false));
            }
            work.flow()
        },
    );
    work.end(Answer::Nothing, &outcome, send);
}
