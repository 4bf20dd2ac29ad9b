//! Bookmarks and notes of a person, and the alerts that the trace carries.

use super::{Cursor, Selection};

/// What a trace is known by, so that notes are not taken for those of another one.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct TraceKey {
    /// Random id of the recording; empty for a capture of another program, which has none.
    pub(crate) capture: String,
    /// Root of the hash chain, in hexadecimal; nothing while the trace is not sealed.
    pub(crate) root: Option<String>,
    /// Bytes of the file.
    pub(crate) bytes: u64,
    /// Time of the first event, nanoseconds since 1970.
    pub(crate) first: i64,
}

impl TraceKey {
    /// Whether notes that were taken of the trace `noted` belong to this one: a trace that was not sealed yet may have
    /// grown since.
    pub(crate) fn goes_on_from(&self, noted: &TraceKey) -> bool {
        match (&self.root, &noted.root) {
            (Some(root), Some(noted)) => root == noted,
            (None, Some(_)) => false,
            _ if self.capture.is_empty() => self == noted,
            _ => self.capture == noted.capture && self.first == noted.first && noted.bytes <= self.bytes,
        }
    }
}

/// Something that a person marked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    /// What.
    pub(crate) about: About,
    /// When that was, nanoseconds since 1970, if it is known.
    pub(crate) time: Option<i64>,
    /// What it is called: the line of the event, or the label of the selection; escaped.
    pub(crate) text: String,
    /// What the person says; empty for a bookmark alone.
    pub(crate) note: String,
}

/// What a mark is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum About {
    /// The event with this number.
    Event(u64),
    /// The events that pass a filter, in a span of time if there is one.
    Events(String, Option<(i64, i64)>),
}

/// An alert that the trace carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alert {
    /// When, nanoseconds since 1970, if it says so.
    pub(crate) time: Option<i64>,
    /// How bad it is, in the words of who raised it; escaped.
    pub(crate) priority: String,
    /// What it says; escaped.
    pub(crate) text: String,
}

/// Everything that is noted of the trace.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// Marks, in the order of time; those without a time stand last.
    pub(crate) marks: Vec<Mark>,
    /// Alerts, in the order of time.
    pub(crate) alerts: Vec<Alert>,
    /// Whether those that were there before are among them. Until then nothing is saved: that would lose them.
    pub(crate) loaded: bool,
    /// What a note is being typed about.
    pub(crate) typing: Option<Mark>,
}

/// A line of the list of alerts and notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoteLine<'n> {
    /// A mark.
    Mark(&'n Mark),
    /// An alert.
    Alert(&'n Alert),
}

impl Notes {
    /// The mark of something.
    pub(crate) fn of(&self, about: &About) -> Option<&Mark> {
        self.marks.iter().find(|mark| mark.about == *about)
    }

    /// The mark of the event with this number.
    pub(crate) fn of_event(&self, number: u64) -> Option<&Mark> {
        self.of(&About::Event(number))
    }

    /// The mark of a selection.
    pub(crate) fn of_selection(&self, selection: &Selection) -> Option<&Mark> {
        let marked = |mark: &&Mark| match &mark.about {
            About::Events(filter, span) => *span == selection.span && *filter == selection.filter(),
            About::Event(_) => false,
        };
        self.marks.iter().find(marked)
    }

    /// Puts a mark in its place; another one of the same is replaced.
    pub(crate) fn put(&mut self, mark: Mark) {
        self.remove(&mark.about);
        self.marks.push(mark);
        self.marks
            .sort_by_key(|mark| (mark.time.is_none(), mark.time, mark.text.clone()));
    }

    /// Removes the mark of something; whether there was one.
    pub(crate) fn remove(&mut self, about: &About) -> bool {
        let before = self.marks.len();
        self.marks.retain(|mark| mark.about != *about);
        self.marks.len() < before
    }

    /// Whether events are marked.
    pub(crate) fn has_events(&self) -> bool {
        self.marks.iter().any(|mark| matches!(mark.about, About::Event(_)))
    }

    /// Whether selections are marked.
    pub(crate) fn has_selections(&self) -> bool {
        self.marks.iter().any(|mark| matches!(mark.about, About::Events(..)))
    }

    /// Times of marks and alerts.
    pub(crate) fn times(&self) -> impl Iterator<Item = i64> {
        let marks = self.marks.iter().filter_map(|mark| mark.time);
        marks.chain(self.alerts.iter().filter_map(|alert| alert.time))
    }

    /// Marks and alerts in the order of time.
    pub(crate) fn lines(&self) -> Vec<NoteLine<'_>> {
        let marks = self.marks.iter().map(NoteLine::Mark);
        let mut lines: Vec<NoteLine<'_>> = marks.chain(self.alerts.iter().map(NoteLine::Alert)).collect();
        lines.sort_by_key(|line| (line.time().is_none(), line.time()));
        lines
    }
}

impl NoteLine<'_> {
    /// When it was.
    pub(crate) fn time(&self) -> Option<i64> {
        match self {
            NoteLine::Mark(mark) => mark.time,
            NoteLine::Alert(alert) => alert.time,
        }
    }
}

/// The screen with the list.
#[derive(Debug, Default)]
pub(crate) struct NoteList {
    /// Where it stands.
    pub(crate) cursor: Cursor,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_belong_to_one_trace() {
        let key = |capture: &str, root: Option<&str>, bytes| TraceKey {
            capture: capture.into(),
            root: root.map(str::to_owned),
            bytes,
            first: 5,
        };
        for (noted, now, expected) in [
            (key("a", Some("r"), 9), key("a", Some("r"), 9), true),
            (key("a", Some("r"), 9), key("a", Some("s"), 9), false),
            (key("a", None, 9), key("a", Some("s"), 12), true),
            (key("a", None, 9), key("a", None, 8), false),
            (key("a", None, 9), key("b", None, 9), false),
            (key("a", Some("r"), 9), key("a", None, 9), false),
            (key("", None, 9), key("", None, 9), true),
            (key("", None, 9), key("", None, 10), false),
        ] {
            assert_eq!(now.goes_on_from(&noted), expected, "{noted:?} {now:?}");
        }
    }
}
