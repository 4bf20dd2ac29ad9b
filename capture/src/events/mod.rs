//! Records to events: the state follows every record, and each event carries what it refers to.

mod effects;
mod entry;
mod executed;
mod file;
mod found;
mod life;
mod raw;
mod values;

pub(crate) use executed::Next;
pub(crate) use raw::Raw;

use crate::catalogue::{Catalogue, Effect, FdOf, Own};
use crate::snapshot;
use crate::state::{Cgroups, Descriptors, Selector, Threads};
use afterimage_abi::{SYSCALLS, ScopeMode, flags, kind, status};
use afterimage_format::model::{ClockAnchor, Container, Descriptor, Event, EventFlags, Text, Thread, Value};
use afterimage_format::segment::{Entities, SegmentBuilder};
use hashbrown::HashSet;
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
    scope: ScopeMode,
    clock: ClockAnchor,
    entries: entry::Entries,
    files: executed::Files,
    /// For paths that are put together: opens allocate only for names that are new.
    scratch: Vec<u8>,
    /// Boot-clock time of the snapshot: what was born before may be in it.
    snapshot: u64,
    /// Cgroups whose birth was lost and which were gone when the hierarchy was asked.
    vanished: HashSet<u64>,
    /// Records that could not be taken apart, or not be told to be in scope.
    pub(crate) undecodable: u64,
}

impl Tracker {
    pub(crate) fn new(scope: ScopeMode, selectors: Vec<Selector>, clock: ClockAnchor) -> Tracker {
        Tracker {
            catalogue: Rc::new(Catalogue::new()),
            threads: Threads::new(),
            descriptors: Descriptors::new(),
            cgroups: Cgroups::new(selectors),
            scope,
            clock,
            entries: entry::Entries::default(),
            files: executed::Files::default(),
            scratch: Vec::new(),
            snapshot: 0,
            vanished: HashSet::new(),
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
        self.descriptors.keep(|pid| self.threads.has_process(pid));
        out.set_keyframe(self.threads.live(), self.descriptors.open());
    }

    /// How many entries a keyframe would have now: living threads and open descriptors.
    pub(crate) fn keyframe_size(&self) -> usize {
        self.threads.count() + self.descriptors.count()
    }

    /// Closes a segment; what has changed since its last event is part of it.
    pub(crate) fn close(&mut self, out: &mut SegmentBuilder) {
        self.descriptors.tell_changes(out);
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
            if header.flags & flags::COMPAT != 0 {
                6
            } else {
                self.catalogue.call(header.nr).map_or(6, |c| c.args)
            }
        };
        let Some(raw) = Raw::parse(bytes, args) else {
            self.undecodable += 1;
            return Verdict::Keep;
        };
        if raw.header.kind == kind::CGROUP_MKDIR {
            return self.cgroup_mkdir(&raw, cpu, out);
        }
        if self.scope == ScopeMode::Cgroup
            && !self.cgroups.contains(raw.header.cgroup)
            && let Some(verdict) = self.unknown_cgroup(raw.header.cgroup)
        {
            return verdict;
        }
        match raw.header.kind {
            kind::SYSCALL_EXIT => self.syscall_exit(&raw, cpu, out),
            kind::SYSCALL_ENTER => self.entries.begin(&raw),
            kind::EXEC => self.exec(&raw),
            kind::FORK => self.fork(&raw),
            kind::EXIT => self.exit(&raw, cpu, out),
            kind::CGROUP_RMDIR => self.cgroup_rmdir(&raw, cpu, out),
            kind::CGROUP_ATTACH => self.cgroup_attach(&raw, cpu, out),
            _ => self.undecodable += 1,
        }
        Verdict::Keep
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
        match self.entries.end(raw) {
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
        match if compat { None } else { catalogue.call(raw.header.nr) } {
            Some(call) => {
                let before = self.descriptor_of(raw, call.fd);
                self.apply(raw, call.effect);
                self.descriptors.tell_changes(out);
                // What is closed is named as it was; what is opened or connected as it is now.
                let after = if call.effect == Effect::Close {
                    before
                } else {
                    self.descriptor_of(raw, call.fd)
                };
                let time = self.count(self.threads.get(raw.tid()).map_or(0, |t| t.id), raw);
                let thread = self.threads.get(raw.tid());
                let mut args = [Value::Missing; MAX_PARAMS];
                let peer = values::Peer::of(matches!(call.effect, Effect::Accept { .. }).then_some(raw));
                for (to, (ty, source)) in args.iter_mut().zip(&call.params) {
                    *to = values::value(raw, thread, &peer, *ty, *source);
                }
                let thread = thread.map_or(0, |t| t.id);
                let args = &args[..call.params.len().min(MAX_PARAMS)];
                let flags = EventFlags::HAS_RESULT | marks(raw) | if call.entry { entry::marks(raw) } else { 0 };
                push(
                    raw,
                    time,
                    cpu,
                    Emit {
                        kind: call.kind,
                        flags,
                        thread,
                        descriptor: after,
                        args,
                    },
                    out,
                );
            }
            None => {
                if compat && raw.header.result >= 0 {
                    // It may have opened, closed or changed directory: what was known is not known any more.
                    self.descriptors.remove(raw.pid());
                    self.threads.update_process(raw.pid(), |t| t.cwd = Text::default());
                }
                let thread = self.threads.get(raw.tid()).map_or(0, |t| t.id);
                let mut args = [Value::Missing; 8];
                args[0] = Value::Int(raw.header.result);
                // Beyond the table the number takes the first argument's place.
                let skipped = u8::from(u32::from(raw.header.nr) == SYSCALLS - 1 && !compat);
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

    /// [`Descriptor::id`] of the descriptor that a call is about; 0: none or not known.
    fn descriptor_of(&self, raw: &Raw<'_>, fd: FdOf) -> u64 {
        let fd = match fd {
            FdOf::None => return 0,
            FdOf::Arg(at) => raw.arg(at) as i32,
            FdOf::Result if raw.header.result < 0 => return 0,
            FdOf::Result => raw.header.result as i32,
        };
        self.descriptors.get(raw.pid(), fd).map_or(0, |e| e.descriptor)
    }

    fn emit(&mut self, raw: &Raw<'_>, cpu: u16, emit: Emit<'_>, out: &mut SegmentBuilder) {
        let time = self.count(emit.thread, raw);
        self.descriptors.tell_changes(out);
        push(raw, time, cpu, emit, out);
    }

    /// Counts the event of a record for the container of its thread; returns its time.
    fn count(&mut self, thread: u64, raw: &Raw<'_>) -> u64 {
        let time = self.real_time(raw.header.time);
        let container = self.threads.version(thread).map_or(0, |t| t.container);
        if container != 0 {
            self.cgroups.count(container, time);
        }
        time
    }
}

fn push(raw: &Raw<'_>, time: u64, cpu: u16, emit: Emit<'_>, out: &mut SegmentBuilder) {
    out.push(&Event {
        time,
        kind: emit.kind,
        cpu,
        flags: EventFlags(emit.flags),
        result: if emit.flags & EventFlags::HAS_RESULT != 0 {
            raw.header.result
        } else {
            0
        },
        thread: emit.thread,
        descriptor: emit.descriptor,
        args: emit.args,
    });
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
