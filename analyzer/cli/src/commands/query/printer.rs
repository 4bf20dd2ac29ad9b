//! An event as a line.

use super::Args;
use crate::status::Usage;
use afterimage_query::check::TimeZone;
use afterimage_query::output::{
    Csv, DEFAULT_FORMAT, DEFAULT_JSON_FIELDS, JsonFields, LineWriter, csv_cell, json_string,
};
use afterimage_query::{EventRow, Format};
use anyhow::Result;

const WITH_CONTAINER: &str = "*%evt.num %evt.outputtime %evt.cpu %container.name (%container.id) %proc.name \
    (%thread.tid:%thread.vtid) %evt.dir %evt.type %evt.info";
const WITH_POD: &str = "*%evt.num %evt.outputtime %evt.cpu %k8s.pod.name (%container.id) %proc.name \
    (%thread.tid:%thread.vtid) %evt.dir %evt.type %evt.info";

/// How events are shown.
pub(super) enum Printer {
    Line(Format),
    Json(JsonFields),
    Csv(Csv),
}

impl Printer {
    pub(super) fn of(args: &Args) -> Result<Printer> {
        let text = match args.format.as_deref() {
            Some("c" | "container") => WITH_CONTAINER,
            Some("k" | "kubernetes") => WITH_POD,
            Some(text) => text,
            None if args.json || args.csv => DEFAULT_JSON_FIELDS,
            None => DEFAULT_FORMAT,
        };
        let format = Format::parse(text).map_err(|error| Usage(format!("in the format: {}", error.render(text))))?;
        Ok(match (args.json, args.csv) {
            (true, _) => Printer::Json(JsonFields::of(&format)),
            (_, true) => Printer::Csv(Csv::of(&format)),
            _ => Printer::Line(format),
        })
    }

    /// What stands before all lines; `label` is the key of what they begin with.
    pub(super) fn heading(&self, label: Option<&str>) -> Option<String> {
        match (self, label) {
            (Printer::Csv(csv), None) => Some(csv.heading()),
            (Printer::Csv(csv), Some(label)) => Some(format!("{label},{}", csv.heading())),
            _ => None,
        }
    }

    /// Writes the line of an event, with its newline; none where a field is missing and the format does not want it then.
    /// `label` is what it begins with behind the key of that, escaped: its trace where there are several, or its rule.
    pub(super) fn write(
        &self,
        writer: &mut LineWriter,
        row: &EventRow<'_>,
        zone: TimeZone,
        label: Option<(&str, &str)>,
        out: &mut Vec<u8>,
    ) {
        let start = out.len();
        match self {
            Printer::Line(format) => {
                if let Some((_, text)) = label {
                    out.extend_from_slice(text.as_bytes());
                    out.extend_from_slice(b": ");
                }
                if !writer.line(format, row, zone, out) {
                    out.truncate(start);
                    return;
                }
            }
            Printer::Json(fields) => {
                let object = fields.object(row);
                match label {
                    Some((key, text)) => {
                        let text = json_string(text.as_bytes());
                        let comma = if object == "{}" { "" } else { "," };
                        out.extend_from_slice(format!("{{\"{key}\":{text}{comma}{}", &object[1..]).as_bytes());
                    }
                    None => out.extend_from_slice(object.as_bytes()),
                }
            }
            Printer::Csv(csv) => {
                if let Some((_, text)) = label {
                    out.extend_from_slice(csv_cell(text).as_bytes());
                    out.push(b',');
                }
                csv.line(row, zone, out);
            }
        }
        out.push(b'\n');
    }
}
