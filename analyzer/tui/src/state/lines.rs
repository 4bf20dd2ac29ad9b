//! Screens that are a list of lines, each of which may lead somewhere: the tree of processes, the answer to "why".

use super::{Cursor, Position};
use crate::views::Column;

/// A list of lines.
#[derive(Debug)]
pub(crate) struct Lines {
    /// What it is.
    pub(crate) kind: LinesKind,
    /// What stands behind the name of the screen.
    pub(crate) title: String,
    /// The lines.
    pub(crate) rows: Vec<Line>,
    /// Where it stands.
    pub(crate) cursor: Cursor,
    /// First column that is shown behind the first one.
    pub(crate) left: usize,
}

/// What a list of lines is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinesKind {
    /// The processes that were alive at a time, nanoseconds since 1970.
    Tree(i64),
    /// What led to an event.
    Why(Position),
    /// The terminal sessions.
    Sessions,
}

/// A line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Line {
    /// A text for each column.
    pub(crate) cells: Vec<String>,
    /// What it is only likely, or only good to know.
    pub(crate) quiet: bool,
    /// The event that it is about.
    pub(crate) position: Option<Position>,
    /// The terminal session that it is.
    pub(crate) session: Option<usize>,
    /// What stands for it among the breadcrumbs, and the filter that its events pass; empty: it has none.
    pub(crate) label: String,
    /// See `label`.
    pub(crate) filter: String,
}

impl LinesKind {
    /// What the screen is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            LinesKind::Tree(_) => "Processes alive",
            LinesKind::Why(_) => "Why",
            LinesKind::Sessions => "Terminal sessions",
        }
    }

    /// Its columns.
    pub(crate) fn columns(self) -> &'static [Column] {
        match self {
            LinesKind::Tree(_) => TREE,
            LinesKind::Why(_) => WHY,
            LinesKind::Sessions => SESSIONS,
        }
    }
}

/// Columns of the tree of processes.
const TREE: &[Column] = &[
    Column::text("process", "", 44),
    Column::number("pid", "", 8),
    Column::number("ppid", "", 8),
    Column::text("user", "", 9),
    Column::number("threads", "", 7),
    Column::text("container", "", 14),
    Column::text("started", "", 15),
];

/// Columns of the answer to "why".
const WHY: &[Column] = &[
    Column::text("time", "", 15),
    Column::text("what", "", 12),
    Column::text("led to it", "", 60),
];

/// Columns of the terminal sessions.
const SESSIONS: &[Column] = &[
    Column::text("began", "", 15),
    Column::text("terminal", "", 12),
    Column::text("container", "", 14),
    Column::text("user", "", 8),
    Column::number("length", "", 10),
    Column::number("shown", "", 9),
    Column::number("typed", "", 7),
    Column::text("all", "", 3),
    Column::text("processes", "", 30),
];

impl Lines {
    /// A list that is still empty.
    pub(crate) fn new(kind: LinesKind) -> Lines {
        Lines {
            kind,
            title: String::new(),
            rows: Vec::new(),
            cursor: Cursor::default(),
            left: 0,
        }
    }

    /// The selected line.
    pub(crate) fn selected(&self) -> Option<&Line> {
        self.rows.get(usize::try_from(self.cursor.selected).ok()?)
    }
}
