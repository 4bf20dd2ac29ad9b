//! Why did this happen? From one event back to where it came from, in the manner of BackTracker (King and Chen, 2003): the
//! process, what it executed and who wrote that, what it had read before, who started it, and so on, always backwards in
//! time, up to the entry of the container and the request that a server had taken.
//!
//! Nothing is followed from the first byte: each round asks the trace what the processes and files of the round before had
//! done until the moment that matters ([`ask`](self::ask)), with all CPUs and only the columns that this needs. In the end
//! the answers are told as a tree ([`tell`](self::tell)). Memory is bounded by the number of questions.

mod answers;
mod ask;
mod facts;
mod questions;
mod tell;
mod words;

use crate::losses::losses;
use crate::position::Position;
use crate::row::{EventRow, SegmentRows, TraceContext};
use afterimage_format::Error;
use afterimage_format::file::Trace;
use afterimage_format::model::{Loss, Thread};
use facts::Actor;
use questions::{Questions, Until};
use std::net::SocketAddr;

/// Why an event happened.
#[derive(Debug, Default)]
pub struct Why {
    /// The event, and what led to it: the most recent first. Each names the one that it explains, which stands before it.
    pub steps: Vec<Step>,
    /// Processes, files and steps that were not followed because there were too many.
    pub left_out: usize,
    /// Losses while recording before the event: what led to it may be among what was lost.
    pub losses: Vec<Loss>,
    /// Damage met; what lay there is not known.
    pub damage: Vec<Error>,
}

impl Why {
    /// The steps as a tree for a person: places in `steps`, each behind the one that it explains, with how far it is set in.
    /// The way from a process to who started it is not set in; what else led there stands before it.
    pub fn tree(&self) -> Vec<(usize, usize)> {
        let mut below: Vec<Vec<usize>> = vec![Vec::new(); self.steps.len()];
        let mut open = Vec::new();
        for (at, step) in self.steps.iter().enumerate() {
            match step.parent.and_then(|parent| below.get_mut(parent)) {
                Some(siblings) => siblings.push(at),
                None => open.push((at, 0)),
            }
        }
        open.reverse();
        let mut out = Vec::with_capacity(self.steps.len());
        while let Some((at, depth)) = open.pop() {
            out.push((at, depth));
            let (trunk, branches): (Vec<usize>, Vec<usize>) =
                below[at].iter().partition(|child| self.steps[**child].kind.is_trunk());
            open.extend(trunk.into_iter().rev().map(|child| (child, depth)));
            open.extend(branches.into_iter().rev().map(|child| (child, depth + 1)));
        }
        out
    }
}

/// One step on the way to an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Nanoseconds since 1970; 0: not known.
    pub time: u64,
    /// What it is.
    pub kind: StepKind,
    /// Who did it; nothing where it is not known.
    pub subject: Option<Subject>,
    /// What it was done to.
    pub object: Object,
    /// All of it in one line for a person, escaped.
    pub text: String,
    /// The event that shows it; nothing where the trace knows it by other means.
    pub event: Option<Happened>,
    /// Why it is only likely to be what led to the step it explains; nothing where it is certain.
    pub doubt: Option<String>,
    /// The step that it explains, by its place in [`Why::steps`]; nothing for the event itself.
    pub parent: Option<usize>,
}

/// What a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// The event that was asked about.
    Event,
    /// A process was started by another one.
    Process,
    /// A program was executed.
    Exec,
    /// A file (or pipe) was written.
    Write,
    /// A file got its name from another one.
    Rename,
    /// A file was made executable.
    Chmod,
    /// A file was read, or opened to be read.
    Read,
    /// Data was received over a connection that the process made.
    Connection,
    /// Data was received over a connection that a server had accepted.
    Request,
    /// A connection was accepted.
    Accept,
    /// How the first process came to be where it was: the beginning of the container, or a way into it.
    Entry,
    /// Who asked Kubernetes for it.
    AskedBy,
}

impl StepKind {
    /// Whether it is on the way from a process to who started it.
    fn is_trunk(self) -> bool {
        use StepKind::{AskedBy, Entry, Event, Exec, Process};
        matches!(self, Event | Exec | Process | Entry | AskedBy)
    }

    /// One word for tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            StepKind::Event => "event",
            StepKind::Process => "process",
            StepKind::Exec => "exec",
            StepKind::Write => "write",
            StepKind::Rename => "rename",
            StepKind::Chmod => "chmod",
            StepKind::Read => "read",
            StepKind::Connection => "connection",
            StepKind::Request => "request",
            StepKind::Accept => "accept",
            StepKind::Entry => "entry",
            StepKind::AskedBy => "asked-by",
        }
    }
}

/// A process as it was at a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Process id on the host.
    pub pid: u32,
    /// Thread id on the host.
    pub tid: u32,
    /// [`Thread::life`] of the thread, which is never used again.
    pub life: u64,
    /// Birth of the thread, nanoseconds since 1970; 0: unknown.
    pub start: u64,
    /// `comm`, as captured.
    pub name: Vec<u8>,
    /// Its command line, quoted and escaped.
    pub command: String,
    /// Effective user id; `u32::MAX`: unknown.
    pub uid: u32,
    /// [`afterimage_format::model::Container::key`]; 0: none.
    pub container: u64,
}

impl Subject {
    fn of(thread: &Thread) -> Subject {
        Subject {
            pid: thread.pid,
            tid: thread.tid,
            life: thread.life,
            start: thread.start,
            name: thread.comm.to_vec(),
            command: super::command_line(&super::Program::of(thread)),
            uid: thread.uid,
            container: thread.container,
        }
    }
}

/// What a step was done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Object {
    /// Nothing that has a name.
    None,
    /// A file or pipe, as captured.
    File(Vec<u8>),
    /// A connection.
    Connection {
        /// `fd.name`, which finds both ends.
        name: Vec<u8>,
        /// The end of the subject.
        local: Option<SocketAddr>,
        /// The other end.
        remote: Option<SocketAddr>,
    },
    /// The container with this key.
    Container(u64),
}

/// An event and its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Happened {
    /// `evt.num`
    pub number: u64,
    /// Where it is.
    pub position: Position,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum WhyError {
    /// There is no such event.
    #[error("there is no such event in the trace")]
    NoSuchEvent,
    /// What happened to a cgroup or the machine has no process.
    #[error("no process did this: it is nothing that another event could have led to")]
    NoProcess,
    /// Whoever asked does not want to know any more.
    #[error("cancelled")]
    Cancelled,
    /// The segment of the event cannot be read.
    #[error(transparent)]
    Damage(#[from] Error),
}

/// Why the event at `at` happened. `cancelled` is asked for every segment that is read.
///
/// # Errors
/// Where there is no such event or no process did it, and once `cancelled` says so.
pub fn why(trace: &Trace, context: &TraceContext, at: Position, cancelled: &dyn Fn() -> bool) -> Result<Why, WhyError> {
    if at.segment >= trace.segment_count() {
        return Err(WhyError::NoSuchEvent);
    }
    let segment = trace.segment(at.segment)?;
    if at.row >= segment.rows() {
        return Err(WhyError::NoSuchEvent);
    }
    let rows = SegmentRows::new(context, segment);
    let row = EventRow::new(&rows, at.row);
    let actor = Actor::of(&row, at.segment).ok_or(WhyError::NoProcess)?;
    // With the event itself: an execution is explained by its file, a read by what is read.
    let until = Until {
        time: actor.mark.time,
        number: actor.mark.number.saturating_add(1),
    };
    let mut why = Why::default();
    let mut questions = Questions::default();
    questions.actor(&actor, until);
    ask::answer_all(trace, context, &mut questions, &mut why, cancelled)?;
    let time = i64::try_from(actor.mark.time).ok();
    let lost = losses(trace, None, time);
    why.losses = lost.records;
    why.damage.extend(lost.damage);
    why.damage.extend(rows.take_damage());
    tell::tell(&questions, context, &row, &actor, until, &mut why);
    Ok(why)
}
