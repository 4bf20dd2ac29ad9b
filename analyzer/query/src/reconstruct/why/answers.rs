//! What the trace said, with a bound on how much of it is kept.

use super::facts::{Actor, FileFact, Intake, Mark, ProcessFact};
use super::questions::tells;
use afterimage_format::model::{Descriptor, Thread};

/// Executions, things taken in and accepted connections that are kept of one process: the latest.
const MAX_EXECUTED: usize = 16;
/// See [`MAX_EXECUTED`].
const MAX_TAKEN_IN: usize = 96;
/// See [`MAX_EXECUTED`].
const MAX_ACCEPTED: usize = 64;
/// Writers that are kept of one file: the latest.
const MAX_WRITERS: usize = 3;

/// An answer.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Process(ProcessAnswer),
    File(FileAnswer),
}

/// What a process had done.
#[derive(Debug, Clone, Default)]
pub(super) struct ProcessAnswer {
    pub(super) container: u64,
    pub(super) born: Option<Mark>,
    /// Oldest first.
    pub(super) executed: Vec<(Mark, Thread)>,
    /// By descriptor; in no order.
    pub(super) taken_in: Vec<Intake>,
    /// Oldest first.
    pub(super) accepted: Vec<(Mark, Descriptor)>,
    /// What was taken in or accepted and is not kept.
    pub(super) left_out: usize,
}

/// What had become of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct FileAnswer {
    /// Oldest first.
    pub(super) writers: Vec<Writer>,
    /// Writers that are not kept.
    pub(super) more_writers: usize,
    pub(super) executable: Option<(Box<Actor>, i64)>,
    pub(super) renamed: Option<(Box<Actor>, Vec<u8>)>,
}

/// Who wrote a file.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    pub(super) actor: Box<Actor>,
    pub(super) last: Mark,
    pub(super) bytes: u64,
}

impl ProcessAnswer {
    pub(super) fn add(&mut self, container: u64, fact: ProcessFact) {
        self.container = container;
        match fact {
            ProcessFact::Born(mark) => self.born = self.born.or(Some(mark)),
            ProcessFact::Executed(mark, thread) => {
                self.executed.push((mark, *thread));
                if self.executed.len() > MAX_EXECUTED {
                    // The first one says how it began.
                    self.executed.remove(1);
                    self.left_out += 1;
                }
            }
            ProcessFact::Accepted(mark, descriptor) => {
                self.accepted.push((mark, *descriptor));
                if self.accepted.len() > MAX_ACCEPTED {
                    self.accepted.remove(0);
                }
            }
            ProcessFact::TookIn(intake) => {
                let same = |known: &&mut Intake| {
                    known.descriptor.id == intake.descriptor.id || known.descriptor.name == intake.descriptor.name
                };
                match self.taken_in.iter_mut().find(same) {
                    Some(known) => known.add(*intake),
                    None => self.taken_in.push(*intake),
                }
                if self.taken_in.len() > MAX_TAKEN_IN {
                    let oldest = self
                        .taken_in
                        .iter()
                        .enumerate()
                        .min_by_key(|(_, known)| known.last.number);
                    if let Some((at, _)) = oldest {
                        self.taken_in.swap_remove(at);
                        self.left_out += 1;
                    }
                }
            }
        }
    }

    /// Files and pipes that were taken in and may matter, the latest first, with the container.
    pub(super) fn files(&self) -> impl Iterator<Item = (u64, &Intake)> {
        let is_own = |path: &[u8]| {
            let mut own = self
                .executed
                .iter()
                .flat_map(|(_, thread)| super::questions::programs(thread));
            own.any(|own| own == path)
        };
        let mut all: Vec<&Intake> = self
            .taken_in
            .iter()
            .filter(|intake| tells(intake.descriptor.ty, &intake.descriptor.name))
            // The execution tells of it already.
            .filter(|intake| !is_own(&intake.descriptor.name))
            .collect();
        all.sort_by_key(|intake| std::cmp::Reverse(intake.last.number));
        let container = self.container;
        all.into_iter().map(move |intake| (container, intake))
    }
}

impl FileAnswer {
    pub(super) fn add(&mut self, fact: FileFact) {
        match fact {
            FileFact::Wrote {
                actor,
                last,
                bytes,
                emptied,
            } => {
                if emptied {
                    self.writers.clear();
                    self.more_writers = 0;
                }
                let known = self.writers.iter().position(|w| w.actor.thread.pid == actor.thread.pid);
                let mut writer = Writer { actor, last, bytes };
                if let Some(known) = known {
                    let before = self.writers.remove(known);
                    writer.bytes = writer.bytes.saturating_add(before.bytes);
                    // It stands where the data went, not where a shell opened the file for a program.
                    if before.bytes > 0 {
                        writer.actor = before.actor;
                    }
                }
                self.writers.push(writer);
                if self.writers.len() > MAX_WRITERS {
                    self.writers.remove(0);
                    self.more_writers += 1;
                }
            }
            FileFact::Chmod(actor, mode) => self.executable = Some((actor, mode)),
            FileFact::Renamed(actor, from) => {
                *self = FileAnswer {
                    renamed: Some((actor, from)),
                    ..FileAnswer::default()
                }
            }
            FileFact::Gone => *self = FileAnswer::default(),
        }
    }

    /// Whether the trace knows nothing of where it came from.
    pub(super) fn is_empty(&self) -> bool {
        self.writers.is_empty() && self.executable.is_none() && self.renamed.is_none()
    }
}
