//! A column of a table.

use afterimage_query::Format;
use afterimage_query::fields::FieldType;

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Column {
    /// What stands over it.
    pub(crate) title: &'static str,
    /// The field, with its argument if it takes one.
    pub(crate) field: &'static str,
    /// What of it.
    pub(crate) of: Of,
    /// Of which events of the view; empty: of all.
    pub(crate) when: &'static str,
    /// How it is written.
    pub(crate) show: Show,
    /// Columns of the terminal; the last column takes what is left.
    pub(crate) width: u16,
}

/// What a column says of its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// The value, which all events of the row share.
    Value,
    /// How many events, whatever their field.
    Count,
    /// The sum of the values.
    Sum,
    /// The least value.
    Min,
    /// The greatest value.
    Max,
    /// How many different values.
    Distinct,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Show {
    /// As it is, from the left.
    Text,
    /// A number, at the right.
    Number,
    /// A number of bytes: 4096, 12K, 3.4M.
    Bytes,
    /// Nanoseconds as 1.2ms.
    Duration,
    /// Nanoseconds since 1970 as the time of day.
    Time,
    /// A time of day that is text, to the millisecond.
    Clock,
    /// The id of a container as its name, if that is known.
    Container,
}

impl Column {
    /// A value that is text.
    pub(crate) const fn text(title: &'static str, field: &'static str, width: u16) -> Column {
        Column {
            title,
            field,
            of: Of::Value,
            when: "",
            show: Show::Text,
            width,
        }
    }

    /// The container, by name if that is known.
    pub(crate) const fn container(width: u16) -> Column {
        Column {
            show: Show::Container,
            ..Column::text("container", "container.id", width)
        }
    }

    /// A value that is a number.
    pub(crate) const fn number(title: &'static str, field: &'static str, width: u16) -> Column {
        Column {
            show: Show::Number,
            ..Column::text(title, field, width)
        }
    }

    /// How many events.
    pub(crate) const fn count(title: &'static str) -> Column {
        Column {
            of: Of::Count,
            ..Column::number(title, "", 8)
        }
    }

    /// A sum, written as `show` says.
    pub(crate) const fn sum(title: &'static str, field: &'static str, show: Show) -> Column {
        Column {
            of: Of::Sum,
            show,
            ..Column::number(title, field, 8)
        }
    }

    /// Something else of a field.
    pub(crate) const fn of(title: &'static str, of: Of, field: &'static str, show: Show, width: u16) -> Column {
        Column {
            of,
            show,
            ..Column::number(title, field, width)
        }
    }

    /// The same, of some events alone.
    pub(crate) const fn when(self, when: &'static str) -> Column {
        Column { when, ..self }
    }

    /// A column of tables of events with this field; nothing where there is no such field, or it needs an argument that is not
    /// given.
    pub(crate) fn of_field(name: &str) -> Option<Column> {
        let known = super::WIDE_COLUMNS
            .iter()
            .chain(super::all().flat_map(|view| match view.lists_events() {
                true => view.columns,
                false => &[],
            }));
        if let Some(column) = known.into_iter().find(|column| column.field == name) {
            return Some(*column);
        }
        let (def, _) = Format::field(name).ok()?;
        let field = match def.name == name {
            true => def.name,
            // With an argument: there are as many as a person writes into the configuration.
            false => &*name.to_owned().leak(),
        };
        let width = u16::try_from(field.len()).unwrap_or(u16::MAX).clamp(6, 24);
        let text = Column::text(field, field, width);
        Some(match def.ty {
            FieldType::Int | FieldType::Uint => Column::number(field, field, width),
            FieldType::Duration => Column {
                show: Show::Duration,
                ..text
            },
            FieldType::Time => Column {
                show: Show::Time,
                width: 15,
                ..text
            },
            FieldType::Bool | FieldType::Str | FieldType::Bytes | FieldType::Ip => text,
        })
    }

    /// Whether it holds numbers, which stand at the right.
    pub(crate) fn is_number(&self) -> bool {
        !matches!(self.show, Show::Text | Show::Clock | Show::Container)
    }
}
