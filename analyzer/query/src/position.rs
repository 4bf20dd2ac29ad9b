//! Where an event is in a trace.

use afterimage_format::file::Trace;

/// An event's place in a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Number of the segment.
    pub segment: usize,
    /// Row in the segment.
    pub row: usize,
}

impl Position {
    /// The place of the event with this `evt.num`; nothing where there is none, or its segment is lost. Reads one leaf of
    /// the index.
    pub fn of(trace: &Trace, number: u64) -> Option<Position> {
        let within = |first: u64, rows: u64| number.checked_sub(first).filter(|row| *row < rows);
        // A damaged or crafted file need not be in the order of numbers.
        let groups = trace.groups().iter().enumerate();
        let mut holding = groups.filter(|(_, group)| within(group.first_num, group.rows).is_some());
        holding.find_map(|(at, _)| {
            let entries = trace.group_entries(at).ok()?;
            let place = entries.iter().enumerate().find_map(|(place, entry)| {
                within(entry.zone.first_num, u64::from(entry.zone.rows)).map(|row| (place, row))
            });
            place.map(|(place, row)| Position {
                segment: trace.group_start(at) + place,
                row: row as usize,
            })
        })
    }
}
