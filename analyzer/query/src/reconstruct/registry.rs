//! Processes as the events name them: which thread belongs to which, who their parents are.

use super::state::State;
use super::story::{End, Process, ProcessId};
use afterimage_format::model::Thread;
use hashbrown::HashMap;

/// A line of unseen ancestors is followed this far: a crafted file can name any thread as parent of any other.
const MAX_ANCESTORS: usize = 64;

/// All processes that were met.
#[derive(Default)]
pub(super) struct Registry {
    /// By [`ProcessId`]. A parent always stands before its children, so that no line of ancestors is a circle.
    pub(super) processes: Vec<Process>,
    states: Vec<Option<Box<State>>>,
    /// By [`Thread::life`] of first threads.
    by_life: HashMap<u64, ProcessId>,
    /// The latest process with a process id of the host.
    by_pid: HashMap<u32, ProcessId>,
    /// The latest process with a process id in a container.
    by_vpid: HashMap<(u64, u32), ProcessId>,
}

impl Registry {
    /// The process of a thread, and whether it was not known before. `version` finds thread versions by id.
    pub(super) fn of<'t>(&mut self, thread: &Thread, version: &dyn Fn(u64) -> Option<&'t Thread>) -> (ProcessId, bool) {
        self.find(thread, version, MAX_ANCESTORS)
    }

    fn find<'t>(
        &mut self,
        thread: &Thread,
        version: &dyn Fn(u64) -> Option<&'t Thread>,
        ancestors: usize,
    ) -> (ProcessId, bool) {
        if let Some(id) = self.known(thread) {
            return (id, false);
        }
        let parent = version(thread.parent).filter(|parent| ancestors > 0 && parent.pid != thread.pid);
        let parent = match parent {
            Some(parent) => Some((self.find(parent, version, ancestors - 1).0, parent.comm.to_vec())),
            None => self.alive(thread.ppid).filter(|_| thread.ppid != thread.pid),
        };
        // In a circle of parents it has become known meanwhile.
        match self.known(thread) {
            Some(id) => (id, false),
            None => (self.add(thread, parent), true),
        }
    }

    fn known(&mut self, thread: &Thread) -> Option<ProcessId> {
        if let Some(id) = self.by_life.get(&thread.life) {
            return Some(*id);
        }
        let id = *self.by_pid.get(&thread.pid)?;
        let process = &mut self.processes[id.0];
        match process.end {
            // The pid belongs to somebody else by now.
            Some(end) if thread.start > end.time => return None,
            // Another thread went on as the process: it executed a program.
            Some(_) if thread.is_main() => process.end = None,
            _ => {}
        }
        if thread.is_main() {
            self.by_life.insert(thread.life, id);
        }
        Some(id)
    }

    fn add(&mut self, thread: &Thread, parent: Option<(ProcessId, Vec<u8>)>) -> ProcessId {
        let id = ProcessId(self.processes.len());
        let (parent, parent_name) = parent.unzip();
        let above = parent
            .map(|parent| &self.processes[parent.0])
            .filter(|p| p.container == thread.container);
        let runtime =
            thread.container != 0 && thread.is_container_runtime() && above.is_none_or(|parent| parent.runtime);
        self.processes.push(Process {
            pid: thread.pid,
            vpid: thread.vpid,
            ppid: thread.ppid,
            parent,
            parent_name: parent_name.unwrap_or_default(),
            name: thread.comm.to_vec(),
            container: thread.container,
            depth: above
                .filter(|parent| !parent.runtime)
                .map_or(0, |parent| parent.depth + 1),
            start: thread.start,
            end: None,
            runtime,
            by_runtime: false,
        });
        self.states.push(None);
        if thread.is_main() {
            self.by_life.insert(thread.life, id);
        }
        self.by_pid.insert(thread.pid, id);
        self.by_vpid.insert((thread.container, thread.vpid), id);
        id
    }

    /// The living process with this id on the host, and its name.
    fn alive(&self, pid: u32) -> Option<(ProcessId, Vec<u8>)> {
        let id = *self.by_pid.get(&pid)?;
        let process = &self.processes[id.0];
        process.end.is_none().then(|| (id, process.name.clone()))
    }

    /// Takes over what a later version of the process's first thread says.
    pub(super) fn renew(&mut self, id: ProcessId, thread: &Thread) {
        let process = &mut self.processes[id.0];
        process.name = thread.comm.to_vec();
        if process.container != thread.container {
            // A runtime's process is prepared outside and moved in.
            process.runtime = process.container == 0 && thread.is_container_runtime();
            process.container = thread.container;
            process.depth = 0;
        }
        if thread.vpid != 0 {
            process.vpid = thread.vpid;
            self.by_vpid.insert((thread.container, thread.vpid), id);
        }
    }

    /// What is known of a process while it lives.
    pub(super) fn state(&mut self, id: ProcessId) -> &mut State {
        self.states[id.0].get_or_insert_default()
    }

    /// The process.
    pub(super) fn process(&mut self, id: ProcessId) -> &mut Process {
        &mut self.processes[id.0]
    }

    /// The living process that a container knows by this id.
    pub(super) fn by_vpid(&self, container: u64, vpid: i64) -> Option<ProcessId> {
        let vpid = u32::try_from(vpid).ok().filter(|vpid| *vpid != 0)?;
        let id = *self.by_vpid.get(&(container, vpid))?;
        self.processes[id.0].end.is_none().then_some(id)
    }

    /// A process ended: only what its lines need is kept.
    pub(super) fn end(&mut self, id: ProcessId, end: End) {
        self.processes[id.0].end = Some(end);
        if let Some(state) = &mut self.states[id.0] {
            state.release();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thread(id: u64, parent: u64, pid: u32, comm: &str) -> Thread {
        Thread {
            id,
            life: id,
            parent,
            tid: pid,
            pid,
            comm: comm.as_bytes().into(),
            container: 1,
            start: 10 * id,
            ..Thread::default()
        }
    }

    fn add(registry: &mut Registry, all: &[Thread], id: u64) -> ProcessId {
        let version = |id: u64| all.iter().find(|thread| thread.id == id);
        registry.of(version(id).expect("a thread of the test"), &version).0
    }

    #[test]
    fn parents_come_first_and_count_as_depth() {
        let all = [
            thread(1, 0, 100, "httpd"),
            thread(2, 1, 101, "sh"),
            thread(3, 2, 102, "id"),
        ];
        let mut registry = Registry::default();
        let id = add(&mut registry, &all, 3);
        let process = registry.process(id).clone();
        assert_eq!((process.depth, process.parent_name.as_slice()), (2, b"sh".as_slice()));
        assert!(process.parent.expect("sh") < id);
        assert_eq!(add(&mut registry, &all, 3), id);
    }

    #[test]
    fn a_circle_of_parents_ends() {
        let all = [thread(1, 2, 100, "a"), thread(2, 1, 101, "b")];
        let mut registry = Registry::default();
        let id = add(&mut registry, &all, 1);
        assert!(registry.processes.len() <= 2);
        let mut at = Some(id);
        for _ in 0..10 {
            at = at.and_then(|id| registry.process(id).parent);
        }
        assert_eq!(at, None);
    }

    #[test]
    fn a_pid_used_again_is_another_process_unless_a_thread_went_on() {
        let mut again = thread(9, 0, 100, "sh");
        let mut registry = Registry::default();
        let first = add(&mut registry, &[thread(1, 0, 100, "httpd")], 1);
        registry.end(first, End { time: 50, status: 0 });
        assert_ne!(add(&mut registry, &[again.clone()], 9), first);

        let mut registry = Registry::default();
        let first = add(&mut registry, &[thread(1, 0, 100, "java")], 1);
        registry.end(first, End { time: 50, status: 0 });
        again.start = 40;
        assert_eq!(add(&mut registry, &[again], 9), first);
        assert_eq!(registry.process(first).end, None);
    }

    #[test]
    fn only_what_comes_from_outside_is_the_runtime() {
        let all = [
            thread(1, 0, 100, "runc:[1:CHILD]"),
            thread(2, 1, 101, "runc:[2:INIT]"),
            thread(3, 0, 102, "httpd"),
            thread(4, 3, 103, "runc:[2:INIT]"),
        ];
        let mut registry = Registry::default();
        let runtime: Vec<bool> = (1..=4)
            .map(|id| {
                let id = add(&mut registry, &all, id);
                registry.process(id).runtime
            })
            .collect();
        assert_eq!(
            runtime,
            [true, true, false, false],
            "a process of the container cannot hide behind the name"
        );
    }
}
