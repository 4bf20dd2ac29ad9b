//! `--by`, `--every`: events counted and summed up.

use super::explain::Explain;
use super::{Args, Asked};
use crate::output::{counted, stdout};
use crate::status::{Status, Usage};
use crate::table::aligned;
use afterimage_query::aggregate::{self, Grouping, Key, Measure, Total, group};
use afterimage_query::check::{TimeZone, parse_duration};
use afterimage_query::fields::{FieldArg, FieldDef, FieldType};
use afterimage_query::output::{csv_cell, escaped, field_name, json_string, time};
use afterimage_query::{Format, Hits, scan_segments};
use anyhow::Result;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// Groups rather than events.
#[derive(clap::Args)]
pub(super) struct Groups {
    /// Count events by the values of these fields, as in `proc.name,fd.name`; the largest groups first
    #[arg(long, value_name = "FIELD,…", value_delimiter = ',')]
    by: Vec<String>,
    /// Count events by stretches of time of this length: 10s, 1m
    #[arg(long, value_name = "TIME")]
    every: Option<String>,
    /// Only the N largest groups (of each stretch of time)
    #[arg(long, value_name = "N")]
    top: Option<usize>,
    /// Sum up this number in each group and order by it: evt.buflen, evt.latency. May be given several times
    #[arg(long, value_name = "FIELD")]
    sum: Vec<String>,
    /// Its least value
    #[arg(long, value_name = "FIELD")]
    min: Vec<String>,
    /// Its greatest value
    #[arg(long, value_name = "FIELD")]
    max: Vec<String>,
    /// Its mean
    #[arg(long, value_name = "FIELD")]
    avg: Vec<String>,
    /// How many different values there are
    #[arg(long, value_name = "FIELD")]
    distinct: Vec<String>,
}

impl Groups {
    /// What was asked for; nothing where events are wanted.
    pub(super) fn grouping(&self) -> Result<Option<Grouping>> {
        let keys = self.by.iter().map(|name| field(name)).collect::<Result<Vec<_>>>()?;
        let every = match &self.every {
            None => None,
            Some(text) => match parse_duration(text).filter(|every| *every > 0) {
                Some(every) => Some(every),
                None => {
                    let text = escaped(text.as_bytes());
                    return Err(Usage(format!("--every: `{text}` is no length of time such as 10s or 1m")).into());
                }
            },
        };
        type Make = fn(&'static FieldDef, FieldArg) -> Measure;
        let asked: [(&Vec<String>, Make); 5] = [
            (&self.sum, Measure::Sum),
            (&self.avg, Measure::Avg),
            (&self.max, Measure::Max),
            (&self.min, Measure::Min),
            (&self.distinct, Measure::Distinct),
        ];
        let mut measures = Vec::new();
        for (names, make) in asked {
            for name in names {
                let (def, arg) = field(name)?;
                let measure = make(def, arg);
                if !measure.fits() {
                    let (name, ty) = (measure.name(), def.ty);
                    return Err(Usage(format!("{name} takes a number, and {} is a {ty}", def.name)).into());
                }
                measures.push(measure);
            }
        }
        if keys.is_empty() && every.is_none() && measures.is_empty() {
            return match self.top {
                Some(_) => Err(Usage("--top needs --by: the largest groups of what?".into()).into()),
                None => Ok(None),
            };
        }
        // Counting is what is always asked; sums come first where they are asked for.
        measures.push(Measure::Count);
        Ok(Some(Grouping { keys, every, measures }))
    }
}

fn field(name: &str) -> Result<(&'static FieldDef, FieldArg)> {
    Format::field(name).map_err(|error| Usage(format!("in the fields: {}", error.render(name))).into())
}

pub(super) fn run(
    args: &Args,
    grouping: &Grouping,
    open: &dyn Fn(&PathBuf) -> Result<Asked>,
    explain: &Explain,
) -> Result<Status> {
    let zone = args.zone.get();
    let mut all = aggregate::Groups::default();
    let mut status = Status::Done;
    for file in &args.files {
        let asked = open(file)?;
        let input = &asked.input;
        let of_segment = |hits: &Hits<'_, '_>| group(hits, grouping, zone);
        let outcome = scan_segments(&input.trace, &input.context, &asked.query(None), of_segment, |made| {
            all.merge(made.value);
            ControlFlow::Continue(())
        });
        explain.say(input, &outcome);
        status = status.max(input.warn(&outcome.losses, &outcome.damage));
    }
    let (groups, rest) = all.sorted(args.groups.top);
    let mut out = stdout();
    if args.json {
        for (key, totals) in &groups {
            writeln!(out, "{}", object(grouping, key, totals))?;
        }
    } else if args.csv {
        writeln!(out, "{}", names(grouping).join(","))?;
        for (key, totals) in &groups {
            let cells: Vec<String> = cells(grouping, key, totals, zone)
                .iter()
                .map(|cell| csv_cell(cell))
                .collect();
            writeln!(out, "{}", cells.join(","))?;
        }
    } else {
        write_table(&mut out, grouping, &groups, zone)?;
    }
    out.flush()?;
    if let Some(rest) = rest {
        let events = rest
            .last()
            .and_then(Total::shown)
            .and_then(|count| count.parse().ok())
            .unwrap_or(0);
        eprintln!(
            "analyze: there are more than {} groups; {} belong to others, which are not listed",
            aggregate::MAX_GROUPS,
            counted(events, "event")
        );
        status = status.max(Status::Incomplete);
    }
    Ok(status)
}

/// The totals first: they are what is read.
fn names(grouping: &Grouping) -> Vec<String> {
    let time = grouping.every.map(|_| "time".to_owned());
    let measures = grouping.measures.iter().map(Measure::name);
    let keys = grouping.keys.iter().map(|(def, arg)| field_name(def, arg));
    time.into_iter().chain(measures).chain(keys).collect()
}

fn cells(grouping: &Grouping, key: &Key, totals: &[Total], zone: TimeZone) -> Vec<String> {
    let missing = || "<NA>".to_owned();
    let time = grouping.every.map(|_| time::date_time(key.time, zone));
    let totals = totals.iter().map(|total| total.shown().unwrap_or_else(missing));
    let keys = key
        .values
        .iter()
        .map(|value| value.as_deref().map_or_else(missing, str::to_owned));
    time.into_iter().chain(totals).chain(keys).collect()
}

fn write_table(
    out: &mut impl Write,
    grouping: &Grouping,
    groups: &[(Key, Vec<Total>)],
    zone: TimeZone,
) -> std::io::Result<()> {
    let heading = names(grouping).iter().map(|name| name.to_uppercase()).collect();
    let rows = groups.iter().map(|(key, totals)| cells(grouping, key, totals, zone));
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(rows).collect();
    let first = usize::from(grouping.every.is_some());
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
