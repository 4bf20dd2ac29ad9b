//! Columns that a person chose, and the list to choose them from.

use super::Cursor;
use crate::views::{self, Column, View};
use afterimage_query::fields;

/// What tables show, where a person chose that.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Columns {
    /// Columns of tables of events, by the id of their view.
    events: Vec<(&'static str, Vec<Column>)>,
    /// Numbers of the columns that a view of groups does not show, by its id.
    hidden: Vec<(&'static str, Vec<usize>)>,
}

impl Columns {
    /// Columns of the table of events that this view is; nothing where none were chosen.
    pub(crate) fn of_events(&self, id: &str) -> Option<&[Column]> {
        let found = self.events.iter().find(|(known, _)| *known == id);
        found.map(|(_, columns)| columns.as_slice())
    }

    /// Chooses them; none: those that the table has by itself.
    pub(crate) fn set_events(&mut self, id: &'static str, columns: Vec<Column>) {
        self.events.retain(|(known, _)| *known != id);
        if !columns.is_empty() {
            self.events.push((id, columns));
        }
    }

    /// Numbers of the columns that a view of groups shows.
    pub(crate) fn of_groups(&self, view: &View) -> Vec<usize> {
        let hidden = self.hidden.iter().find(|(known, _)| *known == view.id);
        let is_shown = |at: &usize| hidden.is_none_or(|(_, hidden)| !hidden.contains(at));
        (0..view.columns.len()).filter(is_shown).collect()
    }

    /// Chooses what it does not show.
    pub(crate) fn hide(&mut self, id: &'static str, hidden: Vec<usize>) {
        self.hidden.retain(|(known, _)| *known != id);
        if !hidden.is_empty() {
            self.hidden.push((id, hidden));
        }
    }
}

/// The list of columns, over the table.
#[derive(Debug, Clone)]
pub(crate) struct Chooser {
    /// The view whose columns these are.
    pub(crate) id: &'static str,
    /// All that can be shown. Those of a table of events that are shown stand first, in their order.
    pub(crate) choices: Vec<Choice>,
    /// Whether the order can be changed.
    pub(crate) ordered: bool,
    /// What was typed: only names with it are listed.
    pub(crate) text: String,
    /// Where the list stands.
    pub(crate) cursor: Cursor,
}

/// A column that can be shown.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    /// The column.
    pub(crate) column: Column,
    /// What it is about.
    pub(crate) about: &'static str,
    /// Whether it is shown.
    pub(crate) shown: bool,
}

impl Choice {
    /// What it is called in the list and in the configuration: its field, or its title where several have the same field.
    pub(crate) fn name(&self, ordered: bool) -> &'static str {
        match ordered {
            true => self.column.field,
            false => self.column.title,
        }
    }
}

impl Chooser {
    /// Columns of a table of events: those that it shows, then all fields.
    pub(crate) fn of_events(id: &'static str, shown: &[Column]) -> Chooser {
        let choice = |column: Column, shown| Choice {
            about: about(&column),
            column,
            shown,
        };
        let others = fields::all().filter_map(|def| Column::of_field(def.name));
        let others = others.filter(|column| shown.iter().all(|known| known.field != column.field));
        let choices = shown.iter().map(|column| choice(*column, true));
        Chooser {
            id,
            choices: choices.chain(others.map(|column| choice(column, false))).collect(),
            ordered: true,
            text: String::new(),
            cursor: Cursor::default(),
        }
    }

    /// Columns of a view of groups.
    pub(crate) fn of_groups(view: &View, shown: &[usize]) -> Chooser {
        let choice = |(at, column): (usize, &Column)| Choice {
            about: about(column),
            column: *column,
            shown: shown.contains(&at),
        };
        Chooser {
            id: view.id,
            choices: view.columns.iter().enumerate().map(choice).collect(),
            ordered: false,
            text: String::new(),
            cursor: Cursor::default(),
        }
    }

    /// Numbers of the choices that are listed.
    pub(crate) fn listed(&self) -> Vec<usize> {
        let text = self.text.to_lowercase();
        let has = |at: &usize| {
            let choice = self.choices.get(*at);
            choice.is_some_and(|choice| choice.name(self.ordered).to_lowercase().contains(&text))
        };
        (0..self.choices.len()).filter(has).collect()
    }

    /// The number of the selected one.
    pub(crate) fn selected(&self) -> Option<usize> {
        let at = usize::try_from(self.cursor.selected).ok()?;
        self.listed().get(at).copied()
    }

    /// Names of those that are shown, in their order.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        let shown = self.choices.iter().filter(|choice| choice.shown);
        shown.map(|choice| choice.name(self.ordered)).collect()
    }

    /// Puts the cursor on a choice.
    pub(crate) fn select(&mut self, number: usize) {
        if let Some(at) = self.listed().iter().position(|known| *known == number) {
            self.cursor.selected = at as u64;
        }
    }
}

/// What the field of a column is about.
fn about(column: &Column) -> &'static str {
    match fields::lookup(column.field) {
        Some((def, _)) => def.description,
        None => "how many events",
    }
}

/// The view that a table of events with this title is.
pub(crate) fn table_id(title: &str) -> &'static str {
    let view = views::all().find(|view| view.lists_events() && view.name == title);
    view.map_or("events", |view| view.id)
}
