//! Records to events: the state follows every record, and each event carries what it refers to.

mod audit;
mod descriptors;
mod effects;
mod entry;
mod executed;
mod file;
mod found;
mod incomplete;
mod life;
mod own;
mod pending;
mod raw;
mod redaction;
mod signals;
mod uring;
mod values;

pub(crate) use executed::Next;
pub(crate) use raw::Raw;

use crate::catalogue::{Catalogue, Effect, Own};
use crate::filter::Live;
use crate::profile::Take;
use crate::redact::Redactor;
use crate::scope::Scope;
use crate::snapshot;
use crate::state::{Cgroups, Descriptors, Selectors, Threads};
use afterimage_abi::{SYSCALLS, condition, flags, kind, status};
use afterimage_format::model::{ClockAnchor, Container, Descriptor, Event, EventFlags, Thread, Value};
use afterimage_format::segment::{Entities, SegmentBuilder};
use arrayvec::ArrayVec;
use hashbrown::HashSet;
use incomplete::Incomplete;
use pending::Pending;
use std::os::unix::ffi::OsStrExt;
use std::rc::Rc;

/// What the kernel's scope has to be told after a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing.
    Keep,
    /// This new cgroup is not wanted.
    DropCgroup(u64),
}

/// Most parameters of any kind, see the catalogue.
const MAX_PARAMS: usize = 12;

/// Follows the recorded world.
pub(crate) struct Tracker {
    pub(crate) catalogue: Rc<Catalogue>,
    threads: Threads,
    descriptors: Descriptors,
    pub(crate) cgroups: Cgroups,
    /// Bits of [`condition`].
    scope: u32,
    users: HashSet<u32>,
    chosen: Chosen,
    clock: ClockAnchor,
    entries: entry::Entries,
    files: executed::Files,
    /// For paths that are put together: opens allocate only for names that are new.
    scratch: Vec<u8>,
    /// Boot-clock time of the snapshot: what was born before may be in it.
    snapshot: u64,
    /// What the snapshot has still to look at.
    pending: Pending,
    /// Cgroups whose birth was lost and which were gone when the hierarchy was asked.
    vanished: HashSet<u64>,
    incomplete: Incomplete,
    /// The descriptor that the kernel told of last: tgid << 32 | tid, number.
    told: Option<(u64, i32)>,
    /// The pair that was made last, of whose files the kernel tells next.
    pair: Option<(u64, [i32; 2])>,
    /// Operations of io_uring that have no result yet.
    uring: uring::Pending,
    audit: audit::Audit,
    own: own::Own,
    /// Records that could not be taken apart, or not be told to be in scope.
    pub(crate) undecodable: u64,
}

/// What is written of what is followed.
#[derive(Default)]
pub(crate) struct Chosen {
    /// Which events.
    pub(crate) filter: Option<Live>,
    /// What is replaced in them.
    pub(crate) redactor: Redactor,
}

impl Tracker {
    pub(crate) fn new(scope: &Scope, catalogue: Catalogue, chosen: Chosen, clock: ClockAnchor) -> Tracker {
        Tracker {
            catalogue: Rc::new(catalogue),
            threads: Threads::new(),
            descriptors: Descriptors::new(),
            cgroups: Cgroups::new(Selectors::new(scope.selectors.clone())),
            scope: scope.condition(),
            users: scope.users.iter().copied().collect(),
            chosen,
            clock,
            entries: entry::Entries::default(),
            files: executed::Files::default(),
            scratch: Vec::new(),
            snapshot: 0,
            pending: Pending::default(),
            vanished: HashSet::new(),
            incomplete: Incomplete::default(),
            told: None,
            pair: None,
            uring: uring::Pending::default(),
            audit: audit::Audit::default(),
            own: own::Own::default(),
            undecodable: 0,
        }
    }

    /// Boot-clock time to nanoseconds since the Unix epoch.
    pub(crate) fn real_time(&self, boottime: u64) -> u64 {
        boottime
            .wrapping_sub(self.clock.boottime)
            .wrapping_add(self.clock.realtime)
    }

    /// Makes the segment in `out`, which is empty, a keyframe: all living threads and open descriptors.
    pub(crate) fn keyframe(&mut self, out: &mut SegmentBuilder) {
        self.descriptors.keep(|who| self.threads.lives(who));
        out.set_keyframe(self.threads.live(), self.descriptors.open());
    }

    /// How many entries a keyframe would have now: living threads and open descriptors.
    pub(crate) fn keyframe_size(&self) -> usize {
        self.threads.count() + self.descriptors.count()
    }

    /// Closes a segment; what has changed since its last event is part of it.
    pub(crate) fn close(&mut self, out: &mut SegmentBuilder) {
        self.descriptors.tell_changes(out);
        self.incomplete.tell(out);
        self.audit.close(out);
        out.close(self);
    }

    /// Forgets what only written segments refer to.
    pub(crate) fn sweep(&mut self) {
        self.threads.sweep();
        self.descriptors.sweep();
    }

    /// Bytes of state that the open segment will have to store beside its rows.
    pub(crate) fn fresh_bytes(&self) -> usize {
        self.threads.fresh_bytes()
    }

    /// Takes in one record; the event that it makes, if any, goes to `out`.
    pub(crate) fn record(&mut self, bytes: &[u8], cpu: u16, out: &mut SegmentBuilder) -> Verdict {
        let args = |header: &afterimage_abi::RecordHeader| {
            let call = if header.flags & flags::COMPAT != 0 {
                self.catalogue.compat_call(header.nr)
            } else {
                self.catalogue.call(header.nr)
            };
            call.map_or(6, |c| c.args)
        };
        let Some(raw) = Raw::parse(bytes, args) else {
            self.undecodable += 1;
            return Verdict::Keep;
        };
        if self.own.made(&raw) {
            return Verdict::Keep;
        }
        if raw.header.kind == kind::CGROUP_MKDIR {
            return self.cgroup_mkdir(&raw, cpu, out);
        }
        if self.scope & condition::CGROUP != 0
            && !self.cgroups.contains(raw.header.cgroup)
            && let Some(verdict) = self.unknown_cgroup(raw.header.cgroup)
        {
            return verdict;
        }
        self.take_if_pending(raw.pid());
        let outside = raw.header.flags & flags::OUTSIDE != 0;
        // Of somebody who was never in scope nothing is taken in.
        if outside && self.threads.get(raw.tid()).is_none() {
            return Verdict::Keep;
        }
        match raw.header.kind {
            kind::SYSCALL_EXIT => self.syscall_exit(&raw, cpu, out),
            kind::SYSCALL_ENTER => self.entries.begin(&raw),
            kind::EXEC => self.exec(&raw),
            kind::DESCRIPTOR => self.descriptor_told(&raw),
            kind::FORK => self.fork(&raw),
            kind::EXIT => self.exit(&raw, cpu, out),
            kind::CGROUP_RMDIR => self.cgroup_rmdir(&raw, cpu, out),
            kind::CGROUP_ATTACH => self.cgroup_attach(&raw, cpu, out),
            kind::SIGNAL => self.signal(&raw, cpu, out),
            kind::OOM_VICTIM => self.oom_victim(&raw, cpu, out),
            kind::URING_SUBMIT => self.uring_submit(&raw, cpu, out),
            kind::URING_COMPLETE => self.uring_complete(&raw, cpu, out),
            _ => self.undecodable += 1,
        }
        if outside {
            self.forget(raw.pid());
        }
        Verdict::Keep
    }

    /// A process has left the scope: what it does is not seen any more. Should it come back, /proc tells.
    fn forget(&mut self, pid: u32) {
        self.threads.forget(pid);
        self.descriptors.end_process(pid);
    }

    /// A record of a cgroup that is not in scope. Between its birth and the recorder's verdict the kernel records one
    /// that nobody asked for. If its birth was lost, the hierarchy is asked once; `None`: it is in scope after all.
    fn unknown_cgroup(&mut self, id: u64) -> Option<Verdict> {
        if self.cgroups.is_rejected(id) {
            return Some(Verdict::Keep);
        }
        let found = if self.vanished.contains(&id) {
            None
        } else {
            snapshot::find_cgroup(id)
        };
        let Some((parent, path)) = found else {
            // Gone without a trace: whether it was in scope cannot be known any more, so its records count as lost.
            self.vanished.insert(id);
            self.undecodable += 1;
            return Some(Verdict::Keep);
        };
        if self.cgroups.add(id, parent, path.as_os_str().as_bytes(), 0) {
            None
        } else {
            Some(Verdict::DropCgroup(id))
        }
    }

    /// The current version of the thread of a record. A thread that was never seen is looked up in /proc; if it is gone
    /// there, only its ids are known.
    fn thread_of(&mut self, raw: &Raw<'_>) -> u64 {
        let (pid, tid, cgroup) = (raw.pid(), raw.tid(), raw.header.cgroup);
        match self.threads.get(tid) {
            Some(thread) if thread.cgroup_id == cgroup => thread.id,
            Some(_) => self.move_thread(tid, cgroup),
            None => {
                let unknown = || Thread {
                    tid,
                    pid,
                    uid: u32::MAX,
                    gid: u32::MAX,
                    loginuid: u32::MAX,
                    ..Thread::default()
                };
                let found = self.look_up(pid, tid, cgroup);
                let here = found.is_some();
                self.insert_late(found.unwrap_or_else(unknown), cgroup, here)
            }
        }
    }

    fn move_thread(&mut self, tid: u32, cgroup: u64) -> u64 {
        let container = self.cgroups.container_of(cgroup);
        let path = self.cgroups.path(cgroup);
        let moved = self.threads.update(tid, |t| {
            t.cgroup_id = cgroup;
            t.container = container;
            t.cgroup = path;
        });
        moved.unwrap_or(0)
    }

    fn syscall_exit(&mut self, raw: &Raw<'_>, cpu: u16, out: &mut SegmentBuilder) {
        if raw.header.flags & flags::COMPAT != 0 {
            // Their beginning is not read.
            self.entries.forget(raw.tid());
        }
        match self.entries.end(raw) {
            Some(entry) if entry.nr == entry::SIGRETURN => {
                self.thread_of(raw);
                self.sigreturn(raw, cpu, out);
                self.entries.done(entry);
            }
            Some(entry) => {
                self.syscall(&raw.with_entry(entry.nr, &entry.items), cpu, out);
                self.entries.done(entry);
            }
            None => self.syscall(raw, cpu, out),
        }
    }

    fn syscall(&mut self, raw: &Raw<'_>, cpu: u16, out: &mut SegmentBuilder) {
        self.thread_of(raw);
        let compat = raw.header.flags & flags::COMPAT != 0;
        // The effect changes the state while the call's description is in use.
        let catalogue = Rc::clone(&self.catalogue);
        let call = if compat {
            catalogue.compat_call(raw.header.nr)
        } else {
            catalogue.call(raw.header.nr)
        };
        match call {
            Some(call) => {
                // From here on a 32-bit call has the number of the 64-bit call that it is like.
                let native = compat.then(|| raw.renumbered(call.native));
                let raw = native.as_ref().unwrap_or(raw);
                // What is closed is named as it was; what is opened or connected as it is now.
                let closed = matches!(call.effect, Effect::Close).then(|| self.descriptor_of(raw, call.fd));
                self.apply(raw, &call.effect);
                self.descriptors.tell_changes(out);
                let descriptor = closed.unwrap_or_else(|| self.descriptor_of(raw, call.fd));
                if !self.takes(call.take, descriptor) {
                    return;
                }
                let thread = self.threads.get(raw.tid());
                let accepts = matches!(call.effect, Effect::Accept { .. });
                let peer = accepts.then(|| values::Peer::of(raw)).flatten();
                // Each is written where it is read: a copy would wait for what was just written.
                let mut args = [Value::Missing; MAX_PARAMS];
                let params = call.params.iter().take(MAX_PARAMS);
                let len = params.len();
                for (to, (ty, source)) in args.iter_mut().zip(params) {
                    values::set(to, raw, thread, peer.as_ref(), *ty, *source);
                }
                let (thread, container) = thread.map_or((0, 0), |t| (t.id, t.container));
                let args = args.get(..len).unwrap_or_default();
                let compat = if compat { EventFlags::COMPAT } else { 0 };
                let flags =
                    EventFlags::HAS_RESULT | compat | marks(raw) | if call.entry { entry::marks(raw) } else { 0 };
                let emit = Emit {
                    kind: call.kind,
                    flags,
                    thread,
                    descriptor,
                    args,
                };
                if self.write(raw, cpu, emit, out) {
                    let time = self.real_time(raw.header.time);
                    self.cgroups.count(container, time);
                    self.incomplete.count(flags, cpu, time);
                }
            }
            None => {
                if compat && raw.header.result >= 0 {
                    // It may have opened, closed or changed directory: what was known is not known any more.
                    self.lose_track(raw);
                }
                let thread = self.threads.get(raw.tid()).map_or(0, |t| t.id);
                let mut args = [Value::Missing; 8];
                args[0] = Value::Int(raw.header.result);
                // Beyond the table the number takes the first argument's place.
                let skipped = u8::from(u32::from(raw.header.nr) == SYSCALLS - 1);
                args[1] = Value::Int(if skipped == 1 {
                    raw.arg(0) as i64
                } else {
                    i64::from(raw.header.nr)
                });
                for (at, to) in (skipped..6).zip(&mut args[2..]) {
                    *to = Value::Int(raw.arg(at) as i64);
                }
                let kind = if compat { Own::Compat } else { Own::Unknown } as u16;
                let flags = EventFlags::HAS_RESULT | if compat { EventFlags::COMPAT } else { 0 };
                self.emit(
                    raw,
                    cpu,
                    Emit {
                        kind,
                        flags,
                        thread,
                        descriptor: 0,
                        args: &args,
                    },
                    out,
                );
            }
        }
    }

    /// The end of rt_sigreturn. It has no result: the register has what it had before the signal.
    fn sigreturn(&mut self, raw: &Raw<'_>, cpu: u16, out: &mut SegmentBuilder) {
        let call = self.catalogue.call(libc::SYS_rt_sigreturn as u16);
        let Some(kind) = call.filter(|call| call.take != Take::Never).map(|call| call.kind) else {
            return;
        };
        let thread = self.threads.get(raw.tid()).map_or(0, |t| t.id);
        let emit = Emit {
            kind,
            flags: 0,
            thread,
            descriptor: 0,
            args: &[Value::Missing],
        };
        self.emit(raw, cpu, emit, out);
    }

    fn emit(&mut self, raw: &Raw<'_>, cpu: u16, emit: Emit<'_>, out: &mut SegmentBuilder) {
        self.descriptors.tell_changes(out);
        let (thread, flags) = (emit.thread, emit.flags);
        if self.write(raw, cpu, emit, out) {
            self.count(thread, raw);
            self.incomplete.count(flags, cpu, self.real_time(raw.header.time));
        }
    }

    /// Counts the event of a record for the container of its thread.
    fn count(&mut self, thread: u64, raw: &Raw<'_>) {
        let container = self.threads.version(thread).map_or(0, |t| t.container);
        if container != 0 {
            self.cgroups.count(container, self.real_time(raw.header.time));
        }
    }

    /// Whether the profile takes a call on this descriptor.
    fn takes(&self, take: Take, descriptor: u64) -> bool {
        // Most calls are always taken: then nothing is looked up.
        let known = || self.descriptors.descriptor(descriptor).filter(|d| d.missing.is_empty());
        take == Take::Always || take.holds(known().map(|d| d.ty))
    }

    /// Writes an event, unless the filter keeps it out. Returns whether it did.
    fn write(&self, raw: &Raw<'_>, cpu: u16, emit: Emit<'_>, out: &mut SegmentBuilder) -> bool {
        let mut flags = emit.flags;
        let redacted = self.redacted(&emit);
        let mut replaced = ArrayVec::<Value<'_>, MAX_PARAMS>::new();
        let mut args = emit.args;
        if let Some(redacted) = &redacted {
            flags |= EventFlags::REDACTED;
            replaced.extend(emit.args.iter().copied().take(MAX_PARAMS));
            redacted.put(&mut replaced);
            args = &replaced;
        }
        let event = Event {
            duration: raw.duration(),
            time: self.real_time(raw.header.time),
            kind: emit.kind,
            cpu,
            flags: EventFlags(flags),
            result: if flags & EventFlags::HAS_RESULT != 0 {
                raw.header.result
            } else {
                0
            },
            thread: emit.thread,
            descriptor: emit.descriptor,
            args,
        };
        if let Some(filter) = &self.chosen.filter {
            let kind = self.catalogue.kinds.get(usize::from(emit.kind));
            // A filter sees payload as it was.
            let seen = Event {
                args: emit.args,
                ..event
            };
            if !filter.passes(&seen, kind, out.next_num(), self) {
                return false;
            }
        }
        out.push(&event);
        true
    }
}

/// The parts of an event that are not in its record's header.
struct Emit<'a> {
    kind: u16,
    flags: u8,
    thread: u64,
    descriptor: u64,
    args: &'a [Value<'a>],
}

/// Flags for what could not be captured whole. What was read when the call began is no fault afterwards (an exec replaces
/// its memory).
fn marks(raw: &Raw<'_>) -> u8 {
    raw.items().fold(0, |marks, item| {
        let truncated = if item.status & status::TRUNCATED != 0 {
            EventFlags::TRUNCATED
        } else {
            0
        };
        let faulted = if item.status & status::FAULT != 0 && raw.bytes(item.arg).is_none() {
            EventFlags::FAULTED
        } else {
            0
        };
        marks | truncated | faulted
    })
}

impl Entities for Tracker {
    fn thread(&self, id: u64) -> Option<&Thread> {
        self.threads.version(id)
    }
    fn container(&self, key: u64) -> Option<&Container> {
        self.cgroups.container(key)
    }
    fn descriptor(&self, id: u64) -> Option<&Descriptor> {
        self.descriptors.descriptor(id)
    }
}
