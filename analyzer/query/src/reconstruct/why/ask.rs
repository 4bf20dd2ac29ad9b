//! Rounds of questions: one scan answers all that are open, and the answers raise the next ones.

use super::answers::Answer;
use super::facts::{Actor, FileFact, Intake, Mark, ProcessFact, text_line};
use super::questions::{Question, Questions};
use super::{Why, WhyError};
use crate::eval::{Row as _, Value};
use crate::fields::{EvtField, FieldArg, FieldId, FsField};
use crate::lang::escape;
use crate::position::Position;
use crate::row::{EventRow, TraceContext};
use crate::scan::scan_pieces;
use crate::{Filter, Hits, Query};
use afterimage_format::file::Trace;
use afterimage_format::model::{self, Category, Descriptor};
use hashbrown::HashMap;
use std::fmt::Write as _;
use std::ops::ControlFlow;

/// So far back: from a file to its writer is one, from this to what it had read is another one.
const MAX_ROUNDS: usize = 16;
const O_TRUNC: i64 = 0o1000;

/// Answers all questions, and those that the answers raise.
pub(super) fn answer_all(
    trace: &Trace,
    context: &TraceContext,
    questions: &mut Questions,
    why: &mut Why,
    cancelled: &dyn Fn() -> bool,
) -> Result<(), WhyError> {
    for _ in 0..MAX_ROUNDS {
        let open = questions.answered..questions.all.len();
        if open.is_empty() {
            break;
        }
        round(trace, context, questions, why, cancelled)?;
        questions.answered = open.end;
        open.for_each(|at| questions.follow(at));
    }
    why.left_out += questions.left_out + questions.all.len() - questions.answered;
    Ok(())
}

/// One scan for all open questions.
fn round(
    trace: &Trace,
    context: &TraceContext,
    questions: &mut Questions,
    why: &mut Why,
    cancelled: &dyn Fn() -> bool,
) -> Result<(), WhyError> {
    let first = questions.answered;
    let open = questions.all.iter().skip(first);
    let open: Vec<Question> = open.map(|(question, _)| question.clone()).collect();
    let index = Index::of(&open);
    let latest = open.iter().map(|question| question.until().time).max();
    let condition = index.condition();
    // What cannot be asked has no answer: nothing here comes from a person.
    let Ok(filter) = Filter::compile(&condition, &context.settings()) else {
        debug_assert!(false, "{condition}");
        return Ok(());
    };
    let query = Query {
        filter: Some(&filter),
        to: latest.and_then(|time| i64::try_from(time).ok()),
        ..Query::default()
    };
    let mut stopped = false;
    let outcome = scan_pieces(
        trace,
        context,
        &query,
        |hits, piece| piece(index.facts(trace, hits)),
        |facts| {
            for (at, container, fact) in facts {
                match (questions.all.get_mut(first + at).map(|(_, answer)| answer), fact) {
                    (Some(Answer::Process(answer)), Fact::Process(fact)) => answer.add(container, fact),
                    (Some(Answer::File(answer)), Fact::File(fact)) => answer.add(fact),
                    _ => {}
                }
            }
            stopped = cancelled();
            match stopped {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        },
    );
    if stopped {
        return Err(WhyError::Cancelled);
    }
    for damage in outcome.damage {
        let text = damage.to_string();
        if why.damage.iter().all(|known| known.to_string() != text) {
            why.damage.push(damage);
        }
    }
    Ok(())
}

enum Fact {
    Process(ProcessFact),
    File(FileFact),
}

/// Questions by what an event has to name.
struct Index<'q> {
    questions: &'q [Question],
    pids: HashMap<u32, Vec<usize>>,
    paths: HashMap<&'q [u8], Vec<usize>>,
}

impl<'q> Index<'q> {
    fn of(questions: &'q [Question]) -> Index<'q> {
        let mut index = Index {
            questions,
            pids: HashMap::new(),
            paths: HashMap::new(),
        };
        for (at, question) in questions.iter().enumerate() {
            match question {
                Question::Process { pid, .. } => index.pids.entry(*pid).or_default().push(at),
                Question::File { path, .. } => index.paths.entry(path).or_default().push(at),
            }
        }
        index
    }

    /// The condition that all events pass which can answer one.
    fn condition(&self) -> String {
        let mut all = Vec::new();
        if !self.pids.is_empty() {
            let pids: Vec<String> = self.pids.keys().map(u32::to_string).collect();
            all.push(format!(
                "proc.pid in ({}) and evt.rawres >= 0 and (evt.type in (execve, execveat, accept, accept4) or \
                 evt.type in (clone, clone3, fork, vfork) and evt.rawres = 0 or evt.is_io_read = true and evt.rawres > 0 or evt.is_open_read = true)",
                pids.join(", ")
            ));
        }
        if !self.paths.is_empty() {
            let mut paths = String::new();
            for path in self.paths.keys() {
                let _ = write!(paths, "{}{}", if paths.is_empty() { "" } else { ", " }, escape(path));
            }
            all.push(format!(
                "fd.name in ({paths}) and evt.rawres >= 0 and (evt.is_io_write = true and evt.rawres > 0 or \
                 evt.is_open_write = true or evt.type = fchmod)"
            ));
            all.push(format!(
                "fs.path.name in ({paths}) and evt.type in (chmod, fchmodat, fchmodat2, unlink, unlinkat)"
            ));
            all.push(format!(
                "(fs.path.source in ({paths}) or fs.path.target in ({paths})) and \
                 evt.type in (rename, renameat, renameat2, link, linkat)"
            ));
        }
        let all: Vec<String> = all.iter().map(|one| format!("({one})")).collect();
        all.join(" or ")
    }

    /// What the events of a segment answer, in their order: number of the question, container, fact.
    fn facts(&self, trace: &Trace, hits: &Hits<'_, '_>) -> Vec<(usize, u64, Fact)> {
        let mut out = Facts::default();
        let mut segment = None;
        for row in hits.rows() {
            let row = EventRow::new(hits.segment(), *row as usize);
            let at = match segment {
                Some(at) => at,
                None => Position::of(trace, row.num()).map_or(0, |position| position.segment),
            };
            segment = Some(at);
            self.process_facts(&row, at, &mut out);
            self.file_facts(&row, at, &mut out);
        }
        out.all
    }

    fn process_facts(&self, row: &EventRow<'_>, segment: usize, out: &mut Facts) {
        let Some(thread) = row.thread() else { return };
        let Some(questions) = self.pids.get(&thread.pid) else {
            return;
        };
        // What a runtime does on its way into a container led to nothing that happens there.
        if thread.container != 0 && thread.is_container_runtime() {
            return;
        }
        let mark = Mark::of(row, segment);
        for at in questions {
            let Question::Process { born, until, .. } = &self.questions[*at] else {
                continue;
            };
            if !until.covers(mark.number, mark.time) || mark.time < *born {
                continue;
            }
            let kind = row.kind().map_or("", |kind| kind.name.as_str());
            let known = || row.descriptor().filter(|descriptor| descriptor.missing.is_empty());
            let fact = match (kind, known()) {
                ("clone" | "clone3" | "fork" | "vfork", _) => ProcessFact::Born(mark),
                ("execve" | "execveat", _) => ProcessFact::Executed(mark, Box::new(thread.clone())),
                ("accept" | "accept4", Some(accepted)) => ProcessFact::Accepted(mark, Box::new(accepted.clone())),
                (_, Some(descriptor)) => {
                    let is_read = row.value(FieldId::Evt(EvtField::IsIoRead), &FieldArg::None) == Value::Bool(true);
                    out.took_in(*at, thread.container, intake(row, mark, descriptor, is_read));
                    continue;
                }
                _ => continue,
            };
            out.all.push((*at, thread.container, Fact::Process(fact)));
        }
    }

    fn file_facts(&self, row: &EventRow<'_>, segment: usize, out: &mut Facts) {
        if self.paths.is_empty() {
            return;
        }
        let Some((kind, container)) = row.kind().zip(row.thread().map(|thread| thread.container)) else {
            return;
        };
        let value = |field: FsField| match row.value(FieldId::Fs(field), &FieldArg::None) {
            Value::Str(path) => path.into_owned(),
            _ => Vec::new(),
        };
        let name = kind.name.as_str();
        let actor = || Actor::of(row, segment).map(Box::new);
        let mark = Mark::of(row, segment);
        match name {
            "rename" | "renameat" | "renameat2" | "link" | "linkat" => {
                // Of a link, the new name is the source: as elsewhere in the field.
                let (from, to) = match name.starts_with("link") {
                    true => (value(FsField::PathTarget), value(FsField::PathSource)),
                    false => (value(FsField::PathSource), value(FsField::PathTarget)),
                };
                self.each(&to, container, mark, |at| {
                    let actor = actor()?;
                    out.file(at, container, FileFact::Renamed(actor, from.clone()))
                });
                if name.starts_with("rename") {
                    self.each(&from, container, mark, |at| out.file(at, container, FileFact::Gone));
                }
            }
            "unlink" | "unlinkat" => {
                let path = value(FsField::PathName);
                self.each(&path, container, mark, |at| out.file(at, container, FileFact::Gone));
            }
            "chmod" | "fchmod" | "fchmodat" | "fchmodat2" => {
                let mode = integer(row, "mode") & 0o7777;
                let path = value(FsField::PathName);
                if mode & 0o111 != 0 {
                    self.each(&path, container, mark, |at| {
                        let actor = actor()?;
                        out.file(at, container, FileFact::Chmod(actor, mode))
                    });
                }
            }
            _ => {
                let Some(descriptor) = row.descriptor() else { return };
                let is_open = kind.category == Category::File;
                let emptied = is_open && (name == "creat" || integer(row, "flags") & O_TRUNC != 0);
                let bytes = row.result().filter(|_| !is_open).unwrap_or(0);
                let bytes = u64::try_from(bytes).unwrap_or(0);
                self.each(&descriptor.name, container, mark, |at| {
                    out.wrote(at, container, row, segment, bytes, emptied)
                });
            }
        }
    }

    /// The questions about a path that an event can answer.
    fn each(&self, path: &[u8], container: u64, mark: Mark, mut each: impl FnMut(usize) -> Option<()>) {
        for at in self.paths.get(path).into_iter().flatten() {
            if let Question::File {
                container: of, until, ..
            } = &self.questions[*at]
                && *of == container
                && until.covers(mark.number, mark.time)
            {
                let _ = each(*at);
            }
        }
    }
}

/// The facts of a segment. What is told again and again is one fact.
#[derive(Default)]
struct Facts {
    all: Vec<(usize, u64, Fact)>,
    /// By question and [`Descriptor::id`].
    taken_in: HashMap<(usize, u64), usize>,
    /// The last fact of each question about a file.
    last: HashMap<usize, usize>,
}

impl Facts {
    fn took_in(&mut self, question: usize, container: u64, intake: Intake) {
        let key = (question, intake.descriptor.id);
        let known = self.taken_in.get(&key).and_then(|at| self.all.get_mut(*at));
        if let Some((_, _, Fact::Process(ProcessFact::TookIn(known)))) = known {
            return known.add(intake);
        }
        self.taken_in.insert(key, self.all.len());
        let fact = Fact::Process(ProcessFact::TookIn(Box::new(intake)));
        self.all.push((question, container, fact));
    }

    fn file(&mut self, question: usize, container: u64, fact: FileFact) -> Option<()> {
        self.last.insert(question, self.all.len());
        self.all.push((question, container, Fact::File(fact)));
        Some(())
    }

    fn wrote(
        &mut self,
        question: usize,
        container: u64,
        row: &EventRow<'_>,
        segment: usize,
        more: u64,
        emptied: bool,
    ) -> Option<()> {
        let mark = Mark::of(row, segment);
        let version = row.thread()?.id;
        let known = self.last.get(&question).and_then(|at| self.all.get_mut(*at));
        if let Some((_, _, Fact::File(FileFact::Wrote { actor, last, bytes, .. }))) = known
            && actor.thread.id == version
            && !emptied
            && (*bytes > 0) == (more > 0)
        {
            (*last, *bytes) = (mark, bytes.saturating_add(more));
            return Some(());
        }
        let actor = Box::new(Actor::of(row, segment)?);
        let fact = FileFact::Wrote {
            actor,
            last: mark,
            bytes: more,
            emptied,
        };
        self.file(question, container, fact)
    }
}

fn intake(row: &EventRow<'_>, mark: Mark, descriptor: &Descriptor, is_read: bool) -> Intake {
    let bytes = row.result().filter(|_| is_read).unwrap_or(0);
    let payload = match row.value(FieldId::Evt(EvtField::Buffer), &FieldArg::None) {
        Value::Str(data) if is_read => data.into_owned(),
        _ => Vec::new(),
    };
    Intake {
        descriptor: descriptor.clone(),
        last: mark,
        bytes: u64::try_from(bytes).unwrap_or(0),
        line: text_line(&payload).map(<[u8]>::to_vec),
    }
}

fn integer(row: &EventRow<'_>, name: &str) -> i64 {
    let at = row.kind().and_then(|kind| kind.param(name));
    match at.map(|at| row.raw_arg(at)) {
        Some(model::Value::Int(value)) => value,
        _ => 0,
    }
}
