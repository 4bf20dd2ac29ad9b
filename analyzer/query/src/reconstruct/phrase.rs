//! Lines in words. Everything captured is escaped.

use super::story::{Entry, FileOp, Kind, NetOp, NetUse, Note, ProcessId, Source, Sources, Story, Target, What, Who};
use super::units::{command_line, duration, size};
use crate::check::TimeZone;
use crate::output::{escaped, time};
use afterimage_format::constants::{errno_name, flag_names, ptrace_request_name, signal_name};
use afterimage_format::model::{L4Proto, ParamType};
use std::net::SocketAddr;

/// So many names are listed before the rest is counted.
const LISTED: usize = 3;

/// Words for the lines of a story.
pub struct Phrases<'s> {
    /// The story.
    pub story: &'s Story,
    /// Zone of shown times.
    pub zone: TimeZone,
}

impl Phrases<'_> {
    /// One word: what was done.
    pub fn verb(&self, entry: &Entry) -> &'static str {
        match &entry.what {
            What::ContainerStarted => "created",
            What::ContainerEnded => "deleted",
            What::Running(_) => "running",
            What::SetUp => "set-up",
            What::Started => "start",
            What::Executed(_) => "exec",
            What::Ended => "exit",
            What::File(file) => file_verb(file.op),
            What::Net(net) => net_verb(net.op),
            What::Credentials { .. } => "setuid",
            What::Signal { .. } => "kill",
            What::Trace { .. } => "ptrace",
            What::Mount { .. } => "mount",
            What::Call { .. } => "call",
            What::Asked { .. } => "k8s",
            What::More { of, .. } => match of {
                Kind::Read => "read",
                Kind::Write => "write",
                Kind::Delete => "delete",
                Kind::Change => "change",
                Kind::Connect => "connect",
                Kind::Accept => "accept",
                Kind::Signal => "kill",
                Kind::Other => "more",
            },
        }
    }

    /// What it was done to.
    pub fn object(&self, entry: &Entry) -> String {
        let mut out = match &entry.what {
            What::ContainerStarted => "the container".to_string(),
            What::ContainerEnded => "the container is gone".to_string(),
            What::Running(all) => format!("already: {}", self.listed(all.iter().map(|who| self.who(who)), 8)),
            What::SetUp => format!("container runtime set-up ({} events folded; --all shows)", entry.events),
            What::Started => match entry
                .who
                .as_ref()
                .and_then(|who| self.story.process(who.process).parent)
            {
                Some(_) => "as a copy of its parent".to_string(),
                None => "from outside of what was recorded".to_string(),
            },
            What::Executed(program) => command_line(program),
            What::Ended => entry.notes.iter().find_map(|note| self.ended(note)).unwrap_or_default(),
            What::File(file) => self.file(entry, file),
            What::Net(net) => self.net(net),
            What::Credentials { from, to } => credentials(*from, *to),
            What::Signal { signal, target } => {
                format!(
                    "{} to {}{}",
                    named_signal(*signal),
                    self.target(target),
                    times(entry.events)
                )
            }
            What::Trace { request, target } => {
                let name = ptrace_request_name(*request).map_or_else(|| request.to_string(), str::to_string);
                format!("{name} on {}{}", self.target(target), times(entry.events))
            }
            What::Mount {
                source,
                target,
                fstype,
                flags,
            } => mount(source, target, fstype, *flags),
            What::Asked { user, verb, what, code } => {
                let code = if code.is_empty() { "no answer" } else { code };
                let parts = [user, verb, what, code].map(|part| escaped(part.as_bytes()));
                format!("{} asked to {} {}: {}", parts[0], parts[1], parts[2], parts[3])
            }
            What::Call { name, args } => {
                format!("{}({}){}", escaped(name.as_bytes()), escaped(args), times(entry.events))
            }
            What::More {
                of,
                count,
                read,
                written,
                below,
            } => more(*of, *count, *read, *written, below),
        };
        if let Some(error) = entry.error {
            let name = error
                .checked_neg()
                .and_then(errno_name)
                .map_or_else(|| error.to_string(), str::to_string);
            let how = if matches!(name.as_str(), "EPERM" | "EACCES" | "EROFS") {
                "refused"
            } else {
                "failed"
            };
            out.push_str(&format!(": {how}, {name}"));
        }
        out
    }

    /// What else is known, each in a few words.
    pub fn notes(&self, entry: &Entry) -> Vec<String> {
        let told = matches!(entry.what, What::Ended);
        let notes = entry
            .notes
            .iter()
            .filter(|note| !told || !matches!(note, Note::Ended(..)));
        let mut out: Vec<String> = notes.map(|note| self.note(entry, note)).collect();
        if matches!(entry.what, What::Executed(_) | What::Started) && entry.uid != u32::MAX {
            out.insert(0, user(entry.uid));
        }
        out
    }

    /// `name(pid)`, the id being the host's.
    pub fn who(&self, who: &Who) -> String {
        format!("{}({})", shown_name(&who.name), self.story.process(who.process).pid)
    }

    /// The parent of a process in the same form; nothing where none is known.
    pub fn parent(&self, id: ProcessId) -> Option<String> {
        let process = self.story.process(id);
        match process.parent {
            _ if process.by_runtime => Some("container runtime".to_string()),
            Some(parent) if self.story.process(parent).runtime => Some("container runtime".to_string()),
            Some(parent) => Some(format!(
                "{}({})",
                shown_name(&process.parent_name),
                self.story.process(parent).pid
            )),
            None if process.ppid != 0 => Some(format!("outside({})", process.ppid)),
            None => None,
        }
    }

    fn clock(&self, time: u64) -> String {
        time::short_clock(i64::try_from(time).unwrap_or(i64::MAX), self.zone)
    }

    fn by(&self, who: &Who, time: u64) -> String {
        format!("by {} at {}", self.who(who), self.clock(time))
    }

    fn note(&self, entry: &Entry, note: &Note) -> String {
        match note {
            Note::Ended(..) => self.ended(note).unwrap_or_default(),
            Note::WrittenBy(who, time, sources) => {
                let verb = if matches!(entry.what, What::Executed(_)) {
                    "dropped"
                } else {
                    "written"
                };
                let after = if sources.list.is_empty() {
                    String::new()
                } else {
                    format!(" {}", self.after(sources))
                };
                format!("{verb} {}{after}", self.by(who, *time))
            }
            Note::MadeExecutable(who, time) => format!("made executable {}", self.by(who, *time)),
            Note::ExecutedBy(who, time) => {
                let passed = if *time <= entry.time {
                    "had been executed"
                } else {
                    "executed"
                };
                format!("{passed} {}", self.by(who, *time))
            }
            Note::DeletedBy(who, time) => format!("deleted {}", self.by(who, *time)),
            Note::RenamedFrom(path, time) => format!("was {} until {}", escaped(path), self.clock(*time)),
            Note::RenamedTo(path, time) => format!("renamed to {} at {}", escaped(path), self.clock(*time)),
            Note::After(sources) => self.after(sources),
            Note::Sensitive(why) => (*why).to_string(),
            Note::NewOrEmptied => "new or emptied".to_string(),
            Note::Appended => "appended".to_string(),
            Note::UsedBy(all) => format!("used by {}", self.listed(all.iter().map(|who| self.who(who)), LISTED)),
            Note::FirstLine { from_remote, text } => {
                format!("{} \"{}\"", if *from_remote { "asked" } else { "said" }, escaped(text))
            }
            Note::LookedUp(names) => {
                format!(
                    "looked up {}",
                    self.listed(names.iter().map(|name| escaped(name)), LISTED)
                )
            }
            Note::BecameUser(from, to) => format!("became {} (was {})", user(*to), user(*from)),
            Note::Entered => "brought into the running container from outside".to_string(),
            Note::AskedBy(by) if !by.missing.is_empty() => {
                format!("who asked for it: {}", escaped(by.missing.as_bytes()))
            }
            Note::AskedBy(by) => {
                let mut out = format!("exec by {}", escaped(by.user.as_bytes()));
                if !by.impersonated.is_empty() {
                    out.push_str(&format!(" as {}", escaped(by.impersonated.as_bytes())));
                }
                if !by.from.is_empty() {
                    out.push_str(&format!(" from {}", escaped(by.from.as_bytes())));
                }
                out
            }
            Note::Repeated(count, last) => format!("and {count} more times until {}", self.clock(*last)),
        }
    }

    fn ended(&self, note: &Note) -> Option<String> {
        let Note::Ended(end, after) = note else { return None };
        let after = if *after > 0 {
            format!(" after {}", duration(*after))
        } else {
            String::new()
        };
        Some(match (end.signal(), end.code()) {
            (Some(signal), _) => format!("killed by {}{after}", named_signal(signal)),
            (None, code) => format!("exit {}{after}", code.unwrap_or(0)),
        })
    }

    fn after(&self, sources: &Sources) -> String {
        let (files, remotes): (Vec<&Source>, Vec<&Source>) = sources
            .list
            .iter()
            .partition(|source| matches!(source, Source::File(..)));
        let list = |sources: &[&Source]| {
            let texts: Vec<String> = sources.iter().take(LISTED).map(|source| self.source(source)).collect();
            texts.join(", ")
        };
        let mut out = match (files.is_empty(), remotes.is_empty()) {
            (false, true) => format!("after reading {}", list(&files)),
            (true, false) => format!("after receiving {}", list(&remotes)),
            (false, false) => format!("after reading {} and receiving {}", list(&files), list(&remotes)),
            (true, true) => return String::new(),
        };
        let rest = sources.more + files.len().saturating_sub(LISTED) + remotes.len().saturating_sub(LISTED);
        if rest > 0 {
            out.push_str(&format!(" and {rest} more"));
        }
        out
    }

    fn source(&self, source: &Source) -> String {
        match source {
            Source::File(path, _, before) if before.list.is_empty() => escaped(path),
            Source::File(path, _, before) => format!("{} (written {})", escaped(path), self.after(before)),
            Source::Remote(address, bytes) => format!("{} from {address}", size(*bytes)),
        }
    }

    fn target(&self, target: &Target) -> String {
        match target {
            Target::Known(who) => self.who(who),
            Target::Number(0) => "its own process group".to_string(),
            Target::Number(-1) => "all processes".to_string(),
            Target::Number(pid @ ..0) => format!("process group {}", pid.unsigned_abs()),
            Target::Number(pid) => format!("process {pid}"),
        }
    }

    fn listed(&self, names: impl ExactSizeIterator<Item = String>, most: usize) -> String {
        let rest = names.len().saturating_sub(most);
        let mut out = names.take(most).collect::<Vec<_>>().join(", ");
        if rest > 0 {
            out.push_str(&format!(" and {rest} more"));
        }
        out
    }

    fn file(&self, entry: &Entry, file: &super::FileUse) -> String {
        let path = escaped(&file.path);
        match file.op {
            FileOp::Read | FileOp::Write { .. } if entry.error.is_none() => format!("{path} {}", size(file.bytes)),
            FileOp::Rename => format!("{path} to {}", escaped(&file.to)),
            FileOp::Link => format!("{} to {path}", escaped(&file.to)),
            FileOp::Symlink => format!("{path} to {}", escaped(&file.to)),
            FileOp::Mode(mode) => format!("{mode:04o} {path}"),
            FileOp::Owner(uid, gid) => {
                let id = |id: i64| if id < 0 { "-".to_string() } else { id.to_string() };
                format!("{}:{} {path}", id(uid), id(gid))
            }
            _ => path,
        }
    }

    fn net(&self, net: &NetUse) -> String {
        let address = |end: Option<SocketAddr>| end.map_or_else(|| "?".to_string(), |end| end.to_string());
        let what = match (net.op, net.path.as_slice()) {
            (_, [0, name @ ..]) => format!("unix @{}", escaped(name)),
            (_, path @ [_, ..]) => format!("unix {}", escaped(path)),
            (NetOp::Connect | NetOp::Use, []) => format!("{} {}", address(net.remote), protocol(net.l4)),
            (NetOp::Accept, []) => format!("{} on {} {}", address(net.remote), address(net.local), protocol(net.l4)),
            (NetOp::Listen | NetOp::Bind, []) => return format!("{} {}", address(net.local), protocol(net.l4)),
        };
        let traffic = match (net.sent, net.received) {
            (0, 0) if net.pending => ", begun; whether it came about is not known".to_string(),
            (0, 0) => String::new(),
            (sent, received) => format!(", sent {}, received {}", size(sent), size(received)),
        };
        format!("{}{}{traffic}", what.trim_end(), times(net.count))
    }
}

fn file_verb(op: FileOp) -> &'static str {
    match op {
        FileOp::Open => "open",
        FileOp::Read => "read",
        FileOp::Write { created: true } => "create",
        FileOp::Write { created: false } => "write",
        FileOp::Delete => "delete",
        FileOp::Rename => "rename",
        FileOp::Link => "link",
        FileOp::Symlink => "symlink",
        FileOp::MakeDirectory => "mkdir",
        FileOp::RemoveDirectory => "rmdir",
        FileOp::Mode(_) => "chmod",
        FileOp::Owner(..) => "chown",
        FileOp::Root => "chroot",
        FileOp::Unmount => "umount",
    }
}

fn mount(source: &[u8], target: &[u8], fstype: &[u8], flags: i64) -> String {
    let mut out = match source {
        [] => escaped(target),
        source => format!("{} on {}", escaped(source), escaped(target)),
    };
    if !fstype.is_empty() {
        out.push_str(&format!(" type {}", escaped(fstype)));
    }
    if flags != 0 {
        out.push_str(&format!(" ({})", flag_names(ParamType::MountFlags, flags)));
    }
    out
}

fn net_verb(op: NetOp) -> &'static str {
    match op {
        NetOp::Connect => "connect",
        NetOp::Accept => "accept",
        NetOp::Listen => "listen",
        NetOp::Bind => "bind",
        NetOp::Use => "talk",
    }
}

fn more(of: Kind, count: u64, read: u64, written: u64, below: &[u8]) -> String {
    let what = match of {
        Kind::Read | Kind::Write | Kind::Delete => "files",
        Kind::Change => "changes of files",
        Kind::Connect | Kind::Accept => "connections",
        Kind::Signal => "signals",
        Kind::Other => "events",
    };
    let place = if below.is_empty() {
        String::new()
    } else {
        format!(" below {}", escaped(below))
    };
    let bytes = match (read, written, of) {
        (0, 0, _) => String::new(),
        (read, 0, Kind::Read) => format!(", {}", size(read)),
        (0, written, Kind::Write) => format!(", {}", size(written)),
        (read, written, _) => format!(", sent {}, received {}", size(written), size(read)),
    };
    format!("{count} more {what}{place}{bytes} (--all shows)")
}

fn credentials(from: (u32, u32), to: (u32, u32)) -> String {
    let mut parts = Vec::new();
    if from.0 != to.0 {
        parts.push(format!("{} to {}", user(from.0), user(to.0)));
    }
    if from.1 != to.1 {
        parts.push(format!("gid {} to gid {}", from.1, to.1));
    }
    if parts.is_empty() {
        parts.push(format!("to {} again", user(to.0)));
    }
    parts.join(", ")
}

fn user(uid: u32) -> String {
    match uid {
        0 => "root".to_string(),
        u32::MAX => "unknown user".to_string(),
        uid => format!("uid {uid}"),
    }
}

fn protocol(l4: L4Proto) -> &'static str {
    match l4 {
        L4Proto::Tcp => "tcp",
        L4Proto::Udp => "udp",
        L4Proto::Icmp => "icmp",
        L4Proto::Raw => "raw",
        L4Proto::Unknown => "",
    }
}

fn named_signal(signal: i64) -> String {
    signal_name(signal).unwrap_or_else(|| format!("signal {signal}"))
}

fn shown_name(name: &[u8]) -> String {
    if name.is_empty() {
        "?".to_string()
    } else {
        escaped(name)
    }
}

fn times(count: u64) -> String {
    if count > 1 { format!(" x{count}") } else { String::new() }
}
