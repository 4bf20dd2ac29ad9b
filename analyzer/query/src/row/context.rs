//! What all rows of a trace share.

use crate::check::TimeZone;
use afterimage_format::file::Trace;
use afterimage_format::model::{Accounts, Container, Group, Header, User};
use hashbrown::HashMap;

/// What all rows of a trace share: its header, its containers as known in the end, and its span.
pub struct TraceContext {
    header: Header,
    containers: HashMap<u64, Container>,
    /// Whether it was a capture of sysdig's: for it, users of containers have the names of the host's.
    is_import: bool,
    users: HashMap<(u64, u32), User>,
    groups: HashMap<(u64, u32), Group>,
    first: i64,
    last: i64,
    zone: TimeZone,
}

impl TraceContext {
    /// Reads it from a trace. `zone` is that of shown times.
    pub fn new(trace: &Trace, zone: TimeZone) -> TraceContext {
        let totals = trace.totals();
        // What became known later counts more.
        let all = || {
            let later = trace.summary().map(|summary| &summary.accounts);
            std::iter::once(&trace.header().accounts).chain(later)
        };
        let time = |nanoseconds: u64| i64::try_from(nanoseconds).unwrap_or(0);
        TraceContext {
            header: trace.header().clone(),
            containers: trace
                .containers()
                .into_iter()
                .map(|container| (container.key, container))
                .collect(),
            is_import: is_import(trace.header()),
            users: users(all()),
            groups: groups(all()),
            first: time(totals.time_min),
            last: time(totals.time_max),
            zone,
        }
    }

    /// That of a trace which is being recorded: it has no end, and its containers are asked of whoever records.
    pub fn live(header: Header, zone: TimeZone) -> TraceContext {
        let first = i64::try_from(header.clock.realtime).unwrap_or(0);
        TraceContext {
            is_import: is_import(&header),
            users: users(std::iter::once(&header.accounts)),
            groups: groups(std::iter::once(&header.accounts)),
            header,
            containers: HashMap::new(),
            first,
            last: first,
            zone,
        }
    }

    /// The header of the trace.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Time of the first event, nanoseconds since 1970; 0 where there is none.
    pub fn first(&self) -> i64 {
        self.first
    }

    /// Time of the last event.
    pub fn last(&self) -> i64 {
        self.last
    }

    /// The zone of shown times.
    pub fn zone(&self) -> TimeZone {
        self.zone
    }

    /// The container with this key, as known in the end.
    pub fn container(&self, key: u64) -> Option<&Container> {
        self.containers.get(&key)
    }

    /// The user with this id in a container; 0: on the host.
    pub fn user(&self, container: u64, uid: u32) -> Option<&User> {
        let other = || self.is_import.then(|| self.users.get(&(0, uid))).flatten();
        self.users.get(&(container, uid)).or_else(other)
    }

    /// The group with this id in a container; 0: on the host.
    pub fn group(&self, container: u64, gid: u32) -> Option<&Group> {
        let other = || self.is_import.then(|| self.groups.get(&(0, gid))).flatten();
        self.groups.get(&(container, gid)).or_else(other)
    }

    /// The value of a tag.
    pub fn tag(&self, key: &str) -> Option<&String> {
        self.header
            .tags
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }

    /// What a filter on this trace is checked with.
    pub fn settings(&self) -> crate::Settings {
        crate::Settings {
            end: Some(self.last),
            zone: self.zone,
            ..crate::Settings::default()
        }
    }
}

/// The importer says so by a tag.
fn is_import(header: &Header) -> bool {
    header
        .tags
        .iter()
        .any(|(name, value)| name == "origin" && value == "sysdig")
}

fn users<'a>(all: impl Iterator<Item = &'a Accounts>) -> HashMap<(u64, u32), User> {
    all.flat_map(|accounts| &accounts.users)
        .map(|user| ((user.container, user.uid), user.clone()))
        .collect()
}

fn groups<'a>(all: impl Iterator<Item = &'a Accounts>) -> HashMap<(u64, u32), Group> {
    all.flat_map(|accounts| &accounts.groups)
        .map(|group| ((group.container, group.gid), group.clone()))
        .collect()
}
