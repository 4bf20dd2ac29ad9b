//! The views: what events are put together by, or which events are listed, and what is shown of them.
//!
//! A view is data. What csysdig calls a view is one here, under its name where it has one.

mod column;
mod events;
mod groups;

pub(crate) use column::{Column, Of, Show};
pub(crate) use events::{NARROW_COLUMNS, WIDE_COLUMNS};

/// A way to look at the selected part of a trace.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct View {
    /// Its name for configuration and tests, csysdig's where it has it.
    pub(crate) id: &'static str,
    /// Its name for a person.
    pub(crate) name: &'static str,
    /// What it shows, one sentence.
    pub(crate) about: &'static str,
    /// Which events count; empty: all.
    pub(crate) condition: &'static str,
    /// How many of the first columns tell the rows apart, each with the field that drilling down filters by. None: the
    /// rows are events.
    pub(crate) keys: usize,
    /// The columns. Those that are no measures stand first.
    pub(crate) columns: &'static [Column],
    /// The column that decides the order at first.
    pub(crate) sort: usize,
    /// Whether it shows lengths of calls over time instead of rows.
    pub(crate) is_spectrum: bool,
    /// The view that Enter leads to; empty: the events.
    pub(crate) opens: &'static str,
}

impl View {
    /// Whether its rows are events.
    pub(crate) fn lists_events(&self) -> bool {
        self.keys == 0 && !self.is_spectrum
    }
}

/// Views of lengths of calls over time.
static SPECTRA: &[View] = &[
    View {
        id: "spectro_all",
        name: "Latencies",
        about: "How long calls took, over time. Needs a recording with --latency.",
        condition: "evt.latency >= 0",
        keys: 0,
        columns: &[],
        sort: 0,
        is_spectrum: true,
        opens: "",
    },
    View {
        id: "spectro_file",
        name: "Latencies of files",
        about: "How long reads and writes of files took, over time. Needs a recording with --latency.",
        condition: "evt.latency >= 0 and evt.is_io = true and fd.type = file",
        keys: 0,
        columns: &[],
        sort: 0,
        is_spectrum: true,
        opens: "",
    },
];

/// All views, in the order of the menu.
pub(crate) fn all() -> impl Iterator<Item = &'static View> {
    groups::VIEWS.iter().chain(events::VIEWS).chain(SPECTRA)
}

/// The view with this id.
pub(crate) fn find(id: &str) -> Option<&'static View> {
    all().find(|view| view.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use afterimage_query::{Filter, Format, Settings};

    #[test]
    fn every_view_names_fields_that_there_are() {
        for view in all() {
            let compiles = |text: &str| {
                if !text.is_empty()
                    && let Err(error) = Filter::compile(text, &Settings::default())
                {
                    panic!("{}: {}", view.id, error.render(text));
                }
            };
            compiles(view.condition);
            for column in view.columns {
                compiles(column.when);
                if column.of != Of::Count {
                    let field = Format::field(column.field);
                    assert!(field.is_ok(), "{}: {}: {:?}", view.id, column.field, field.err());
                }
            }
            let measures = view.columns.iter().skip_while(|column| column.of == Of::Value);
            assert!(
                measures.clone().all(|column| column.of != Of::Value),
                "{}: values stand first",
                view.id
            );
            assert_eq!(measures.count() == 0, view.keys == 0, "{}", view.id);
            assert!(
                view.keys == 0 || view.sort < view.columns.len() && view.keys <= view.columns.len(),
                "{}",
                view.id
            );
            assert!(view.opens.is_empty() || find(view.opens).is_some(), "{}", view.id);
        }
    }

    #[test]
    fn no_two_views_have_the_same_name() {
        let mut names: Vec<&str> = all().flat_map(|view| [view.id, view.name]).collect();
        names.sort_unstable();
        let len = names.len();
        names.dedup();
        assert_eq!(names.len(), len);
    }
}
