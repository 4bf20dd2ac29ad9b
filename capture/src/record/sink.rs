//! Encoding and writing, on a thread of their own: the drain only fills columns.

use crate::executed::Content;
use afterimage_format::file::Summary;
use afterimage_format::model::{Loss, LossCause};
use afterimage_format::segment::{EncodedSegment, SegmentBuilder};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

/// zstd level of the frames.
const LEVEL: i32 = 3;
/// The same where writing falls behind, or CPU time is short.
const LOW_LEVEL: i32 = 1;

/// Where segments go: files, or the memory of a flight recorder.
pub(crate) trait Place: Send {
    /// Takes a segment.
    fn append(&mut self, segment: EncodedSegment) -> afterimage_format::Result<()>;
    /// Takes an executed file.
    fn attach(&mut self, name: &str, content: &[u8]) -> afterimage_format::Result<()>;
    /// Ends with what it has and begins anew.
    fn rotate(&mut self, summary: &Summary) -> afterimage_format::Result<()>;
    /// Ends for good; returns the bytes of all that it has written.
    fn seal(&mut self, summary: &Summary) -> afterimage_format::Result<u64>;
    /// Everything that was given before this mark has been taken.
    fn mark(&mut self, mark: u64);
    /// Whether it is to be rotated.
    fn is_full(&self) -> bool;
    /// Bytes written so far.
    fn bytes(&self) -> u64;
    /// Files so far.
    fn files(&self) -> u32;
    /// The file that is being written.
    fn path(&self) -> &Path;
}

/// What became of the files.
pub(crate) struct Written {
    output: Box<dyn Place>,
    /// What could not be written, and why.
    pub(super) failed: Option<(afterimage_format::Error, Vec<Loss>)>,
    /// Events in the files.
    pub(super) events: u64,
    /// Events that the files' loss records count.
    pub(super) lost: u64,
}

/// What the writing side is asked to do.
enum Job {
    Write(Box<SegmentBuilder>),
    /// Put a file into the trace: name and content.
    Attach(String, Content),
    /// Seal the file and begin the next one.
    Rotate(Box<Summary>),
    /// Say that it has come to here.
    Mark(u64),
}

/// What the writing side tells while it works.
#[derive(Default)]
struct State {
    failed: AtomicBool,
    full: AtomicBool,
    /// Another file is asked for, whatever the size and age of this one.
    asked: AtomicBool,
    /// A rotation is under way: what is full is the file before.
    rotating: AtomicBool,
    /// The drain had to wait for the writing side since its last segment.
    behind: AtomicBool,
    /// Less compression is wanted.
    hurry: AtomicBool,
    bytes: AtomicU64,
    files: AtomicU32,
}

/// The writing side of a recording. Two builders take turns: one is filled while the other is written.
pub(crate) struct Sink {
    jobs: Sender<Job>,
    empty: Receiver<SegmentBuilder>,
    /// The builder that is filled next, where it is back.
    spare: Option<SegmentBuilder>,
    thread: JoinHandle<Written>,
    state: Arc<State>,
}

impl Sink {
    /// Starts the thread; `spare` is the builder that is filled next.
    pub(crate) fn start(output: impl Place + 'static, spare: SegmentBuilder) -> Sink {
        let (jobs, to_do) = channel::<Job>();
        let (give_back, empty) = channel();
        let state = Arc::new(State::default());
        let tell = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            let mut written = Written {
                output: Box::new(output),
                failed: None,
                events: 0,
                lost: 0,
            };
            let mut memory = None;
            for job in to_do {
                let rotated = matches!(job, Job::Rotate(_));
                let done = match job {
                    Job::Rotate(summary) => {
                        written.rotate(&summary);
                        None
                    }
                    Job::Attach(name, content) => {
                        written.attach(&name, &content);
                        None
                    }
                    Job::Mark(mark) => {
                        written.output.mark(mark);
                        None
                    }
                    Job::Write(mut builder) => {
                        let hurry = tell.behind.swap(false, Ordering::Relaxed) || tell.hurry.load(Ordering::Relaxed);
                        builder.swap_memory(&mut memory);
                        written.write(&mut builder, if hurry { LOW_LEVEL } else { LEVEL });
                        builder.swap_memory(&mut memory);
                        builder.clear();
                        Some(*builder)
                    }
                };
                tell.failed.store(written.failed.is_some(), Ordering::Relaxed);
                tell.full.store(written.output.is_full(), Ordering::Relaxed);
                if rotated {
                    tell.rotating.store(false, Ordering::Release);
                }
                tell.bytes.store(written.output.bytes(), Ordering::Relaxed);
                tell.files.store(written.output.files(), Ordering::Relaxed);
                if done.is_some_and(|builder| give_back.send(builder).is_err()) {
                    break;
                }
            }
            written
        });
        Sink {
            jobs,
            empty,
            spare: Some(spare),
            thread,
            state,
        }
    }

    /// Whether there is an empty builder. Where there is none, the writing side is behind: it compresses less then.
    pub(super) fn has_room(&mut self) -> bool {
        if self.spare.is_none() {
            self.spare = self.empty.try_recv().ok();
        }
        if self.spare.is_none() {
            self.state.behind.store(true, Ordering::Relaxed);
        }
        self.spare.is_some()
    }

    /// Takes a closed builder for an empty one. Waits while the writer is behind: the rings are the buffer then, and
    /// what they cannot hold is counted.
    pub(super) fn swap(&mut self, builder: &mut SegmentBuilder) -> Result<(), Stopped> {
        let mut next = match self.spare.take() {
            Some(next) => next,
            None => self.empty.recv().map_err(|_| Stopped)?,
        };
        next.set_first_num(builder.next_num());
        let full = std::mem::replace(builder, next);
        self.jobs.send(Job::Write(Box::new(full))).map_err(|_| Stopped)
    }

    /// Whether the file has reached its size or age: the next segment should be a keyframe behind [`Sink::rotate`].
    pub(super) fn is_full(&self) -> bool {
        let rotating = self.state.rotating.load(Ordering::Acquire);
        self.state.asked.swap(false, Ordering::Relaxed) || !rotating && self.state.full.load(Ordering::Relaxed)
    }

    /// Makes [`Sink::is_full`] say so whatever the size and age.
    pub(super) fn ask_for_rotation(&self) {
        self.state.asked.store(true, Ordering::Relaxed);
    }

    /// Whether to compress less from now on.
    pub(super) fn hurry(&self, hurry: bool) {
        self.state.hurry.store(hurry, Ordering::Relaxed);
    }

    /// Bytes written to all files, and how many files there are.
    pub(super) fn written(&self) -> (u64, u32) {
        let files = self.state.files.load(Ordering::Relaxed);
        (self.state.bytes.load(Ordering::Relaxed), files.max(1))
    }

    /// Seals the file behind what was given so far; the next segment begins another.
    pub(super) fn rotate(&self, summary: Summary) -> Result<(), Stopped> {
        self.state.rotating.store(true, Ordering::Relaxed);
        self.jobs.send(Job::Rotate(Box::new(summary))).map_err(|_| Stopped)
    }

    /// Puts an executed file into the trace.
    pub(super) fn attach(&self, name: String, content: Content) -> Result<(), Stopped> {
        self.jobs.send(Job::Attach(name, content)).map_err(|_| Stopped)
    }

    /// Has [`Place::mark`] called behind what was given so far.
    pub(super) fn mark(&self, mark: u64) -> Result<(), Stopped> {
        self.jobs.send(Job::Mark(mark)).map_err(|_| Stopped)
    }

    /// Waits for the writing of everything.
    pub(crate) fn finish(self) -> Result<Written, Stopped> {
        drop(self.jobs);
        self.thread.join().map_err(|_| Stopped)
    }

    /// Whether a segment could not be written: the ones after it are only counted.
    pub(super) fn has_failed(&self) -> bool {
        self.state.failed.load(Ordering::Relaxed)
    }
}

/// The writing thread ended early.
#[derive(Debug)]
pub(crate) struct Stopped;

impl Written {
    fn write(&mut self, builder: &mut SegmentBuilder, level: i32) {
        if let Some((_, losses)) = &mut self.failed {
            losses.extend(not_written(builder));
            return;
        }
        let result = builder
            .encode(level)
            .map_err(|source| afterimage_format::Error::Io {
                action: "cannot compress for",
                path: self.output.path().to_owned(),
                source,
            })
            .and_then(|segment| {
                let counts = (u64::from(segment.zone.rows), segment.zone.loss_events);
                self.output.append(segment).map(|()| counts)
            });
        match result {
            Ok((rows, lost)) => {
                self.events += rows;
                self.lost += lost;
            }
            Err(error) => self.failed = Some((error, not_written(builder))),
        }
    }

    /// What is over a limit of the format is left out: the recording goes on.
    fn attach(&mut self, name: &str, content: &[u8]) {
        if self.failed.is_none()
            && let Err(error) = self.output.attach(name, content)
        {
            eprintln!("capture: not kept: {error}");
        }
    }

    fn rotate(&mut self, summary: &Summary) {
        if self.failed.is_none()
            && let Err(error) = self.output.rotate(summary)
        {
            self.failed = Some((error, Vec::new()));
        }
    }

    /// Seals the last file; what could not be written is counted in it. Returns the bytes of all files.
    pub(crate) fn seal(&mut self, summary: Summary) -> afterimage_format::Result<u64> {
        let losses = self
            .failed
            .as_ref()
            .map(|(_, losses)| losses.clone())
            .unwrap_or_default();
        self.output.seal(&Summary {
            losses: [summary.losses, losses].concat(),
            ..summary
        })
    }

    /// The last file.
    pub(super) fn path(&self) -> &Path {
        self.output.path()
    }

    /// Files written.
    pub(super) fn files(&self) -> u32 {
        self.output.files()
    }
}

/// The rows of a builder as a loss, and the losses that it would have told.
fn not_written(builder: &SegmentBuilder) -> Vec<Loss> {
    let mut losses = builder.losses().to_vec();
    if let Some((from, to)) = builder.span() {
        losses.push(Loss {
            cause: LossCause::Write,
            cpu: None,
            events: builder.rows() as u64,
            from,
            to,
        });
    }
    losses
}
