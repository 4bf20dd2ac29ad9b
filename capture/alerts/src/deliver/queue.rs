//! The queue: one file a capture in the state folder, written before anything is tried. In memory is only what is due when.

use super::backoff;
use super::job::{Job, Kind, Outcome, Pending, State, write};
use super::target::Targets;
use crate::protocol::{DeliveryResult, Said};
use crate::time;
use serde_json::Value;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// Tries at a time, by kind.
const WEBHOOKS: usize = 8;
const COMMANDS: usize = 2;
const UPLOADS: usize = 2;
/// How long it is remembered that a capture was settled.
const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 3600);

/// What the queue is told.
pub(crate) enum Order {
    /// A capture is finished.
    Deliver {
        capture: String,
        files: Vec<PathBuf>,
        summary: Value,
    },
    /// New settings.
    Targets(Box<Targets>),
}

/// A job and when it is due.
struct Slot {
    file: PathBuf,
    at: usize,
    kind: Kind,
    due: Instant,
    running: bool,
}

/// The queue.
pub(crate) struct Queue {
    targets: Targets,
    said: mpsc::Sender<Said>,
    slots: Vec<Slot>,
    ended: mpsc::UnboundedReceiver<(PathBuf, usize, Outcome)>,
    end: mpsc::UnboundedSender<(PathBuf, usize, Outcome)>,
}

impl Queue {
    pub(crate) fn new(targets: Targets, said: mpsc::Sender<Said>) -> Queue {
        // As many as there are slots at most.
        let (end, ended) = mpsc::unbounded_channel();
        Queue {
            targets,
            said,
            slots: Vec::new(),
            ended,
            end,
        }
    }

    /// Works until there are no more orders; how many deliveries are left then.
    pub(crate) async fn run(mut self, mut orders: mpsc::Receiver<Order>) -> u64 {
        self.load().await;
        loop {
            self.start_due().await;
            let next = self
                .slots
                .iter()
                .filter(|slot| !slot.running)
                .map(|slot| slot.due)
                .min();
            let next = next.unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
            // Those that are due and have no place wait for one that ends.
            let next = next.max(Instant::now() + Duration::from_millis(20));
            tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => self.order(order).await,
                    None => return self.slots.len() as u64,
                },
                Some((file, at, outcome)) = self.ended.recv() => self.ended(file, at, outcome).await,
                () = sleep_until(next) => {}
            }
        }
    }

    async fn order(&mut self, order: Order) {
        match order {
            Order::Deliver {
                capture,
                files,
                summary,
            } => self.deliver(capture, files, summary).await,
            Order::Targets(targets) => {
                let moved = targets.state != self.targets.state;
                self.targets = *targets;
                if moved {
                    self.load().await;
                }
            }
        }
    }

    async fn deliver(&mut self, capture: String, files: Vec<PathBuf>, summary: Value) {
        let jobs = self.targets.jobs(time::now());
        let name = file_name(&capture);
        let file = self.targets.state.join(format!("{name}.json"));
        let settled = self.targets.state.join(format!("{name}.settled"));
        if jobs.is_empty() || settled.exists() {
            return self.say(Said::Settled { capture }).await;
        }
        // It goes on as it was begun.
        if file.exists() {
            return;
        }
        let pending = Pending {
            capture,
            files,
            summary,
            jobs,
        };
        match save(&file, &pending).await {
            Ok(()) => self.enqueue(&file, &pending, Instant::now()),
            Err(error) => {
                let message = format!("cannot keep what is to be delivered in {}: {error}", file.display());
                self.log("error", message).await;
                // The recorder knows that it is not on its way, and may say it again.
                for job in &pending.jobs {
                    let result = DeliveryResult::GaveUp {
                        attempts: 0,
                        reason: format!("the state folder cannot be written: {error}"),
                    };
                    self.delivered(&pending.capture, job, result).await;
                }
                self.say(Said::Settled {
                    capture: pending.capture,
                })
                .await;
            }
        }
    }

    fn enqueue(&mut self, file: &Path, pending: &Pending, due: Instant) {
        let waiting = pending
            .jobs
            .iter()
            .enumerate()
            .filter(|(_, job)| job.state == State::Waiting);
        for (at, job) in waiting {
            if self.slots.iter().any(|slot| slot.file == file && slot.at == at) {
                continue;
            }
            self.slots.push(Slot {
                file: file.to_owned(),
                at,
                kind: job.kind,
                due,
                running: false,
            });
        }
    }

    /// What an earlier process left.
    async fn load(&mut self) {
        let folder = self.targets.state.clone();
        if folder.as_os_str().is_empty() {
            return;
        }
        let found = tokio::task::spawn_blocking(move || look(&folder)).await;
        let (files, complaints) = match found {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => (Vec::new(), vec![format!("{}: {error}", self.targets.state.display())]),
            Err(_) => return,
        };
        for complaint in complaints {
            self.log("warn", format!("deliveries: {complaint}")).await;
        }
        for (file, pending) in files {
            self.enqueue(&file, &pending, Instant::now());
            if pending.jobs.iter().all(|job| job.state != State::Waiting) {
                self.settle(&file, pending).await;
            }
        }
    }

    async fn start_due(&mut self) {
        let mut running: HashMap<&'static str, usize> = HashMap::new();
        for slot in self.slots.iter().filter(|slot| slot.running) {
            *running.entry(slot.kind.name()).or_default() += 1;
        }
        let now = Instant::now();
        let mut due = Vec::new();
        for (index, slot) in self.slots.iter().enumerate() {
            let most = match slot.kind {
                Kind::Webhook => WEBHOOKS,
                Kind::Command => COMMANDS,
                Kind::Upload => UPLOADS,
            };
            let count = running.entry(slot.kind.name()).or_default();
            if !slot.running && slot.due <= now && *count < most {
                *count += 1;
                due.push(index);
            }
        }
        for index in due {
            let (file, at) = (self.slots[index].file.clone(), self.slots[index].at);
            self.slots[index].running = true;
            let end = self.end.clone();
            let target = match load(&file).await {
                Ok(pending) => self.targets.of(&pending.jobs[at]).map(|target| (target, pending)),
                Err(error) => {
                    let _ = end.send((file, at, Outcome::never(format!("the queue cannot be read: {error}"))));
                    continue;
                }
            };
            let Some((target, pending)) = target else {
                let _ = end.send((file, at, Outcome::never("it is no longer in the settings")));
                continue;
            };
            let progress = file.with_extension(format!("{}.progress", pending.jobs[at].name));
            tokio::spawn(async move {
                let outcome = target.attempt(&pending, progress).await;
                let _ = end.send((file, at, outcome));
            });
        }
    }

    async fn ended(&mut self, file: PathBuf, at: usize, outcome: Outcome) {
        let Some(index) = self.slots.iter().position(|slot| slot.file == file && slot.at == at) else {
            return;
        };
        let mut pending = match load(&file).await {
            Ok(pending) => pending,
            Err(error) => {
                self.slots.remove(index);
                let message = format!("deliveries: {}: {error}", file.display());
                return self.log("error", message).await;
            }
        };
        let target = self.targets.of(&pending.jobs[at]);
        let job = &mut pending.jobs[at];
        job.attempts = job.attempts.saturating_add(1);
        let attempts = job.attempts;
        let since = Duration::from_nanos(u64::try_from(time::now().saturating_sub(job.since)).unwrap_or(0));
        let result = match outcome {
            Outcome::Done { place } => {
                job.state = State::Done;
                DeliveryResult::Done { attempts, place }
            }
            Outcome::Again { reason, after } if target.is_some_and(|target| target.may_go_on(attempts, since)) => {
                let pause = backoff::pause(attempts, after);
                let slot = &mut self.slots[index];
                slot.running = false;
                slot.due = Instant::now() + pause;
                let next_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
                DeliveryResult::Retrying {
                    attempts,
                    reason,
                    next_ms,
                }
            }
            Outcome::Again { reason, .. } | Outcome::Never { reason } => {
                job.state = State::GaveUp;
                DeliveryResult::GaveUp { attempts, reason }
            }
        };
        let job = job.clone();
        if job.state != State::Waiting {
            self.slots.remove(index);
        }
        if let Err(error) = save(&file, &pending).await {
            self.log("error", format!("deliveries: {}: {error}", file.display()))
                .await;
        }
        self.delivered(&pending.capture, &job, result).await;
        if pending.jobs.iter().all(|job| job.state != State::Waiting) {
            self.settle(&file, pending).await;
        }
    }

    /// Nothing is left to do: what remains is that it was done.
    async fn settle(&mut self, file: &Path, pending: Pending) {
        let settled = file.with_extension("settled");
        let mark = Pending {
            files: Vec::new(),
            summary: Value::Null,
            ..pending.clone()
        };
        // Should this end between the two, it is settled once more at the next start.
        let marked = save(&settled, &mark).await;
        for job in &pending.jobs {
            let _ = tokio::fs::remove_file(file.with_extension(format!("{}.progress", job.name))).await;
        }
        let removed = tokio::fs::remove_file(file).await;
        if let Err(error) = marked.and(removed) {
            self.log("error", format!("deliveries: {}: {error}", file.display()))
                .await;
        }
        self.say(Said::Settled {
            capture: pending.capture,
        })
        .await;
    }

    async fn delivered(&self, capture: &str, job: &Job, result: DeliveryResult) {
        let capture = capture.to_owned();
        self.say(Said::Delivered {
            capture,
            what: job.what(),
            result,
        })
        .await;
    }

    async fn log(&self, level: &str, message: String) {
        let level = level.to_owned();
        self.say(Said::Log { level, message }).await;
    }

    /// Who does not listen any more is about to end this, too.
    async fn say(&self, said: Said) {
        let _ = self.said.send(said).await;
    }
}

/// A name for the files of a capture. Ids are names already; anything else becomes one.
fn file_name(capture: &str) -> String {
    let good = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if !capture.is_empty() && capture.len() <= 128 && capture.chars().all(good) {
        return capture.to_owned();
    }
    let digest = ring::digest::digest(&ring::digest::SHA256, capture.as_bytes());
    let hex: String = digest.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("x-{hex}")
}

type Found = (Vec<(PathBuf, Pending)>, Vec<String>);

/// What is in the folder; makes it, if it is not there. Old marks go.
fn look(folder: &Path) -> std::io::Result<Found> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let (mut found, mut complaints) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => match read(&path) {
                Ok(pending) => found.push((path, pending)),
                Err(error) => complaints.push(format!("{}: {error}", path.display())),
            },
            Some("settled") => {
                let modified = path.metadata().and_then(|metadata| metadata.modified());
                let age = modified.ok().and_then(|at| SystemTime::now().duration_since(at).ok());
                if age.is_some_and(|age| age > REMEMBERED) {
                    let _ = std::fs::remove_file(&path);
                }
            }
            _ => {}
        }
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    Ok((found, complaints))
}

fn read(path: &Path) -> std::io::Result<Pending> {
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}

async fn load(path: &Path) -> std::io::Result<Pending> {
    let path = path.to_owned();
    let read = tokio::task::spawn_blocking(move || read(&path)).await;
    read.unwrap_or_else(|error| Err(std::io::Error::other(error)))
}

async fn save(path: &Path, pending: &Pending) -> std::io::Result<()> {
    let (path, bytes) = (path.to_owned(), serde_json::to_vec(pending)?);
    let written = tokio::task::spawn_blocking(move || write(&path, &bytes)).await;
    written.unwrap_or_else(|error| Err(std::io::Error::other(error)))
}
