//! From answers to steps: each hangs from the one that it explains.

use super::answers::{FileAnswer, ProcessAnswer, Writer};
use super::facts::{Actor, Intake, Mark};
use super::questions::{Questions, Until, at, programs};
use super::words::{self, who};
use super::{Object, Step, StepKind, Subject, Why};
use crate::reconstruct::network::ends;
use crate::reconstruct::paths;
use crate::row::{EventRow, TraceContext, exec_of};
use afterimage_format::model::{Descriptor, DescriptorType, L4Proto, Role, Thread};
use hashbrown::{HashMap, HashSet};
use std::cmp::Reverse;
use std::collections::VecDeque;

/// Steps that are told.
const MAX_STEPS: usize = 400;
/// Files that one process had read, of which nothing else is known.
const MAX_PLAIN: usize = 8;
/// Connections that one process had made and received data over.
const MAX_CONNECTIONS: usize = 4;
const DNS_PORT: u16 = 53;

/// Tells what led to an event.
pub(super) fn tell(
    questions: &Questions,
    context: &TraceContext,
    row: &EventRow<'_>,
    actor: &Actor,
    until: Until,
    why: &mut Why,
) {
    let mut teller = Teller {
        questions,
        context,
        why,
        processes: HashSet::new(),
        acts: HashSet::new(),
        files: HashSet::new(),
        next: VecDeque::new(),
        told: HashMap::new(),
    };
    let object = row.descriptor().map_or(Object::None, object);
    let text = words::event(row, &actor.thread);
    let Some(event) = teller.add(
        None,
        StepKind::Event,
        Some(&actor.thread),
        object,
        text,
        Some(actor.mark),
    ) else {
        return;
    };
    teller.told.insert(actor.mark.number, event);
    teller.actor(actor, until, event, true);
    // What is near is told first, so that it is what is told where there is too much.
    while let Some(next) = teller.next.pop_front() {
        match next {
            Next::Actor(actor, until, up, decisive) => teller.actor(&actor, until, up, decisive),
            Next::File(container, path, until, up) => teller.file(container, &path, until, up),
        }
    }
    put_in_order(&mut why.steps);
}

struct Teller<'a> {
    questions: &'a Questions,
    context: &'a TraceContext,
    why: &'a mut Why,
    /// Process ids with births of which executions and beginning are told.
    processes: HashSet<(u32, u64)>,
    /// The same, with the moments until which it is told what they had taken in.
    acts: HashSet<(u32, u64, Until)>,
    files: HashSet<(u64, Vec<u8>, Until)>,
    next: VecDeque<Next>,
    /// Steps by the numbers of their events: nothing is told twice.
    told: HashMap<u64, usize>,
}

/// What has still to be told, with the step that it explains.
enum Next {
    Actor(Box<Actor>, Until, usize, bool),
    File(u64, Vec<u8>, Until, usize),
}

/// A request whose connection has not been seen to be accepted so far: its name, and its step.
type Served = Option<(Vec<u8>, usize)>;

impl Teller<'_> {
    fn add(
        &mut self,
        parent: Option<usize>,
        kind: StepKind,
        subject: Option<&Thread>,
        object: Object,
        text: String,
        mark: Option<Mark>,
    ) -> Option<usize> {
        if self.why.steps.len() >= MAX_STEPS {
            self.why.left_out += 1;
            return None;
        }
        self.why.steps.push(Step {
            time: mark.map_or(0, |mark| mark.time),
            kind,
            subject: subject.map(Subject::of),
            object,
            text,
            event: mark.map(Mark::happened),
            doubt: None,
            parent,
        });
        Some(self.why.steps.len() - 1)
    }

    /// The same, unless a step tells of this event already: then nothing.
    fn add_new(
        &mut self,
        parent: usize,
        kind: StepKind,
        subject: &Thread,
        object: Object,
        text: String,
        mark: Mark,
    ) -> Option<usize> {
        if self.told.contains_key(&mark.number) {
            return None;
        }
        let step = self.add(Some(parent), kind, Some(subject), object, text, Some(mark))?;
        self.told.insert(mark.number, step);
        Some(step)
    }

    fn doubt(&mut self, step: usize, doubt: Option<String>) {
        if let Some(step) = self.why.steps.get_mut(step) {
            step.doubt = doubt;
        }
    }

    fn at_time(&mut self, step: usize, time: u64) {
        if let Some(step) = self.why.steps.get_mut(step) {
            step.time = time;
        }
    }

    /// What led a process to do what step `up` tells: what it had taken in and executed, and who started it, up to the
    /// beginning. A `decisive` process made something: all that it had read is told.
    fn actor(&mut self, actor: &Actor, until: Until, up: usize, decisive: bool) {
        let (mut thread, mut until, mut up, mut decisive) = (&actor.thread, until, up, decisive);
        let mut served: Served = None;
        for above in actor.ancestors.iter().map(Some).chain([None]) {
            let life = (thread.pid, if thread.is_main() { thread.start } else { 0 });
            if !self.acts.insert((life.0, life.1, until)) {
                return;
            }
            let answer = self.questions.of_process(thread, until).cloned().unwrap_or_default();
            self.requests(&answer, thread, up, &mut served);
            self.connections(&answer, thread, up);
            self.read_files(&answer, thread, up, decisive);
            self.accepted(&answer, thread, up, &mut served);
            if !self.processes.insert(life) {
                return;
            }
            up = self.executions(&answer, thread, up);
            let inside = |parent: &&Thread| parent.container == thread.container && !parent.is_container_runtime();
            let Some(parent) = above.filter(inside) else {
                return self.entry(thread, above, up);
            };
            let text = format!("{} started {}", who(parent), words::child(thread, &answer));
            let step = self.add(
                Some(up),
                StepKind::Process,
                Some(parent),
                Object::None,
                text,
                answer.born,
            );
            let Some(step) = step else { return };
            self.at_time(step, thread.start);
            if thread.start == 0 {
                // Older than the trace: what its parent had done before is not known either.
                self.doubt(step, Some("before the recording began".to_owned()));
                return self.entry_of_old(parent, step);
            }
            (until, up, thread, decisive) = (Until::birth(thread), step, parent, false);
        }
    }

    /// The connection of a server that was read last before.
    fn requests(&mut self, answer: &ProcessAnswer, thread: &Thread, up: usize, served: &mut Served) {
        let mut all: Vec<&Intake> = answer.taken_in.iter().filter(|intake| is_request(intake)).collect();
        all.sort_by_key(|intake| Reverse(intake.last.number));
        let Some(latest) = all.first() else { return };
        let remote = ends(&latest.descriptor).1;
        let text = words::received(thread, latest, remote);
        let object = object(&latest.descriptor);
        let is_new = self.add_new(up, StepKind::Request, thread, object, text, latest.last);
        let known = || self.told.get(&latest.last.number).copied();
        let Some(step) = is_new.or_else(known) else { return };
        if is_new.is_some() && all.len() > 1 {
            let doubt = format!("the last of {} connections that it had read from", all.len());
            self.doubt(step, Some(doubt));
        }
        *served = Some((latest.descriptor.name.clone(), step));
    }

    /// Connections that it had made, and what came over them.
    fn connections(&mut self, answer: &ProcessAnswer, thread: &Thread, up: usize) {
        let mut all: Vec<&Intake> = answer.taken_in.iter().filter(|intake| is_client(intake)).collect();
        all.sort_by_key(|intake| Reverse(intake.last.number));
        self.why.left_out += all.len().saturating_sub(MAX_CONNECTIONS);
        for intake in all.iter().take(MAX_CONNECTIONS) {
            let remote = ends(&intake.descriptor).1;
            let text = words::received(thread, intake, remote);
            let object = object(&intake.descriptor);
            let step = self.add_new(up, StepKind::Connection, thread, object, text, intake.last);
            if let Some(step) = step.filter(|_| all.len() > 1) {
                let doubt = format!("one of {} connections that it had received data over", all.len());
                self.doubt(step, Some(doubt));
            }
        }
    }

    /// Files that it had read: those that come from somewhere in the trace, those that matter, and of a process that made
    /// something the others too.
    fn read_files(&mut self, answer: &ProcessAnswer, thread: &Thread, up: usize, decisive: bool) {
        let mut plain = 0;
        for (container, intake) in answer.files() {
            let path = &intake.descriptor.name;
            let until = Until {
                time: intake.last.time,
                number: intake.last.number,
            };
            let origin = self.questions.of_file(container, path, until);
            let known = origin.is_some_and(|origin| comes_from_elsewhere(origin, thread));
            let is_file = intake.descriptor.ty == DescriptorType::File;
            let matters = is_file && paths::sensitive_to_read(path).is_some();
            if !known && !matters {
                if !decisive || !is_file {
                    continue;
                }
                plain += 1;
                if plain > MAX_PLAIN {
                    self.why.left_out += 1;
                    continue;
                }
            }
            let text = words::read(thread, intake);
            let object = Object::File(path.clone());
            let step = self.add_new(up, StepKind::Read, thread, object, text, intake.last);
            let told = || self.told.get(&intake.last.number).copied();
            if let (Some(step), true) = (step.or_else(told), known) {
                self.next.push_back(Next::File(container, path.clone(), until, step));
            }
        }
    }

    /// The connection that a request came over, or where nothing was read the last one before.
    fn accepted(&mut self, answer: &ProcessAnswer, thread: &Thread, up: usize, served: &mut Served) {
        let (found, up, doubt) = match served {
            Some((name, step)) => {
                let found = answer
                    .accepted
                    .iter()
                    .rev()
                    .find(|(_, descriptor)| descriptor.name == *name);
                (found, *step, None)
            }
            None => {
                let count = answer.accepted.len() + answer.left_out;
                let doubt = (count > 1).then(|| format!("the last of {count} connections that it had accepted"));
                (answer.accepted.last(), up, doubt)
            }
        };
        let Some((mark, descriptor)) = found else { return };
        let text = words::accepted(thread, descriptor);
        if let Some(step) = self.add_new(up, StepKind::Accept, thread, object(descriptor), text, *mark) {
            self.doubt(step, doubt);
        }
        // Once accepted it came from outside.
        *served = None;
    }

    /// What the process had executed, the latest first. The step of the first one.
    fn executions(&mut self, answer: &ProcessAnswer, thread: &Thread, up: usize) -> usize {
        let mut up = up;
        let own = |(_, version): &&(Mark, Thread)| !version.is_container_runtime();
        let mut told = false;
        for (mark, version) in answer.executed.iter().rev().filter(own) {
            told = true;
            let text = words::executed(version);
            let object = Object::File(version.program().to_vec());
            let step = self.add_new(up, StepKind::Exec, version, object, text, *mark);
            let known = || self.told.get(&mark.number).copied();
            let Some(step) = step.or_else(known) else { return up };
            let until = Until {
                time: mark.time,
                number: mark.number,
            };
            for path in programs(version) {
                self.next
                    .push_back(Next::File(version.container, path.to_vec(), until, step));
            }
            up = step;
        }
        // Its event was not recorded, or was before the recording.
        let own = thread.exec_time >= thread.start && !thread.exepath.is_empty() && thread.exec_time > 0;
        if !told && own {
            let object = Object::File(thread.program().to_vec());
            let step = self.add(
                Some(up),
                StepKind::Exec,
                Some(thread),
                object,
                words::executed(thread),
                None,
            );
            if let Some(step) = step {
                self.at_time(step, thread.exec_time);
                return step;
            }
        }
        up
    }

    /// Where a file came from.
    fn file(&mut self, container: u64, path: &[u8], until: Until, up: usize) {
        let Some(answer) = self.questions.of_file(container, path, until) else {
            return;
        };
        if answer.is_empty() || !self.files.insert((container, path.to_vec(), until)) {
            return;
        }
        let answer = answer.clone();
        if let Some((actor, mode)) = &answer.executable {
            let text = format!(
                "{} made {} executable ({mode:04o})",
                who(&actor.thread),
                words::path(path)
            );
            let object = Object::File(path.to_vec());
            let mark = Some(actor.mark);
            let step = self.add(Some(up), StepKind::Chmod, Some(&actor.thread), object, text, mark);
            if let Some(step) = step {
                self.next.push_back(Next::Actor(actor.clone(), at(actor), step, false));
            }
        }
        let writers: Vec<&Writer> = wrote(&answer).collect();
        for writer in writers.iter().rev() {
            self.writer(writer, path, until, writers.len() + answer.more_writers, up);
        }
        if let Some((actor, from)) = &answer.renamed {
            let text = format!(
                "{} gave {} its name: it was {}",
                who(&actor.thread),
                words::path(path),
                words::path(from)
            );
            let object = Object::File(from.clone());
            let mark = Some(actor.mark);
            let step = self.add(Some(up), StepKind::Rename, Some(&actor.thread), object, text, mark);
            if let Some(step) = step {
                self.next.push_back(Next::Actor(actor.clone(), at(actor), step, false));
                self.next
                    .push_back(Next::File(container, from.clone(), at(actor), step));
            }
        }
    }

    fn writer(&mut self, writer: &Writer, path: &[u8], until: Until, count: usize, up: usize) {
        let thread = &writer.actor.thread;
        let text = words::wrote(thread, path, writer.bytes);
        let object = Object::File(path.to_vec());
        let step = self.add(Some(up), StepKind::Write, Some(thread), object, text, Some(writer.last));
        let Some(step) = step else { return };
        let lost = self
            .why
            .losses
            .iter()
            .any(|loss| loss.to >= writer.last.time && loss.from <= until.time);
        let doubt = match (count > 1, lost) {
            (true, _) => Some(format!("one of {count} processes that wrote it")),
            (false, true) => Some("events were lost after this: another process may have written it, too".to_owned()),
            (false, false) => None,
        };
        self.doubt(step, doubt);
        let until = Until {
            time: writer.last.time,
            number: writer.last.number,
        };
        self.next
            .push_back(Next::Actor(writer.actor.clone(), until, step, true));
    }

    /// How the first process that is known came to be where it is.
    fn entry(&mut self, thread: &Thread, above: Option<&Thread>, up: usize) {
        let text = words::entry(self.context, thread, above);
        let object = match thread.container {
            0 => Object::None,
            key => Object::Container(key),
        };
        let Some(step) = self.add(Some(up), StepKind::Entry, Some(thread), object, text, None) else {
            return;
        };
        self.at_time(step, thread.start);
        let container = self.context.container(thread.container);
        let exec = container.and_then(|container| exec_of(container, thread, std::iter::empty()));
        if let Some(exec) = exec {
            let (text, doubt) = words::asked(exec);
            let step = self.add(Some(step), StepKind::AskedBy, None, Object::None, text, None);
            if let Some(step) = step {
                self.at_time(step, exec.time);
                self.doubt(step, doubt);
            }
        }
    }

    /// The same for a process that ran before the recording began.
    fn entry_of_old(&mut self, thread: &Thread, up: usize) {
        if self.processes.insert((thread.pid, thread.start)) {
            let up = self.executions(&ProcessAnswer::default(), thread, up);
            self.entry(thread, None, up);
        }
    }
}

/// Who wrote a file: whoever only opened it does not count where somebody wrote.
fn wrote(answer: &FileAnswer) -> impl Iterator<Item = &Writer> {
    let any = answer.writers.iter().any(|writer| writer.bytes > 0);
    answer.writers.iter().filter(move |writer| writer.bytes > 0 || !any)
}

/// Whether anybody but the reader itself had to do with a file.
fn comes_from_elsewhere(origin: &FileAnswer, reader: &Thread) -> bool {
    origin.renamed.is_some() || wrote(origin).any(|writer| writer.actor.thread.pid != reader.pid)
}

fn is_inet(descriptor: &Descriptor) -> bool {
    matches!(descriptor.ty, DescriptorType::Ipv4 | DescriptorType::Ipv6)
}

fn is_server(descriptor: &Descriptor) -> bool {
    matches!(descriptor.role, Role::Server | Role::ForeignServer)
}

fn is_request(intake: &Intake) -> bool {
    intake.bytes > 0 && is_inet(&intake.descriptor) && is_server(&intake.descriptor)
}

fn is_client(intake: &Intake) -> bool {
    let remote = ends(&intake.descriptor).1;
    intake.bytes > 0
        && is_inet(&intake.descriptor)
        && !is_server(&intake.descriptor)
        && remote.is_some_and(|remote| remote.port() != DNS_PORT || intake.descriptor.l4 == L4Proto::Tcp)
}

fn object(descriptor: &Descriptor) -> Object {
    let name = descriptor.name.clone();
    match descriptor.tuple {
        Some(_) => {
            let (local, remote) = ends(descriptor);
            Object::Connection { name, local, remote }
        }
        None if name.is_empty() => Object::None,
        None => Object::File(name),
    }
}

/// Puts the most recent first; what a step explains stands before it.
fn put_in_order(steps: &mut Vec<Step>) {
    // Clocks and crafted files do what they like: what explains a step is not later than it.
    let mut times: Vec<u64> = Vec::with_capacity(steps.len());
    for step in steps.iter() {
        let above = step.parent.and_then(|parent| times.get(parent)).copied();
        times.push(step.time.min(above.unwrap_or(u64::MAX)));
    }
    let mut order: Vec<usize> = (0..steps.len()).collect();
    order.sort_by_key(|at| (Reverse(times[*at]), *at));
    let mut places = vec![0; steps.len()];
    for (place, at) in order.iter().enumerate() {
        places[*at] = place;
    }
    let mut sorted: Vec<Step> = order.iter().map(|at| steps[*at].clone()).collect();
    for step in &mut sorted {
        step.parent = step.parent.map(|parent| places[parent]);
    }
    *steps = sorted;
}
