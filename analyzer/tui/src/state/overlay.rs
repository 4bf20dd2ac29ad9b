//! What lies over a screen and takes the keys.

use super::{Chooser, Cursor, Form, Input};

/// What lies over a screen.
#[derive(Debug)]
pub(crate) enum Overlay {
    /// The help; its first shown line.
    Help(u64),
    /// A list to choose from.
    Menu(Menu),
    /// The list of columns.
    Columns(Chooser),
    /// A line in which something is typed.
    Prompt(Prompt),
}

/// A list to choose from.
#[derive(Debug)]
pub(crate) struct Menu {
    /// What is chosen.
    pub(crate) kind: MenuKind,
    /// The choices: a name, and what it is.
    pub(crate) items: Vec<(String, String)>,
    /// Where it stands.
    pub(crate) cursor: Cursor,
}

/// What is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MenuKind {
    /// One of the views.
    Views,
    /// The column that decides the order.
    Sort,
    /// As what events are exported.
    Export,
    /// Whether a file is replaced.
    Replace,
    /// What is copied.
    Copy,
}

/// A line in which something is typed.
#[derive(Debug)]
pub(crate) struct Prompt {
    /// What for.
    pub(crate) kind: PromptKind,
    /// The line.
    pub(crate) input: Input,
}

/// What is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PromptKind {
    /// A filter, which is applied while it is typed.
    Filter,
    /// A text that is looked for among what is shown.
    Search,
    /// A time or the number of an event.
    Goto,
    /// A note.
    Note,
    /// The name of the file for an export.
    Export(Form),
}
