//! Finding where two documents differ.

use serde_json::Value;
use std::collections::BTreeSet;

/// Where two documents differ first, and how; `None` where they do not.
pub(crate) fn difference(theirs: &Value, ours: &Value) -> Option<String> {
    match (theirs, ours) {
        (Value::Object(a), Value::Object(b)) => {
            let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            names.into_iter().find_map(|name| {
                let (a, b) = (a.get(name), b.get(name));
                let difference = match (a, b) {
                    (Some(a), Some(b)) => difference(a, b)?,
                    _ => told(&a, &b),
                };
                Some(format!(".{name}{difference}"))
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let mut pairs = a.iter().zip(b).enumerate();
            pairs.find_map(|(at, (a, b))| Some(format!("[{at}]{}", difference(a, b)?)))
        }
        (Value::Array(a), Value::Array(b)) => Some(told(&a.len(), &b.len())),
        _ => (theirs != ours).then(|| told(theirs, ours)),
    }
}

/// Codes, which are names in one document and numbers in the other. That of `constants` is part of the name of the type.
const CODES: [&str; 7] = [
    "algorithm",
    "category",
    "cause",
    "constants",
    "runtime",
    "storing",
    "type",
];

/// A document as far as a parser in JavaScript can say it: its numbers have 53 bits, and it does not tell a field that a
/// record lacks from one that is 0 or empty.
pub(crate) fn as_grammar_says(document: &mut Value) {
    match document {
        Value::Object(fields) => {
            fields.retain(|name, _| !CODES.contains(&name.as_str()));
            fields.values_mut().for_each(as_grammar_says);
            fields.retain(|_, value| !says_nothing(value));
        }
        Value::Array(items) => items.iter_mut().for_each(as_grammar_says),
        Value::Number(number) => *document = Value::from(number.as_f64()),
        _ => {}
    }
}

/// Whether a field has the value of one that is missing.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(value) => value.as_f64() == Some(0.0),
        // Hashes and ids are written in hexadecimal.
        Value::String(text) => text.is_empty() || [32, 64].contains(&text.len()) && text.bytes().all(|b| b == b'0'),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

fn told(theirs: &impl std::fmt::Debug, ours: &impl std::fmt::Debug) -> String {
    let mut text = format!(": {theirs:?} instead of {ours:?}");
    if text.len() > 400 {
        text.truncate(text.floor_char_boundary(400));
    }
    text
}
