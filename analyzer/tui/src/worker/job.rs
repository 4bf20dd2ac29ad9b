//! The work of a whole screen.

use super::{Opened, events, follow, groups, overview, sessions, spectrum, tree, why};
use crate::message::{Answer, Job, Message};
use afterimage_query::scan::{Outcome, Progress};
use afterimage_query::{Filter, Query};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Time between two messages of a job, so that drawing does not take what the work needs.
const PAUSE: Duration = Duration::from_millis(100);

/// A job that is to be done.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    /// Its number.
    pub(crate) generation: u64,
    /// Which events it is about.
    pub(crate) filter: String,
    /// And from when to when.
    pub(crate) span: Option<(i64, i64)>,
    /// What is done.
    pub(crate) job: Job,
}

/// Does a job and sends what it comes to, until the end or until `stopped`.
pub(crate) fn perform(opened: &Opened, task: &Task, stopped: &dyn Fn() -> bool, send: &mut dyn FnMut(Message)) {
    let work = Work {
        opened,
        task,
        stopped,
        segments: Segments::default(),
    };
    let filter = match work.compile(&task.filter) {
        Ok(filter) => filter,
        // It was checked before; should that ever differ, an empty answer with the reason is the honest one.
        Err(error) => return send(work.message(Answer::Nothing, Some(error), true)),
    };
    let query = work.query(filter.as_ref());
    match task.job {
        Job::Events => events::find(&work, &query, send),
        Job::Groups(view) => groups::put_together(&work, view, &query, send),
        Job::Overview => overview::look(&work, &query, send),
        Job::Follow(from) => follow::follow(&work, from, send),
        Job::Sessions => sessions::list(&work, send),
        Job::Replay(number) => sessions::replay(&work, number, send),
        Job::Spectrum => spectrum::look(&work, &query, send),
        Job::Tree(time) => tree::look(&work, time, send),
        Job::Why(position) => why::ask(&work, position, send),
    }
}

/// A job with what it needs.
pub(super) struct Work<'w> {
    pub(super) opened: &'w Opened,
    pub(super) task: &'w Task,
    stopped: &'w dyn Fn() -> bool,
    segments: Segments,
}

/// Segments that are done.
#[derive(Default)]
pub(super) struct Segments(AtomicU64);

impl Segments {
    /// How many.
    pub(super) fn done(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Progress for Segments {
    fn segments(&self, done: usize) {
        self.0.fetch_max(done as u64, Ordering::Relaxed);
    }

    fn done(&self) {}
}

impl<'w> Work<'w> {
    /// Compiles a filter; nothing where it is empty.
    pub(super) fn compile(&self, text: &str) -> Result<Option<Filter>, String> {
        match text {
            "" => Ok(None),
            text => Filter::compile(text, &self.opened.context().settings())
                .map(Some)
                .map_err(|error| error.to_string()),
        }
    }

    /// A query for what passes a filter in the time of the task.
    pub(super) fn query<'q>(&'q self, filter: Option<&'q Filter>) -> Query<'q> {
        Query {
            filter,
            from: self.task.span.map(|(from, _)| from),
            to: self.task.span.map(|(_, to)| to),
            limit: None,
            progress: Some(&self.segments),
        }
    }

    /// Whether to go on.
    pub(super) fn flow(&self) -> ControlFlow<()> {
        match (self.stopped)() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    /// A message about how far it has come.
    pub(super) fn message(&self, answer: Answer, damage: Option<String>, ended: bool) -> Message {
        let of = self.opened.trace().segment_count() as u64;
        let done = match ended {
            true => of,
            false => Segments::done(&self.segments),
        };
        Message::Job {
            generation: self.task.generation,
            answer,
            done: (done, of),
            damage,
            ended,
        }
    }

    /// The last message, unless the job was stopped.
    pub(super) fn end(&self, answer: Answer, outcome: &Outcome, send: &mut dyn FnMut(Message)) {
        if self.flow().is_continue() {
            let damage = outcome
                .damage
                .first()
                .map(|error| super::text::cut(error.to_string().as_bytes(), 512));
            send(self.message(answer, damage, true));
        }
    }
}

/// Says when it is time for another message.
pub(super) struct Pace(Instant);

impl Pace {
    /// The first one may be sent soon: some results at once are worth more than all of them later.
    pub(super) fn new() -> Pace {
        Pace(Instant::now() + Duration::from_millis(30))
    }

    pub(super) fn is_due(&mut self) -> bool {
        let now = Instant::now();
        let due = now >= self.0;
        if due {
            self.0 = now + PAUSE;
        }
        due
    }
}
