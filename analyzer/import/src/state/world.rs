//! The whole of what is known, and the way of an event through it.

use super::accounts::Known;
use super::containers::Containers;
use super::fd::{Fd, FdTable};
use super::thread::{Begun, Thread, flag};
use crate::events::{Direction, Event, EventInfo, ParamInfo, Wire};
use crate::fields::signed;
use crate::limits::{MAX_ENTER, MAX_STATE, MAX_THREADS};
use crate::lists::Interface;
use afterimage_format::model;
use hashbrown::{HashMap, HashSet};
use std::rc::Rc;

/// A change of the descriptors of a process, for readers that ask what was open at a time.
#[derive(Debug, Clone)]
pub(crate) enum FdChange {
    /// A number refers to this.
    Open(i64, i64, Rc<Fd>),
    /// A number was closed.
    Closed(i64, i64),
    /// All are those of another process.
    CopyOf(i64, i64),
    /// The process ended.
    Ended(i64),
}

/// What is known of the machine.
pub(crate) struct World {
    pub(super) threads: HashMap<i64, Box<Thread>>,
    pub(super) interfaces: Vec<Interface>,
    pub(super) server_ports: HashSet<u16>,
    pub(crate) containers: Containers,
    pub(crate) accounts: Known,
    /// Grows whenever something changes that rows of other threads show.
    pub(super) epoch: u64,
    pub(super) next_thread: u64,
    pub(super) next_fd: u64,
    /// Thread that ended with the event before, and descriptor that was closed by it.
    pub(super) ended: Option<i64>,
    pub(super) closed: Option<(i64, i64)>,
    pub(super) bytes: usize,
    /// Threads and descriptors that were more than is kept.
    pub(crate) left_out: u64,
    /// What changed in tables of descriptors since this was taken last.
    pub(crate) fd_changes: Vec<FdChange>,
    /// Versions of threads that came to be since this was taken last.
    pub(crate) new_versions: Vec<Rc<model::Thread>>,
    pub(super) anonymous: HashMap<i64, Rc<model::Thread>>,
    /// What is shown of a file that is going to be opened.
    pub(super) unopened: Rc<Fd>,
}

/// What the row of an event shows of the state.
pub(crate) struct Seen {
    pub(crate) thread: Rc<model::Thread>,
    pub(crate) descriptor: Option<Rc<Fd>>,
    /// Number of the descriptor, where the event works on one.
    pub(crate) fd: Option<i64>,
    /// Nanoseconds since the call began; 0: not known.
    pub(crate) latency: u64,
}

/// What an event has to do with a thread and a descriptor.
#[derive(Default)]
pub(super) struct Context {
    /// Its thread is known.
    pub(super) tid: Option<i64>,
    pub(super) fd: Option<Rc<Fd>>,
    /// The event that began the call belongs to this one.
    pub(super) matched: bool,
    /// The container that it tells of.
    pub(super) container: u64,
}

impl World {
    pub(crate) fn new() -> World {
        World {
            threads: HashMap::new(),
            interfaces: Vec::new(),
            server_ports: HashSet::new(),
            containers: Containers::default(),
            accounts: Known::default(),
            epoch: 1,
            next_thread: 0,
            next_fd: 1,
            ended: None,
            closed: None,
            bytes: 0,
            left_out: 0,
            fd_changes: Vec::new(),
            new_versions: Vec::new(),
            anonymous: HashMap::new(),
            unopened: unopened(),
        }
    }

    /// Takes an event; says what its row shows. Rows of events that change the state show what is known afterwards.
    pub(crate) fn event(&mut self, event: &Event<'_>) -> Seen {
        self.finish_last();
        let Some(info) = event.info else {
            return self.seen(event, None, &Context::default(), 0);
        };
        let mut context = self.begin(event, info);
        let latency = context
            .tid
            .and_then(|tid| self.threads.get(&tid))
            .map_or(0, |thread| thread.latency);
        if info.changes {
            self.apply(event, &mut context);
            self.seen(event, Some(info), &context, latency)
        } else {
            let seen = self.seen(event, Some(info), &context, latency);
            self.apply(event, &mut context);
            seen
        }
    }

    /// What the event before ended is gone with the next one: its own row still shows it.
    fn finish_last(&mut self) {
        if let Some(tid) = self.ended.take() {
            self.remove(tid, false);
        }
        if let Some((tid, fd)) = self.closed.take()
            && let Some(process) = self.table_owner(tid)
            && let Some(thread) = self.threads.get_mut(&process)
            && let Some(gone) = thread.fds.remove(&fd)
        {
            let size = gone.size();
            thread.counted = thread.counted.saturating_sub(size);
            self.bytes = self.bytes.saturating_sub(size);
            let pid = thread.pid;
            self.fd_changes.push(FdChange::Closed(pid, fd));
        }
    }

    /// Finds thread and descriptor of an event.
    fn begin(&mut self, event: &Event<'_>, info: &EventInfo) -> Context {
        let mut context = Context::default();
        if info.bare || is_container(event.code) {
            return context;
        }
        let may_create = !is_clone_exit(event.code) && !is_switch(event.code);
        if may_create {
            self.ensure(event.tid);
        }
        let Some(thread) = self.threads.get_mut(&event.tid) else {
            return context;
        };
        context.tid = Some(event.tid);
        if is_switch(event.code) {
            return context;
        }
        match event.direction() {
            Direction::Enter => {
                thread.last_fd = -1;
                thread.last_code = event.code;
                thread.latency = 0;
                thread.entered = event.time;
                if info.uses_fd
                    && info.params.first().is_some_and(|param| param.wire == Wire::Fd)
                    && let Some(fd) = event.raw(0).and_then(signed)
                {
                    thread.last_fd = fd;
                }
                keep(&mut thread.begun, event, info);
                let fd = thread.last_fd;
                if info.uses_fd {
                    context.fd = self.fd(event.tid, fd);
                }
            }
            Direction::Exit => {
                if thread.entered != 0 {
                    thread.latency = event.time.wrapping_sub(thread.entered);
                }
                context.matched = event.code == thread.last_code.wrapping_add(1);
                let own = own_fd(event, info).filter(|_| !context.matched);
                if let Some(fd) = own {
                    // Captures of ends alone: the arguments stand there.
                    thread.last_fd = fd;
                    thread.latency = 0;
                }
                let fd = thread.last_fd;
                if info.uses_fd && (context.matched || own.is_some()) {
                    context.fd = self.fd(event.tid, fd);
                }
                if event.code == COPY_FILE_RANGE_X
                    && context.matched
                    && let Some(out) = event.raw(1).and_then(signed)
                {
                    self.set_last_fd(event.tid, out);
                    context.fd = self.fd(event.tid, out);
                }
            }
        }
        context
    }

    fn seen(&mut self, event: &Event<'_>, info: Option<&EventInfo>, context: &Context, latency: u64) -> Seen {
        // A switch shows how long the last call of its thread took.
        let is_measured = event.direction() == Direction::Exit || is_switch(event.code);
        let latency = if is_measured { latency } else { 0 };
        let thread = match context.container {
            0 => self.shown_thread(event.tid),
            key => self.shown_container(key),
        };
        let mut seen = Seen {
            thread,
            descriptor: None,
            fd: None,
            latency,
        };
        if info.is_some_and(|info| info.uses_fd || info.creates_fd)
            && let Some(last) = self.threads.get(&event.tid).map(|thread| thread.last_fd)
        {
            seen.fd = Some(last);
            seen.descriptor = context.fd.clone().or_else(|| self.fd(event.tid, last));
        }
        if seen.descriptor.is_none() {
            seen.descriptor = self.shown_without_table(event);
            if is_mmap(event.code) {
                seen.fd = None;
            }
        }
        if seen.thread.container != 0 {
            self.containers.seen(seen.thread.container, event.time);
        }
        seen
    }

    /// What the row shows where nothing is open.
    fn shown_without_table(&mut self, event: &Event<'_>) -> Option<Rc<Fd>> {
        match event.code {
            // What is mapped is an argument.
            code if is_mmap(code) => self.fd(event.tid, event.int("fd")?),
            2 | 58 | 102 | 306 | 326 => Some(self.unopened.clone()),
            _ => self.named_by_event(event).map(|fd| self.intern(fd)),
        }
    }

    /// Makes sure that something is known of a thread.
    pub(super) fn ensure(&mut self, tid: i64) -> bool {
        self.threads.contains_key(&tid) || self.insert(Thread::unknown(tid))
    }

    /// Begins to follow a thread.
    pub(super) fn insert(&mut self, mut thread: Thread) -> bool {
        thread.counted = thread.size();
        if self.threads.len() >= MAX_THREADS || self.bytes + thread.counted > MAX_STATE {
            self.left_out += 1;
            return false;
        }
        thread.dirty = true;
        self.bytes += thread.counted;
        self.epoch += 1;
        self.anonymous.remove(&thread.tid);
        if thread.flags & flag::THREAD != 0
            && let Some(main) = self.threads.get_mut(&thread.pid)
        {
            main.children += 1;
        }
        self.threads.insert(thread.tid, Box::new(thread));
        true
    }

    /// Forgets a thread; the first one of a process stays for as long as others are there, unless it must go.
    pub(super) fn remove(&mut self, tid: i64, force: bool) {
        let Some(thread) = self.threads.get(&tid) else { return };
        if thread.children > 0 && !force {
            return;
        }
        let (is_thread, pid, counted, is_main) = (
            thread.flags & flag::THREAD != 0,
            thread.pid,
            thread.counted,
            thread.is_main(),
        );
        if is_thread && let Some(main) = self.threads.get_mut(&pid) {
            main.children = main.children.saturating_sub(1);
        }
        self.bytes = self.bytes.saturating_sub(counted);
        self.threads.remove(&tid);
        self.epoch += 1;
        if is_main {
            self.fd_changes.push(FdChange::Ended(pid));
        }
    }

    /// The first thread of a thread's process, which is made up where it is not known.
    pub(super) fn main(&mut self, tid: i64) -> Option<i64> {
        let thread = self.threads.get(&tid)?;
        if thread.is_main() {
            return Some(tid);
        }
        let pid = thread.pid;
        self.ensure(pid).then_some(pid)
    }

    /// The thread whose table of descriptors a thread uses.
    pub(super) fn table_owner(&mut self, tid: i64) -> Option<i64> {
        if self.threads.get(&tid)?.flags & flag::FILES == 0 {
            return Some(tid);
        }
        self.main(tid)
    }

    /// The table of descriptors that a thread uses.
    pub(super) fn table(&mut self, tid: i64) -> Option<&mut FdTable> {
        let owner = self.table_owner(tid)?;
        self.threads.get_mut(&owner).map(|thread| &mut thread.fds)
    }

    /// What a number refers to.
    pub(super) fn fd(&mut self, tid: i64, fd: i64) -> Option<Rc<Fd>> {
        if fd < 0 {
            return None;
        }
        self.table(tid)?.get(&fd).cloned()
    }

    pub(super) fn set_last_fd(&mut self, tid: i64, fd: i64) {
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.last_fd = fd;
        }
    }

    /// Gives an id to what a descriptor refers to.
    pub(super) fn intern(&mut self, mut fd: Fd) -> Rc<Fd> {
        self.next_fd += 1;
        fd.shown.id = self.next_fd;
        fd.show_addresses();
        Rc::new(fd)
    }

    /// Lets a number refer to something.
    pub(super) fn put(&mut self, tid: i64, number: i64, fd: Rc<Fd>) {
        let Some(owner) = self.table_owner(tid) else { return };
        let size = fd.size() + 32;
        let is_full = self.bytes + size > MAX_STATE;
        let Some(thread) = self.threads.get_mut(&owner) else {
            return;
        };
        let old = thread.fds.get(&number).map_or(0, |old| old.size() + 32);
        if is_full && old == 0 {
            self.left_out += 1;
            return;
        }
        let shown = fd.clone();
        if let Some(closing) = thread.closing.iter_mut().find(|(closing, _)| *closing == number) {
            closing.1 = true;
        }
        thread.fds.insert(number, fd);
        thread.counted = (thread.counted + size).saturating_sub(old);
        self.bytes = (self.bytes + size).saturating_sub(old);
        let pid = thread.pid;
        self.fd_changes.push(FdChange::Open(pid, number, shown));
    }

    /// What all processes have open: process, number, descriptor.
    pub(crate) fn open(&self) -> impl Iterator<Item = (i64, i64, &Rc<Fd>)> {
        let tables = self.threads.values().filter(|thread| thread.is_main());
        tables.flat_map(|thread| thread.fds.iter().map(|(number, fd)| (thread.pid, *number, fd)))
    }
}

/// It has the first number.
fn unopened() -> Rc<Fd> {
    let mut fd = Fd::named(model::DescriptorType::File, b"");
    fd.shown.id = 1;
    fd.shown.missing = b"it is not open yet".to_vec();
    Rc::new(fd)
}

const COPY_FILE_RANGE_X: u16 = 333;

fn is_container(code: u16) -> bool {
    matches!(code, 272 | 324)
}

/// Ends of clone, fork and vfork: their thread may be one that nobody has heard of yet.
pub(super) fn is_clone_exit(code: u16) -> bool {
    matches!(code, 15 | 157 | 183 | 185 | 217 | 219 | 221 | 223 | 225 | 227 | 335)
}

/// Beginnings of mmap and mmap2.
fn is_mmap(code: u16) -> bool {
    matches!(code, 160 | 162)
}

fn is_switch(code: u16) -> bool {
    code == 152
}

/// The descriptor among the arguments of an end.
fn own_fd(event: &Event<'_>, info: &EventInfo) -> Option<i64> {
    if !info.uses_fd {
        return None;
    }
    let is_argument = |param: &ParamInfo| param.wire == Wire::Fd && param.name != "res";
    let at = info.params.iter().position(is_argument)?;
    event.raw(at).and_then(signed)
}

/// Keeps an event for the end of its call.
fn keep(begun: &mut Begun, event: &Event<'_>, info: &EventInfo) {
    begun.code = event.code;
    begun.kept = (info.changes || is_read_later(event.code)) && event.bytes.len() <= MAX_ENTER;
    if begun.kept {
        begun.bytes.clear();
        begun.bytes.extend_from_slice(event.bytes);
        begun.ranges.clear();
        let ranges = (0..event.params.len()).filter_map(|at| event.params.range(at));
        begun
            .ranges
            .extend(ranges.map(|range| (range.start as u32, range.end as u32)));
    }
}

/// Beginnings that say what their end needs, although they change nothing themselves.
fn is_read_later(code: u16) -> bool {
    // sendto, sendmsg, unshare, setns, fcntl
    matches!(code, 30 | 48 | 150 | 240 | 284)
}
