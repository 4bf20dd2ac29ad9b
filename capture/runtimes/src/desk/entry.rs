//! One container that was asked about: what is known, who has said so, and what the next answer is.

use crate::api::Trouble;
use crate::limits;
use crate::protocol::{Answer, Metadata, Question};
use crate::settings::Kind;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

/// What became of a question to one socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// Nothing yet.
    Waiting,
    /// It said what it knows.
    Known,
    /// It does not know the container.
    Unknown,
    /// It does not answer, and is asked again.
    Failed { text: String, absent: bool },
}

/// containerd's own interface knows less of what users named than those above it, whoever answers first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Below,
    Above,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) question: Question,
    pub(super) namespace: Option<String>,
    pub(super) asked_at: Instant,
    /// Bytes, about.
    pub(super) held: usize,
    wanted: BTreeSet<Kind>,
    /// It was guessed that anybody may know it: who is not there is no reason.
    anybody: bool,
    replies: BTreeMap<usize, Reply>,
    /// Who has known it at any time.
    knew: BTreeSet<usize>,
    files: Option<Metadata>,
    files_pending: bool,
    files_were_late: bool,
    /// What runtimes said, the one that counts least first.
    api: BTreeMap<Rank, Metadata>,
    from_event: bool,
    ended: bool,
    given_up: bool,
    /// How often those that did not know it were asked again.
    retries: usize,
    news: bool,
}

/// When a runtime that does not know a container that exists is asked again, after the question: containerd's CRI
/// knows a sandbox only once it runs.
const RETRIES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(7)];

impl Entry {
    pub(super) fn new(question: Question, wanted: BTreeSet<Kind>) -> Entry {
        Entry {
            namespace: None,
            asked_at: Instant::now(),
            held: 0,
            anybody: wanted.len() > 2,
            wanted,
            replies: BTreeMap::new(),
            knew: BTreeSet::new(),
            files: None,
            files_pending: true,
            files_were_late: false,
            api: BTreeMap::new(),
            from_event: false,
            ended: false,
            given_up: false,
            retries: 0,
            news: false,
            question,
        }
    }

    pub(super) fn is_generated(&self) -> bool {
        is_generated(&self.question.id)
    }

    pub(super) fn wants(&self, kind: Kind) -> bool {
        self.wanted.contains(&kind)
    }

    pub(super) fn want(&mut self, kinds: &[Kind], anybody: bool) {
        self.wanted.extend(kinds);
        self.anybody |= anybody;
    }

    /// Whether the path does not say whose it is.
    pub(super) fn guessed_nothing(&self) -> bool {
        self.wanted.is_empty()
    }

    pub(super) fn was_asked(&self, source: usize) -> bool {
        self.replies.contains_key(&source)
    }

    pub(super) fn is_about(&self, id: &str, source: usize) -> bool {
        self.question.id == id && self.was_asked(source)
    }

    pub(super) fn is_followed_by(&self, source: usize) -> bool {
        !self.ended && self.replies.get(&source) == Some(&Reply::Known)
    }

    pub(super) fn knowing(&self) -> impl Iterator<Item = usize> {
        let known = self.replies.iter().filter(|(_, r)| **r == Reply::Known);
        known.map(|(source, _)| *source)
    }

    pub(super) fn asked(&mut self, source: usize, reply: Reply) {
        self.replies.insert(source, reply);
        self.news = true;
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.files_pending || self.replies.values().any(|r| *r == Reply::Waiting)
    }

    pub(super) fn nobody_knows(&self) -> bool {
        self.api.is_empty() && !self.replies.is_empty() && self.replies.values().all(|r| *r == Reply::Unknown)
    }

    pub(super) fn files(&mut self, found: Option<Metadata>) {
        self.files = found;
        self.files_pending = false;
        self.news = true;
    }

    /// The first notice of it came before the question.
    pub(super) fn announced(&mut self, told: Metadata, ended: bool) {
        self.overlay(&told);
        self.from_event = true;
        self.ended = ended;
        self.news = true;
    }

    pub(super) fn reply(&mut self, source: usize, reply: Result<Option<Box<Metadata>>, Trouble>) {
        let reply = match reply {
            Ok(Some(told)) => {
                self.ended |= told.finished.is_some();
                self.from_event = false;
                self.overlay(&told);
                self.knew.insert(source);
                Reply::Known
            }
            Ok(None) if self.knew.contains(&source) => {
                // It was removed since, and nobody was there to hear it.
                self.ended = true;
                self.news = true;
                Reply::Known
            }
            Ok(None) => Reply::Unknown,
            Err(Trouble { text, absent }) => Reply::Failed { text, absent },
        };
        let old = self.replies.insert(source, reply);
        self.news |= old.as_ref() != self.replies.get(&source);
    }

    /// It begins: a runtime that did not know it yet is asked again.
    pub(super) fn begun(&mut self, source: usize, told: &Metadata) -> bool {
        if self.api.is_empty() || self.from_event {
            self.from_event = true;
            self.overlay(told);
        }
        self.replies.get(&source) == Some(&Reply::Unknown)
    }

    pub(super) fn changed(&mut self, told: &Metadata) -> bool {
        self.overlay(told);
        false
    }

    /// It ended: whoever knows it may know more now.
    pub(super) fn ended(&mut self, told: &Metadata) -> bool {
        let again = !self.ended;
        self.ended = true;
        self.overlay(told);
        again
    }

    pub(super) fn removed(&mut self) -> bool {
        self.news |= !self.ended;
        self.ended = true;
        false
    }

    fn overlay(&mut self, told: &Metadata) {
        let rank = if told.source == Kind::Containerd.name() {
            Rank::Below
        } else {
            Rank::Above
        };
        self.api.entry(rank).or_default().overlay(told.clone());
        self.news = true;
    }

    /// The files take too long; whether that is new.
    pub(super) fn files_late(&mut self) -> bool {
        let late = self.files_pending;
        self.files_were_late |= late;
        self.files_pending = false;
        self.news |= late;
        late
    }

    /// Those who do not know it although it exists, when it is time to ask them again.
    pub(super) fn retry(&mut self, age: Duration) -> Vec<usize> {
        if !self.may_become_known() || age < RETRIES[self.retries] {
            return Vec::new();
        }
        self.retries += 1;
        let unknown = self.replies.iter().filter(|(_, r)| **r == Reply::Unknown);
        unknown.map(|(source, _)| *source).collect()
    }

    fn may_become_known(&self) -> bool {
        let exists = self.files.is_some() || self.knowing().next().is_some();
        let unknown = self.replies.values().any(|r| *r == Reply::Unknown);
        exists && unknown && !self.ended && !self.anybody && self.retries < RETRIES.len()
    }

    /// Stops hoping for sockets that do not answer; whether that is new.
    pub(super) fn give_up(&mut self) -> bool {
        let new = !self.given_up && self.replies.values().any(|r| matches!(r, Reply::Failed { .. }));
        self.given_up |= new;
        self.news |= new;
        new
    }

    /// What there is to say, if it is new.
    pub(super) fn answer(&mut self, kind_of: impl Fn(usize) -> Kind) -> Option<Answer> {
        let last = self.is_last();
        let something = self.files.is_some() || !self.api.is_empty();
        // Where nothing is known, the first answer is the reason, and it waits for everybody.
        if !self.news || (!something && self.is_waiting()) || (self.ended && self.is_waiting()) {
            return None;
        }
        self.news = false;
        let mut metadata = self.metadata();
        let cut = metadata.as_mut().and_then(limits::bound);
        self.held = metadata.as_ref().map_or(0, |m| 2 * limits::size(m));
        let reason = [self.reason(kind_of), cut].into_iter().flatten();
        Some(Answer {
            key: self.question.key,
            metadata,
            reason: reason.collect::<Vec<String>>().join("; "),
            last,
        })
    }

    /// The last words of an entry for which there is no room.
    pub(super) fn evicted(&mut self) -> Answer {
        let mut metadata = self.metadata();
        if let Some(metadata) = &mut metadata {
            limits::bound(metadata);
        }
        Answer {
            key: self.question.key,
            metadata,
            reason: "no longer followed: too many containers are".into(),
            last: true,
        }
    }

    /// Files first, and over them what the runtimes said.
    fn metadata(&self) -> Option<Metadata> {
        let mut all = self
            .files
            .clone()
            .or_else(|| (!self.api.is_empty()).then(Metadata::default))?;
        let above = self.api.get(&Rank::Above);
        let labelled = above.is_some_and(|told| !told.labels.is_empty());
        for (rank, told) in &self.api {
            let mut told = told.clone();
            if *rank == Rank::Below && labelled {
                // containerd adds labels for itself to those that the user gave.
                told.labels.clear();
            }
            all.overlay(told);
        }
        Some(all)
    }

    fn is_last(&self) -> bool {
        let hoping = !self.given_up
            && self.replies.values().any(|r| match r {
                Reply::Failed { absent, .. } => !(self.anybody && *absent),
                _ => false,
            });
        let following = self.replies.values().any(|r| *r == Reply::Known) && !self.ended;
        !self.is_waiting() && !following && !self.may_become_known() && (!hoping || self.ended)
    }

    fn reason(&self, kind_of: impl Fn(usize) -> Kind) -> Option<String> {
        let known = self.knowing().next().is_some();
        let mut parts = Vec::new();
        if self.files_were_late {
            parts.push("reading its files takes too long".to_owned());
        }
        for kind in &self.wanted {
            let of_kind = || self.replies.iter().filter(|(source, _)| kind_of(**source) == *kind);
            // containerd's own interface only helps with what Kubernetes' one leaves out, and knows no labels of pods.
            let helps = *kind == Kind::Containerd && self.wanted.contains(&Kind::Cri) && !self.anybody;
            let enough = known && (self.anybody || !matches!(kind, Kind::Cri | Kind::CriO));
            if helps || enough || of_kind().any(|(_, r)| *r == Reply::Known) {
                continue;
            }
            if of_kind().any(|(_, r)| *r == Reply::Waiting) {
                parts.push(format!("{kind} has not answered yet"));
            } else if of_kind().any(|(_, r)| *r == Reply::Unknown) {
                parts.push(if self.from_event {
                    format!("it was gone when {kind} was asked: this is what its events said")
                } else {
                    format!("{kind} does not know it")
                });
            } else {
                let failures: Vec<&str> = of_kind()
                    .filter_map(|(_, r)| match r {
                        Reply::Failed { text, absent } if !(self.anybody && *absent) => Some(text.as_str()),
                        _ => None,
                    })
                    .collect();
                if !failures.is_empty() {
                    let failures = failures.join(", ");
                    parts.push(format!("no runtime socket of {kind} answers: {failures}"));
                } else if !self.anybody {
                    parts.push(format!("no runtime socket of {kind} is known"));
                }
            }
        }
        if !self.files_pending && self.files.is_none() && self.api.is_empty() {
            parts.push("no file describes it".to_owned());
        }
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

/// Whether an id was made by a runtime that has names beside it.
pub(super) fn is_generated(id: &str) -> bool {
    id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kinds: &[Kind]) -> Entry {
        Entry::new(Question::default(), kinds.iter().copied().collect())
    }

    fn named(name: &str) -> Metadata {
        Metadata {
            name: name.into(),
            ..Metadata::default()
        }
    }

    #[test]
    fn files_at_once_then_the_runtime_then_the_end() {
        let mut entry = entry(&[Kind::Docker]);
        entry.asked(0, Reply::Waiting);
        let docker = |_| Kind::Docker;
        assert_eq!(entry.answer(docker), None);
        entry.files(Some(named("from files")));
        let first = entry.answer(docker).unwrap();
        assert_eq!(first.metadata.unwrap().name, "from files");
        assert_eq!(
            (first.reason.as_str(), first.last),
            ("docker has not answered yet", false)
        );
        entry.reply(0, Ok(Some(Box::new(named("from docker")))));
        let second = entry.answer(docker).unwrap();
        assert_eq!(second.metadata.unwrap().name, "from docker");
        assert_eq!((second.reason.as_str(), second.last), ("", false));
        assert_eq!(entry.answer(docker), None);
        assert!(entry.ended(&Metadata {
            exit_code: Some(3),
            ..Metadata::default()
        }));
        let third = entry.answer(docker).unwrap();
        assert_eq!((third.metadata.unwrap().exit_code, third.last), (Some(3), true));
    }

    #[test]
    fn a_reason_names_the_socket_and_the_answer_may_still_come() {
        let mut entry = entry(&[Kind::Docker]);
        entry.asked(0, Reply::Waiting);
        entry.files(None);
        let text = "/run/docker.sock: timed out after 2s".to_owned();
        entry.reply(0, Err(Trouble { text, absent: false }));
        let answer = entry.answer(|_| Kind::Docker).unwrap();
        assert_eq!(
            answer.reason,
            "no runtime socket of docker answers: /run/docker.sock: timed out after 2s; no file describes it"
        );
        assert!(!answer.last);
        assert!(entry.give_up());
        assert!(entry.answer(|_| Kind::Docker).unwrap().last);
    }

    #[test]
    fn removed_while_nobody_listened() {
        let mut entry = entry(&[Kind::Docker]);
        entry.files(None);
        entry.reply(0, Ok(Some(Box::new(named("web")))));
        assert!(!entry.answer(|_| Kind::Docker).unwrap().last && entry.is_followed_by(0));
        entry.asked(0, Reply::Waiting);
        entry.reply(0, Ok(None));
        let answer = entry.answer(|_| Kind::Docker).unwrap();
        assert_eq!((answer.metadata.unwrap().name.as_str(), answer.last), ("web", true));
    }

    #[test]
    fn gone_before_the_question() {
        let mut entry = entry(&[Kind::Docker]);
        entry.announced(named("short"), true);
        entry.asked(0, Reply::Waiting);
        entry.files(None);
        entry.reply(0, Ok(None));
        let answer = entry.answer(|_| Kind::Docker).unwrap();
        assert_eq!(answer.metadata.unwrap().name, "short");
        assert!(answer.last && answer.reason.contains("its events"), "{}", answer.reason);
    }

    #[test]
    fn a_sandbox_that_is_being_started_is_asked_about_again() {
        let mut entry = entry(&[Kind::Cri]);
        let cri = |_| Kind::Cri;
        entry.asked(0, Reply::Waiting);
        entry.files(Some(named("bundle")));
        entry.reply(0, Ok(None));
        assert!(!entry.answer(cri).unwrap().last);
        assert!(entry.retry(Duration::from_millis(500)).is_empty());
        assert_eq!(entry.retry(Duration::from_secs(1)), [0]);
        entry.asked(0, Reply::Waiting);
        entry.reply(0, Ok(Some(Box::new(named("sandbox")))));
        assert_eq!(entry.answer(cri).unwrap().metadata.unwrap().name, "sandbox");
        assert!(entry.retry(Duration::from_secs(9)).is_empty());
    }

    #[test]
    fn what_nobody_knows_is_asked_about_three_times_more() {
        let mut entry = entry(&[Kind::Docker]);
        entry.asked(0, Reply::Waiting);
        entry.files(Some(named("old")));
        entry.reply(0, Ok(None));
        let mut asked = 0;
        for second in 1..60 {
            for source in entry.retry(Duration::from_secs(second)) {
                asked += 1;
                entry.asked(source, Reply::Waiting);
                entry.reply(source, Ok(None));
            }
        }
        assert_eq!(asked, 3);
        let answer = entry.answer(|_| Kind::Docker).unwrap();
        assert!(answer.last && answer.reason == "docker does not know it");
    }

    #[test]
    fn bare_runtimes_have_nobody_to_ask() {
        let mut entry = entry(&[]);
        entry.files(Some(named("c1")));
        let answer = entry.answer(|_| Kind::Docker).unwrap();
        assert_eq!((answer.reason.as_str(), answer.last), ("", true));
    }
}
