//! What is asked of the trace: what a process had done, and what had become of a file, until a moment.

use super::answers::{Answer, FileAnswer, ProcessAnswer};
use super::facts::Actor;
use crate::reconstruct::paths;
use afterimage_format::model::{DescriptorType, Thread};
use hashbrown::HashMap;

/// Questions about processes, and about files. What is beyond is counted.
const MAX_PROCESSES: usize = 96;
/// See [`MAX_PROCESSES`].
const MAX_FILES: usize = 256;
/// Files that are followed of what one process took in: the latest.
const MAX_READ: usize = 16;

/// A moment: nothing after this time, and no event with this number or a higher one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Until {
    pub(super) time: u64,
    pub(super) number: u64,
}

impl Until {
    /// The birth of a process: what its parent did before.
    pub(super) fn birth(of: &Thread) -> Until {
        Until {
            time: of.start,
            number: u64::MAX,
        }
    }

    pub(super) fn covers(self, number: u64, time: u64) -> bool {
        number < self.number && time <= self.time
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Question {
    /// What a process did.
    Process {
        pid: u32,
        /// Not before this time, when it was born: the number may have been another's.
        born: u64,
        until: Until,
    },
    /// Who wrote a file, made it executable, gave it its name.
    File {
        container: u64,
        path: Vec<u8>,
        until: Until,
    },
}

impl Question {
    /// About a process until a moment.
    pub(super) fn process(thread: &Thread, until: Until) -> Question {
        // A thread is younger than its process, which is as old as what it executes.
        let born = match thread.is_main() {
            true => thread.start,
            false => thread.exec_time.min(thread.start),
        };
        Question::Process {
            pid: thread.pid,
            born,
            until,
        }
    }

    pub(super) fn until(&self) -> Until {
        match self {
            Question::Process { until, .. } | Question::File { until, .. } => *until,
        }
    }
}

/// All questions with their answers, those that are still open last.
#[derive(Default)]
pub(super) struct Questions {
    pub(super) all: Vec<(Question, Answer)>,
    by_question: HashMap<Question, usize>,
    /// So many from the first on are answered.
    pub(super) answered: usize,
    processes: usize,
    files: usize,
    /// What was not asked because there was too much.
    pub(super) left_out: usize,
}

impl Questions {
    /// What has to be known about who did something at a moment: itself and its ancestors, each until it started the next.
    pub(super) fn actor(&mut self, actor: &Actor, until: Until) {
        self.ask(Question::process(&actor.thread, until));
        let mut child = &actor.thread;
        for parent in &actor.ancestors {
            if parent.container != actor.thread.container || parent.is_container_runtime() || child.start == 0 {
                break;
            }
            self.ask(Question::process(parent, Until::birth(child)));
            child = parent;
        }
    }

    /// What follows from an answer.
    pub(super) fn follow(&mut self, at: usize) {
        let Some((question, answer)) = self.all.get(at) else {
            return;
        };
        match answer.clone() {
            Answer::Process(answer) => self.follow_process(&answer),
            Answer::File(answer) => {
                let (container, path) = match question {
                    Question::File { container, path, .. } => (*container, path.clone()),
                    Question::Process { .. } => return,
                };
                self.follow_file(&answer, container, &path);
            }
        }
    }

    fn follow_process(&mut self, answer: &ProcessAnswer) {
        for (mark, thread) in &answer.executed {
            let until = Until {
                time: mark.time,
                number: mark.number,
            };
            for path in programs(thread) {
                self.file(thread.container, path, until);
            }
        }
        for (container, intake) in answer.files().take(MAX_READ) {
            let until = Until {
                time: intake.last.time,
                number: intake.last.number,
            };
            self.file(container, &intake.descriptor.name, until);
        }
        self.left_out += answer.files().count().saturating_sub(MAX_READ);
    }

    fn follow_file(&mut self, answer: &FileAnswer, container: u64, path: &[u8]) {
        for writer in &answer.writers {
            let until = Until {
                time: writer.last.time,
                number: writer.last.number,
            };
            self.actor(&writer.actor, until);
        }
        if let Some((actor, _)) = &answer.executable {
            self.actor(actor, at(actor));
        }
        if let Some((actor, from)) = answer.renamed.as_ref().filter(|(_, from)| from != path) {
            self.actor(actor, at(actor));
            self.file(container, from, at(actor));
        }
    }

    fn file(&mut self, container: u64, path: &[u8], until: Until) {
        if path.is_empty() {
            return;
        }
        self.ask(Question::File {
            container,
            path: path.to_vec(),
            until,
        });
    }

    fn ask(&mut self, question: Question) {
        if self.by_question.contains_key(&question) {
            return;
        }
        let (count, most, answer) = match question {
            Question::Process { .. } => (&mut self.processes, MAX_PROCESSES, Answer::Process(Default::default())),
            Question::File { .. } => (&mut self.files, MAX_FILES, Answer::File(Default::default())),
        };
        if *count >= most {
            self.left_out += 1;
            return;
        }
        *count += 1;
        self.by_question.insert(question.clone(), self.all.len());
        self.all.push((question, answer));
    }

    /// What is known of a process until a moment.
    pub(super) fn of_process(&self, thread: &Thread, until: Until) -> Option<&ProcessAnswer> {
        match &self
            .all
            .get(*self.by_question.get(&Question::process(thread, until))?)?
            .1
        {
            Answer::Process(answer) => Some(answer),
            Answer::File(_) => None,
        }
    }

    /// What is known of a file until a moment.
    pub(super) fn of_file(&self, container: u64, path: &[u8], until: Until) -> Option<&FileAnswer> {
        let question = Question::File {
            container,
            path: path.to_vec(),
            until,
        };
        match &self.all.get(*self.by_question.get(&question)?)?.1 {
            Answer::File(answer) => Some(answer),
            Answer::Process(_) => None,
        }
    }
}

/// The moment at which an actor acted.
pub(super) fn at(actor: &Actor) -> Until {
    Until {
        time: actor.mark.time,
        number: actor.mark.number,
    }
}

/// The files that an execution is of: of a script, itself and its interpreter.
pub(super) fn programs(thread: &Thread) -> impl Iterator<Item = &[u8]> {
    let both = [&thread.program()[..], &thread.exepath[..]];
    let count = if both[0] == both[1] { 1 } else { 2 };
    both.into_iter().take(count)
}

/// Whether a file that was taken in can say anything about what its reader did then.
pub(super) fn tells(ty: DescriptorType, path: &[u8]) -> bool {
    match ty {
        DescriptorType::File => !paths::is_noise(path) || paths::sensitive_to_read(path).is_some(),
        DescriptorType::Pipe => !path.is_empty(),
        _ => false,
    }
}
