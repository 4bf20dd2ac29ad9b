//! One JSON object a line.

use super::escape::unsafe_to_show;
use super::format::{Format, written};
use super::time;
use crate::eval::{Row, Value};
use crate::fields::{EvtField, FieldArg, FieldDef, FieldId};

/// The fields of an object when no format is given, as a format.
pub const DEFAULT_JSON_FIELDS: &str = "%evt.num %evt.time %evt.cpu %evt.dir %evt.type %evt.category %evt.args %evt.res \
    %evt.rawres %proc.name %proc.exepath %proc.cmdline %proc.cwd %proc.pid %proc.vpid %proc.ppid %proc.pname \
    %thread.tid %user.uid %fd.num %fd.type %fd.name %container.id %container.name %container.image %k8s.ns.name \
    %k8s.pod.name";

/// The fields of an object, in order.
#[derive(Debug)]
pub struct JsonFields {
    fields: Vec<(String, &'static FieldDef, FieldArg)>,
}

impl JsonFields {
    /// The fields of a format, each once.
    pub fn of(format: &Format) -> JsonFields {
        let mut fields: Vec<(String, &'static FieldDef, FieldArg)> = Vec::new();
        for (def, arg) in format.fields() {
            let name = written(def, arg);
            if !fields.iter().any(|(known, ..)| *known == name) {
                fields.push((name, def, arg.clone()));
            }
        }
        JsonFields { fields }
    }

    /// The object for a row, without a newline: numbers as numbers, `evt.time` in RFC 3339, missing values as null.
    pub fn object<R: Row + ?Sized>(&self, row: &R) -> String {
        let mut out = String::from("{");
        for (at, (name, def, arg)) in self.fields.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            out.push_str(&json_string(name.as_bytes()));
            out.push(':');
            value(&mut out, def.id, &row.value(def.id, arg));
        }
        out.push('}');
        out
    }
}

fn value(out: &mut String, field: FieldId, value_: &Value<'_>) {
    match (field, value_) {
        (FieldId::Evt(EvtField::Time), Value::Int(time)) => out.push_str(&json_string(time::rfc3339(*time).as_bytes())),
        (_, Value::Missing) => out.push_str("null"),
        (_, Value::Int(number)) => out.push_str(&format!("{number}")),
        (_, Value::Uint(number)) => out.push_str(&format!("{number}")),
        (_, Value::Bool(truth)) => out.push_str(&format!("{truth}")),
        (_, Value::Str(bytes)) => out.push_str(&json_string(bytes)),
        (_, Value::Ip(address)) => out.push_str(&json_string(address.to_canonical().to_string().as_bytes())),
        (_, Value::List(values)) => {
            out.push('[');
            for (at, item) in values.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                value(out, field, item);
            }
            out.push(']');
        }
    }
}

/// Bytes as a JSON string. What could harm a terminal is written as `\uXXXX`; a byte that is not UTF-8 becomes the four
/// characters `\xHH`.
pub fn json_string(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push('"');
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                // All of these lie in the basic plane, so that four digits are enough.
                c if unsafe_to_show(c) => out.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => out.push(c),
            }
        }
        chunk
            .invalid()
            .iter()
            .for_each(|byte| out.push_str(&format!("\\\\x{byte:02x}")));
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_fields_exist() {
        let format =
            Format::parse(DEFAULT_JSON_FIELDS).unwrap_or_else(|error| panic!("{}", error.render(DEFAULT_JSON_FIELDS)));
        assert_eq!(
            JsonFields::of(&format).fields.len(),
            DEFAULT_JSON_FIELDS.split('%').count() - 1
        );
    }

    #[test]
    fn strings_are_json_and_harmless() {
        for (bytes, expected) in [
            (&b"plain"[..], "plain"),
            (b"\"a\\b\"\n", "\"a\\b\"\n"),
            (b"\x1b[2J\0", "\x1b[2J\0"),
            ("\u{202e}ä".as_bytes(), "\u{202e}ä"),
            (b"a\xffb", "a\\xffb"),
        ] {
            let json = json_string(bytes);
            assert!(json.chars().all(|c| !unsafe_to_show(c)), "{json}");
            let back: String = serde_json::from_str(&json).expect("valid JSON");
            assert_eq!(back, expected);
        }
    }
}
