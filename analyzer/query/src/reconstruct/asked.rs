//! What was asked of Kubernetes' API server, as its audit log says.

use super::builder::Builder;
use super::lines::entry;
use super::story::What;
use crate::eval::Value;
use crate::fields::{FieldArg, FieldId, KaField};
use crate::row::{EventRow, value};

/// Lines of one container, and outside of containers.
const LINES: u64 = 200;
/// Verbs that change nothing.
const LOOKS: [&str; 3] = ["get", "list", "watch"];

impl Builder<'_> {
    /// An entry of the log. The beginning of a request, and looking around without being refused, tell nothing.
    pub(super) fn asked(&mut self, row: EventRow<'_>, time: u64, container: u64) {
        let text = |field: KaField| match value(row, FieldId::Ka(field), &FieldArg::None) {
            Value::Str(text) => String::from_utf8_lossy(&text).into_owned(),
            _ => String::new(),
        };
        let (stage, verb, code) = (text(KaField::Stage), text(KaField::Verb), text(KaField::ResponseCode));
        let refused = matches!(code.as_str(), "401" | "403");
        if stage == "RequestReceived" || LOOKS.contains(&verb.as_str()) && !refused {
            return;
        }
        let lines = self.asked_lines.entry(container).or_default();
        *lines += 1;
        if *lines > LINES || self.options.filter.is_some_and(|filter| !filter.matches(&row)) {
            return;
        }
        let (resource, part) = (text(KaField::TargetResource), text(KaField::TargetSubresource));
        let (namespace, name) = (text(KaField::TargetNamespace), text(KaField::TargetName));
        let joined = |a: String, b: &str| match (a.is_empty(), b.is_empty()) {
            (true, _) => b.to_owned(),
            (_, true) => a,
            _ => format!("{a}/{b}"),
        };
        let notable = refused || matches!(part.as_str(), "exec" | "attach" | "portforward" | "ephemeralcontainers");
        let what = What::Asked {
            user: text(KaField::UserName),
            verb,
            what: [joined(resource, &part), joined(namespace, &name)]
                .join(" ")
                .trim()
                .to_owned(),
            code,
        };
        let mut entry = entry(time, what);
        entry.notable = notable;
        self.add(entry, container, true);
    }
}
