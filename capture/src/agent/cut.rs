//! What of a segment belongs to a capture: rows of its members in its time, with what they refer to, and nothing of others.

use super::members::Members;
use afterimage_format::Result;
use afterimage_format::model::Descriptor;
use afterimage_format::segment::{FdChange, FdState};
use afterimage_query::row::SegmentRows;
use afterimage_query::{EventRow, RowCopier};
use std::collections::{HashMap, HashSet};

/// Times that a capture has, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: u64,
    pub(crate) to: u64,
}

impl Span {
    pub(crate) fn has(self, time: u64) -> bool {
        (self.from..=self.to).contains(&time)
    }

    pub(crate) fn touches(self, from: u64, to: u64) -> bool {
        from <= self.to && to >= self.from
    }
}

/// Copies what belongs to it. `full` is called when enough is together to be written.
///
/// # Errors
/// Those of reading, which for segments of this process mean a fault of it; and those of `full`.
pub(crate) fn cut(
    rows: &SegmentRows<'_>,
    members: &mut Members,
    span: Span,
    copier: &mut RowCopier,
    mut full: impl FnMut(&mut RowCopier) -> Result<()>,
) -> Result<()> {
    let segment = rows.segment();
    let threads = segment.threads()?;
    let theirs = members.of(threads);
    let by_id: HashMap<u64, bool> = threads
        .iter()
        .zip(&theirs)
        .map(|(thread, theirs)| (thread.id, *theirs))
        .collect();
    let keeps = |id: u64| by_id.get(&id).copied().unwrap_or(false);
    for loss in segment.losses()?.iter().filter(|loss| span.touches(loss.from, loss.to)) {
        copier.push_loss(loss.clone());
    }
    if !theirs.contains(&true) {
        return Ok(());
    }
    let descriptors: HashMap<u64, &Descriptor> = segment.descriptors()?.iter().map(|one| (one.id, one)).collect();
    let changes = segment.fd_changes()?;
    if segment.zone().keyframe && segment.zone().time_min <= span.to {
        full(copier)?;
        let live: Vec<_> = segment.live()?.into_iter().filter(|thread| keeps(thread.id)).collect();
        let alive: HashSet<u32> = live.iter().map(|thread| thread.pid).collect();
        let open = changes
            .iter()
            .filter(|change| change.row.is_none() && alive.contains(&change.process));
        let open = open.filter_map(|change| match change.state {
            FdState::Open(id) => Some((change.process, change.fd, *descriptors.get(&id)?)),
            _ => None,
        });
        copier.set_keyframe(live, open);
    }
    let (times, indexes) = (segment.times()?, segment.thread_indexes()?);
    let mut changes = changes.iter().filter(|change| change.row.is_some()).peekable();
    for (row, (time, index)) in times.iter().zip(indexes).enumerate() {
        let at = usize::try_from(*index).unwrap_or(usize::MAX);
        let is_theirs = theirs.get(at).copied().unwrap_or(false);
        while let Some(change) = changes.next_if(|change| change.row.is_some_and(|of| of as usize <= row)) {
            // What a row tells of others is not the member's to tell.
            let own = threads.get(at).is_some_and(|thread| thread.pid == change.process);
            if is_theirs && (own || is_child(change, threads, &theirs)) {
                copy_change(change, &descriptors, copier);
            }
        }
        if is_theirs && u64::try_from(*time).is_ok_and(|time| span.has(time)) {
            copier.push(&EventRow::new(rows, row), |thread| keeps(thread.id));
            if copier.is_full() {
                full(copier)?;
            }
        }
    }
    Ok(())
}

/// Whether a change is about another process that is a member as well.
fn is_child(change: &FdChange, threads: &[afterimage_format::model::Thread], theirs: &[bool]) -> bool {
    let mut of = threads
        .iter()
        .zip(theirs)
        .filter(|(thread, _)| thread.pid == change.process)
        .peekable();
    of.peek().is_some() && of.all(|(_, theirs)| *theirs)
}

fn copy_change(change: &FdChange, descriptors: &HashMap<u64, &Descriptor>, copier: &mut RowCopier) {
    let descriptor = match change.state {
        FdState::Open(id) => descriptors.get(&id).copied(),
        _ => None,
    };
    copier.fd_change(change, descriptor);
}
