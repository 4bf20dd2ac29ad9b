//! Entries of the audit log of Kubernetes' API server become events, and say who asked for what was brought into
//! containers.

use super::Tracker;
use crate::catalogue::Own;
use crate::kube::{Process, Ties, pod_of};
use crate::redact::{self, MARK};
use afterimage_format::model::{Container, Event, EventFlags, Thread, Value};
use afterimage_format::segment::SegmentBuilder;
use afterimage_runtimes::audit::Entry;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Entries that are not written yet.
const WAITING_MAX: usize = 4096;
/// Entries that are written in one turn: events of the kernel come first.
const AT_ONCE: usize = 256;
/// How long an entry may wait until it is known whether its pod is in scope.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked who asked for what.
const EVERY: Duration = Duration::from_secs(1);

/// What has come of an audit log.
#[derive(Default)]
pub(super) struct Audit {
    /// Whether one is read.
    is_read: bool,
    waiting: VecDeque<(Instant, Entry)>,
    ties: Ties,
    tied: Option<Instant>,
    /// Time of the last row of the segments that are closed.
    floor: u64,
}

impl Audit {
    /// A segment is closed: what comes later has its place behind it.
    pub(super) fn close(&mut self, out: &SegmentBuilder) {
        if self.is_read
            && let Some((_, last)) = out.span()
        {
            self.floor = self.floor.max(last);
        }
    }
}

/// Whether an entry is about what is recorded.
enum Scope {
    In,
    Out,
    /// Its pod may become known.
    Unknown,
}

impl Tracker {
    /// Whether an audit log is read.
    pub(crate) fn reads_audit(&self) -> bool {
        self.audit.is_read
    }

    /// From now on entries may come.
    pub(crate) fn read_audit(&mut self, is_read: bool) {
        self.audit.is_read = is_read;
    }

    /// A thread of a container's runtime became something else: brought in from outside, unless it is the container's first.
    pub(super) fn entered(&mut self, tid: u32) {
        let Some(thread) = self.threads.get(tid).filter(|_| self.audit.is_read) else {
            return;
        };
        if thread.container == 0 || thread.vpid <= 1 || thread.is_container_runtime() {
            return;
        }
        let mut argv = thread.exe.to_vec();
        if !thread.args.is_empty() {
            argv.push(0);
            argv.extend_from_slice(&thread.args);
        }
        self.audit.ties.process(Process {
            container: thread.container,
            pid: thread.pid,
            start: thread.start,
            time: thread.exec_time,
            argv,
            cut: thread.args_truncated,
            script: !thread.executable.script.is_empty(),
        });
    }

    /// Writes the entries whose place is before `until`, a boot-clock time up to which everything else is written.
    pub(crate) fn write_audit(&mut self, until: u64, now: u64, out: &mut SegmentBuilder) {
        if !self.audit.is_read {
            return;
        }
        self.undecodable += std::mem::take(&mut self.cgroups.news.lost);
        let arrived = Instant::now();
        for entry in std::mem::take(&mut self.cgroups.news.entries) {
            self.audit.ties.entry(&entry, self.recorded_as(&entry));
            // What waits for its pod to become known is out of scope until then; only what is in it is missed.
            if self.audit.waiting.len() >= WAITING_MAX
                && let Some((_, old)) = self.audit.waiting.pop_front()
                && matches!(self.scope_of(&old), Scope::In)
            {
                self.undecodable += 1;
            }
            self.audit.waiting.push_back((arrived, entry));
        }
        let (until, now) = (self.real_time(until), self.real_time(now));
        let mut later = VecDeque::new();
        let mut written = 0;
        while let Some((since, entry)) = self.audit.waiting.pop_front() {
            let early = entry.time > until && entry.time <= now;
            match self.scope_of(&entry) {
                _ if early || written >= AT_ONCE => later.push_back((since, entry)),
                Scope::In => {
                    self.audit_event(&entry, until, out);
                    written += 1;
                }
                Scope::Unknown if arrived.duration_since(since) < PATIENCE => later.push_back((since, entry)),
                Scope::Unknown | Scope::Out => {}
            }
        }
        self.audit.waiting = later;
        if self.audit.ties.has_news() && self.audit.tied.is_none_or(|at| at.elapsed() > EVERY) {
            self.tie();
        }
    }

    /// Writes what is left, and puts into the containers all that was told.
    pub(crate) fn end_audit(&mut self, now: u64, out: &mut SegmentBuilder) {
        self.cgroups.tell_owners();
        while self.audit.is_read {
            self.write_audit(now, now, out);
            let all = self.audit.waiting.len();
            if all < AT_ONCE
                || self
                    .audit
                    .waiting
                    .iter()
                    .all(|(_, entry)| matches!(self.scope_of(entry), Scope::Unknown))
            {
                break;
            }
        }
        self.audit.ties.look_again();
        self.tie();
    }

    fn tie(&mut self) {
        self.audit.tied = Some(Instant::now());
        self.audit.ties.tell(self.cgroups.each_mut());
    }

    /// The command of an exec as the process would be recorded: secrets replaced.
    fn recorded_as(&self, entry: &Entry) -> Vec<u8> {
        let (first, rest) = match entry.command.split_first() {
            Some((first, rest)) => (first.as_str(), rest.join("\0")),
            None => return Vec::new(),
        };
        let mut argv = first.as_bytes().to_vec();
        if entry.command.len() > 1 {
            argv.push(0);
            argv.extend_from_slice(&self.chosen.redactor.arguments(rest.as_bytes()));
        }
        argv
    }

    fn scope_of(&self, entry: &Entry) -> Scope {
        if self.scope == 0 {
            return Scope::In;
        }
        if self.scope != afterimage_abi::condition::CGROUP {
            // Nothing in the log names a process or a user of this host.
            return Scope::Out;
        }
        let pod = (entry.resource == "pods" && !entry.name.is_empty()).then_some(entry.name.as_str());
        if entry.namespace.is_empty() {
            return Scope::Out;
        }
        match (self.cgroups.asks_for(&entry.namespace, pod), pod) {
            (Some(true), _) => Scope::In,
            (_, None) => Scope::Out,
            (_, Some(_)) if self.container_of(entry).is_some() => Scope::In,
            _ => Scope::Unknown,
        }
    }

    /// The container that an entry is about: the one that it names, or else that of its pod which holds the namespaces.
    fn container_of(&self, entry: &Entry) -> Option<&Container> {
        if entry.resource != "pods" || entry.name.is_empty() {
            return None;
        }
        let of_pod = |c: &&Container| pod_of(c) == Some((entry.namespace.as_str(), entry.name.as_str()));
        let rank = |c: &&Container| {
            let named = !entry.container.is_empty() && c.name.as_ref() == Some(&entry.container);
            (named, c.told.is_sandbox, std::cmp::Reverse(c.key))
        };
        self.cgroups.each().filter(of_pod).max_by_key(rank)
    }

    fn audit_event(&mut self, entry: &Entry, until: u64, out: &mut SegmentBuilder) {
        // Behind what is closed, and before what is to come.
        let floor = self.audit.floor;
        let time = if (floor..=until).contains(&entry.time) {
            entry.time
        } else {
            until.max(floor)
        };
        let container = self.container_of(entry);
        let (key, cgroup) = container.map_or((0, 0), |c| (c.key, c.cgroup_id));
        let path = container.map(|c| c.cgroup.as_bytes().into()).unwrap_or_default();
        let thread = self.threads.detached(Thread {
            container: key,
            cgroup_id: cgroup,
            cgroup: path,
            uid: u32::MAX,
            gid: u32::MAX,
            loginuid: u32::MAX,
            ..Thread::default()
        });
        let redactor = &self.chosen.redactor;
        let command = self.recorded_as(entry);
        let mut redacted = entry.redacted || redact::is_marked(&command);
        // In the query the command is in a code of its own, which patterns do not fit.
        let uri = match entry.uri.split_once('?') {
            Some((path, _)) if redact::is_marked(&command) => [path.as_bytes(), b"?", MARK].concat(),
            _ => redactor.payload(entry.uri.as_bytes()).into_owned(),
        };
        let request = redactor.payload(entry.request.as_bytes());
        let response = redactor.payload(entry.response.as_bytes());
        redacted |= [&*uri, &*request, &*response].into_iter().any(redact::is_marked);
        let (groups, ips) = (entry.groups.join("\0"), entry.source_ips.join("\0"));
        let number = |number: u64| {
            if number == 0 {
                Value::Missing
            } else {
                Value::Int(number as i64)
            }
        };
        let args = [
            some(entry.audit_id.as_bytes()),
            some(entry.stage.as_bytes()),
            some(entry.verb.as_bytes()),
            some(&uri),
            some(entry.user.as_bytes()),
            some(groups.as_bytes()),
            some(entry.impersonated.as_bytes()),
            some(ips.as_bytes()),
            some(entry.user_agent.as_bytes()),
            some(entry.namespace.as_bytes()),
            some(entry.resource.as_bytes()),
            some(entry.subresource.as_bytes()),
            some(entry.name.as_bytes()),
            some(entry.container.as_bytes()),
            some(&command),
            entry.code.map_or(Value::Missing, Value::Int),
            some(entry.reason.as_bytes()),
            some(entry.decision.as_bytes()),
            some(entry.decision_reason.as_bytes()),
            number(entry.time),
            number(entry.requested),
            some(&request),
            some(&response),
        ];
        let mark = |set: bool, bit: u8| if set { bit } else { 0 };
        let event = Event {
            time,
            kind: Own::K8sAudit as u16,
            flags: EventFlags(mark(entry.truncated, EventFlags::TRUNCATED) | mark(redacted, EventFlags::REDACTED)),
            thread,
            args: &args,
            ..Event::default()
        };
        if let Some(filter) = &self.chosen.filter {
            let kind = self.catalogue.kinds.get(usize::from(event.kind));
            if !filter.passes(&event, kind, out.next_num(), self) {
                return;
            }
        }
        self.descriptors.tell_changes(out);
        out.push(&event);
        self.cgroups.count(key, time);
    }
}

fn some(bytes: &[u8]) -> Value<'_> {
    if bytes.is_empty() {
        Value::Missing
    } else {
        Value::Bytes(bytes)
    }
}
