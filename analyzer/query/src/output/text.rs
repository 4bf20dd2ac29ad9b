//! Values as text.

use super::escape::escaped;
use super::time;
use crate::check::TimeZone;
use crate::eval::Value;
use crate::fields::{EvtField, FieldId};

/// The value of a field as it is shown to a person; nothing where it is missing. Captured text is escaped.
pub fn shown(field: FieldId, value: &Value<'_>, zone: TimeZone) -> Option<String> {
    match (field, value) {
        (FieldId::Evt(EvtField::Time), Value::Int(time)) => Some(time::clock(*time, zone)),
        (FieldId::Evt(EvtField::RelTime), Value::Int(duration)) => Some(time::seconds(*duration)),
        (_, Value::List(values)) => {
            let texts: Vec<String> = values.iter().filter_map(|value| shown(field, value, zone)).collect();
            Some(texts.join(","))
        }
        (_, value) => value.to_text().map(|text| escaped(&text)),
    }
}
