//! The drain loop: takes whole runs from the rings, makes events of them, closes segments, counts losses, sleeps.

use super::keyframes::Keyframes;
use super::merge::{Merge, Taken};
use super::sink::{Sink, Stopped};
use super::status::Figures;
use crate::clock;
use crate::events::{Next, Tracker, Verdict};
use crate::executed::{Answer, Executed};
use crate::probe::Probe;
use afterimage_abi::{LOSS_CAUSES, loss};
use afterimage_format::file::Summary;
use afterimage_format::model::{Loss, LossCause};
use afterimage_format::segment::{DEFAULT_ROWS, SegmentBuilder};
use std::time::{Duration, Instant};

/// Records younger than this wait for the next turn: a program on another CPU that took its time stamp earlier has
/// published by then.
const SETTLE: u64 = 500_000;
/// Where the fullest ring holds this part, records do not wait any more for older ones that are still being written: a CPU
/// that has been taken away from a guest for long shall not cost the others events.
const PRESSURE: f64 = 0.5;
/// How long somebody who wants to know what has happened waits for a record that is still being written.
const LATE: Duration = Duration::from_millis(20);
/// How long the end of a capture waits for that: as long as a guest's CPU is taken away.
const VERY_LATE: Duration = Duration::from_secs(1);
/// At the end, how long programs that still write are waited for.
const LAST: Duration = Duration::from_millis(100);
/// How long an answer about an executed file may be ahead of the record of its exec.
const EARLY: Duration = Duration::from_secs(2);
/// At the end, how long answers about executed files are waited for.
const PATIENCE: Duration = Duration::from_secs(1);
/// At the end, how long runtimes are waited for that have not told of a container yet.
const LAST_WORDS: Duration = Duration::from_millis(100);
/// At the end, how long entries of an audit log are waited for that have been written: its file is looked at as often.
const LAST_ENTRIES: Duration = Duration::from_millis(200);
/// A segment is closed when its strings and payloads reach this size, whatever its rows.
const SEGMENT_BYTES: usize = 8 << 20;
/// Where the writing side is behind, a segment may grow so many times larger before the drain waits for it. Then the
/// rings are the buffer, and what they cannot hold is counted.
const GROWTH: usize = 2;
/// A segment is closed after this many nanoseconds, so that a crash costs no more.
const SEGMENT_AGE: u64 = 1_000_000_000;
/// Longest time that a piece of the snapshot takes between two looks at the rings.
const SNAPSHOT_PIECE: Duration = Duration::from_millis(10);
/// Sleep between turns, up to the longest while there is nothing. A ring that fills meanwhile wakes the drain (see
/// `Probe::wait`).
const SHORTEST: Duration = Duration::from_millis(2);
const LONGEST: Duration = Duration::from_millis(100);
/// While there is work, up to this: few large turns cost less than many small ones.
const BUSY: Duration = Duration::from_millis(32);
/// As long as the fullest ring holds less than this part at a turn, the next one may come later.
const LITTLE: f64 = 1.0 / 32.0;
/// From this part on it comes as soon as it can.
const MUCH: f64 = 1.0 / 8.0;

const CAUSES: [(usize, LossCause); LOSS_CAUSES] = [
    (loss::FULL, LossCause::RingFull),
    (loss::BUSY, LossCause::RingBusy),
    (loss::SCOPE, LossCause::ScopeFull),
];

/// State of the loop.
pub(crate) struct Drain {
    pub(super) probe: Probe,
    pub(crate) tracker: Tracker,
    builder: SegmentBuilder,
    closing: Closing,
    merge: Merge,
    /// Losses told so far, by CPU and cause.
    told: Vec<[u64; LOSS_CAUSES]>,
    /// Real time of the last look at the losses.
    looked: u64,
    /// Boot-clock time when the open segment began; 0: it is empty.
    opened: u64,
    sleep: Duration,
    /// Longest sleep.
    longest: Duration,
    /// Records taken from the rings.
    taken: u64,
    /// The fullest ring at the last turn, 0 to 1.
    fill: f64,
    executed: Executed,
    /// Answers about executed files, and since when they wait for the record of the exec.
    early: Vec<(Instant, Answer)>,
}

impl Drain {
    pub(crate) fn new(
        probe: Probe,
        mut tracker: Tracker,
        mut builder: SegmentBuilder,
        sink: Sink,
        executed: Executed,
    ) -> Drain {
        tracker.keyframe(&mut builder);
        let told = vec![[0; LOSS_CAUSES]; probe.rings().cpus()];
        let looked = tracker.real_time(clock::boottime());
        Drain {
            probe,
            tracker,
            builder,
            closing: Closing {
                sink,
                keyframes: Keyframes::default(),
                lossy: false,
                rotate: false,
                complete: false,
            },
            merge: Merge::default(),
            told,
            looked,
            opened: clock::boottime(),
            sleep: SHORTEST,
            longest: LONGEST,
            taken: 0,
            fill: 0.0,
            executed,
            early: Vec::new(),
        }
    }

    /// One turn, then a sleep that fits what it found.
    pub(crate) fn turn(&mut self) -> Result<(), Stopped> {
        let taken = self.take(clock::boottime().saturating_sub(SETTLE), true)?;
        if !self.tracker.is_complete() {
            return self.continue_snapshot();
        }
        self.sleep = self.rest(taken).min(self.longest);
        self.probe.wait(self.sleep);
        Ok(())
    }

    /// How long to sleep after a turn that took so much.
    fn rest(&self, taken: Taken) -> Duration {
        match taken.bytes {
            _ if self.fill >= MUCH => SHORTEST,
            0 if !taken.held => self.sleep * 2,
            _ if self.fill < LITTLE => (self.sleep * 2).min(BUSY),
            _ => self.sleep.min(BUSY),
        }
    }

    /// Takes a piece of what ran before the capture. Once all of it is known, the next segment is a keyframe: the first
    /// one could not tell it.
    fn continue_snapshot(&mut self) -> Result<(), Stopped> {
        if self.tracker.continue_snapshot(SNAPSHOT_PIECE) {
            self.closing.complete = true;
            self.closing.close(&mut self.tracker, &mut self.builder)?;
            self.opened = 0;
        }
        Ok(())
    }

    /// Begins another file as soon as there is something for it.
    pub(crate) fn rotate(&mut self) -> Result<(), Stopped> {
        self.closing.sink.ask_for_rotation();
        self.opened = 0;
        self.closing.close(&mut self.tracker, &mut self.builder)
    }

    /// Takes everything that has happened until now: whoever asks about it has seen it happen.
    pub(crate) fn catch_up(&mut self) -> Result<(), Stopped> {
        self.take_what_happened(LATE).map(drop)
    }

    /// The same, waiting so long for records that are still being written. Returns whether one holds back others even then.
    fn take_what_happened(&mut self, late: Duration) -> Result<bool, Stopped> {
        let began = Instant::now();
        loop {
            std::thread::sleep(Duration::from_nanos(SETTLE));
            let taken = self.take(clock::boottime().saturating_sub(SETTLE), true)?;
            if !taken.held || began.elapsed() >= late {
                return Ok(taken.held);
            }
        }
    }

    /// Takes everything that has happened until now and closes the open segment; the writing side comes to `mark` behind it.
    pub(crate) fn flush(&mut self, mark: u64) -> Result<(), Stopped> {
        if self.take_what_happened(VERY_LATE)? {
            // One record may be told behind younger ones; none of them may be missing.
            self.take(clock::boottime().saturating_sub(SETTLE), false)?;
        }
        if !self.builder.is_empty() {
            self.closing.close(&mut self.tracker, &mut self.builder)?;
            self.opened = 0;
        }
        self.closing.sink.mark(mark)
    }

    /// Sleeps at most so long between turns, or as usual.
    pub(crate) fn be_attentive(&mut self, longest: Option<Duration>) {
        self.longest = longest.unwrap_or(LONGEST);
    }

    /// Whether the writer is to spend less time on compression.
    pub(crate) fn hurry(&self, hurry: bool) {
        self.closing.sink.hurry(hurry);
    }

    /// How it is going.
    pub(crate) fn figures(&self) -> Figures {
        let (bytes, files) = self.closing.sink.written();
        Figures {
            events: self.builder.next_num() - 1,
            bytes,
            lost: self.told.iter().flatten().sum(),
            fill: self.fill,
            files,
        }
    }

    /// Whether the file cannot be written any more.
    pub(crate) fn has_failed(&self) -> bool {
        self.closing.sink.has_failed()
    }

    /// Takes in what was found out about executed files. An answer can come before the record of the exec; one whose
    /// record never comes is about something out of scope, and nothing of it is kept.
    fn take_answers(&mut self) -> Result<(), Stopped> {
        let now = Instant::now();
        self.early.extend(self.executed.answers().map(|answer| (now, answer)));
        for (since, answer) in std::mem::take(&mut self.early) {
            if self.tracker.awaits(&answer.key) {
                self.learn(answer)?;
            } else if now.duration_since(since) < EARLY {
                self.early.push((since, answer));
            }
        }
        Ok(())
    }

    fn learn(&mut self, answer: Answer) -> Result<(), Stopped> {
        match self.tracker.content(&answer) {
            Next::LookAt(process, path) => {
                self.executed.look_at(answer.key, process, path);
                return Ok(());
            }
            Next::Keep(name) => {
                if let Some(content) = answer.content {
                    self.closing.sink.attach(name, content)?;
                }
            }
            Next::Done => {}
        }
        if answer.facts.sha256.is_some() {
            self.probe.learn(answer.key);
        }
        Ok(())
    }

    /// Takes in what runtimes have told of containers, see `Tracker::hear`.
    fn hear(&mut self, wait: Duration) {
        let probe = &mut self.probe;
        self.tracker.hear(wait, |id| {
            // A full table is counted by the kernel where it matters.
            let _ = probe.add_cgroup(id);
        });
    }

    /// Takes what is not younger than `until`; with `wait`, not what is younger than a record that is still being written.
    fn take(&mut self, until: u64, wait: bool) -> Result<Taken, Stopped> {
        self.fill = self.probe.rings().fill();
        self.take_answers()?;
        self.hear(Duration::ZERO);
        let Drain {
            probe,
            tracker,
            builder,
            closing,
            merge,
            opened,
            taken,
            fill,
            ..
        } = self;
        let mut dropped = Vec::new();
        let mut stopped = None;
        let wait = wait && *fill < PRESSURE;
        let turn = merge.turn(probe.rings(), until, wait, |record, cpu| {
            *taken += 1;
            if let Verdict::DropCgroup(id) = tracker.record(record, cpu, builder) {
                dropped.push(id);
            }
            if closing.is_due(builder, builder.bytes() + tracker.fresh_bytes()) {
                stopped = closing.close(tracker, builder).err().or(stopped.take());
                *opened = 0;
            }
        });
        // Whatever happened before has come, unless a record is being written.
        if !turn.held {
            let now = clock::boottime();
            tracker.write_audit(until.min(now), now, builder);
            if closing.is_due(builder, builder.bytes() + tracker.fresh_bytes()) {
                stopped = closing.close(tracker, builder).err().or(stopped);
                *opened = 0;
            }
        }
        for id in dropped {
            self.probe.remove_cgroup(id);
        }
        if let Some(stopped) = stopped {
            return Err(stopped);
        }
        self.count_losses();
        let now = clock::boottime();
        if self.opened == 0 && !self.builder.is_empty() {
            self.opened = now;
        }
        if self.opened != 0 && now - self.opened >= SEGMENT_AGE {
            self.closing.close(&mut self.tracker, &mut self.builder)?;
            self.opened = 0;
        }
        Ok(turn)
    }

    /// What the kernel counted since the last look becomes loss records.
    fn count_losses(&mut self) {
        let now = self.tracker.real_time(clock::boottime());
        for cpu in 0..self.probe.rings().cpus() {
            let (_, lost) = self.probe.rings().counters(cpu);
            for (at, cause) in CAUSES {
                let events = lost[at] - self.told[cpu][at];
                if events > 0 {
                    self.told[cpu][at] = lost[at];
                    self.closing.lossy = true;
                    self.builder.push_loss(Loss {
                        cause,
                        cpu: Some(cpu as u16),
                        events,
                        from: self.looked,
                        to: now,
                    });
                }
            }
        }
        let undecodable = std::mem::take(&mut self.tracker.undecodable);
        if undecodable > 0 {
            let cause = LossCause::Decode;
            self.builder.push_loss(Loss {
                cause,
                cpu: None,
                events: undecodable,
                from: self.looked,
                to: now,
            });
        }
        self.looked = now;
    }

    /// Records that the programs have written so far.
    fn written(&self) -> u64 {
        let rings = self.probe.rings();
        (0..rings.cpus()).map(|cpu| rings.counters(cpu).0).sum()
    }

    /// Detaches, takes what is left and closes the last segment.
    pub(crate) fn finish(mut self) -> (Tracker, Sink) {
        let detached = self.probe.detach();
        if let Err(error) = &detached {
            eprintln!("capture: {error:#}; sealing what there is");
        }
        // A program that was running on another CPU when it was detached has published by then.
        std::thread::sleep(Duration::from_millis(2));
        let until = Instant::now() + LAST;
        while self.probe.rings().is_writing() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
        let _ = self.take(u64::MAX, false);
        let patience = Instant::now() + PATIENCE;
        while self.tracker.awaits_content() && Instant::now() < patience {
            if self.take_answers().is_err() {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        // What is read when calls begin goes on being written until the process has ended (see `Closer`).
        let until = Instant::now() + LAST;
        let mut written = self.written();
        while written != self.taken && Instant::now() < until {
            let _ = self.take(u64::MAX, false);
            written = self.written();
        }
        if detached.is_ok() && written != self.taken {
            // Never seen; if it ever happens, the rings were not read as they were written.
            let (cause, events, now) = (LossCause::Decode, written.abs_diff(self.taken), self.looked);
            self.builder.push_loss(Loss {
                cause,
                cpu: None,
                events,
                from: now,
                to: now,
            });
        }
        let until = Instant::now() + LAST_ENTRIES;
        while self.tracker.reads_audit() && Instant::now() < until {
            self.hear(Duration::ZERO);
            std::thread::sleep(Duration::from_millis(10));
        }
        self.hear(LAST_WORDS);
        self.tracker.end_audit(clock::boottime(), &mut self.builder);
        if !self.builder.is_empty() {
            let _ = self.closing.close(&mut self.tracker, &mut self.builder);
        }
        (self.tracker, self.closing.sink)
    }
}

/// Hands full segments to the writing side.
struct Closing {
    sink: Sink,
    keyframes: Keyframes,
    /// Whether events were lost since the last keyframe.
    lossy: bool,
    /// Whether the open segment, which is a keyframe then, begins another file.
    rotate: bool,
    /// Whether the snapshot was completed in the segment that is being closed.
    complete: bool,
}

impl Closing {
    /// Whether it is time to close the open segment, which has so many bytes beside its rows.
    #[inline]
    fn is_due(&mut self, builder: &SegmentBuilder, bytes: usize) -> bool {
        let holds = |times: usize| builder.rows() >= times * DEFAULT_ROWS || bytes >= times * SEGMENT_BYTES;
        holds(1) && (self.sink.has_room() || holds(GROWTH))
    }

    fn close(&mut self, tracker: &mut Tracker, builder: &mut SegmentBuilder) -> Result<(), Stopped> {
        tracker.close(builder);
        // Only now that there is something for the next file: none is to be empty.
        if std::mem::take(&mut self.rotate) {
            self.sink.rotate(Summary {
                end: tracker.real_time(clock::boottime()),
                reason: "rotated".to_owned(),
                containers: tracker.cgroups.containers(),
                ..Summary::default()
            })?;
        }
        let rows = builder.rows();
        self.sink.swap(builder)?;
        tracker.sweep();
        self.rotate = self.sink.is_full();
        // Every file begins with a keyframe: it has to tell what it needs by itself.
        let complete = std::mem::take(&mut self.complete);
        if self.keyframes.is_due(rows, || tracker.keyframe_size()) || self.rotate || complete {
            if std::mem::take(&mut self.lossy) {
                tracker.reconcile();
            }
            tracker.keyframe(builder);
        }
        Ok(())
    }
}
