//! Events to lines: the loop over a trace, and what every line needs.

use super::Options;
use super::action::{Action, action};
use super::alive::alive_at;
use super::files::{FileId, Files};
use super::happening::Happening;
use super::lines::entry;
use super::registry::Registry;
use super::state::{DraftId, TakenIn};
use super::story::{Entry, ProcessId, What, Who};
use crate::row::{EventRow, SegmentRows, TraceContext};
use afterimage_format::Error;
use afterimage_format::file::Trace;
use afterimage_format::model::Thread;
use afterimage_format::segment::Zone;
use hashbrown::HashMap;
use std::rc::Rc;

/// A line that is being put together.
pub(super) struct Draft {
    pub(super) entry: Entry,
    /// [`afterimage_format::model::Container::key`]
    pub(super) container: u64,
    /// Whether an event of it passed the filter.
    pub(super) wanted: bool,
    /// Whether it is left out because another line tells the same.
    pub(super) hidden: bool,
    /// The file that it is about.
    pub(super) file: Option<FileId>,
    /// What the program had taken in when it last wrote or sent.
    pub(super) taken_in: Rc<Vec<TakenIn>>,
}

/// Counts of a chapter.
#[derive(Default)]
pub(super) struct Count {
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) events: u64,
    pub(super) folded: u64,
    /// The line that counts what the runtime does, while it does.
    pub(super) set_up: Option<DraftId>,
    /// Whether a program was seen to run.
    pub(super) has_program: bool,
}

/// The story while it is put together.
pub(super) struct Builder<'o> {
    pub(super) options: &'o Options<'o>,
    pub(super) context: &'o TraceContext,
    /// Requests to Kubernetes' API server that were told, by container.
    pub(super) asked_lines: HashMap<u64, u64>,
    pub(super) registry: Registry,
    pub(super) files: Files,
    pub(super) drafts: Vec<Draft>,
    pub(super) counts: HashMap<u64, Count>,
    /// Lines of connections, by [`super::network`]'s key.
    pub(super) connections: HashMap<(Option<ProcessId>, u64), DraftId>,
    pub(super) damage: Vec<Error>,
    /// Names that were looked up over a connection, by its line.
    pub(super) lookups: HashMap<DraftId, Vec<Vec<u8>>>,
    /// First line that went over a connection and whether the other side said it, by its line.
    pub(super) first_lines: HashMap<DraftId, (bool, Vec<u8>)>,
    /// Other processes that used a connection, by its line.
    pub(super) users: HashMap<DraftId, Vec<Who>>,
    /// First and last line of an execution, by process; filled in the end.
    pub(super) images: HashMap<ProcessId, (DraftId, DraftId)>,
    /// Begin of the span, nanoseconds since 1970.
    first: u64,
}

impl<'o> Builder<'o> {
    pub(super) fn new(options: &'o Options<'o>, context: &'o TraceContext, first: u64) -> Builder<'o> {
        Builder {
            options,
            context,
            asked_lines: HashMap::new(),
            registry: Registry::default(),
            files: Files::default(),
            drafts: Vec::new(),
            counts: HashMap::new(),
            connections: HashMap::new(),
            damage: Vec::new(),
            lookups: HashMap::new(),
            first_lines: HashMap::new(),
            users: HashMap::new(),
            images: HashMap::new(),
            first,
        }
    }

    /// Reads all events of the span.
    pub(super) fn read(&mut self, trace: &Trace) {
        self.running(trace);
        for (at, entry) in trace.entries() {
            if entry.as_ref().is_ok_and(|entry| !self.concerns(&entry.zone)) {
                continue;
            }
            let segment = match entry.and_then(|_| trace.segment(at)) {
                Ok(segment) => segment,
                Err(error) => {
                    self.damage.push(error);
                    continue;
                }
            };
            let rows = SegmentRows::new(self.context, segment);
            self.read_segment(&rows);
            self.damage.extend(rows.take_damage());
        }
    }

    /// Whether a segment can hold events of the span and the containers asked for.
    fn concerns(&self, zone: &Zone) -> bool {
        let before = self
            .options
            .from
            .is_some_and(|from| i128::from(zone.time_max) < i128::from(from));
        let after = self
            .options
            .to
            .is_some_and(|to| i128::from(zone.time_min) > i128::from(to));
        zone.rows > 0 && !before && !after && zone.containers.iter().any(|count| self.options.is_asked_for(count.key))
    }

    fn read_segment(&mut self, rows: &SegmentRows<'_>) {
        let segment = rows.segment();
        let actions: Vec<Action> = segment.kinds().iter().map(action).collect();
        let (Ok(kinds), Ok(versions)) = (segment.kind_indexes(), segment.thread_indexes()) else {
            return self
                .damage
                .extend(segment.kind_indexes().and(segment.thread_indexes()).err());
        };
        // Which process each thread version of this segment belongs to, once it has been looked up.
        let mut processes: Vec<Option<ProcessId>> = Vec::new();
        for index in 0..segment.rows() {
            let row = EventRow::new(rows, index);
            let Some(thread) = row.thread() else { continue };
            let time = row.time();
            let outside =
                self.options.from.is_some_and(|from| time < from) || self.options.to.is_some_and(|to| time > to);
            if outside || !self.options.is_asked_for(thread.container) {
                continue;
            }
            let time = u64::try_from(time).unwrap_or(0);
            self.count(thread.container, time);
            // Events of a cgroup have no process: the container's life is told from what is known in the end.
            if thread.pid == 0 {
                if row.kind().is_some_and(|kind| kind.name == "k8s_audit") {
                    self.asked(row, time, thread.container);
                }
                continue;
            }
            let wanted = self.options.filter.is_none_or(|filter| filter.matches(&row));
            let at = versions
                .get(index)
                .and_then(|at| usize::try_from(*at).ok())
                .unwrap_or(usize::MAX);
            let known = processes.get(at).copied().flatten();
            let process = match known {
                Some(process) => process,
                None => {
                    let (process, is_new) = self.registry.of(thread, &|id| rows.thread(id));
                    let happening = Happening {
                        row,
                        time,
                        thread,
                        process,
                        wanted,
                    };
                    self.version(&happening, is_new);
                    if processes.len() <= at && at != usize::MAX {
                        processes.resize(at + 1, None);
                    }
                    if let Some(place) = processes.get_mut(at) {
                        *place = Some(process);
                    }
                    process
                }
            };
            let happening = Happening {
                row,
                time,
                thread,
                process,
                wanted,
            };
            let action = kinds
                .get(index)
                .and_then(|kind| actions.get(usize::try_from(*kind).ok()?));
            self.happen(&happening, action.copied().unwrap_or(Action::None));
        }
    }

    fn count(&mut self, container: u64, time: u64) {
        let count = self.counts.entry(container).or_insert_with(|| Count {
            first: time,
            ..Count::default()
        });
        count.first = count.first.min(time);
        count.last = count.last.max(time);
        count.events += 1;
    }

    /// What ran already when the span began.
    fn running(&mut self, trace: &Trace) {
        let first = self.first.max(u64::try_from(self.context.first()).unwrap_or(0));
        let mut alive = alive_at(trace, first);
        self.damage.append(&mut alive.damage);
        // A command that is about to be executed has no name yet.
        alive
            .processes
            .retain(|thread| thread.start < self.first && !thread.comm.is_empty());
        alive
            .processes
            .retain(|thread| self.options.is_asked_for(thread.container));
        // Parents come before their children.
        alive.processes.sort_by_key(|thread| (thread.start, thread.pid));
        let by_id: HashMap<u64, &Thread> = alive.processes.iter().map(|thread| (thread.id, thread)).collect();
        let mut running: HashMap<u64, Vec<Who>> = HashMap::new();
        for thread in &alive.processes {
            let (process, _) = self.registry.of(thread, &|id| by_id.get(&id).copied());
            let state = self.registry.state(process);
            (state.exec_time, state.credentials) = (thread.exec_time, Some((thread.uid, thread.gid)));
            // Threads of the kernel execute no file.
            if !thread.exepath.is_empty() || !thread.exe.is_empty() {
                let name = thread.comm.to_vec();
                running.entry(thread.container).or_default().push(Who { process, name });
            }
        }
        if self.options.filter.is_none() {
            for (container, all) in running {
                self.add(entry(self.first, What::Running(all)), container, true);
            }
        }
    }

    fn happen(&mut self, at: &Happening<'_>, action: Action) {
        if self.registry.process(at.process).runtime && !self.options.all {
            if matches!(action, Action::Exit) {
                self.exit(at);
            }
            return self.set_up(at);
        }
        match action {
            Action::None => {}
            Action::Execute => self.execute(at),
            Action::Exit => self.exit(at),
            Action::Open => self.open(at),
            Action::Move { write, data } => self.data_moved(at, write, data),
            Action::Messages { write } => self.messages_moved(at, write),
            Action::Transfer { from, to } => self.transfer(at, from, to),
            Action::Map { fd } => self.map(at, fd),
            Action::Duplicate => self.duplicate(at),
            Action::Fcntl => self.fcntl(at),
            Action::Close => self.close(at),
            Action::Path { op, path, to } => self.path(at, op, path, to),
            Action::Descriptor(op) => self.descriptor(at, op),
            Action::Connect => self.connect(at),
            Action::Accept => self.accept(at),
            Action::Listen => self.listen(at),
            Action::Bind => self.bind(at),
            Action::Credentials => self.refused_credentials(at),
            Action::Signal { thread } => self.signal(at, thread),
            Action::Trace => self.trace(at),
            Action::Mount => self.mount(at),
            Action::Call => self.call(at),
        }
    }

    /// The container runtime is at work in the container.
    fn set_up(&mut self, at: &Happening<'_>) {
        let container = at.thread.container;
        let of_process = self.registry.state(at.process).set_up;
        let known = of_process.or_else(|| self.counts.get(&container).and_then(|count| count.set_up));
        let draft = match known {
            Some(draft) => {
                self.again(draft, at);
                draft
            }
            None => self.new_line(at, What::SetUp),
        };
        self.registry.state(at.process).set_up = Some(draft);
        if of_process.is_none() {
            self.counts.entry(container).or_default().set_up = Some(draft);
        }
    }

    /// Begin of the span.
    pub(super) fn first(&self) -> u64 {
        self.first
    }
}
