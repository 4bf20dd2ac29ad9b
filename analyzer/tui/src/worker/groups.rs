//! Puts events together as a view says.

use super::Opened;
use super::job::{Pace, Work};
use super::text::{amount, cut, written};
use crate::message::{Answer, Message};
use crate::state::GroupRow;
use crate::views::{Column, Of, Show, View};
use afterimage_query::aggregate::{Grouping, Groups, Key, Measure, Total, group};
use afterimage_query::check::TimeZone;
use afterimage_query::fields::FieldType;
use afterimage_query::lang::escape;
use afterimage_query::scan::scan_several;
use afterimage_query::{Format, Query};
use std::sync::Arc;

/// Groups that a table takes: those with the largest numbers in the view's own order.
const MAX_ROWS: usize = 1 << 16;
/// Bytes of a value that are kept; a cell shows no more.
const LIMIT: usize = 512;

/// Columns that count the same events, and what is asked of them.
struct Pass {
    when: &'static str,
    /// Indices of the columns of the view, one for each measure.
    columns: Vec<usize>,
    grouping: Grouping,
}

/// Sends all groups so far, again and again, until it has read everything.
pub(super) fn put_together(work: &Work<'_>, view: &'static View, query: &Query<'_>, send: &mut dyn FnMut(Message)) {
    let passes = match passes(view) {
        Ok(passes) => passes,
        Err(error) => return send(work.message(Answer::Nothing, Some(error), true)),
    };
    let zone = work.opened.context().zone();
    // The first pass is about all events of the view; the others about some of them.
    let mut filters = Vec::new();
    for pass in &passes[1..] {
        let text = match work.task.filter.as_str() {
            "" => pass.when.to_owned(),
            filter => format!("({filter}) and ({})", pass.when),
        };
        match work.compile(&text) {
            Ok(filter) => filters.push(filter),
            Err(error) => return send(work.message(Answer::Nothing, Some(error), true)),
        }
    }
    let base = Query {
        ..work.query(query.filter)
    };
    let queries: Vec<Query<'_>> = std::iter::once(base)
        .chain(filters.iter().map(|filter| work.query(filter.as_ref())))
        .collect();
    let mut all: Vec<Groups> = passes.iter().map(|_| Groups::default()).collect();
    let mut pace = Pace::new();
    let outcome = scan_several(
        work.opened.trace(),
        work.opened.context(),
        &queries,
        |found| {
            let of = found.hits().iter().map(|(number, hits)| {
                let mut groups = Groups::default();
                if let Some(pass) = passes.get(*number) {
                    group(hits, &pass.grouping, zone, &mut groups);
                }
                (*number, groups)
            });
            of.collect::<Vec<_>>()
        },
        |made| {
            for (number, groups) in made.value {
                if let Some(all) = all.get_mut(number) {
                    all.merge(groups);
                }
            }
            if pace.is_due() {
                let (rows, more) = rows(view, &passes, &all, work.opened);
                send(work.message(Answer::Groups(rows, more), None, false));
            }
            work.flow()
        },
    );
    let (rows, more) = rows(view, &passes, &all, work.opened);
    work.end(Answer::Groups(rows, more), &outcome, send);
}

/// What is asked: once for all events, and once for each condition of a column.
fn passes(view: &View) -> Result<Vec<Pass>, String> {
    let field = |name: &str| Format::field(name).map_err(|error| error.to_string());
    let values = view.columns.iter().filter(|column| column.of == Of::Value);
    let keys = values
        .map(|column| field(column.field))
        .collect::<Result<Vec<_>, _>>()?;
    let mut passes: Vec<Pass> = Vec::new();
    let conditions = std::iter::once("").chain(view.columns.iter().map(|column| column.when));
    for when in conditions {
        if passes.iter().any(|pass| pass.when == when) {
            continue;
        }
        let mut columns = Vec::new();
        let mut measures = Vec::new();
        for (at, column) in view
            .columns
            .iter()
            .enumerate()
            .filter(|(_, column)| column.when == when)
        {
            if column.of == Of::Value {
                continue;
            }
            measures.push(measure(column)?);
            columns.push(at);
        }
        passes.push(Pass {
            when,
            columns,
            grouping: Grouping {
                keys: keys.clone(),
                every: None,
                measures,
            },
        });
    }
    Ok(passes)
}

fn measure(column: &Column) -> Result<Measure, String> {
    if column.of == Of::Count {
        return Ok(Measure::Count);
    }
    let (def, arg) = Format::field(column.field).map_err(|error| error.to_string())?;
    Ok(match column.of {
        Of::Value | Of::Count => Measure::Count,
        Of::Sum => Measure::Sum(def, arg),
        Of::Min => Measure::Min(def, arg),
        Of::Max => Measure::Max(def, arg),
        Of::Distinct => Measure::Distinct(def, arg),
    })
}

/// The groups as rows of the table, and how many more there are.
fn rows(view: &'static View, passes: &[Pass], all: &[Groups], opened: &Opened) -> (Arc<[GroupRow]>, u64) {
    let Some(base) = all.first() else {
        return (Arc::from([]), 0);
    };
    let zone = opened.context().zone();
    let mut rows: Vec<GroupRow> = Vec::with_capacity(base.len().min(MAX_ROWS));
    for (key, totals) in base.iter() {
        let mut row = values(view, key, opened);
        for (at, pass) in passes.iter().enumerate() {
            let of_pass = match at {
                0 => Some(totals),
                at => all.get(at).and_then(|groups| groups.get(key)),
            };
            for (measure, column) in pass.columns.iter().enumerate() {
                let total = of_pass.and_then(|totals| totals.get(measure));
                put(&mut row, *column, view.columns.get(*column), total, zone);
            }
        }
        rows.push(row);
    }
    let more = rows.len().saturating_sub(MAX_ROWS);
    if more > 0 {
        let number = |row: &GroupRow| row.numbers.get(view.sort).copied().unwrap_or(f64::NAN);
        rows.select_nth_unstable_by(MAX_ROWS, |one, other| number(other).total_cmp(&number(one)));
        rows.truncate(MAX_ROWS);
    }
    (rows.into(), more as u64)
}

/// A row with its values; the measures are still empty.
fn values(view: &View, key: &Key, opened: &Opened) -> GroupRow {
    let mut cells = vec![Box::<str>::default(); view.columns.len()];
    let mut numbers = vec![f64::NAN; view.columns.len()];
    let mut labels = Vec::new();
    let mut conditions = Vec::new();
    for (at, (column, value)) in view.columns.iter().zip(&key.values).enumerate() {
        let text = value.as_deref();
        if column.is_number() {
            numbers[at] = text.and_then(|text| text.parse().ok()).unwrap_or(f64::NAN);
        }
        if at < view.keys {
            conditions.push(condition(column.field, text));
            let shown = written(cut(text.unwrap_or("none").as_bytes(), 60), column.show, opened);
            labels.push(format!("{} {shown}", column.title));
        }
        cells[at] = written(cut(text.unwrap_or("-").as_bytes(), LIMIT), column.show, opened).into();
    }
    GroupRow {
        cells: cells.into(),
        numbers: numbers.into(),
        label: labels.join(" ").into(),
        filter: conditions.join(" and ").into(),
    }
}

/// The filter that events with this value of a field pass.
fn condition(field: &str, value: Option<&str>) -> String {
    let Some(value) = value else {
        return format!("not {field} exists");
    };
    let is_text = Format::field(field).is_ok_and(|(def, _)| matches!(def.ty, FieldType::Str | FieldType::Bytes));
    if !is_text {
        return format!("{field} = {value}");
    }
    if !value.contains('\\') {
        return format!("{field} = {}", escape(value.as_bytes()));
    }
    // What stands there escaped may be a control character, or may be written so in the name itself.
    format!("{field} glob {}", escape(pattern(value).as_bytes()))
}

/// A pattern for a text in which bytes are escaped.
fn pattern(shown: &str) -> String {
    let mut out = String::new();
    let mut rest = shown;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\\' => {
                out.push('*');
                let escape = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '{' | '}'));
                let len = (rest.len() - escape.len()).min(3);
                rest = &rest[rest.floor_char_boundary(len)..];
            }
            '*' | '?' | '[' | ']' | '{' | '}' | '!' => out.push('?'),
            c => out.push(c),
        }
    }
    out
}

/// Writes a measure into a row.
fn put(row: &mut GroupRow, at: usize, column: Option<&Column>, total: Option<&Total>, zone: TimeZone) {
    let (Some(column), Some(cell), Some(place)) = (column, row.cells.get_mut(at), row.numbers.get_mut(at)) else {
        return;
    };
    let shown = total.and_then(Total::shown);
    let number = match (&shown, total) {
        (Some(_), Some(total)) => total.number(),
        // No event of the group: none were counted, nothing was summed up.
        _ if matches!(column.of, Of::Count | Of::Sum | Of::Distinct) => 0.0,
        _ => f64::NAN,
    };
    *place = number;
    *cell = match (&shown, column.show) {
        _ if number.is_nan() => "-".into(),
        (Some(text), Show::Text | Show::Number) => text.as_str().into(),
        (Some(text), show) => match text.parse::<i64>() {
            Ok(number) => amount(number, show, zone).into(),
            Err(_) => text.as_str().into(),
        },
        (None, show) => amount(0, show, zone).into(),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use afterimage_query::{Filter, Settings};

    #[test]
    fn values_become_conditions() {
        for (field, value, expected) in [
            ("proc.pid", Some("7"), "proc.pid = 7"),
            ("proc.name", Some("a b"), "proc.name = \"a b\""),
            ("proc.name", None, "not proc.name exists"),
            ("fd.sip", Some("10.0.0.1"), "fd.sip = 10.0.0.1"),
            (
                "proc.is_exe_upper_layer",
                Some("true"),
                "proc.is_exe_upper_layer = true",
            ),
            ("fd.name", Some("/a\\x1b[2J*"), "fd.name glob \"/a*?2J?\""),
            ("fd.name", Some("\"q"), "fd.name = \"\\\"q\""),
        ] {
            let condition = condition(field, value);
            assert_eq!(condition, expected);
            assert!(Filter::compile(&condition, &Settings::default()).is_ok(), "{condition}");
        }
    }
}
