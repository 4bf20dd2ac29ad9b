//! Looking into JSON that others wrote: nothing is there for sure, and nothing has a type for sure.

use super::Reason;
use serde_json::Value;

/// Characters of a text that is taken over; more is cut. Names of containers, pods and rules are far shorter.
const TEXT_MAX: usize = 1024;

/// Values of a document: what is between its brackets and commas. Alerts have hundreds; a megabyte of `{"a":1},` would be
/// a hundred of them in memory.
const VALUES_MAX: usize = 64 << 10;

/// The body as JSON.
pub(super) fn parse(body: &[u8]) -> Result<Value, Reason> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Reason::new("", "the body is empty; expected JSON"));
    }
    if body.iter().filter(|byte| matches!(byte, b'{' | b'[' | b',')).count() > VALUES_MAX {
        return Err(Reason::new("", format!("the body has more than {VALUES_MAX} values")));
    }
    // Some senders put a byte order mark before it.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    serde_json::from_slice(body).map_err(|error| Reason::new("", format!("the body is no JSON: {error}")))
}

/// What kind of thing it is, for messages.
pub(super) fn kind(value: Option<&Value>) -> &'static str {
    match value {
        None => "nothing",
        Some(Value::Null) => "null",
        Some(Value::Bool(_)) => "a boolean",
        Some(Value::Number(_)) => "a number",
        Some(Value::String(text)) if text.is_empty() => "an empty text",
        Some(Value::String(_)) => "a text",
        Some(Value::Array(_)) => "a list",
        Some(Value::Object(_)) => "an object",
    }
}

/// A member, in whatever case its name is written: AWS writes `Id` in its API and `id` in its events.
pub(super) fn get<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let members = value.as_object()?;
    let found = members.get(name);
    found.or_else(|| {
        members
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

/// A member of a member of …
pub(super) fn path<'v>(value: &'v Value, names: &[&str]) -> Option<&'v Value> {
    names.iter().try_fold(value, |value, name| get(value, name))
}

/// The elements of a list; none of anything else.
pub(super) fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A text or number as a text. Nothing, and what stands for nothing, is empty.
pub(super) fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => {
            let text = text.trim();
            match text {
                "<NA>" | "<no value>" | "N/A" | "null" => String::new(),
                _ => text.chars().filter(|c| !c.is_control()).take(TEXT_MAX).collect(),
            }
        }
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// A member as a text.
pub(super) fn text_at(value: &Value, names: &[&str]) -> String {
    text(path(value, names))
}

/// The first of several members that says something.
pub(super) fn first_text(value: &Value, names: &[&str]) -> String {
    let mut texts = names.iter().map(|name| text(get(value, name)));
    texts.find(|text| !text.is_empty()).unwrap_or_default()
}

/// A text that must be there.
pub(super) fn needed(value: &Value, name: &str, what: &str) -> Result<String, Reason> {
    let found = get(value, name);
    let text = text(found);
    match text.is_empty() {
        true => Err(Reason::new(name, format!("expected {what}, found {}", kind(found)))),
        false => Ok(text),
    }
}

/// An object that must be there.
pub(super) fn object(value: &Value) -> Result<(), Reason> {
    match value.is_object() {
        true => Ok(()),
        false => Err(Reason::new(
            "",
            format!("expected an object, found {}", kind(Some(value))),
        )),
    }
}

/// A process number.
pub(super) fn pid(value: Option<&Value>) -> Option<u32> {
    let pid = match value? {
        Value::Number(number) => number.as_u64().and_then(|pid| u32::try_from(pid).ok()),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    pid.filter(|pid| *pid != 0)
}

/// An id of a container without its runtime's scheme. "host" is Falco's word for no container.
pub(super) fn container_id(text: String) -> String {
    let id = text.rsplit_once("://").map_or(text.as_str(), |(_, id)| id);
    match id {
        "host" => String::new(),
        id => id.to_owned(),
    }
}
