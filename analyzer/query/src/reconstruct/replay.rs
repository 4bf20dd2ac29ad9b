//! The state at a time: from the nearest keyframe at or before it, and what changed since. What is read is bounded by the
//! distance of keyframes, not by the trace.

use super::alive::Lives;
use super::fd_tables::FdTables;
use afterimage_format::Error;
use afterimage_format::file::{Group, Trace};
use afterimage_format::segment::Segment;
use std::ops::Range;

/// What is known of a time.
pub(super) struct Replay {
    pub(super) lives: Lives,
    pub(super) tables: FdTables,
    /// Damage met; what lay there is not known.
    pub(super) damage: Vec<Error>,
}

impl Replay {
    /// The state at `time`, nanoseconds since 1970; descriptors only where they are asked for.
    pub(super) fn at(trace: &Trace, time: u64, with_descriptors: bool) -> Replay {
        let mut replay = Replay {
            lives: Lives::at(time),
            tables: FdTables::default(),
            damage: Vec::new(),
        };
        let segments = segments_until(trace, time);
        for at in segments.clone() {
            let begins = at == segments.start;
            match trace.segment(at) {
                Ok(segment) => {
                    let lives = replay.lives.segment(&segment, begins);
                    let tables = if with_descriptors {
                        descriptors(&mut replay.tables, &segment, time, begins)
                    } else {
                        Ok(())
                    };
                    // Damage is often both's: the same text is shown once.
                    replay
                        .damage
                        .extend([lives, tables].into_iter().filter_map(Result::err));
                }
                Err(error) => replay.damage.push(error),
            }
        }
        // The keyframe behind the time names processes that were born before it and had no event until then.
        if !segments.is_empty()
            && let Some(next) = (segments.end..trace.segment_count()).find(|at| is_keyframe(trace, *at))
        {
            let read = trace
                .segment(next)
                .and_then(|segment| replay.lives.later_keyframe(&segment));
            replay.damage.extend(read.err());
        }
        replay
    }
}

/// The segments from the nearest keyframe up to `time`; none where all begin later.
fn segments_until(trace: &Trace, time: u64) -> Range<usize> {
    let begun = begun_by(trace, time);
    // Segments without rows do not say when they were. They are before the next one that does; a keyframe among them may
    // be later than the time, and counts only where there is nothing else.
    let is_quiet = |at: &usize| {
        let entry = trace.entry(*at);
        entry.is_ok_and(|entry| entry.zone.rows == 0 && (begun == 0 || !entry.zone.keyframe))
    };
    let quiet = (begun..trace.segment_count()).take_while(is_quiet).count();
    let end = begun + quiet;
    (0..end).rev().find(|at| is_keyframe(trace, *at)).unwrap_or(0)..end
}

/// The number of the first segment behind the last one that has begun by `time`. Groups that begin later are not read.
fn begun_by(trace: &Trace, time: u64) -> usize {
    let groups = trace.groups().iter().enumerate().rev();
    let mut begun = groups.filter(|(_, group)| group.rows > 0 && group.time_min <= time);
    let in_group = |(number, _): (usize, &Group)| {
        let entries = trace.group_entries(number).ok()?;
        let last = entries
            .iter()
            .rposition(|entry| entry.zone.rows > 0 && entry.zone.time_min <= time)?;
        Some(trace.group_start(number) + last + 1)
    };
    begun.find_map(in_group).unwrap_or(0)
}

fn is_keyframe(trace: &Trace, at: usize) -> bool {
    trace.entry(at).is_ok_and(|entry| entry.zone.keyframe)
}

/// Replays the changes of a segment up to `time`; the state in which a keyframe begins only where reading `begins` with it.
fn descriptors(tables: &mut FdTables, segment: &Segment<'_>, time: u64, begins: bool) -> Result<(), Error> {
    let changes = segment.fd_changes()?;
    if changes.is_empty() {
        return Ok(());
    }
    let times = segment.times()?;
    // What came after the last row is known to be over only when that row is.
    let happened = |row: usize| {
        let time_of = times.get(row).or(times.last());
        time_of.is_none_or(|at| i128::from(*at) <= i128::from(time))
    };
    let wanted = changes.iter().filter(|change| match change.row {
        None => begins,
        Some(row) => happened(row as usize),
    });
    tables.replay(wanted, segment.descriptors()?)
}
