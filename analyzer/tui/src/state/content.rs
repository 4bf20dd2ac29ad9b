//! What workers read from the trace for the screen. All captured text in here is escaped.

use super::RowSet;
use afterimage_query::Settings;

/// What is known of a trace once it is open.
#[derive(Debug)]
pub(crate) struct TraceInfo {
    /// Name of the host.
    pub(crate) host: String,
    /// Start and length, or that there are no events.
    pub(crate) span: String,
    /// All events.
    pub(crate) rows: RowSet,
    /// Whether recording came to its end.
    pub(crate) sealed: bool,
    /// Damage met while opening.
    pub(crate) damage: Vec<String>,
    /// Events lost while recording.
    pub(crate) lost: u64,
    /// Containers, those with most events first; the host is one of them.
    pub(crate) containers: Vec<ContainerLine>,
    /// What filters are checked with.
    pub(crate) settings: Settings,
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
    /// The filter that its events pass.
    pub(crate) filter: String,
}

/// An event in the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EventRowText {
    /// `evt.num`
    pub(crate) num: String,
    /// Time of day with nanoseconds.
    pub(crate) time: String,
    /// `evt.cpu`
    pub(crate) cpu: String,
    /// Name of the container or its id.
    pub(crate) container: String,
    /// `proc.name`
    pub(crate) process: String,
    /// `proc.pid` in parentheses.
    pub(crate) pid: String,
    /// `evt.dir`
    pub(crate) dir: String,
    /// `evt.type`
    pub(crate) kind: String,
    /// `evt.info`
    pub(crate) info: String,
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
