//! Sessions from the events that used terminals.

use super::key::Key;
use super::{Member, Session, Sessions, is_typed};
use crate::follow::Chunk;
use crate::row::EventRow;
use hashbrown::{HashMap, HashSet};

/// Sessions that are kept, and processes of each.
const MAX_SESSIONS: usize = 4096;
/// See [`MAX_SESSIONS`].
const MAX_MEMBERS: usize = 64;
/// Ancestors that are looked at: a crafted file can name any thread as parent of any other.
const MAX_ANCESTORS: usize = 32;

#[derive(Default)]
pub(super) struct Collector {
    all: Vec<Found>,
    /// The latest session with each key, while it is open.
    open: HashMap<Key, usize>,
    left_out: usize,
}

struct Found {
    session: Session,
    /// Ancestors of its processes.
    above: HashSet<u32>,
}

impl Collector {
    /// An event that used a terminal.
    pub(super) fn add(&mut self, row: &EventRow<'_>) {
        let Some((key, thread)) = Key::of(row).zip(row.thread()) else {
            return;
        };
        if row.kind().is_some_and(|kind| kind.name == "close") {
            // Its number may be another terminal's from now on. A slave is closed by each of its processes.
            if let Key::Master { .. } = key {
                self.open.remove(&key);
            }
            return;
        }
        let at = match self.open.get(&key) {
            Some(at) => *at,
            None if self.all.len() >= MAX_SESSIONS => {
                self.left_out += 1;
                return;
            }
            None => self.begin(row, key),
        };
        let Some(found) = self.all.get_mut(at) else { return };
        let session = &mut found.session;
        let chunk = Chunk::of(row, 0);
        (session.last, session.events.1) = (chunk.time, chunk.number);
        session.lacks = session.lacks.saturating_add(chunk.lacks());
        let bytes = match is_typed(session.side, chunk.direction) {
            true => &mut session.bytes_in,
            false => &mut session.bytes_out,
        };
        *bytes = bytes.saturating_add(chunk.bytes);
        if session.processes.iter().any(|member| member.pid == thread.pid) {
            return;
        }
        if session.processes.len() >= MAX_MEMBERS {
            session.more_processes += 1;
            return;
        }
        session.processes.push(Member {
            pid: thread.pid,
            name: thread.comm.to_vec(),
        });
        let rows = row.segment();
        let parent = |of: &_| {
            let of: &afterimage_format::model::Thread = of;
            rows.thread(of.parent)
        };
        let above = std::iter::successors(parent(thread), |above| parent(above));
        found.above.extend(above.take(MAX_ANCESTORS).map(|above| above.pid));
        found.above.insert(thread.ppid);
    }

    fn begin(&mut self, row: &EventRow<'_>, key: Key) -> usize {
        let thread = row.thread();
        let name = match &key {
            Key::Slave { name, .. } => name.clone(),
            Key::Master { .. } => b"/dev/ptmx".to_vec(),
        };
        let session = Session {
            tty: name,
            side: key.side(),
            container: thread.map_or(0, |thread| thread.container),
            sid: thread.map_or(0, |thread| thread.sid),
            uid: thread.map_or(u32::MAX, |thread| thread.uid),
            loginuid: thread.map_or(u32::MAX, |thread| thread.loginuid),
            first: row.time(),
            last: row.time(),
            events: (row.num(), row.num()),
            processes: Vec::new(),
            more_processes: 0,
            bytes_out: 0,
            bytes_in: 0,
            lacks: 0,
            complete: false,
            key: key.clone(),
        };
        self.open.insert(key, self.all.len());
        let above = HashSet::new();
        self.all.push(Found { session, above });
        self.all.len() - 1
    }

    /// The sessions, each terminal once.
    pub(super) fn finish(mut self) -> Sessions {
        self.join_sides();
        let mut list: Vec<Session> = self.all.into_iter().map(|found| found.session).collect();
        list.sort_by_key(|session| (session.first, session.events));
        Sessions {
            list,
            left_out: self.left_out,
            damage: Vec::new(),
        }
    }

    /// Where master and slave of a terminal were recorded, the master's bytes count, and the slave says whose they are. A
    /// process with several masters at a time does not say which is whose: then its slaves count.
    fn join_sides(&mut self) {
        let masters: Vec<(usize, u32)> = self.all.iter().enumerate().filter_map(master).collect();
        let mut gone: HashSet<usize> = HashSet::new();
        for at in 0..self.all.len() {
            if master((at, &self.all[at])).is_some() {
                continue;
            }
            let slave = &self.all[at];
            let own: Vec<usize> = masters
                .iter()
                .filter(|(master, pid)| slave.above.contains(pid) && overlap(&self.all[*master], slave))
                .map(|(master, _)| *master)
                .collect();
            if let [master] = own[..] {
                let slave = self.all[at].session.clone();
                let session = &mut self.all[master].session;
                if session.side == super::Side::Master && session.tty == b"/dev/ptmx" {
                    (session.uid, session.loginuid, session.sid) = (slave.uid, slave.loginuid, slave.sid);
                    (session.container, session.tty) = (slave.container, slave.tty);
                }
                let known: HashSet<u32> = session.processes.iter().map(|member| member.pid).collect();
                let more = slave
                    .processes
                    .into_iter()
                    .filter(|member| !known.contains(&member.pid));
                session.processes.extend(more);
                session.more_processes += slave.more_processes + session.processes.len().saturating_sub(MAX_MEMBERS);
                session.processes.truncate(MAX_MEMBERS);
                gone.insert(at);
            } else {
                gone.extend(own);
            }
        }
        let mut at = 0;
        self.all.retain(|_| {
            at += 1;
            !gone.contains(&(at - 1))
        });
    }
}

fn master((at, found): (usize, &Found)) -> Option<(usize, u32)> {
    match found.session.key {
        Key::Master { pid, .. } => Some((at, pid)),
        Key::Slave { .. } => None,
    }
}

fn overlap(one: &Found, other: &Found) -> bool {
    one.session.first <= other.session.last && other.session.first <= one.session.last
}
