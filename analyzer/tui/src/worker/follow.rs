//! Bytes that were moved.

use super::job::{Pace, Work};
use super::text::cut;
use crate::message::{Answer, Message};
use crate::state::{Chunk, Position};
use afterimage_query::follow::{self, Direction, MOVES_DATA, Target};
use afterimage_query::output::{escaped, time};
use afterimage_query::row::SegmentRows;
use afterimage_query::{EventRow, Position as Place};
use std::ops::ControlFlow;

/// Chunks of one message.
const BATCH: usize = 256;

/// Sends what went through the descriptor of the event at `from` as long as it was the same one, or through all descriptors
/// of the selected events.
pub(super) fn follow(work: &Work<'_>, from: Option<Position>, send: &mut dyn FnMut(Message)) {
    let opened = work.opened;
    let cancelled = || work.flow().is_break();
    let (title, condition, followed) = match from {
        None => {
            let condition = match work.task.filter.as_str() {
                "" => MOVES_DATA.to_owned(),
                filter => format!("({filter}) and ({MOVES_DATA})"),
            };
            ("all bytes of the selection".to_owned(), condition, None)
        }
        Some(position) => match target(work, position) {
            Err(error) => return send(work.message(Answer::Nothing, Some(error), true)),
            // An event about no descriptor, an exec for example: all that its process moved.
            Ok(Found::Process(pid)) => {
                let condition = format!("proc.pid = {pid} and ({MOVES_DATA})");
                (format!("all bytes of process {pid}"), condition, None)
            }
            Ok(Found::Target(target, name)) => {
                let at = Place {
                    segment: position.segment as usize,
                    row: position.row as usize,
                };
                let lifetime = follow::lifetime(opened.trace(), opened.context(), target, at, &cancelled);
                let Some(followed) = lifetime else { return };
                (name, followed.condition(), Some(followed))
            }
        },
    };
    let filter = match work.compile(&condition) {
        Ok(filter) => filter,
        Err(error) => return send(work.message(Answer::Nothing, Some(error), true)),
    };
    let query = work.query(filter.as_ref());
    let query = match &followed {
        Some(followed) => followed.within(query),
        None => query,
    };
    let mut title = Some(title);
    let (mut chunks, mut lacking) = (Vec::new(), 0u64);
    let mut pace = Pace::new();
    let zone = opened.context().zone();
    let outcome = follow::chunks(opened.trace(), opened.context(), &query, &cancelled, |chunk| {
        lacking = lacking.saturating_add(chunk.lacks());
        let written = chunk.direction == Direction::Write;
        let name = match (chunk.name.as_deref(), chunk.fd) {
            (None | Some(b""), Some(fd)) => format!("descriptor {fd}"),
            (name, _) => cut(name.unwrap_or_default(), 200),
        };
        let heading = format!(
            "{} {} {} ({}) {} {name}: {} bytes, event {}",
            if written { ">>>" } else { "<<<" },
            time::short_clock(chunk.time, zone),
            escaped(&chunk.process),
            chunk.pid,
            if written { "wrote to" } else { "read from" },
            chunk.bytes,
            chunk.number,
        );
        chunks.push(Chunk {
            position: Position {
                segment: u32::try_from(chunk.position.segment).unwrap_or(u32::MAX),
                row: u32::try_from(chunk.position.row).unwrap_or(u32::MAX),
            },
            written,
            heading,
            lacks: chunk.lacks(),
            data: chunk.data,
        });
        if chunks.len() >= BATCH || pace.is_due() {
            let answer = Answer::Chunks(title.take(), std::mem::take(&mut chunks), std::mem::take(&mut lacking));
            send(work.message(answer, None, false));
        }
        if cancelled() {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    work.end(Answer::Chunks(title, chunks, lacking), &outcome, send);
}

/// What the event at a place is about.
enum Found {
    /// A descriptor, and what it is called.
    Target(Target, String),
    /// None; the process.
    Process(u32),
}

fn target(work: &Work<'_>, position: Position) -> Result<Found, String> {
    let opened = work.opened;
    let segment = opened.trace().segment(position.segment as usize);
    let rows = SegmentRows::new(opened.context(), segment.map_err(|error| error.to_string())?);
    let row = EventRow::new(&rows, position.row as usize);
    let name = row.descriptor().map(|descriptor| cut(&descriptor.name, 200));
    Ok(match follow::target_of(&row) {
        Some(target) => Found::Target(target, name.unwrap_or_else(|| "a descriptor without a name".into())),
        None => Found::Process(row.thread().map_or(0, |thread| thread.pid)),
    })
}
