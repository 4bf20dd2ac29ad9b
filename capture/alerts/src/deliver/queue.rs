//! The queue: one file a capture in the state folder, written before anything is tried. In memory is only what is due when, and
//! what the disk does not take just now: that is written as soon as it does.

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
/// When a disk that failed is asked again.
const DISK_PAUSE: Duration = Duration::from_secs(3);
/// Captures that wait in memory for the disk, and bytes of their summaries.
const UNKEPT: usize = 1000;
const UNKEPT_BYTES: usize = 64 << 20;
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
    doing: Doing,
    /// It was said that the disk fails its file.
    complained: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    Waits,
    Runs,
    /// It was tried, and the disk has not taken what came of it: it must not be tried again.
    IsTold,
}

/// A capture that could not be written down.
struct Unkept {
    capture: String,
    files: Vec<PathBuf>,
    summary: Value,
    /// Of the summary.
    bytes: usize,
}

/// The queue.
pub(crate) struct Queue {
    targets: Targets,
    said: mpsc::Sender<Said>,
    slots: Vec<Slot>,
    /// Captures that are not on the disk yet.
    unkept: Vec<Unkept>,
    /// What came of tries whose file could not be read since.
    unread: Vec<(PathBuf, usize, Outcome)>,
    /// Files as they should be on the disk. They count, not what is there.
    unsaved: HashMap<PathBuf, Pending>,
    /// When the disk is asked again.
    again: Option<Instant>,
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
            unkept: Vec::new(),
            unread: Vec::new(),
            unsaved: HashMap::new(),
            again: None,
            ended,
            end,
        }
    }

    /// Works until there are no more orders; how many deliveries are left then.
    pub(crate) async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>) -> u64 {
        self.load().await;
        loop {
            if self.again.is_some_and(|at| at <= Instant::now()) {
                self.ask_the_disk_again().await;
            }
            self.start_due().await;
            let waiting = self.slots.iter().filter(|slot| slot.doing == Doing::Waits);
            let next = waiting.map(|slot| slot.due).chain(self.again).min();
            let next = next.unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
            // Those that are due and have no place wait for one that ends.
            let next = next.max(Instant::now() + Duration::from_millis(20));
            tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => self.order(order).await,
                    None => return self.left().await,
                },
                Some((file, at, outcome)) = self.ended.recv() => self.ended(file, at, outcome).await,
                () = sleep_until(next) => {}
            }
        }
    }

    /// What is left at the end, after a last look whether the disk takes it.
    async fn left(mut self) -> u64 {
        self.ask_the_disk_again().await;
        let unkept = self.unkept.len() * self.targets.jobs(0).len();
        (self.slots.len() + unkept) as u64
    }

    async fn order(&mut self, order: Order) {
        match order {
            Order::Deliver {
                capture,
                files,
                summary,
            } => {
                if self.unkept.iter().all(|one| one.capture != capture) {
                    let bytes = summary.to_string().len();
                    let order = Unkept {
                        capture,
                        files,
                        summary,
                        bytes,
                    };
                    self.deliver(order, true).await;
                }
            }
            Order::Targets(targets) => {
                let moved = targets.state != self.targets.state;
                self.targets = *targets;
                if moved {
                    self.load().await;
                }
            }
        }
    }

    async fn deliver(&mut self, order: Unkept, is_new: bool) {
        let jobs = self.targets.jobs(time::now());
        let name = file_name(&order.capture);
        let file = self.targets.state.join(format!("{name}.json"));
        let settled = self.targets.state.join(format!("{name}.settled"));
        if jobs.is_empty() || settled.exists() {
            let capture = order.capture;
            return self.say(Said::Settled { capture }).await;
        }
        // It goes on as it was begun. Where a save failed at its last step a file may be there, too, of which nothing came.
        if file.exists() && (is_new || self.slots.iter().any(|slot| slot.file == file)) {
            return;
        }
        let pending = Pending {
            capture: order.capture,
            files: order.files,
            summary: order.summary,
            jobs,
        };
        let error = match save(&file, &pending).await {
            Ok(()) => return self.enqueue(&file, &pending, Instant::now()),
            Err(error) => error,
        };
        let all = self.unkept.iter().map(|one| one.bytes).sum::<usize>();
        let is_too_much = self.unkept.len() >= UNKEPT || all.saturating_add(order.bytes) > UNKEPT_BYTES;
        if is_new {
            // Of what is not delivered nothing is said, so that the recorder says it again to the next helper.
            let then = match is_too_much {
                true => "too many wait for that: it is delivered after the next start only",
                false => "it waits in memory",
            };
            let (capture, file) = (&pending.capture, file.display());
            let message = format!("cannot keep in {file} that {capture} is to be delivered: {error}; {then}");
            self.log("error", message).await;
        }
        if !is_too_much {
            self.unkept.push(Unkept {
                capture: pending.capture,
                files: pending.files,
                summary: pending.summary,
                bytes: order.bytes,
            });
            self.pause();
        }
    }

    /// Asks the disk again, in a moment.
    fn pause(&mut self) {
        self.again.get_or_insert_with(|| Instant::now() + DISK_PAUSE);
    }

    /// Does what the disk did not let be done.
    async fn ask_the_disk_again(&mut self) {
        self.again = None;
        for order in std::mem::take(&mut self.unkept) {
            self.deliver(order, false).await;
        }
        for (file, at, outcome) in std::mem::take(&mut self.unread) {
            self.ended(file, at, outcome).await;
        }
        for (file, pending) in std::mem::take(&mut self.unsaved) {
            if self.keep(&file, &pending).await {
                self.settle_if_over(&file, pending).await;
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
                doing: Doing::Waits,
                complained: false,
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
            if self.unsaved.contains_key(&file) {
                continue;
            }
            self.enqueue(&file, &pending, Instant::now());
            self.settle_if_over(&file, pending).await;
        }
    }

    async fn start_due(&mut self) {
        let mut running: HashMap<&'static str, usize> = HashMap::new();
        for slot in self.slots.iter().filter(|slot| slot.doing == Doing::Runs) {
            *running.entry(slot.kind.name()).or_default() += 1;
        }
        let now = Instant::now();
        let mut due = Vec::new();
        for slot in &self.slots {
            let most = match slot.kind {
                Kind::Webhook => WEBHOOKS,
                Kind::Command => COMMANDS,
                Kind::Upload => UPLOADS,
            };
            let count = running.entry(slot.kind.name()).or_default();
            if slot.doing == Doing::Waits && slot.due <= now && *count < most {
                *count += 1;
                due.push((slot.file.clone(), slot.at));
            }
        }
        for (file, at) in due {
            let pending = match self.read(&file).await {
                Ok(pending) => pending,
                Err(error) if is_lost(&file, &error) => {
                    self.lose(&file, at, &error).await;
                    continue;
                }
                Err(error) => {
                    // Nothing was tried, and so it is no try.
                    if let Some(slot) = self.slot(&file, at) {
                        slot.due = Instant::now() + DISK_PAUSE;
                    }
                    self.complain(&file, &error).await;
                    continue;
                }
            };
            if let Some(slot) = self.slot(&file, at) {
                slot.doing = Doing::Runs;
            }
            let end = self.end.clone();
            let Some(target) = self.targets.of(&pending.jobs[at]) else {
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

    fn slot(&mut self, file: &Path, at: usize) -> Option<&mut Slot> {
        self.slots.iter_mut().find(|slot| slot.file == file && slot.at == at)
    }

    /// The file as it should be.
    async fn read(&self, file: &Path) -> std::io::Result<Pending> {
        match self.unsaved.get(file) {
            Some(pending) => Ok(pending.clone()),
            None => load(file).await,
        }
    }

    /// Says once that the disk fails a file.
    async fn complain(&mut self, file: &Path, error: &std::io::Error) {
        let mut is_said = false;
        for slot in self.slots.iter_mut().filter(|slot| slot.file == file) {
            is_said |= std::mem::replace(&mut slot.complained, true);
        }
        if !is_said {
            let message = format!("deliveries: {}: {error}; it is asked again", file.display());
            self.log("error", message).await;
        }
    }

    /// There is nothing more to go by.
    async fn lose(&mut self, file: &Path, at: usize, error: &std::io::Error) {
        self.slots.retain(|slot| slot.file != file || slot.at != at);
        self.log("error", format!("deliveries: {}: {error}", file.display()))
            .await;
    }

    async fn ended(&mut self, file: PathBuf, at: usize, outcome: Outcome) {
        let Some(index) = self.slots.iter().position(|slot| slot.file == file && slot.at == at) else {
            return;
        };
        let mut pending = match self.read(&file).await {
            Ok(pending) => pending,
            Err(error) if is_lost(&file, &error) => return self.lose(&file, at, &error).await,
            Err(error) => {
                self.slots[index].doing = Doing::IsTold;
                self.complain(&file, &error).await;
                self.unread.push((file, at, outcome));
                return self.pause();
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
                slot.doing = Doing::Waits;
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
            self.slots[index].doing = Doing::IsTold;
        }
        let is_kept = self.keep(&file, &pending).await;
        self.delivered(&pending.capture, &job, result).await;
        if is_kept {
            self.settle_if_over(&file, pending).await;
        }
    }

    /// Writes down how far a capture is; returns whether that worked. Deliveries that are over are forgotten when that is on the
    /// disk, and no earlier.
    async fn keep(&mut self, file: &Path, pending: &Pending) -> bool {
        let is_over = |at: usize| pending.jobs.get(at).is_some_and(|job| job.state != State::Waiting);
        if let Err(error) = save(file, pending).await {
            self.complain(file, &error).await;
            self.unsaved.insert(file.to_owned(), pending.clone());
            self.pause();
            return false;
        }
        self.unsaved.remove(file);
        self.slots.retain(|slot| slot.file != file || !is_over(slot.at));
        for slot in self.slots.iter_mut().filter(|slot| slot.file == file) {
            slot.complained = false;
        }
        true
    }

    async fn settle_if_over(&mut self, file: &Path, pending: Pending) {
        if pending.jobs.iter().all(|job| job.state != State::Waiting) {
            self.settle(file, pending).await;
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
        // Should this end between the two, or the mark not be taken, it is settled once more at the next start.
        let marked = save(&settled, &mark).await;
        for job in &pending.jobs {
            let _ = tokio::fs::remove_file(file.with_extension(format!("{}.progress", job.name))).await;
        }
        let removed = match marked {
            Ok(()) => tokio::fs::remove_file(file).await,
            Err(error) => Err(error),
        };
        if let Err(error) = removed {
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

/// Whether a file that cannot be read will never be: it is damaged, or is not in a folder that is there.
fn is_lost(file: &Path, error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{InvalidData, NotFound, UnexpectedEof};
    let is_folder_there = || file.parent().is_some_and(Path::is_dir);
    match error.kind() {
        InvalidData | UnexpectedEof => true,
        NotFound => is_folder_there(),
        _ => false,
    }
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
