//! Where a tested value comes from.

use super::Row;
use super::getopt::getopt;
use super::value::Value;
use crate::fields::{FieldArg, FieldDef, Many};
use std::borrow::Cow;

/// A value of the row, or made from values of the row.
#[derive(Debug)]
pub enum Source {
    /// A field.
    Field {
        /// Its definition.
        def: &'static FieldDef,
        /// Its argument.
        arg: FieldArg,
    },
    /// A constant.
    Text(Vec<u8>),
    /// Several values as one list. Missing if one of them is.
    List(Vec<Source>),
    /// A transformer applied to values.
    Apply(Box<Apply>),
}

/// A transformer and what it is applied to.
#[derive(Debug)]
pub enum Apply {
    /// `tolower`
    ToLower(Source),
    /// `toupper`
    ToUpper(Source),
    /// `b64`
    Base64(Source),
    /// `basename`
    Basename(Source),
    /// `len`
    Len(Source),
    /// `join`
    Join {
        /// What stands between two values.
        separator: Source,
        /// The values, a list.
        values: Source,
    },
    /// `concat`
    Concat(Vec<Source>),
    /// `getopt`
    Getopt {
        /// The arguments, a list.
        args: Source,
        /// The options, as POSIX getopt takes them.
        options: Source,
        /// The one option whose value is asked for.
        key: Option<String>,
    },
}

impl Source {
    /// How many values the field behind it has; nothing if it is no field.
    pub fn many(&self) -> Option<Many> {
        match self {
            Source::Field {
                def,
                arg: FieldArg::None,
            } => Some(def.many),
            Source::Field { .. } => Some(Many::No),
            Source::Text(_) | Source::List(_) => None,
            Source::Apply(apply) => match &**apply {
                Apply::ToLower(inner) | Apply::ToUpper(inner) | Apply::Base64(inner) | Apply::Basename(inner) => {
                    inner.many()
                }
                Apply::Len(_) | Apply::Join { .. } | Apply::Concat(_) | Apply::Getopt { .. } => None,
            },
        }
    }

    /// Whether its value is a list by nature, and not only because the row has several values of a field.
    pub fn is_list(&self) -> bool {
        match self {
            Source::List(_) => true,
            Source::Apply(apply) => matches!(**apply, Apply::Getopt { key: None, .. }),
            Source::Field { .. } | Source::Text(_) => false,
        }
    }

    /// The value in this row.
    pub fn read<'r, R: Row + ?Sized>(&'r self, row: &'r R) -> Value<'r> {
        match self {
            Source::Field { def, arg } => row.value(def.id, arg),
            Source::Text(text) => Value::str(text),
            Source::List(items) => {
                let values: Vec<Value<'r>> = items.iter().map(|item| item.read(row)).collect();
                if values.contains(&Value::Missing) {
                    Value::Missing
                } else {
                    Value::List(values)
                }
            }
            Source::Apply(apply) => apply.read(row),
        }
    }
}

impl Apply {
    fn read<'r, R: Row + ?Sized>(&'r self, row: &'r R) -> Value<'r> {
        match self {
            Apply::ToLower(inner) => map(inner.read(row), &|text| Some(Cow::Owned(text.to_ascii_lowercase()))),
            Apply::ToUpper(inner) => map(inner.read(row), &|text| Some(Cow::Owned(text.to_ascii_uppercase()))),
            Apply::Base64(inner) => map(inner.read(row), &|text| base64(&text).map(Cow::Owned)),
            Apply::Basename(inner) => map(inner.read(row), &|text| {
                let start = text.iter().rposition(|&byte| byte == b'/').map_or(0, |at| at + 1);
                Some(Cow::Owned(text[start..].to_vec()))
            }),
            Apply::Len(inner) => match inner.read(row) {
                Value::Str(text) => Value::Uint(text.len() as u64),
                Value::List(values) => Value::Uint(values.len() as u64),
                _ => Value::Missing,
            },
            Apply::Join { separator, values } => match (separator.read(row), values.read(row)) {
                (Value::Str(separator), Value::List(values)) => join(&separator, &values),
                _ => Value::Missing,
            },
            Apply::Concat(parts) => {
                let values: Vec<Value<'_>> = parts.iter().map(|part| part.read(row)).collect();
                join(b"", &values)
            }
            Apply::Getopt { args, options, key } => match (args.read(row), options.read(row)) {
                (args @ (Value::List(_) | Value::Str(_)), Value::Str(options)) => {
                    let args: Vec<&[u8]> = args.iter().filter_map(Value::as_bytes).collect();
                    getopt(&args, &options, key.as_deref())
                }
                _ => Value::Missing,
            },
        }
    }
}

/// Changes a string, or every string of a list; other values, and strings it cannot change, are missing.
fn map<'r>(value: Value<'r>, change: &dyn Fn(Cow<'r, [u8]>) -> Option<Cow<'r, [u8]>>) -> Value<'r> {
    match value {
        Value::Str(text) => change(text).map_or(Value::Missing, Value::Str),
        Value::List(values) => Value::List(
            values
                .into_iter()
                .map(|value| map(value, change))
                .filter(|v| *v != Value::Missing)
                .collect(),
        ),
        _ => Value::Missing,
    }
}

/// The values as text with the separator between them; missing if one of them is.
fn join(separator: &[u8], values: &[Value<'_>]) -> Value<'static> {
    let texts: Option<Vec<Cow<'_, [u8]>>> = values.iter().map(Value::to_text).collect();
    texts.map_or(Value::Missing, |texts| Value::owned(texts.join(separator)))
}

/// Decodes base 64 with or without padding; nothing if it is none.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let text = text
        .strip_suffix(b"=")
        .map_or(text, |text| text.strip_suffix(b"=").unwrap_or(text));
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for group in text.chunks(4) {
        if group.len() == 1 {
            return None;
        }
        let mut bits = 0u32;
        for &byte in group {
            let digit = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(digit);
        }
        bits <<= 6 * (4 - group.len());
        let [_, bytes @ ..] = bits.to_be_bytes();
        out.extend_from_slice(&bytes[..group.len() - 1]);
    }
    Some(out)
}
