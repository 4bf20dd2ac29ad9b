//! Values of fields.

use std::borrow::Cow;
use std::net::IpAddr;

/// The value of a field in a row. Times and durations are numbers of nanoseconds.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value<'a> {
    /// There is none: every comparison is false, `exists` is false, output shows `<NA>`.
    #[default]
    Missing,
    /// A number that may be negative.
    Int(i64),
    /// A number from 0 on.
    Uint(u64),
    /// True or false.
    Bool(bool),
    /// A string or raw bytes, as recorded: any bytes, not escaped.
    Str(Cow<'a, [u8]>),
    /// An address. IPv4 addresses mapped into IPv6 count as IPv4.
    Ip(IpAddr),
    /// Several values of one field, none of them missing or itself a list.
    List(Vec<Value<'a>>),
}

impl<'a> Value<'a> {
    /// A string that the row holds.
    pub fn str(text: &'a (impl AsRef<[u8]> + ?Sized)) -> Value<'a> {
        Value::Str(Cow::Borrowed(text.as_ref()))
    }

    /// A string made for this value.
    pub fn owned(text: impl Into<Vec<u8>>) -> Value<'static> {
        Value::Str(Cow::Owned(text.into()))
    }

    /// The single values: none of a missing value, the elements of a list.
    pub fn iter(&self) -> impl Iterator<Item = &Value<'a>> {
        let (one, many): (Option<&Value<'a>>, &[Value<'a>]) = match self {
            Value::Missing => (None, &[]),
            Value::List(values) => (None, values),
            value => (Some(value), &[]),
        };
        one.into_iter().chain(many)
    }

    /// A number or truth value as a number.
    pub(crate) fn as_number(&self) -> Option<i128> {
        match self {
            Value::Int(number) => Some(i128::from(*number)),
            Value::Uint(number) => Some(i128::from(*number)),
            Value::Bool(truth) => Some(i128::from(*truth)),
            _ => None,
        }
    }

    pub(crate) fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Value::Str(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// A single value as text, not escaped; nothing for missing values and lists.
    pub(crate) fn to_text(&self) -> Option<Cow<'_, [u8]>> {
        let text = match self {
            Value::Missing | Value::List(_) => return None,
            Value::Str(bytes) => return Some(Cow::Borrowed(bytes)),
            Value::Int(number) => number.to_string(),
            Value::Uint(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            Value::Ip(address) => address.to_canonical().to_string(),
        };
        Some(Cow::Owned(text.into_bytes()))
    }
}
