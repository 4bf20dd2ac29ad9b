//! `-p` formats.

use super::text::shown;
use crate::check::{TimeZone, resolve_field};
use crate::error::{FilterError, Span};
use crate::eval::Row;
use crate::fields::{self, FieldArg, FieldDef};
use crate::lang::{FieldRef, Text};
use crate::nearest::nearest;

/// The line shown for an event when no format is given.
pub const DEFAULT_FORMAT: &str =
    "*%evt.num %evt.outputtime %evt.cpu %proc.name (%thread.tid) %evt.dir %evt.type %evt.info";

/// What is shown for a value that is missing.
pub(super) const MISSING: &str = "<NA>";

/// A parsed `-p` format: text with fields such as `%proc.name` or `%proc.aname[2]` in it, `%%` for a percent sign.
#[derive(Debug)]
pub struct Format {
    pub(super) parts: Vec<Part>,
    pub(super) show_missing: bool,
}

#[derive(Debug)]
pub(super) enum Part {
    Text(String),
    Field(&'static FieldDef, FieldArg),
}

impl Format {
    /// Parses a format. A leading `*` makes it print lines even where a field is missing, as `<NA>`.
    ///
    /// # Errors
    /// The first field that does not exist, with its place in `text`.
    pub fn parse(text: &str) -> Result<Format, FilterError> {
        let (show_missing, mut at) = if text.starts_with('*') { (true, 1) } else { (false, 0) };
        let mut parts = Vec::new();
        while at < text.len() {
            let rest = &text[at..];
            match rest.find('%') {
                Some(0) if rest.starts_with("%%") => {
                    parts.push(Part::Text("%".to_string()));
                    at += 2;
                }
                Some(0) => {
                    let field = field_at(text, at)?;
                    at = field.span.end;
                    let (def, arg) = resolve_field(&field)?;
                    parts.push(Part::Field(def, arg));
                }
                next => {
                    let end = next.unwrap_or(rest.len());
                    parts.push(Part::Text(rest[..end].to_string()));
                    at += end;
                }
            }
        }
        Ok(Format { parts, show_missing })
    }

    /// A single field as a person names it: `proc.name`, `proc.aname[2]`, `evt.arg.path`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn field(name: &str) -> Result<(&'static FieldDef, FieldArg), FilterError> {
        // The same reader, so that a name means the same everywhere; places count without the percent sign.
        let text = format!("%{name}");
        let field = field_at(&text, 0).map_err(|error| error.moved_back(1))?;
        if field.span.end < text.len() {
            let span = Span::new(field.span.end - 1, name.len());
            return Err(FilterError::new(span, "a field ends before this").expected("one field such as `proc.name`"));
        }
        resolve_field(&field).map_err(|error| error.moved_back(1))
    }

    /// The fields in the order of the format, with how each is written.
    pub fn fields(&self) -> impl Iterator<Item = (&'static FieldDef, &FieldArg)> {
        self.parts.iter().filter_map(|part| match part {
            Part::Field(def, arg) => Some((*def, arg)),
            Part::Text(_) => None,
        })
    }

    /// The line for a row, without a newline; nothing where a field is missing and the format did not begin with `*`.
    pub fn line<R: Row + ?Sized>(&self, row: &R, zone: TimeZone) -> Option<String> {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Field(def, arg) => match shown(def.id, &row.value(def.id, arg), zone) {
                    Some(text) => out.push_str(&text),
                    None if self.show_missing => out.push_str(MISSING),
                    None => return None,
                },
            }
        }
        Some(out)
    }
}

/// The field behind the percent sign at `at`. A name ends at the last dot behind which it is no field any more, so that
/// a format can go on with a dot.
fn field_at(text: &str, at: usize) -> Result<FieldRef, FilterError> {
    let start = at + 1;
    let rest = &text[start..];
    let length = rest
        .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '_'))
        .unwrap_or(rest.len());
    let mut name = &rest[..length];
    while fields::lookup(name).is_none_or(|(_, arg)| arg.is_some_and(|arg| arg.is_empty() || arg.ends_with('.'))) {
        let Some((shorter, _)) = name.rsplit_once('.') else {
            let name = rest[..length].trim_end_matches('.');
            let span = Span::new(at, start + name.len());
            return Err(FilterError::new(span, format!("unknown field `{name}`"))
                .expected("a field such as `%proc.name`, or `%%` for a percent sign")
                .suggest(nearest(name, fields::all().map(|def| def.name))));
        };
        name = shorter;
    }
    let end = start + name.len();
    let arg = match text[end..].strip_prefix('[') {
        Some(inner) => {
            let Some(close) = inner.find(']') else {
                return Err(FilterError::new(Span::new(end, text.len()), "the argument does not end").expected("`]`"));
            };
            let span = Span::new(end + 1, end + 1 + close);
            Some(Text {
                bytes: inner.as_bytes()[..close].to_vec(),
                quoted: false,
                span,
            })
        }
        None => None,
    };
    let end = arg.as_ref().map_or(end, |arg| arg.span.end + 1);
    Ok(FieldRef {
        name: name.to_string(),
        arg,
        span: Span::new(start, end),
    })
}

/// How a field with its argument is written, as in `proc.aname[2]`.
pub fn written(def: &FieldDef, arg: &FieldArg) -> String {
    match (arg, def.arg) {
        (FieldArg::None, _) => def.name.to_string(),
        (FieldArg::Name(name), fields::ArgRule::NameOrIndex) => format!("{}.{name}", def.name),
        (FieldArg::Name(name), _) => format!("{}[{name}]", def.name),
        (FieldArg::Index(index), _) => format!("{}[{index}]", def.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(format: &str, expected: Result<&[&str], &str>) {
        let parsed = Format::parse(format);
        let got = match &parsed {
            Ok(format) => Ok(format.fields().map(|(def, arg)| written(def, arg)).collect::<Vec<_>>()),
            Err(error) => Err(error.render(format)),
        };
        assert_eq!(
            got,
            expected
                .map(|names| names.iter().map(ToString::to_string).collect())
                .map_err(str::to_string)
        );
    }

    #[test]
    fn fields_are_found() {
        check(
            DEFAULT_FORMAT,
            Ok(&[
                "evt.num",
                "evt.outputtime",
                "evt.cpu",
                "proc.name",
                "thread.tid",
                "evt.dir",
                "evt.type",
                "evt.info",
            ]),
        );
        check("%proc.name: %proc.aname[2].", Ok(&["proc.name", "proc.aname[2]"]));
        check("%evt.arg.path. 100%%", Ok(&["evt.arg.path"]));
        check("%proc.name.txt", Ok(&["proc.name"]));
        check("plain", Ok(&[]));
    }

    #[test]
    fn wrong_fields_are_named() {
        check(
            "*%evt.num %proc.nam!",
            Err(
                "unknown field `proc.nam`\n  *%evt.num %proc.nam!\n            ^^^^^^^^^\nexpected a field such as `%proc.name`, or `%%` for a percent sign\ndid you mean `proc.name`?",
            ),
        );
        check(
            "%evt.arg",
            Err("`evt.arg` needs an argument\n  %evt.arg\n   ^^^^^^^\nexpected `evt.arg.path` or `evt.arg[0]`"),
        );
        check(
            "%proc.aname[2",
            Err("the argument does not end\n  %proc.aname[2\n             ^^\nexpected `]`"),
        );
    }
}
