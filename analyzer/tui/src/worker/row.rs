//! An event as a row of the table.

use super::Opened;
use super::text;
use crate::state::EventRowText;
use afterimage_query::EventRow;
use afterimage_query::fields::{ContainerField, EvtField, FieldArg, FieldId, ProcField};

/// Bytes of a value; a line of a terminal shows no more.
const LIMIT: usize = 512;

/// The row for an event.
pub(super) fn text(row: &EventRow<'_>, opened: &Opened) -> EventRowText {
    let field = |id| text::field(row, id, &FieldArg::None, LIMIT, opened);
    let evt = |of| field(FieldId::Evt(of)).unwrap_or_default();
    let container = field(FieldId::Container(ContainerField::Name));
    let process = field(FieldId::Proc(ProcField::Name)).unwrap_or_else(|| "<NA>".into());
    let pid = field(FieldId::Proc(ProcField::Pid)).unwrap_or_default();
    EventRowText {
        num: evt(EvtField::Num),
        time: evt(EvtField::Time),
        cpu: evt(EvtField::Cpu),
        container: container
            .or(field(FieldId::Container(ContainerField::Id)))
            .unwrap_or_default(),
        process,
        pid: format!("({pid})"),
        dir: evt(EvtField::Dir),
        kind: evt(EvtField::Type),
        info: evt(EvtField::Info),
        failed: row.result().is_some_and(|result| result < 0),
    }
}

/// The row for an event that cannot be read.
pub(super) fn unreadable(error: &str) -> EventRowText {
    EventRowText {
        num: "?".into(),
        kind: "unreadable".into(),
        info: text::cut(error.as_bytes(), LIMIT),
        failed: true,
        ..EventRowText::default()
    }
}
