//! The steps in words. Everything captured is escaped.

use super::answers::ProcessAnswer;
use super::facts::Intake;
use crate::eval::{Row as _, Value};
use crate::fields::{EvtField, FieldArg, FieldId};
use crate::output::escaped;
use crate::reconstruct::network::ends;
use crate::reconstruct::{Program, command_line, paths, size};
use crate::row::{EventRow, TraceContext};
use afterimage_format::model::{Descriptor, KubeExec, Thread};
use std::net::SocketAddr;

/// Longest text of arguments and paths, in characters.
const LONGEST: usize = 160;

/// `sh(4711)`
pub(super) fn who(thread: &Thread) -> String {
    format!("{}({})", escaped(&thread.comm), thread.pid)
}

/// A process that was started, under the name of what it executed first: until then it had its parent's.
pub(super) fn child(thread: &Thread, answer: &ProcessAnswer) -> String {
    let mut executed = answer.executed.iter().map(|(_, version)| version);
    who(executed
        .find(|version| !version.is_container_runtime())
        .unwrap_or(thread))
}

pub(super) fn path(path: &[u8]) -> String {
    cut(escaped(path))
}

fn cut(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

pub(super) fn event(row: &EventRow<'_>, thread: &Thread) -> String {
    let kind = row.kind().map_or("?", |kind| kind.name.as_str());
    let args = match row.value(FieldId::Evt(EvtField::Args), &FieldArg::None) {
        Value::Str(args) => cut(escaped(&args)),
        _ => String::new(),
    };
    format!("{} {kind} {args}", who(thread)).trim_end().to_owned()
}

pub(super) fn executed(thread: &Thread) -> String {
    format!("{} executed {}", who(thread), cut(command_line(&Program::of(thread))))
}

pub(super) fn received(thread: &Thread, intake: &Intake, remote: Option<SocketAddr>) -> String {
    let from = remote.map_or("a connection".to_owned(), |remote| remote.to_string());
    let line = intake.line.as_deref().map(|line| format!(": \"{}\"", escaped(line)));
    format!(
        "{} received {} from {from}{}",
        who(thread),
        size(intake.bytes),
        line.unwrap_or_default()
    )
}

pub(super) fn accepted(thread: &Thread, descriptor: &Descriptor) -> String {
    let (local, remote) = ends(descriptor);
    let shown = |end: Option<SocketAddr>| end.map_or("?".to_owned(), |end| end.to_string());
    format!("{} accepted {} on {}", who(thread), shown(remote), shown(local))
}

pub(super) fn read(thread: &Thread, intake: &Intake) -> String {
    let name = &intake.descriptor.name;
    let why = paths::sensitive_to_read(name).map_or(String::new(), |why| format!(" ({why})"));
    match intake.bytes {
        0 => format!("{} opened {}{why}", who(thread), path(name)),
        bytes => format!("{} read {} from {}{why}", who(thread), size(bytes), path(name)),
    }
}

pub(super) fn wrote(thread: &Thread, name: &[u8], bytes: u64) -> String {
    match bytes {
        0 => format!("{} opened {} to write it", who(thread), path(name)),
        bytes => format!("{} wrote {} to {}", who(thread), size(bytes), path(name)),
    }
}

pub(super) fn entry(context: &TraceContext, thread: &Thread, above: Option<&Thread>) -> String {
    let outside = match above {
        Some(parent) => format!("; started by {}", who(parent)),
        None if thread.ppid > 0 => format!("; started by process {}, of which nothing is known", thread.ppid),
        None => String::new(),
    };
    if thread.container == 0 {
        return format!("{} runs in no container{outside}", who(thread));
    }
    let container = context.container(thread.container).map_or("?".to_owned(), |container| {
        let name = container.name.as_deref().unwrap_or(container.short_id());
        escaped(name.as_bytes())
    });
    match thread.vpid {
        1 => format!("{} is the first process of container {container}", who(thread)),
        _ => format!(
            "{} was brought into container {container} from outside{outside}",
            who(thread)
        ),
    }
}

/// Who asked Kubernetes for a program, and why that is not certain.
pub(super) fn asked(exec: &KubeExec) -> (String, Option<String>) {
    if exec.user.is_empty() {
        let why = escaped(exec.missing.as_bytes());
        return ("who asked Kubernetes for it is not known".to_owned(), Some(why));
    }
    let user = escaped(exec.user.as_bytes());
    let impersonated = match exec.impersonated.as_str() {
        "" => String::new(),
        other => format!(" as {}", escaped(other.as_bytes())),
    };
    let from = exec
        .source_ips
        .first()
        .map_or(String::new(), |from| format!(" from {}", escaped(from.as_bytes())));
    let doubt = (!exec.missing.is_empty()).then(|| escaped(exec.missing.as_bytes()));
    (format!("{user}{impersonated} asked Kubernetes for it{from}"), doubt)
}
