//! An event of the audit log, bounded and without secrets.

use super::{clean, uri};
use crate::time;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Bytes of a text.
const TEXT_MAX: usize = 1024;
/// Bytes of a URI, and of a command.
const LONG_MAX: usize = 8192;
/// Elements of a list.
const LIST_MAX: usize = 256;

/// One event of the audit log (`audit.k8s.io/v1` or `v1beta1`). Empty: not said.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Entry {
    /// Id of the request; its stages have it in common.
    pub audit_id: String,
    /// `RequestReceived`, `ResponseStarted`, `ResponseComplete` or `Panic`.
    pub stage: String,
    /// `create`, `get`, …
    pub verb: String,
    /// Path and query of the request.
    pub uri: String,
    /// Who asked.
    pub user: String,
    /// Groups of the user.
    pub groups: Vec<String>,
    /// As whom.
    pub impersonated: String,
    /// From where: the client, then proxies.
    pub source_ips: Vec<String>,
    /// With what program, as it says.
    pub user_agent: String,
    /// Namespace of what was asked for.
    pub namespace: String,
    /// `pods`, `secrets`, …
    pub resource: String,
    /// `exec`, `log`, …
    pub subresource: String,
    /// Name of what was asked for.
    pub name: String,
    /// exec and attach: which container of the pod.
    pub container: String,
    /// exec: what is to be run.
    pub command: Vec<String>,
    /// HTTP status.
    pub code: Option<i64>,
    /// Why it failed, in a word.
    pub reason: String,
    /// `allow` or `forbid`.
    pub decision: String,
    /// Why.
    pub decision_reason: String,
    /// The object in the request, JSON.
    pub request: String,
    /// The object in the response, JSON.
    pub response: String,
    /// When the API server received the request, nanoseconds since the Unix epoch; 0: not said.
    pub requested: u64,
    /// When it came to this stage; 0: not said.
    pub time: u64,
    /// Something was left out for its size.
    pub truncated: bool,
    /// Something was replaced that must not be kept.
    pub redacted: bool,
}

impl Entry {
    /// Of an event; `None`: it is none.
    pub(super) fn of(event: &mut Value) -> Option<Entry> {
        let mut cut = false;
        let mut text = |event: &Value, path: &str, max: usize| match event.pointer(path) {
            Some(Value::String(text)) => {
                cut |= text.len() > max;
                text[..text.floor_char_boundary(max.min(text.len()))].to_owned()
            }
            _ => String::new(),
        };
        let audit_id = text(event, "/auditID", TEXT_MAX);
        let stage = text(event, "/stage", TEXT_MAX);
        if audit_id.is_empty() || stage.is_empty() {
            return None;
        }
        let raw_uri = text(event, "/requestURI", LONG_MAX);
        let (uri, in_uri) = uri::cleaned(&raw_uri);
        let at = |path: &str| {
            event
                .pointer(path)
                .and_then(Value::as_str)
                .and_then(time::parse)
                .unwrap_or(0)
        };
        let requested = at("/requestReceivedTimestamp");
        let mut entry = Entry {
            audit_id,
            stage,
            verb: text(event, "/verb", TEXT_MAX),
            user: text(event, "/user/username", TEXT_MAX),
            impersonated: text(event, "/impersonatedUser/username", TEXT_MAX),
            user_agent: text(event, "/userAgent", TEXT_MAX),
            namespace: text(event, "/objectRef/namespace", TEXT_MAX),
            resource: text(event, "/objectRef/resource", TEXT_MAX),
            subresource: text(event, "/objectRef/subresource", TEXT_MAX),
            name: text(event, "/objectRef/name", TEXT_MAX),
            code: event.pointer("/responseStatus/code").and_then(Value::as_i64),
            reason: text(event, "/responseStatus/reason", TEXT_MAX),
            decision: text(event, "/annotations/authorization.k8s.io~1decision", TEXT_MAX),
            decision_reason: text(event, "/annotations/authorization.k8s.io~1reason", TEXT_MAX),
            requested,
            time: match at("/stageTimestamp") {
                0 => requested,
                time => time,
            },
            redacted: in_uri,
            uri,
            ..Entry::default()
        };
        entry.truncated = cut;
        entry.groups = entry.list(event.pointer("/user/groups"));
        entry.source_ips = entry.list(event.pointer("/sourceIPs"));
        if entry.resource == "pods" && matches!(entry.subresource.as_str(), "exec" | "attach") {
            entry.exec(&raw_uri);
        }
        let secret = matches!(entry.resource.as_str(), "secrets" | "tokenreviews") || entry.subresource == "token";
        for (key, request) in [("requestObject", true), ("responseObject", false)] {
            let object = clean::cleaned(event.get_mut(key), secret);
            entry.truncated |= object.truncated;
            entry.redacted |= object.redacted;
            *if request {
                &mut entry.request
            } else {
                &mut entry.response
            } = object.text;
        }
        Some(entry)
    }

    /// Texts of a list, bounded.
    fn list(&mut self, value: Option<&Value>) -> Vec<String> {
        let all = value.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        self.truncated |= all.len() > LIST_MAX;
        let texts = all.iter().take(LIST_MAX).filter_map(Value::as_str);
        texts
            .map(|text| text[..text.floor_char_boundary(TEXT_MAX.min(text.len()))].to_owned())
            .collect()
    }

    /// What an exec asks for is in the query.
    fn exec(&mut self, uri: &str) {
        for (key, value) in uri::query(uri) {
            match key.as_str() {
                "container" => self.container = value,
                "command" if self.command.len() < LIST_MAX => self.command.push(value),
                "command" => self.truncated = true,
                _ => {}
            }
        }
    }

    /// Whether it says that a program was started in a container: the request was granted and the connection is there.
    pub fn is_exec(&self) -> bool {
        self.resource == "pods"
            && self.subresource == "exec"
            && self.stage.starts_with("Response")
            && !self.command.is_empty()
            && matches!(self.code, Some(100..300) | None)
    }
}
