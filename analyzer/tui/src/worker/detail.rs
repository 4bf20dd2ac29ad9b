//! Everything about one event.

use super::Opened;
use super::text::{self, cut};
use crate::state::{DetailItem, EventDetail};
use afterimage_format::model::{EventFlags, ParamType, Value};
use afterimage_query::EventRow;
use afterimage_query::fields::{ArgRule, CLASSES, CaptureField, EvtField, FieldArg, FieldId};
use afterimage_query::output::escaped;

/// Bytes of a value that are shown.
const LIMIT: usize = 16 << 10;
/// Bytes of a payload that are shown.
const PAYLOAD: usize = 64 << 10;

/// Parameters, payloads and fields of an event.
pub(super) fn detail(row: &EventRow<'_>, opened: &Opened) -> EventDetail {
    let field = |id| text::field(row, id, &FieldArg::None, LIMIT, opened).unwrap_or_default();
    let evt = |of| field(FieldId::Evt(of));
    let mut items = Vec::new();
    parameters(row, opened, &mut items);
    fields(row, opened, &mut items);
    if let Some(error) = row.segment().take_damage() {
        items.insert(0, DetailItem::Note(cut(error.to_string().as_bytes(), LIMIT)));
    }
    EventDetail {
        title: format!(
            "event {} {} {}",
            evt(EvtField::Num),
            evt(EvtField::Dir),
            evt(EvtField::Type)
        ),
        items,
    }
}

fn parameters(row: &EventRow<'_>, opened: &Opened, items: &mut Vec<DetailItem>) {
    let Some(kind) = row.kind() else { return };
    items.push(DetailItem::Heading("Parameters".into()));
    if let Some(result) = row.result() {
        let name = text::field(row, FieldId::Evt(EvtField::Res), &FieldArg::None, LIMIT, opened).unwrap_or_default();
        items.push(DetailItem::Field("result".into(), format!("{result} ({name})")));
    }
    let segment = row.segment().segment();
    let mut payloads = Vec::new();
    for (at, param) in kind.params.iter().enumerate() {
        let name = cut(param.name.as_bytes(), LIMIT);
        let meaning = || {
            let arg = FieldArg::Index(u32::try_from(at).unwrap_or(u32::MAX));
            text::field(row, FieldId::Evt(EvtField::Arg), &arg, LIMIT, opened).unwrap_or_else(|| "<NA>".into())
        };
        match segment.arg(row.index(), at) {
            Err(error) => items.push(DetailItem::Field(name, cut(error.to_string().as_bytes(), LIMIT))),
            Ok(Value::Bytes(bytes)) if param.ty == ParamType::Bytes => payload(name, bytes, items, &mut payloads),
            Ok(Value::Int(number)) => {
                items.push(DetailItem::Field(name, number_and_meaning(param.ty, number, meaning())))
            }
            Ok(_) => items.push(DetailItem::Field(name, meaning())),
        }
    }
    for (flag, note) in [
        (
            EventFlags::TRUNCATED,
            "some of this was longer than the recorder keeps, and is cut",
        ),
        (
            EventFlags::FAULTED,
            "some memory of the process could not be read; what was in it is missing",
        ),
        (
            EventFlags::CHANGED,
            "memory of the process was changed during the call; this is what it was when the call began",
        ),
        (
            EventFlags::UNVERIFIED,
            "memory of the process could be read only when the call returned",
        ),
        (EventFlags::COMPAT, "a 32-bit system call"),
    ] {
        if row.flags().has(flag) {
            items.push(DetailItem::Note(note.into()));
        }
    }
    items.extend(payloads);
}

/// A number, and what it means where that is something else.
fn number_and_meaning(ty: ParamType, number: i64, meaning: String) -> String {
    let plain = match ty {
        ParamType::Uint => (number as u64).to_string(),
        ParamType::Hex => format!("0x{number:x}"),
        ParamType::Mode => format!("{number:04o}"),
        _ => number.to_string(),
    };
    if meaning == plain {
        plain
    } else {
        format!("{plain} ({meaning})")
    }
}

/// The length of a payload for the parameters, and behind them the payload as text, line by line, and in hexadecimal.
fn payload(name: String, bytes: &[u8], items: &mut Vec<DetailItem>, behind: &mut Vec<DetailItem>) {
    items.push(DetailItem::Field(
        name.clone(),
        format!("{} bytes recorded", bytes.len()),
    ));
    let shown = bytes.get(..PAYLOAD).unwrap_or(bytes);
    if shown.is_empty() {
        return;
    }
    behind.push(DetailItem::Heading(format!("{name} as text")));
    let lines = shown.strip_suffix(b"\n").unwrap_or(shown).split(|byte| *byte == b'\n');
    behind.extend(lines.map(|line| DetailItem::Text(escaped(line))));
    behind.push(DetailItem::Heading(format!("{name} in hex")));
    behind.push(DetailItem::Bytes(shown.to_vec()));
    if shown.len() < bytes.len() {
        let more = bytes.len() - shown.len();
        behind.push(DetailItem::Note(format!(
            "{more} bytes more; `evt.buffer` of `analyze query` has them all"
        )));
    }
}

/// Every field that has a value, but for those that are shown as parameters.
fn fields(row: &EventRow<'_>, opened: &Opened, items: &mut Vec<DetailItem>) {
    for class in &CLASSES {
        let heading = items.len();
        for def in class.fields {
            if matches!(def.id, FieldId::Evt(EvtField::Buffer)) || def.arg == ArgRule::NameOrIndex {
                continue;
            }
            if def.id == FieldId::Capture(CaptureField::Tag) {
                let tags = &opened.context().header().tags;
                let tag = |(key, value): &(String, String)| {
                    let name = cut(format!("capture.tag[{key}]").as_bytes(), LIMIT);
                    DetailItem::Field(name, cut(value.as_bytes(), LIMIT))
                };
                items.extend(tags.iter().map(tag));
            } else if let Some(value) = text::field(row, def.id, &FieldArg::None, LIMIT, opened) {
                items.push(DetailItem::Field(def.name.into(), value));
            }
        }
        if items.len() > heading {
            items.insert(heading, DetailItem::Heading(class.name.into()));
        }
    }
}
