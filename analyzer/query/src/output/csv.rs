//! Comma-separated values, as RFC 4180 says it.

use super::field_name;
use super::format::Format;
use super::text::shown;
use crate::check::TimeZone;
use crate::eval::Row;
use crate::fields::{FieldArg, FieldDef};

/// The fields of a line, in order.
#[derive(Debug)]
pub struct Csv {
    fields: Vec<(String, &'static FieldDef, FieldArg)>,
}

impl Csv {
    /// The fields of a format, each once.
    pub fn of(format: &Format) -> Csv {
        let mut fields: Vec<(String, &'static FieldDef, FieldArg)> = Vec::new();
        for (def, arg) in format.fields() {
            let name = field_name(def, arg);
            if !fields.iter().any(|(known, ..)| *known == name) {
                fields.push((name, def, arg.clone()));
            }
        }
        Csv { fields }
    }

    /// The names, without a newline.
    pub fn heading(&self) -> String {
        let names: Vec<String> = self.fields.iter().map(|(name, ..)| csv_cell(name)).collect();
        names.join(",")
    }

    /// The values of a row, without a newline; missing ones are empty. Captured text is escaped as in lines.
    pub fn line<R: Row + ?Sized>(&self, row: &R, zone: TimeZone, out: &mut Vec<u8>) {
        for (at, (_, def, arg)) in self.fields.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            if let Some(text) = shown(def.id, &row.value(def.id, arg), zone) {
                out.extend_from_slice(csv_cell(&text).as_bytes());
            }
        }
    }
}

/// A value as a cell: in quotes where it has a comma, a quote or blanks at its ends. What a spreadsheet would take for a
/// formula gets an apostrophe: whoever is recorded chooses names.
pub fn csv_cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@']) && text.parse::<f64>().is_err();
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    let plain = !text.contains([',', '"', '\n', '\r']) && text.trim() == text;
    if plain {
        text
    } else {
        format!("\"{}\"", text.replace('"', "\"\""))
    }
}

#[cfg(test)]
mod tests {
    use super::csv_cell;

    #[test]
    fn cells_are_read_back_and_run_nothing() {
        for (text, expected) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("a \"b\"", "\"a \"\"b\"\"\""),
            (" x", "\" x\""),
            ("-1", "-1"),
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("@SUM(1,2)", "\"'@SUM(1,2)\""),
            ("", ""),
        ] {
            assert_eq!(csv_cell(text), expected);
        }
    }
}
