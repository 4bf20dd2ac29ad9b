//! Groups of events as a table, JSON or CSV.

use crate::output::counted;
use crate::status::Status;
use crate::table::aligned;
use afterimage_query::aggregate::{Grouping, Groups, Key, MAX_GROUPS, Measure, Total};
use afterimage_query::check::TimeZone;
use afterimage_query::fields::{FieldDef, FieldType};
use afterimage_query::output::{csv_cell, field_name, json_string, time};
use std::io::Write;

/// How groups are shown.
#[derive(clap::Args, Clone, Copy)]
pub(crate) struct Form {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// Comma-separated values with a heading
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

impl Form {
    pub(crate) fn new(json: bool, csv: bool) -> Form {
        Form { json, csv }
    }
}

/// Writes groups, the largest first. In tables, measures are called `titles`, where there are some.
pub(crate) fn write(
    out: &mut impl Write,
    grouping: &Grouping,
    groups: Groups,
    (top, zone): (Option<usize>, TimeZone),
    (form, titles): (Form, &[&str]),
) -> std::io::Result<Status> {
    let (groups, rest) = groups.sorted(top);
    if form.json {
        for (key, totals) in &groups {
            writeln!(out, "{}", object(grouping, key, totals))?;
        }
    } else if form.csv {
        writeln!(out, "{}", names(grouping).join(","))?;
        for (key, totals) in &groups {
            let cells = cells(grouping, key, totals, zone, false);
            let cells: Vec<String> = cells.iter().map(|cell| csv_cell(cell)).collect();
            writeln!(out, "{}", cells.join(","))?;
        }
    } else {
        write_table(out, grouping, &groups, zone, titles)?;
    }
    let Some(rest) = rest else { return Ok(Status::Done) };
    let mut pairs = grouping.measures.iter().zip(&rest);
    let count = pairs.find(|(measure, _)| matches!(measure, Measure::Count));
    let count = count.and_then(|(_, count)| count.shown()?.parse().ok());
    eprintln!(
        "analyze: there are more than {MAX_GROUPS} groups; {} belong to others, which are not listed",
        counted(count.unwrap_or(0), "event")
    );
    Ok(Status::Incomplete)
}

/// The totals first: they are what is read.
fn names(grouping: &Grouping) -> Vec<String> {
    let time = grouping.every.map(|_| "time".to_owned());
    let measures = grouping.measures.iter().map(Measure::name);
    let keys = grouping.keys.iter().map(|(def, arg)| field_name(def, arg));
    time.into_iter().chain(measures).chain(keys).collect()
}

fn cells(grouping: &Grouping, key: &Key, totals: &[Total], zone: TimeZone, for_people: bool) -> Vec<String> {
    let missing = || if for_people { "<NA>".to_owned() } else { String::new() };
    let time = grouping.every.map(|_| time::date_time(key.time, zone));
    let totals = totals
        .iter()
        .zip(&grouping.measures)
        .map(|(total, measure)| match total.shown() {
            None => missing(),
            Some(shown) if for_people => match measure.field().and_then(|(def, _)| human(measure, def, &shown)) {
                Some(human) => human,
                None => shown,
            },
            Some(shown) => shown,
        });
    let keys = key.values.iter();
    let keys = keys.map(|value| value.as_deref().map_or_else(missing, str::to_owned));
    time.into_iter().chain(totals).chain(keys).collect()
}

/// A length of time with its unit.
fn human(measure: &Measure, def: &FieldDef, shown: &str) -> Option<String> {
    let is_number = !matches!(measure, Measure::Count | Measure::Distinct(..));
    match def.ty {
        FieldType::Duration if is_number => Some(time::human(shown.parse().ok()?)),
        _ => None,
    }
}

fn write_table(
    out: &mut impl Write,
    grouping: &Grouping,
    groups: &[(Key, Vec<Total>)],
    zone: TimeZone,
    titles: &[&str],
) -> std::io::Result<()> {
    let mut heading: Vec<String> = names(grouping).iter().map(|name| name.to_uppercase()).collect();
    let first = usize::from(grouping.every.is_some());
    for (name, title) in heading.iter_mut().skip(first).zip(titles) {
        *name = (*title).to_owned();
    }
    let rows = groups
        .iter()
        .map(|(key, totals)| cells(grouping, key, totals, zone, true));
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(rows).collect();
    let right: Vec<usize> = (first..first + grouping.measures.len()).collect();
    for line in aligned(&rows, &right) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// A group as an object: numbers as numbers, missing values as null, the time in RFC 3339.
fn object(grouping: &Grouping, key: &Key, totals: &[Total]) -> String {
    let mut parts = Vec::new();
    if grouping.every.is_some() {
        parts.push(format!("\"time\":{}", json_string(time::rfc3339(key.time).as_bytes())));
    }
    for (measure, total) in grouping.measures.iter().zip(totals) {
        let name = json_string(measure.name().as_bytes());
        parts.push(format!("{name}:{}", total.shown().unwrap_or_else(|| "null".into())));
    }
    for ((def, arg), value) in grouping.keys.iter().zip(&key.values) {
        let name = json_string(field_name(def, arg).as_bytes());
        let value = match (value, def.ty) {
            (None, _) => "null".to_owned(),
            (Some(value), FieldType::Int | FieldType::Uint | FieldType::Duration) if value.parse::<i128>().is_ok() => {
                value.to_string()
            }
            (Some(value), FieldType::Bool) => value.to_string(),
            (Some(value), _) => json_string(value.as_bytes()),
        };
        parts.push(format!("{name}:{value}"));
    }
    format!("{{{}}}", parts.join(","))
}
