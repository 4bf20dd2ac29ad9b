//! What part of the trace a screen is about.

/// A piece of a selection. All pieces together have to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Crumb {
    /// What stands for it in the line of breadcrumbs.
    pub(crate) label: String,
    /// A filter of its own.
    pub(crate) text: String,
    /// Whether a person typed it, and may want to change it.
    pub(crate) typed: bool,
}

/// Some events of the trace: those that pass all pieces and lie in the span.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    /// Pieces of the filter, as they were put together.
    pub(crate) crumbs: Vec<Crumb>,
    /// From when to when, both included, nanoseconds since 1970.
    pub(crate) span: Option<(i64, i64)>,
}

impl Selection {
    /// All pieces as one filter; empty where there are none.
    pub(crate) fn filter(&self) -> String {
        joined(self.crumbs.iter().map(|crumb| crumb.text.as_str()))
    }

    /// The same, with one more condition that is not among the pieces.
    pub(crate) fn filter_and(&self, condition: &str) -> String {
        joined(self.crumbs.iter().map(|crumb| crumb.text.as_str()).chain([condition]))
    }

    /// Whether these are all events.
    pub(crate) fn is_all(&self) -> bool {
        self.crumbs.is_empty() && self.span.is_none()
    }

    /// The same with one more piece, if it is not there yet.
    pub(crate) fn with(&self, label: impl Into<String>, text: impl Into<String>) -> Selection {
        let (label, text) = (label.into(), text.into());
        let mut selection = self.clone();
        if !text.is_empty() && selection.crumbs.iter().all(|crumb| crumb.text != text) {
            selection.crumbs.push(Crumb {
                label,
                text,
                typed: false,
            });
        }
        selection
    }
}

/// Conditions that all have to hold, as one.
fn joined<'t>(conditions: impl Iterator<Item = &'t str>) -> String {
    let conditions: Vec<&str> = conditions.filter(|text| !text.is_empty()).collect();
    match conditions.as_slice() {
        [one] => (*one).to_owned(),
        many => {
            let pieces: Vec<String> = many.iter().map(|text| format!("({text})")).collect();
            pieces.join(" and ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_one_filter() {
        let all = Selection::default();
        assert_eq!(all.filter(), "");
        assert_eq!(all.filter_and(""), "");
        assert_eq!(all.filter_and("a = 1"), "a = 1");
        let one = all.with("one", "a = 1 or b = 2");
        assert_eq!(one.filter(), "a = 1 or b = 2");
        assert_eq!(one.with("again", "a = 1 or b = 2"), one);
        assert_eq!(one.filter_and("c = 3"), "(a = 1 or b = 2) and (c = 3)");
    }
}
