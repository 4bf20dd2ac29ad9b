//! An event as a row of a table.

use super::Opened;
use super::text::{self, amount, written};
use crate::state::EventRowText;
use crate::views::{Column, Show};
use afterimage_query::fields::{FieldArg, FieldDef};
use afterimage_query::{EventRow, Format, Row as _, Value};

/// Bytes of a value; a line of a terminal shows no more.
const LIMIT: usize = 512;

/// What is shown of each event.
pub(super) struct Cells {
    fields: Vec<Option<(&'static FieldDef, FieldArg, Show)>>,
}

impl Cells {
    /// The fields of these columns.
    pub(super) fn of(columns: &[Column]) -> Cells {
        let field = |column: &Column| {
            let (def, arg) = Format::field(column.field).ok()?;
            Some((def, arg, column.show))
        };
        Cells {
            fields: columns.iter().map(field).collect(),
        }
    }

    /// The row for an event.
    pub(super) fn text(&self, row: &EventRow<'_>, opened: &Opened) -> EventRowText {
        let cell = |field: &Option<(&'static FieldDef, FieldArg, Show)>| {
            let (def, arg, show) = field.as_ref()?;
            match (show, row.value(def.id, arg)) {
                (Show::Bytes | Show::Duration | Show::Time, Value::Int(number)) => {
                    Some(amount(number, *show, opened.context().zone()))
                }
                _ => text::field(row, def.id, arg, LIMIT, opened).map(|text| written(text, *show, opened)),
            }
        };
        EventRowText {
            cells: self
                .fields
                .iter()
                .map(|field| cell(field).unwrap_or_default())
                .collect(),
            failed: row.result().is_some_and(|result| result < 0),
        }
    }
}

/// The row for an event that cannot be read.
pub(super) fn unreadable(error: &str, columns: usize) -> EventRowText {
    let mut cells = vec![String::new(); columns];
    if let Some(last) = cells.last_mut() {
        *last = format!("unreadable: {}", text::cut(error.as_bytes(), LIMIT));
    }
    EventRowText {
        cells: cells.into(),
        failed: true,
    }
}
