//! Births, executions, changes of rights, and ends.

use super::builder::Builder;
use super::happening::Happening;
use super::lines::entry;
use super::story::{AskedBy, End, Entry, Kind, Note, Program, What, Who};
use crate::row::exec_of;
use std::rc::Rc;

const EPERM: i64 = -1;
const EACCES: i64 = -13;

impl Builder<'_> {
    /// A version of a thread is seen for the first time (in its segment): it may have been born, or execute another
    /// program, or have other rights than before.
    pub(super) fn version(&mut self, at: &Happening<'_>, is_new: bool) {
        if is_new {
            self.born(at);
        }
        if !at.thread.is_main() {
            return;
        }
        let was_runtime = self.registry.process(at.process).runtime;
        self.registry.renew(at.process, at.thread);
        if is_new && self.registry.process(at.process).runtime {
            // What the runtime executed on its way into the container is not the container's.
            self.registry.state(at.process).exec_time = at.thread.exec_time;
        }
        let before = self.registry.state(at.process).credentials;
        let executed = self.executed(at, was_runtime);
        self.credentials(at, before, executed);
    }

    fn born(&mut self, at: &Happening<'_>) {
        let thread = at.thread;
        self.inherit(at);
        let runtime = self.registry.process(at.process).runtime && !self.options.all;
        if thread.is_main() && !runtime && thread.start >= self.first() && thread.start <= at.time {
            let who = Some(Who {
                process: at.process,
                name: thread.comm.to_vec(),
            });
            let line = Entry {
                who,
                uid: thread.uid,
                ..entry(thread.start, What::Started)
            };
            self.add(line, thread.container, at.wanted);
        }
    }

    /// A copy of a process has its parent's descriptors, and in memory what that had taken in until then.
    fn inherit(&mut self, at: &Happening<'_>) {
        let Some(parent) = self.registry.process(at.process).parent else {
            return;
        };
        let born = at.thread.start;
        let above = self.registry.state(parent);
        let fds = above.fds.of_child(born);
        let mut taken_in = Rc::clone(&above.taken_in);
        if taken_in.iter().any(|from| self.drafts[from.0].entry.time > born) {
            Rc::make_mut(&mut taken_in).retain(|from| self.drafts[from.0].entry.time <= born);
        }
        let state = self.registry.state(at.process);
        (state.fds, state.taken_in) = (fds, taken_in);
    }

    /// Tells of an execution that the version shows and that was not told before.
    fn executed(&mut self, at: &Happening<'_>, was_runtime: bool) -> Option<usize> {
        let thread = at.thread;
        let state = self.registry.state(at.process);
        // A child has the time of its parent's execution until it executes something itself.
        let own = thread.exec_time >= thread.start && thread.exec_time > state.exec_time;
        if !own || thread.exec_time < self.first() || thread.exec_time > at.time {
            return None;
        }
        self.tell_execution(at, thread.exec_time, was_runtime)
    }

    fn tell_execution(&mut self, at: &Happening<'_>, time: u64, was_runtime: bool) -> Option<usize> {
        let thread = at.thread;
        let state = self.registry.state(at.process);
        state.exec_time = time;
        state.execute();
        let who = Who {
            process: at.process,
            name: thread.comm.to_vec(),
        };
        let line = Entry {
            who: Some(who.clone()),
            uid: thread.uid,
            ..entry(time, What::Executed(Program::of(thread)))
        };
        let draft = self.add(line, thread.container, at.wanted);
        self.registry.state(at.process).executed = Some(draft);
        if was_runtime {
            self.runtime_executes(at, draft);
        }
        self.drafts[draft].file = self.files.get(thread.container, thread.program());
        if let Some(file) = self.drafts[draft].file {
            self.files.histories[file].executed.get_or_insert((who, time));
        }
        Some(draft)
    }

    /// The runtime's process becomes the container's program, or one that is brought into the running container.
    fn runtime_executes(&mut self, at: &Happening<'_>, draft: usize) {
        let process = self.registry.process(at.process);
        (process.runtime, process.by_runtime) = (false, true);
        let birth = self
            .context
            .container(process.container)
            .map_or(0, |container| container.birth);
        let began_before = birth < self.first();
        let count = self.counts.entry(at.thread.container).or_default();
        count.set_up = None;
        if count.has_program || began_before {
            self.drafts[draft].entry.notes.push(Note::Entered);
        }
        count.has_program = true;
        let container = self.context.container(at.thread.container);
        if let Some(exec) = container.and_then(|container| exec_of(container, at.thread, std::iter::empty())) {
            self.drafts[draft].entry.notes.push(Note::AskedBy(AskedBy {
                user: exec.user.clone(),
                impersonated: exec.impersonated.clone(),
                from: exec.source_ips.first().cloned().unwrap_or_default(),
                time: exec.time,
                missing: exec.missing.clone(),
            }));
            self.drafts[draft].entry.notable = true;
        }
    }

    fn credentials(&mut self, at: &Happening<'_>, before: Option<(u32, u32)>, executed: Option<usize>) {
        let now = (at.thread.uid, at.thread.gid);
        if now.0 == u32::MAX {
            return;
        }
        self.registry.state(at.process).credentials = Some(now);
        let Some(before) = before.filter(|before| *before != now) else {
            return;
        };
        match executed {
            Some(draft) if before.0 != now.0 => {
                let entry = &mut self.drafts[draft].entry;
                entry.notes.push(Note::BecameUser(before.0, now.0));
                entry.notable |= now.0 == 0;
            }
            Some(_) => {}
            None if self.registry.process(at.process).runtime && !self.options.all => {}
            None => {
                let draft = self.new_line(at, What::Credentials { from: before, to: now });
                self.drafts[draft].entry.notable = now.0 == 0 && before.0 != 0;
            }
        }
    }

    /// An execve that returned. Its success has been noticed by the version of the thread, unless the recorder did not
    /// follow threads.
    pub(super) fn execute(&mut self, at: &Happening<'_>) {
        if at.row.result().is_none() {
            return;
        }
        let state = self.registry.state(at.process);
        let told = state.exec_time != 0 && state.exec_time == at.thread.exec_time;
        match (at.error(), state.executed) {
            (None, Some(draft)) if told => {
                self.drafts[draft].wanted |= at.wanted;
            }
            (None, _) if at.thread.exec_time == 0 => {
                self.tell_execution(at, at.time, false);
            }
            // Shells try one directory after the other: only what is refused tells something.
            (Some(error @ (EPERM | EACCES)), _) => {
                let path = at.bytes("filename").to_vec();
                let program = Program {
                    path,
                    argv: Vec::new(),
                    cut: false,
                };
                let (draft, _) = self.line(at, None, Kind::Other, || What::Executed(program), false);
                self.failed(draft, Some(error));
            }
            _ => {}
        }
    }

    /// A task ended. Ends by a signal and those of a container's first process get a line.
    pub(super) fn exit(&mut self, at: &Happening<'_>) {
        if !at.thread.is_main() {
            return;
        }
        let end = End {
            time: at.time,
            status: at.int("status").unwrap_or(0),
        };
        let first_of_container = at.thread.container != 0 && at.thread.vpid == 1;
        let runtime = self.registry.process(at.process).runtime;
        if (end.signal().is_some() || first_of_container) && !runtime {
            self.new_line(at, What::Ended);
        }
        self.registry.end(at.process, end);
    }

    /// A change of user or group that was refused; the others are noticed by the versions of threads.
    pub(super) fn refused_credentials(&mut self, at: &Happening<'_>) {
        let Some(error) = at.error() else { return };
        let asked = |names: [&str; 3]| {
            names
                .iter()
                .find_map(|name| at.int(name))
                .and_then(|id| u32::try_from(id).ok())
        };
        let from = (at.thread.uid, at.thread.gid);
        let to = (
            asked(["euid", "uid", "ruid"]).unwrap_or(from.0),
            asked(["egid", "gid", "rgid"]).unwrap_or(from.1),
        );
        let (draft, _) = self.line(at, None, Kind::Other, || What::Credentials { from, to }, true);
        self.failed(draft, Some(error));
    }
}
