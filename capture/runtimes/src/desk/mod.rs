//! Who is asked about a container, and what is answered when: at once what files say, then what the runtimes say, then
//! how it ended.

mod announced;
mod entry;

use crate::api::{Ask, Notice, Source, What, Word};
use crate::files::{Found, Hints};
use crate::protocol::{Answer, Question};
use crate::settings::{Kind, Settings, Socket, usual};
use announced::Announced;
use entry::{Entry, Reply};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::Instant;

/// Containers that are asked about or followed.
const ENTRIES_MAX: usize = 4096;
/// Bytes of what is known about them.
const HELD_MAX: usize = 32 << 20;
/// Sockets of all runtimes.
const SOURCES_MAX: usize = 32;
/// Questions that wait for one socket.
const ASKS: usize = 1024;
/// How long files may take before it is said that they do.
const FILES_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a socket that does not answer is hoped for.
const HOPE: Duration = Duration::from_secs(300);

/// Every runtime.
const ALL: [Kind; 5] = [Kind::Docker, Kind::Podman, Kind::Containerd, Kind::Cri, Kind::CriO];

struct Known {
    socket: Socket,
    asks: Sender<Ask>,
}

/// Everything that is under way. It does no input or output; answers lie in `answers` until they are taken.
pub(crate) struct Desk {
    sources: Vec<Known>,
    entries: BTreeMap<u64, Entry>,
    announced: Announced,
    answers: Vec<Answer>,
    words: Sender<Word>,
    timeout: Duration,
    held: usize,
}

impl Desk {
    /// Starts a task for each socket; what they say goes to `words`.
    pub(crate) fn new(settings: &Settings, words: Sender<Word>) -> Desk {
        let mut desk = Desk {
            sources: Vec::new(),
            entries: BTreeMap::new(),
            announced: Announced::default(),
            answers: Vec::new(),
            words,
            timeout: settings.timeout,
            held: 0,
        };
        for socket in &settings.sockets {
            desk.add_source(socket.clone());
        }
        desk
    }

    /// The answers since the last call.
    pub(crate) fn take_answers(&mut self) -> Vec<Answer> {
        std::mem::take(&mut self.answers)
    }

    /// Whether somebody still has to say something.
    pub(crate) fn is_waiting(&self) -> bool {
        self.entries.values().any(Entry::is_waiting)
    }

    /// Whether there is anything that time changes.
    pub(crate) fn is_idle(&self) -> bool {
        self.entries.is_empty() && self.announced.is_empty()
    }

    /// A new question. One with the key of another takes its place.
    pub(crate) fn question(&mut self, question: Question) {
        let key = question.key;
        self.forget(key);
        while self.entries.len() >= ENTRIES_MAX {
            self.evict();
        }
        let wanted = wanted(&question.runtime, &question.id);
        let mut entry = Entry::new(question, wanted.iter().copied().collect());
        if let Some(told) = self.announced.take(&entry.question.id) {
            entry.announced(told.metadata, told.ended);
        }
        self.entries.insert(key, entry);
        self.ask_all(key);
        self.settle(key);
    }

    /// What the files say.
    pub(crate) fn found(&mut self, key: u64, found: Found) {
        let Hints { sockets, namespace, .. } = found.hints;
        let moby = namespace.as_deref() == Some("moby");
        let kinds: Vec<Kind> = match namespace.as_deref() {
            // Docker's containerd knows nothing that Docker does not.
            Some("moby") => vec![Kind::Docker],
            // Kubernetes' interface only knows what is in Kubernetes' namespace.
            Some(other) if other != "k8s.io" && !sockets.is_empty() => vec![Kind::Containerd],
            _ => sockets.iter().map(|s| s.kind).collect(),
        };
        if !moby {
            for socket in sockets {
                self.add_source(socket);
            }
        }
        let Some(entry) = self.entries.get_mut(&key) else {
            return;
        };
        entry.namespace = namespace;
        if moby || entry.guessed_nothing() {
            // Processes say it, or files do; else anybody may know it.
            let by_file = found.metadata.as_ref().and_then(|m| Kind::of_source(&m.source));
            match (kinds.is_empty(), by_file, &found.metadata) {
                (false, ..) => entry.want(&kinds, false),
                (true, Some(kind), _) => entry.want(&[kind], false),
                (true, None, None) => entry.want(&ALL, true),
                (true, None, Some(_)) => (),
            }
        }
        entry.files(found.metadata);
        self.ask_all(key);
        self.settle(key);
    }

    /// A socket that is used from now on, unless it is already.
    pub(crate) fn add_source(&mut self, socket: Socket) {
        let socket = Socket::new(socket.kind, usual(&socket.path));
        if self.sources.len() >= SOURCES_MAX || self.sources.iter().any(|s| s.socket == socket) {
            return;
        }
        let (asks, receiver) = channel(ASKS);
        let source = Source {
            number: self.sources.len(),
            socket: socket.clone(),
            timeout: self.timeout,
            asks: receiver,
            words: self.words.clone(),
        };
        tokio::spawn(source.run());
        self.sources.push(Known { socket, asks });
        let keys: Vec<u64> = self.entries.keys().copied().collect();
        for key in keys {
            self.ask_all(key);
        }
    }

    /// A socket said something.
    pub(crate) fn word(&mut self, word: Word) {
        match word {
            Word::Reply { source, key, reply } => {
                let Some(entry) = self.entries.get_mut(&key) else {
                    return;
                };
                entry.reply(source, reply);
                if entry.nobody_knows() && entry.is_generated() {
                    // The path looked like another runtime's.
                    entry.want(&ALL, true);
                    self.ask_all(key);
                }
                self.settle(key);
            }
            Word::Connected { source } => {
                let running = self.entries.values().filter(|e| e.is_followed_by(source));
                let keys: Vec<u64> = running.map(|e| e.question.key).collect();
                for key in keys {
                    self.ask(key, source);
                }
            }
            Word::Notice { source, notice } => self.notice(source, notice),
        }
    }

    fn notice(&mut self, source: usize, notice: Notice) {
        let concerned = self.entries.values().filter(|e| e.is_about(&notice.id, source));
        let keys: Vec<u64> = concerned.map(|e| e.question.key).collect();
        if keys.is_empty() {
            self.announced.notice(notice);
            return;
        }
        for key in keys {
            let Some(entry) = self.entries.get_mut(&key) else {
                continue;
            };
            let again = match &notice.what {
                // A runtime that was asked before the container was made may know it now.
                What::Begun(told) => entry.begun(source, told),
                What::Changed(told) => entry.changed(told),
                What::Ended(told) => entry.ended(told),
                What::Removed => entry.removed(),
            };
            if again {
                for source in self.asked_again(key, source) {
                    self.ask(key, source);
                }
            }
            self.settle(key);
        }
    }

    /// Who is asked once more: whoever said something, and all that know it.
    fn asked_again(&self, key: u64, source: usize) -> BTreeSet<usize> {
        let knowing = self.entries.get(&key).into_iter().flat_map(Entry::knowing);
        knowing.chain([source]).collect()
    }

    /// Asks every wanted socket that has not been asked.
    fn ask_all(&mut self, key: u64) {
        let Some(entry) = self.entries.get(&key) else { return };
        let all = self.sources.iter().enumerate();
        let new: Vec<usize> = all
            .filter(|(at, s)| entry.wants(s.socket.kind) && !entry.was_asked(*at))
            .map(|(at, _)| at)
            .collect();
        for source in new {
            self.ask(key, source);
        }
    }

    fn ask(&mut self, key: u64, source: usize) {
        let (Some(entry), Some(known)) = (self.entries.get_mut(&key), self.sources.get(source)) else {
            return;
        };
        let ask = Ask {
            key,
            id: entry.question.id.clone(),
            namespace: entry.namespace.clone(),
            failures: 0,
        };
        entry.asked(
            source,
            match known.asks.try_send(ask) {
                Ok(()) => Reply::Waiting,
                Err(_) => Reply::Failed {
                    text: format!("{}: too many questions wait for it", known.socket.path.display()),
                    absent: false,
                },
            },
        );
    }

    /// Answers what is new about an entry, and ends it where nothing more can come.
    fn settle(&mut self, key: u64) {
        let Some(entry) = self.entries.get_mut(&key) else {
            return;
        };
        let kind_of = |source: usize| self.sources[source].socket.kind;
        let before = entry.held;
        let answer = entry.answer(kind_of);
        self.held = self.held + entry.held - before;
        let last = answer.as_ref().is_some_and(|a| a.last);
        self.answers.extend(answer);
        if last {
            self.forget(key);
        }
        while self.held > HELD_MAX && !self.entries.is_empty() {
            self.evict();
        }
    }

    /// Time passes.
    pub(crate) fn tick(&mut self, now: Instant) {
        self.announced.forget_old(now);
        let keys: Vec<u64> = self.entries.keys().copied().collect();
        for key in keys {
            let Some(entry) = self.entries.get_mut(&key) else {
                continue;
            };
            let age = now.saturating_duration_since(entry.asked_at);
            let again = entry.retry(age);
            let late = age > FILES_TIMEOUT && entry.files_late();
            let over = age > HOPE && entry.give_up();
            for source in again {
                self.ask(key, source);
            }
            // Who was asked again settles it with the reply.
            if late || over {
                self.settle(key);
            }
        }
    }

    fn forget(&mut self, key: u64) {
        if let Some(entry) = self.entries.remove(&key) {
            self.held -= entry.held;
        }
    }

    /// Ends the oldest entry, and says so.
    fn evict(&mut self) {
        let oldest = self.entries.values().min_by_key(|e| e.asked_at).map(|e| e.question.key);
        let Some(key) = oldest else { return };
        if let Some(entry) = self.entries.get_mut(&key) {
            self.answers.push(entry.evicted());
        }
        self.forget(key);
    }
}

/// Whom the look of a path points to.
fn wanted(runtime: &str, id: &str) -> &'static [Kind] {
    match runtime {
        "docker" => &[Kind::Docker],
        "podman" => &[Kind::Podman],
        "containerd" => &[Kind::Containerd],
        // containerd's events tell of an end sooner than Kubernetes' interface does.
        "cri" => &[Kind::Cri, Kind::Containerd],
        "cri-o" => &[Kind::CriO],
        _ if entry::is_generated(id) => &ALL,
        // Bare runtimes have nobody to ask.
        _ => &[],
    }
}
