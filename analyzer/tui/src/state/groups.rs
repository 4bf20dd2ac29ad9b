//! A table of groups of events: processes, files, connections.

use super::Cursor;
use crate::views::View;
use std::cmp::Ordering;
use std::sync::Arc;

/// The screen of a view that puts events together.
#[derive(Debug)]
pub(crate) struct Groups {
    /// The view.
    pub(crate) view: &'static View,
    /// What was found so far.
    pub(crate) rows: Arc<[GroupRow]>,
    /// Indices of the rows in the order in which they are shown.
    pub(crate) order: Vec<u32>,
    /// Groups that found no room in the table.
    pub(crate) more: u64,
    /// The column that decides the order, and whether the largest comes first.
    pub(crate) sort: (usize, bool),
    /// Where the table stands.
    pub(crate) cursor: Cursor,
    /// First column that is shown behind the first one.
    pub(crate) left: usize,
}

/// A group.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct GroupRow {
    /// A text for each column of the view.
    pub(crate) cells: Box<[Box<str>]>,
    /// A number for each column; that of a text is not a number.
    pub(crate) numbers: Box<[f64]>,
    /// What stands for it among the breadcrumbs.
    pub(crate) label: Box<str>,
    /// The filter that its events pass.
    pub(crate) filter: Box<str>,
}

impl Groups {
    /// The screen before anything was found.
    pub(crate) fn new(view: &'static View) -> Groups {
        Groups {
            view,
            rows: Arc::from([]),
            order: Vec::new(),
            more: 0,
            sort: (
                view.sort,
                view.columns.get(view.sort).is_none_or(|column| column.is_number()),
            ),
            cursor: Cursor::default(),
            left: 0,
        }
    }

    /// Takes what was found; the selection stays on the same group.
    pub(crate) fn take(&mut self, rows: Arc<[GroupRow]>, more: u64) {
        let selected = self.selected().map(|row| row.filter.clone());
        self.rows = rows;
        self.more = more;
        self.put_in_order(selected);
    }

    /// Puts the rows in order by a column; by the same one again turns it around.
    pub(crate) fn sort_by(&mut self, column: usize) {
        let Some(of) = self.view.columns.get(column) else {
            return;
        };
        let selected = self.selected().map(|row| row.filter.clone());
        self.sort = match self.sort {
            (known, down) if known == column => (column, !down),
            _ => (column, of.is_number()),
        };
        self.put_in_order(selected);
    }

    fn put_in_order(&mut self, selected: Option<Box<str>>) {
        let (column, down) = self.sort;
        let compare = |one: &GroupRow, other: &GroupRow| {
            let number = |row: &GroupRow| row.numbers.get(column).copied().unwrap_or(f64::NAN);
            let text = |row: &GroupRow| row.cells.get(column).cloned().unwrap_or_default();
            match (number(one), number(other)) {
                (one, other) if !one.is_nan() && !other.is_nan() => one.total_cmp(&other),
                // What has no number comes last when the largest are first.
                (one, _) if !one.is_nan() => Ordering::Greater,
                (_, other) if !other.is_nan() => Ordering::Less,
                _ => text(one).cmp(&text(other)),
            }
        };
        let rows = &self.rows;
        self.order = (0..u32::try_from(rows.len()).unwrap_or(u32::MAX)).collect();
        self.order.sort_by(|one, other| {
            let (one, other) = (&rows[*one as usize], &rows[*other as usize]);
            let ordering = compare(one, other);
            if down { ordering.reverse() } else { ordering }
        });
        if let Some(filter) = selected
            && let Some(at) = self.order.iter().position(|row| rows[*row as usize].filter == filter)
            && self.cursor.selected > 0
        {
            self.cursor.selected = at as u64;
        }
    }

    /// The row with this index in the table.
    pub(crate) fn row(&self, index: u64) -> Option<&GroupRow> {
        let at = self.order.get(usize::try_from(index).ok()?)?;
        self.rows.get(*at as usize)
    }

    /// The selected group.
    pub(crate) fn selected(&self) -> Option<&GroupRow> {
        self.row(self.cursor.selected)
    }
}
