//! What workers read from the trace for the screen. All captured text in here is escaped.

use super::{Histogram, Position, RowSet, TraceKey};
use afterimage_query::{Settings, output};

/// What is known of a trace once it is open.
#[derive(Debug)]
pub(crate) struct TraceInfo {
    /// Name of the host.
    pub(crate) host: String,
    /// Start and length, or that there are no events.
    pub(crate) span: String,
    /// All events.
    pub(crate) rows: RowSet,
    /// The segments, in order.
    pub(crate) segments: Vec<SegmentInfo>,
    /// Whether recording came to its end.
    pub(crate) sealed: bool,
    /// Damage met while opening.
    pub(crate) damage: Vec<String>,
    /// Events lost while recording.
    pub(crate) lost: u64,
    /// From when to when something was lost, and how much; nanoseconds since 1970.
    pub(crate) losses: Vec<(i64, i64, u64)>,
    /// Events over time, as the index has them.
    pub(crate) histogram: Histogram,
    /// First and last event, nanoseconds since 1970.
    pub(crate) times: (i64, i64),
    /// Containers, those with most events first; the host is one of them.
    pub(crate) containers: Vec<ContainerLine>,
    /// What it is known by.
    pub(crate) key: TraceKey,
    /// What filters are checked with.
    pub(crate) settings: Settings,
}

impl TraceInfo {
    /// Containers of which it is known when they began or ended, those with most events first.
    pub(crate) fn lives(&self) -> impl Iterator<Item = &ContainerLine> {
        self.containers
            .iter()
            .filter(|container| container.lived != (None, None))
    }

    /// A time of day as this trace's times are shown.
    pub(crate) fn clock(&self, time: i64) -> String {
        output::time::short_clock(time, self.settings.zone)
    }

    /// Where the event with this number is.
    pub(crate) fn position_of(&self, number: u64) -> Option<Position> {
        let at = self.segments.partition_point(|segment| segment.first_num <= number);
        let (index, segment) = at.checked_sub(1).and_then(|at| Some((at, self.segments.get(at)?)))?;
        let row = u32::try_from(number - segment.first_num).ok()?;
        (row < segment.rows).then_some(Position {
            segment: u32::try_from(index).ok()?,
            row,
        })
    }

    /// About when an event was, as far as the index tells: its segment's time, by the part of its rows before it.
    pub(crate) fn time_of(&self, position: Position) -> i64 {
        let Some(segment) = self.segments.get(position.segment as usize) else {
            return self.times.1;
        };
        let length = i128::from(segment.to) - i128::from(segment.from);
        let passed = length * i128::from(position.row) / i128::from(segment.rows.max(1));
        segment.from.saturating_add(i64::try_from(passed).unwrap_or(0))
    }

    /// The number of the event at this place.
    pub(crate) fn number_of(&self, position: Position) -> Option<u64> {
        let segment = self.segments.get(position.segment as usize)?;
        segment.first_num.checked_add(u64::from(position.row))
    }

    /// Where the first event at or after a time is, as far as the index tells: the first row of its segment, or one behind
    /// that, taken by what part of the segment's time had passed.
    pub(crate) fn position_at(&self, time: i64) -> Option<Position> {
        let at = self.segments.partition_point(|segment| segment.to < time);
        let segment = self.segments.get(at)?;
        let passed = i128::from(time.max(segment.from)) - i128::from(segment.from);
        let length = (i128::from(segment.to) - i128::from(segment.from)).max(1);
        let row = passed * i128::from(segment.rows) / length;
        Some(Position {
            segment: u32::try_from(at).ok()?,
            row: u32::try_from(row).unwrap_or(0).min(segment.rows.saturating_sub(1)),
        })
    }
}

/// What the index says of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentInfo {
    /// `evt.num` of its first event.
    pub(crate) first_num: u64,
    /// Events.
    pub(crate) rows: u32,
    /// The first and the last of them, nanoseconds since 1970.
    pub(crate) from: i64,
    /// See `from`.
    pub(crate) to: i64,
}

/// A container in the list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContainerLine {
    /// `container.id`
    pub(crate) id: String,
    /// `container.name`
    pub(crate) name: String,
    /// `container.image`
    pub(crate) image: String,
    /// `container.type`
    pub(crate) runtime: String,
    /// From when to when it lived, as far as the trace tells.
    pub(crate) life: String,
    /// Events.
    pub(crate) events: u64,
    /// From when to when it lived, nanoseconds since 1970, as far as that is known.
    pub(crate) lived: (Option<i64>, Option<i64>),
    /// The filter that its events pass.
    pub(crate) filter: String,
}

impl ContainerLine {
    /// What it is called: its name, or else its id.
    pub(crate) fn label(&self) -> &str {
        match self.name.as_str() {
            "-" | "" => &self.id,
            name => name,
        }
    }
}

/// An event in the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EventRowText {
    /// A text for each column.
    pub(crate) cells: Box<[String]>,
    /// Whether the result is an error.
    pub(crate) failed: bool,
}

/// Everything about one event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EventDetail {
    /// One line about it.
    pub(crate) title: String,
    /// The rest, in order.
    pub(crate) items: Vec<DetailItem>,
}

/// A piece of the detail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DetailItem {
    /// Begins a section.
    Heading(String),
    /// A name and its value.
    Field(String, String),
    /// A line of a payload.
    Text(String),
    /// Bytes of a payload.
    Bytes(Vec<u8>),
    /// A remark.
    Note(String),
}
