//! Programs that were brought into containers, and the requests of the audit log that asked for them.
//!
//! A request is tied to a process in the container that it names, with the command that it asks for, that began within
//! seconds of it. Entries of the log come up to half a minute late and in any order, so all ties of a container are made anew
//! whenever there is something new. Where requests of different users fit one process alike, none of them is taken.

use super::pod_of;
use afterimage_format::model::{Container, KubeExec};
use afterimage_runtimes::audit::Entry;
use hashbrown::{HashMap, HashSet};
use std::collections::VecDeque;

/// Processes that are remembered, and of one container: probes of a kubelet start one every few seconds.
const PROCESSES_MAX: usize = 8192;
const OF_A_CONTAINER: usize = 1024;
/// Requests that are remembered.
const REQUESTS_MAX: usize = 4096;
/// Bytes of a request's texts.
const REQUEST_BYTES: usize = 16 << 10;
/// Bytes of what is said of all containers.
const ALL: usize = 8 << 20;
/// How far the API server's clock may be ahead of this one, nanoseconds.
const AHEAD: u64 = 1_000_000_000;
/// How long a process may take to begin after its request.
const AFTER: u64 = 10_000_000_000;
/// Of requests of several users one counts that is nearer to the process by so much.
const MARGIN: u64 = 1_000_000_000;

/// A process that a runtime brought into a running container.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Process {
    /// Key of the container.
    pub(crate) container: u64,
    pub(crate) pid: u32,
    /// Its birth.
    pub(crate) start: u64,
    /// When it executed its program.
    pub(crate) time: u64,
    /// `argv`, NUL between its elements, as it is recorded.
    pub(crate) argv: Vec<u8>,
    /// Whether that was cut.
    pub(crate) cut: bool,
    /// Whether it is a script: `argv` is that of the interpreter then.
    pub(crate) script: bool,
}

/// A request to run something in a container.
#[derive(Debug)]
struct Request {
    namespace: String,
    pod: String,
    container: String,
    exec: KubeExec,
    /// What a process has that was started by it.
    argv: Vec<u8>,
}

/// All of both.
#[derive(Default)]
pub(crate) struct Ties {
    processes: VecDeque<Process>,
    of_container: HashMap<u64, usize>,
    requests: VecDeque<Request>,
    known: HashSet<String>,
    /// Something has come since ties were made.
    news: bool,
}

impl Ties {
    /// A process was brought into a container.
    pub(crate) fn process(&mut self, process: Process) {
        let count = self.of_container.entry(process.container).or_default();
        *count += 1;
        let oldest = if *count > OF_A_CONTAINER {
            self.processes
                .iter()
                .position(|other| other.container == process.container)
        } else {
            (self.processes.len() >= PROCESSES_MAX).then_some(0)
        };
        if let Some(old) = oldest.and_then(|at| self.processes.remove(at))
            && let Some(count) = self.of_container.get_mut(&old.container)
        {
            *count -= 1;
        }
        self.processes.push_back(process);
        self.news = !self.requests.is_empty();
    }

    /// An entry of the log; `argv` is what it asks for, as a process would be recorded.
    pub(crate) fn entry(&mut self, entry: &Entry, argv: Vec<u8>) {
        if !entry.is_exec() || !self.known.insert(entry.audit_id.clone()) {
            return;
        }
        if self.requests.len() >= REQUESTS_MAX
            && let Some(old) = self.requests.pop_front()
        {
            self.known.remove(&old.exec.audit_id);
        }
        let mut left = REQUEST_BYTES;
        let mut some = |texts: &[String]| {
            let fit = texts.iter().take_while(|text| {
                left = left.saturating_sub(text.len() + 24);
                left > 0
            });
            fit.cloned().collect::<Vec<_>>()
        };
        let command: Vec<String> = argv
            .split(|byte| *byte == 0)
            .map(|part| String::from_utf8_lossy(part).into())
            .collect();
        let exec = KubeExec {
            user: entry.user.clone(),
            impersonated: entry.impersonated.clone(),
            audit_id: entry.audit_id.clone(),
            time: if entry.requested == 0 {
                entry.time
            } else {
                entry.requested
            },
            source_ips: some(&entry.source_ips),
            command: some(&command),
            groups: some(&entry.groups),
            ..KubeExec::default()
        };
        self.requests.push_back(Request {
            namespace: entry.namespace.clone(),
            pod: entry.name.clone(),
            container: entry.container.clone(),
            exec,
            argv,
        });
        self.news = true;
    }

    /// Names of pods have become known.
    pub(crate) fn look_again(&mut self) {
        self.news |= !self.requests.is_empty();
    }

    /// Whether there is something new to [`Ties::tell`].
    pub(crate) fn has_news(&self) -> bool {
        self.news
    }

    /// Puts into each container who asked for what was brought into it.
    pub(crate) fn tell<'c>(&mut self, containers: impl Iterator<Item = &'c mut Container>) {
        self.news = false;
        let mut processes: HashMap<u64, Vec<&Process>> = HashMap::new();
        for process in &self.processes {
            processes.entry(process.container).or_default().push(process);
        }
        let mut requests: HashMap<(&str, &str), Vec<&Request>> = HashMap::new();
        for request in &self.requests {
            requests
                .entry((&request.namespace, &request.pod))
                .or_default()
                .push(request);
        }
        let mut left = ALL;
        for container in containers {
            let here = pod_of(container).and_then(|pod| requests.get(&pod));
            let (Some(here), Some(processes)) = (here, processes.get(&container.key)) else {
                continue;
            };
            let named = |request: &&&Request| {
                let name = container.name.as_deref().unwrap_or_default();
                request.container.is_empty() || name.is_empty() || request.container == name
            };
            let here: Vec<&Request> = here.iter().filter(named).copied().collect();
            let mut execs = tie(processes, &here);
            // What was tied before its process was forgotten stays.
            let kept = std::mem::take(&mut container.kube.execs).into_iter();
            let kept: Vec<KubeExec> = kept
                .filter(|old| processes.iter().all(|p| (p.pid, p.start) != (old.pid, old.start)))
                .collect();
            execs.splice(0..0, kept);
            execs.retain(|exec| {
                let size = size(exec);
                let fits = size <= left;
                left -= if fits { size } else { 0 };
                fits
            });
            container.kube.execs = execs;
        }
    }
}

fn size(exec: &KubeExec) -> usize {
    let lists = [&exec.groups, &exec.source_ips, &exec.command];
    let texts = lists.into_iter().flatten().map(|text| text.len() + 24).sum::<usize>();
    texts + exec.user.len() + exec.impersonated.len() + exec.audit_id.len() + exec.missing.len() + 200
}

/// How far request and process are apart; `None`: they do not belong together.
fn distance(process: &Process, request: &Request) -> Option<u64> {
    let time = request.exec.time;
    let near = process.time + AHEAD >= time && process.time <= time.saturating_add(AFTER);
    (near && fits(process, &request.argv)).then(|| process.time.abs_diff(time))
}

/// Whether a process runs what was asked for.
fn fits(process: &Process, asked: &[u8]) -> bool {
    let runs = process.argv.as_slice();
    let same = |runs: &[u8], asked: &[u8]| {
        if process.cut {
            asked.starts_with(runs)
        } else {
            asked == runs
        }
    };
    if same(runs, asked) {
        return true;
    }
    if !process.script {
        return false;
    }
    // The interpreter, perhaps an argument of its own, and the script's path stand before the arguments.
    let mut rest = runs;
    let arguments = asked
        .iter()
        .position(|byte| *byte == 0)
        .map_or(&[][..], |at| &asked[at + 1..]);
    for skipped in 1..=3 {
        match rest.iter().position(|byte| *byte == 0) {
            Some(at) => rest = &rest[at + 1..],
            None if arguments.is_empty() => return skipped > 1,
            None => return false,
        }
        if skipped > 1 && same(rest, arguments) {
            return true;
        }
    }
    false
}

/// Whether two requests have the same user behind them.
fn same_user(a: &KubeExec, b: &KubeExec) -> bool {
    (&a.user, &a.impersonated, &a.source_ips) == (&b.user, &b.impersonated, &b.source_ips)
}

/// How many of the requests that may belong to a process are looked at, the nearest first, and the other way round.
const NEAREST: usize = 16;

/// What may belong together: distance, process, request.
type Pair = (u64, usize, usize);

/// The processes of one container with the requests for them.
struct Table<'t> {
    processes: &'t [&'t Process],
    requests: &'t [&'t Request],
    /// The nearest first.
    by_process: Vec<Vec<Pair>>,
    by_request: Vec<Vec<Pair>>,
    told: HashMap<usize, KubeExec>,
    taken: HashSet<usize>,
}

impl Table<'_> {
    fn is_open(&self, pair: &Pair) -> bool {
        !self.told.contains_key(&pair.1) && !self.taken.contains(&pair.2)
    }

    /// Whether the process of a pair may be another user's, whose request is not farther away than so much more.
    fn is_others(&self, pair: &Pair, within: u64) -> bool {
        let user = |pair: &Pair| &self.requests[pair.2].exec;
        self.by_process[pair.1].iter().any(|other| {
            other.0 < pair.0.saturating_add(within) && self.is_open(other) && !same_user(user(other), user(pair))
        })
    }

    /// Whether another process may be meant by the request of a pair.
    fn is_elsewhere(&self, pair: &Pair) -> bool {
        let mut others = self.by_request[pair.2].iter();
        others.any(|other| other.1 != pair.1 && other.0 < pair.0.saturating_add(MARGIN) && self.is_open(other))
    }

    /// Whether a pair is one beyond doubt.
    fn is_clear(&self, pair: &Pair) -> bool {
        self.is_open(pair)
            && !self.is_others(pair, MARGIN)
            && !(self.is_others(pair, u64::MAX) && self.is_elsewhere(pair))
    }

    fn take(&mut self, pair: &Pair) {
        let process = self.processes[pair.1];
        self.taken.insert(pair.2);
        self.told.insert(
            pair.1,
            KubeExec {
                pid: process.pid,
                start: process.start,
                ..self.requests[pair.2].exec.clone()
            },
        );
    }

    /// What is left could be several users'.
    fn doubt(&mut self) {
        for (at, pairs) in self.by_process.iter().enumerate() {
            let mut users: Vec<&str> = Vec::new();
            for pair in pairs.iter().filter(|pair| self.is_open(pair)) {
                let user = self.requests[pair.2].exec.user.as_str();
                if !users.contains(&user) {
                    users.push(user);
                }
            }
            if users.is_empty() {
                continue;
            }
            let exec = KubeExec {
                pid: self.processes[at].pid,
                start: self.processes[at].start,
                missing: format!(
                    "the same was asked for by several at the same time: {}",
                    users.join(", ")
                ),
                ..KubeExec::default()
            };
            self.told.insert(at, exec);
        }
    }
}

fn tie(processes: &[&Process], requests: &[&Request]) -> Vec<KubeExec> {
    let mut table = Table {
        processes,
        requests,
        by_process: Vec::new(),
        by_request: vec![Vec::new(); requests.len()],
        told: HashMap::new(),
        taken: HashSet::new(),
    };
    for (p, process) in processes.iter().enumerate() {
        let near = requests.iter().enumerate();
        let mut pairs: Vec<Pair> = near
            .filter_map(|(r, request)| Some((distance(process, request)?, p, r)))
            .collect();
        pairs.sort_unstable();
        pairs.truncate(NEAREST);
        pairs.iter().for_each(|pair| table.by_request[pair.2].push(*pair));
        table.by_process.push(pairs);
    }
    for pairs in &mut table.by_request {
        pairs.sort_unstable();
        pairs.truncate(NEAREST);
    }
    let mut pairs: Vec<Pair> = table.by_process.iter().flatten().copied().collect();
    pairs.sort_unstable();
    // What one pair decides may make another clear.
    for _ in 0..NEAREST {
        let before = table.told.len();
        for pair in &pairs {
            if table.is_clear(pair) {
                table.take(pair);
            }
        }
        if table.told.len() == before {
            break;
        }
    }
    table.doubt();
    let mut all: Vec<KubeExec> = table.told.into_values().collect();
    all.sort_by_key(|exec| (exec.start, exec.pid));
    all
}

#[cfg(test)]
#[path = "ties_tests.rs"]
mod tests;
