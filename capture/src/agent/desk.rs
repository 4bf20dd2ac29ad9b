//! The thread that everything but recording comes together on: triggers are answered, captures written, folders kept tidy.
//! The recorder never waits for it; what it needs to know of the recorder it asks for.

mod tidying;

use super::alert::Trigger;
use super::capture::{Capture, Ended, span_end};
use super::config::{Config, Mode};
use super::doors::{Link, Waiting};
use super::folder::{self, Files};
use super::leaving::Leaving;
use super::log::Log;
use super::metrics::Metrics;
use super::older;
use super::ring::SharedRing;
use super::select::World;
use super::sidecar;
use super::sidecar::Outcome;
use super::watch::Watch;
use super::writing::Writing;
use crate::clock;
use afterimage_alerts::protocol::{Said, Told};
use afterimage_format::model::{ClockAnchor, Header};
use afterimage_format::segment::Segment;
use afterimage_query::TraceContext;
use afterimage_query::check::TimeZone;
use afterimage_query::row::SegmentRows;
use serde_json::{Value, json};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// What the desk hears.
pub(crate) enum Event {
    /// A segment is in the ring.
    Piece,
    /// Everything before this mark is in the ring.
    Mark(u64),
    /// The ring on disk has failed, or is written again.
    Disk(Result<(), String>),
    /// Somebody wants something.
    Request(Request),
    /// The helper has said something; it waits until it was heard.
    Said(Box<Said>, Waiting),
    /// Nobody is at the socket, nor will be in this round of closing.
    DoorClosed(u64),
    /// Read the configuration again.
    Reload,
    /// Capture the node: SIGUSR1.
    Signal,
    /// The recorder has ended, and this is what it knew.
    Stop(Box<World>),
}

/// Something that is wanted, and who waits for the answer.
pub(crate) struct Request {
    pub(crate) what: What,
    pub(crate) answer: Sender<Value>,
}

pub(crate) enum What {
    Trigger(Box<Trigger>),
    Status,
    Metrics,
    Captures,
}

/// What the desk asks the recorder for.
pub(crate) enum Ask {
    /// What it knows of containers and of these processes.
    World(Vec<u32>, Sender<World>),
    /// To begin to record, where it waits; the header of the recording, or why there is none.
    Begin(Sender<Result<Box<Header>, String>>),
    /// To close the open segment now, with this mark behind it.
    Flush(u64),
}

/// How long the recorder is waited for; it looks each turn.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two looks at the folder.
const TIDY: Duration = Duration::from_secs(30);
/// The same while captures are written.
const TIDY_BUSY: Duration = Duration::from_secs(2);
/// Longest time that captures are written before the next request is looked at.
const SLICE: Duration = Duration::from_millis(50);
/// So much is heard at a time before captures go on.
const HEARD: usize = 64;
/// While captures go on, what new containers there are is asked for so often.
const LEARN: Duration = Duration::from_secs(1);
/// Records that are younger are not taken by the recorder yet.
const SETTLE: u64 = 1_000_000;
/// Captures that have ended, for alerts that come again.
const REMEMBERED: usize = 256;

/// When the agent ends, how long captures still take from the ring on disk: less than `TimeoutStopSec` of the unit.
const FROM_DISK: Duration = Duration::from_secs(10);
/// How long it may take until an agent on demand records.
const BEGIN: Duration = Duration::from_secs(10);
/// How long its runtimes have to tell of containers.
const FIRST_ANSWERS: Duration = Duration::from_millis(300);
/// What others of the agent's threads look at.
#[derive(Default)]
pub(crate) struct Shared {
    /// Captures that are written: the recorder looks for questions more often then.
    pub(crate) running: AtomicU64,
    /// Nothing before this time is needed any more.
    pub(crate) needed_since: AtomicU64,
    /// Nothing more is to be recorded: of an agent on demand.
    pub(crate) idle: AtomicBool,
    /// Not 0: nobody new is let in at the socket.
    pub(crate) closing: AtomicU64,
}

pub(crate) struct Desk {
    pub(crate) config: Config,
    pub(crate) writing: Writing,
    pub(crate) ring: SharedRing,
    pub(crate) header: Header,
    /// What this node is called in Kubernetes.
    pub(crate) node: String,
    context: TraceContext,
    clock: ClockAnchor,
    events: Receiver<Event>,
    asks: Sender<Ask>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) log: Log,
    pub(crate) metrics: Metrics,
    pub(crate) world: World,
    pub(crate) captures: Vec<Capture>,
    /// Source and id of alerts, and the capture that they led to.
    pub(crate) remembered: VecDeque<(String, String, String)>,
    watch: Watch,
    pub(crate) link: Link,
    /// Captures that are still to be delivered.
    pub(crate) unsettled: BTreeSet<String>,
    pub(crate) leaving: Leaving,
    /// The helper could not be told of one of them.
    pub(crate) untold: bool,
    /// Side-cars of captures that have ended, which could not be written yet.
    unwritten: Vec<(Files, Value)>,
    /// Everything until this time is in the ring.
    known_until: u64,
    /// The flush that is under way: its mark, and the time that it reaches.
    flush: Option<(u64, u64)>,
    marks: u64,
    tidied: Instant,
    /// From when on the ring on disk has something.
    on_disk_since: u64,
    learnt: Instant,
    pub(crate) stopping: bool,
    /// Whether anything is recorded: an agent on demand begins with the first trigger.
    pub(crate) recording: bool,
    /// When the last capture ended, or somebody last asked for one.
    pub(crate) busy: Instant,
    reread: Box<dyn Fn() -> anyhow::Result<(Config, Writing)> + Send>,
}

/// What the desk begins with.
pub(crate) struct Parts {
    pub(crate) config: Config,
    pub(crate) writing: Writing,
    pub(crate) ring: SharedRing,
    pub(crate) header: Header,
    pub(crate) events: Receiver<Event>,
    pub(crate) asks: Sender<Ask>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) link: Link,
    pub(crate) log: Log,
    pub(crate) metrics: Metrics,
    /// Whether it records already.
    pub(crate) recording: bool,
    pub(crate) reread: Box<dyn Fn() -> anyhow::Result<(Config, Writing)> + Send>,
}

impl Desk {
    pub(crate) fn new(parts: Parts) -> Desk {
        let watch = Watch::new(&parts.config.trigger.filter);
        Desk {
            context: TraceContext::live(parts.header.clone(), TimeZone::Utc),
            clock: parts.header.clock,
            config: parts.config,
            writing: parts.writing,
            ring: parts.ring,
            header: parts.header,
            node: crate::containers::node_name(),
            events: parts.events,
            asks: parts.asks,
            shared: parts.shared,
            log: parts.log,
            metrics: parts.metrics,
            world: World::default(),
            captures: Vec::new(),
            remembered: VecDeque::new(),
            watch,
            link: parts.link,
            unsettled: BTreeSet::new(),
            leaving: Leaving::default(),
            untold: false,
            unwritten: Vec::new(),
            known_until: 0,
            flush: None,
            marks: 0,
            tidied: Instant::now(),
            on_disk_since: 0,
            learnt: Instant::now(),
            stopping: false,
            recording: parts.recording,
            busy: Instant::now(),
            reread: parts.reread,
        }
    }

    /// The time of events, nanoseconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        clock::boottime()
            .wrapping_sub(self.clock.boottime)
            .wrapping_add(self.clock.realtime)
    }

    /// Works until the recorder has ended.
    pub(crate) fn run(mut self) -> Metrics {
        let mut left = false;
        self.tell_settings();
        loop {
            let wait = if left { Duration::ZERO } else { self.until_next() };
            let mut next = match self.events.recv_timeout(wait) {
                Ok(event) => Some(event),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return self.metrics,
            };
            // Whoever waits for an answer comes before what the ring keeps anyway.
            let mut heard = 0;
            while let Some(event) = next {
                match event {
                    Event::Stop(world) => {
                        self.world = *world;
                        self.stop();
                        return self.metrics;
                    }
                    event => self.hear(event),
                }
                heard += 1;
                next = (heard < HEARD).then(|| self.events.try_recv().ok()).flatten();
            }
            left = self.work(SLICE);
            self.end_those_that_are_over();
            self.tidy();
            self.publish();
        }
    }

    /// How long there is nothing to do unless something comes.
    fn until_next(&self) -> Duration {
        let now = self.now();
        let ends = self.captures.iter().map(|capture| capture.span.to);
        let ends = ends.map(|end| Duration::from_nanos((end + SETTLE).saturating_sub(now)));
        let ends = ends.filter(|_| self.flush.is_none()).min();
        let waits = self.captures.is_empty()
            && self.unwritten.is_empty()
            && !(self.recording && self.config.recording.mode == Mode::OnDemand);
        let usual = match self.leaving.goes_on() {
            true => Duration::from_millis(20),
            false if waits => TIDY,
            false => LEARN,
        };
        ends.unwrap_or(usual).clamp(Duration::from_millis(1), usual)
    }

    fn hear(&mut self, event: Event) {
        match event {
            Event::Piece => {}
            Event::Mark(mark) => {
                if let Some((_, time)) = self.flush.take_if(|(of, _)| *of == mark) {
                    self.known_until = time;
                }
            }
            Event::Disk(state) => {
                self.metrics.disk_failed = state.is_err();
                match state {
                    Ok(()) => self.log.info("the ring on disk goes on", &[]),
                    Err(error) => self.log.warn(
                        "the ring on disk has failed; memory goes on, and the disk is tried again",
                        &[("error", &error)],
                    ),
                }
            }
            Event::Request(request) => {
                let answer = match request.what {
                    What::Trigger(trigger) => self.trigger(&trigger),
                    What::Status => self.status(),
                    What::Metrics => json!({"metrics": self.metrics_text()}),
                    What::Captures => self.list(),
                };
                let _ = request.answer.send(answer);
            }
            Event::Said(said, waiting) => {
                self.heard(*said);
                drop(waiting);
            }
            Event::DoorClosed(round) => self.leaving.closed(round),
            Event::Reload => self.reload(),
            Event::Signal => {
                if self.config.trigger.signals.usr1 {
                    let trigger = super::trigger::of_signal();
                    self.trigger(&trigger);
                }
            }
            Event::Stop(_) => {}
        }
    }

    /// Asks the recorder what it knows; what it said last stays where it does not answer.
    pub(crate) fn ask_world(&mut self, pids: Vec<u32>) -> bool {
        let (answer, answers) = channel();
        if self.asks.send(Ask::World(pids, answer)).is_err() {
            // It has ended, and the word of it is under way.
            self.stopping = true;
            return false;
        }
        match answers.recv_timeout(PATIENCE) {
            Ok(world) => {
                self.world = world;
                true
            }
            Err(_) => false,
        }
    }

    /// Sees to it that something is recorded.
    ///
    /// # Errors
    /// Why nothing can be.
    pub(crate) fn record(&mut self) -> Result<(), String> {
        self.busy = Instant::now();
        if self.recording {
            return Ok(());
        }
        let late = || "the recorder does not begin".to_owned();
        let (answer, answers) = channel();
        self.asks.send(Ask::Begin(answer)).map_err(|_| late())?;
        let header = answers.recv_timeout(BEGIN).map_err(|_| late())??;
        self.clock = header.clock;
        self.context = TraceContext::live((*header).clone(), TimeZone::Utc);
        self.header = *header;
        self.recording = true;
        // Whom runtimes tell of, and what they call them.
        std::thread::sleep(FIRST_ANSWERS);
        Ok(())
    }

    /// Gives pieces to the captures that want them, for a while. Returns whether there is more to do. Each piece is taken
    /// apart once, whoever wants it.
    fn work(&mut self, time: Duration) -> bool {
        let began = Instant::now();
        self.learn();
        let more = loop {
            // One piece from disk, one from memory: the disk can take minutes, for which others must not wait.
            let on_disk = self.captures.iter_mut().find(|capture| capture.older.is_some());
            let more = on_disk
                .map(|capture| older::take(capture, &self.context, &self.ring))
                .is_some();
            let wanted = self.captures.iter().filter(|capture| capture.takes());
            let wanted = wanted.map(|capture| capture.next).chain(self.watch.next()).min();
            let Some(piece) = wanted.and_then(|seq| self.ring.lock().at(seq)) else {
                match more {
                    true if began.elapsed() >= time => break true,
                    true => continue,
                    false => break false,
                }
            };
            let Ok(segment) = Segment::parse(piece.segment.body.as_slice(), 0) else {
                self.log.error("a segment of the ring cannot be read", &[]);
                break false;
            };
            let rows = SegmentRows::new(&self.context, segment);
            let wants = |capture: &&mut Capture| capture.takes() && capture.next <= piece.seq;
            for capture in self.captures.iter_mut().filter(wants) {
                capture.take(&piece, &rows);
            }
            let found = self.watch.look(&piece, &rows, &mut self.metrics);
            drop(rows);
            for hit in found {
                if self.trigger(&hit.trigger)["ok"] != true {
                    self.watch.refused(&hit);
                }
            }
            if began.elapsed() >= time {
                break true;
            }
        };
        self.captures.iter_mut().for_each(Capture::flush_if_due);
        more
    }

    /// Containers that have come into the scope of a capture since it began.
    fn learn(&mut self) {
        if self.captures.is_empty() || self.learnt.elapsed() < LEARN {
            return;
        }
        self.learnt = Instant::now();
        self.ask_world(Vec::new());
        for capture in &mut self.captures {
            capture.learn(&self.world);
        }
    }

    fn end_those_that_are_over(&mut self) {
        let now = self.now();
        if self.flush.is_none()
            && self
                .captures
                .iter()
                .any(|capture| capture.span.to + SETTLE <= now && capture.failed.is_none())
        {
            self.marks += 1;
            self.flush = Some((self.marks, now - SETTLE));
            if self.asks.send(Ask::Flush(self.marks)).is_err() {
                self.flush = None;
            }
        }
        let next = self.ring.lock().next();
        let known = self.known_until;
        let over = self.captures.extract_if(.., |capture| capture.is_over(next, known));
        let over: Vec<Capture> = over.collect();
        if over.is_empty() {
            return;
        }
        self.ask_world(Vec::new());
        for capture in over {
            self.end(capture, None);
        }
    }

    fn end(&mut self, capture: Capture, why: Option<(Outcome, String)>) {
        let id = capture.files.id.clone();
        for (source, alert) in &capture.ids {
            self.remembered.push_back((source.clone(), alert.clone(), id.clone()));
        }
        while self.remembered.len() > REMEMBERED {
            self.remembered.pop_front();
        }
        let files = capture.files.clone();
        let Ended {
            outcome,
            summary,
            unwritten,
        } = capture.end(why, &self.world, self.now(), self.delivers());
        match unwritten {
            None => self.deliver(&files, &summary),
            Some(error) => {
                let fields = [("capture", id.as_str()), ("error", &error)];
                self.log
                    .error("the .json of a capture cannot be written; it is tried again", &fields);
                self.unwritten.push((files, summary.clone()));
            }
        }
        self.metrics.ended(outcome);
        let events = summary["events"].to_string();
        let reason = summary["reason"].as_str().unwrap_or_default();
        let fields = [
            ("capture", id.as_str()),
            ("result", outcome.name()),
            ("events", &events),
            ("reason", reason),
        ];
        match outcome {
            Outcome::Complete | Outcome::Ended | Outcome::Limit => self.log.info("a capture is sealed", &fields),
            _ => self.log.warn("a capture ended", &fields),
        }
        self.tidied = Instant::now().checked_sub(TIDY).unwrap_or(self.tidied);
    }

    fn publish(&mut self) {
        if !self.captures.is_empty() {
            self.busy = Instant::now();
        }
        self.leave_or_stay();
        self.shared.running.store(self.captures.len() as u64, Ordering::Relaxed);
        let since = self.captures.iter().map(|capture| capture.span.from);
        let mut ring = match self.ring.lock().since() {
            0 => u64::MAX,
            since => since,
        };
        if self.config.ring.disk.is_some() {
            // Containers of which only the disk has something can still be asked for. Until it was looked at nothing goes.
            ring = ring.min(self.on_disk_since);
        }
        self.shared
            .needed_since
            .store(since.min().unwrap_or(u64::MAX).min(ring), Ordering::Relaxed);
    }

    /// What is asked for from now on; the ring stays.
    fn reload(&mut self) {
        match (self.reread)() {
            Ok((config, writing)) => {
                for key in super::reload::needs_start(&self.config, &config) {
                    self.log.warn("a change counts from the next start on", &[("key", key)]);
                }
                self.ring.lock().set_limit(super::ring::Limit::of(&config.ring));
                self.watch.set(&config.trigger.filter);
                self.log.set(config.log.format);
                self.config = super::reload::merged(&self.config, config);
                self.writing = writing;
                self.tell_settings();
                self.metrics.reloads += 1;
                self.log.info("the configuration was read again", &[]);
            }
            Err(error) => {
                self.log.error(
                    "the configuration has an error; the old one stays",
                    &[("error", &format!("{error:#}"))],
                );
            }
        }
    }

    /// The recorder has ended: everything that it has recorded is in the ring.
    fn stop(&mut self) {
        self.stopping = true;
        let until = Instant::now() + FROM_DISK;
        while self.work(SLICE) {
            if Instant::now() >= until {
                for capture in &mut self.captures {
                    let next = self.ring.lock().at(capture.next);
                    capture.leave_older(next.as_deref());
                }
            }
        }
        let now = self.now();
        for capture in std::mem::take(&mut self.captures) {
            let early = capture.span.to > now || capture.hurried;
            let why = early.then(|| (Outcome::Ended, "the agent was told to end".to_owned()));
            self.end(capture, why);
        }
        self.write_the_rest();
        self.link.tell(Told::Stop { within_ms: 2_000 });
        // Who has asked in the meantime gets an answer.
        while let Ok(event) = self.events.try_recv() {
            self.hear(event);
        }
    }

    fn status(&mut self) -> Value {
        let ring = self.ring.lock();
        let running: Vec<Value> = self
            .captures
            .iter()
            .map(|capture| json!({"capture": capture.files.id, "bytes": capture.bytes(), "to": sidecar::time(capture.span.to)}))
            .collect();
        json!({
            "ok": true,
            "mode": if self.config.recording.mode == Mode::Flight { "flight" } else { "on-demand" },
            "recording": self.recording,
            "ring": {
                "from": sidecar::time(ring.since()),
                "to": sidecar::time(ring.until()),
                "bytes": ring.bytes(),
                "segments": ring.len(),
            },
            "events": ring.totals.events,
            "lost": ring.totals.lost,
            "running": running,
            "folder": self.config.captures.folder,
        })
    }

    pub(crate) fn metrics_text(&mut self) -> String {
        let ring = self.ring.lock();
        self.metrics.text(&ring, self.captures.len(), self.now())
    }

    /// All captures: those that are there, and those that are being written.
    fn list(&self) -> Value {
        let all = folder::list(&self.config.captures.folder);
        let one = |files: &Files| {
            let unwritten = self.unwritten.iter().find(|(of, _)| of.id == files.id);
            let known = unwritten.map(|(_, summary)| summary.clone());
            known
                .or_else(|| sidecar::read(&files.sidecar()))
                .unwrap_or_else(|| json!({"capture": files.id, "result": "unknown"}))
        };
        json!({"ok": true, "captures": all.iter().map(one).collect::<Vec<_>>()})
    }

    /// When a capture that begins now ends by itself.
    pub(crate) fn end_of(&self, post: Duration) -> u64 {
        span_end(self.now(), post)
    }
}
