//! Encoding and writing, on a thread of their own: the drain only fills columns.

use afterimage_format::file::{Summary, TraceWriter};
use afterimage_format::model::{Loss, LossCause};
use afterimage_format::segment::SegmentBuilder;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

/// zstd level of the frames.
const LEVEL: i32 = 3;

/// What became of the file.
pub(super) struct Written {
    writer: TraceWriter,
    /// What could not be written, and why.
    pub(super) failed: Option<(afterimage_format::Error, Vec<Loss>)>,
    /// Events in the file.
    pub(super) events: u64,
    /// Events that the file's loss records count.
    pub(super) lost: u64,
}

/// The writing side of a recording. Two builders take turns: one is filled while the other is written.
pub(super) struct Sink {
    full: Sender<SegmentBuilder>,
    empty: Receiver<SegmentBuilder>,
    thread: JoinHandle<Written>,
    failed: Arc<AtomicBool>,
}

impl Sink {
    /// Starts the thread; `spare` is the builder that is filled next.
    pub(super) fn start(writer: TraceWriter, spare: SegmentBuilder) -> Sink {
        let (full, to_write) = channel::<SegmentBuilder>();
        let (give_back, empty) = channel();
        let _ = give_back.send(spare);
        let failed = Arc::new(AtomicBool::new(false));
        let tell = Arc::clone(&failed);
        let thread = std::thread::spawn(move || {
            let mut written = Written {
                writer,
                failed: None,
                events: 0,
                lost: 0,
            };
            for mut builder in to_write {
                written.write(&mut builder);
                tell.store(written.failed.is_some(), Ordering::Relaxed);
                builder.clear();
                if give_back.send(builder).is_err() {
                    break;
                }
            }
            written
        });
        Sink {
            full,
            empty,
            thread,
            failed,
        }
    }

    /// Takes a closed builder for an empty one. Waits while the writer is behind: the rings are the buffer then, and
    /// what they cannot hold is counted.
    pub(super) fn swap(&self, builder: &mut SegmentBuilder) -> Result<(), Stopped> {
        let mut next = self.empty.recv().map_err(|_| Stopped)?;
        next.set_first_num(builder.next_num());
        self.full.send(std::mem::replace(builder, next)).map_err(|_| Stopped)
    }

    /// Waits for the writing of everything.
    pub(super) fn finish(self) -> Result<Written, Stopped> {
        drop(self.full);
        self.thread.join().map_err(|_| Stopped)
    }

    /// Whether a segment could not be written: the ones after it are only counted.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }
}

/// The writing thread ended early.
#[derive(Debug)]
pub(super) struct Stopped;

impl Written {
    fn write(&mut self, builder: &mut SegmentBuilder) {
        if let Some((_, losses)) = &mut self.failed {
            losses.extend(not_written(builder));
            return;
        }
        let result = builder
            .encode(LEVEL)
            .map_err(|source| afterimage_format::Error::Io {
                action: "cannot compress for",
                path: "the trace".into(),
                source,
            })
            .and_then(|segment| self.writer.append(&segment).map(|()| segment.zone));
        match result {
            Ok(zone) => {
                self.events += u64::from(zone.rows);
                self.lost += zone.loss_events;
            }
            Err(error) => self.failed = Some((error, not_written(builder))),
        }
    }

    /// Seals the file; what could not be written is counted in it.
    pub(super) fn seal(self, summary: Summary) -> afterimage_format::Result<u64> {
        let losses = self.failed.map(|(_, losses)| losses).unwrap_or_default();
        self.writer.seal(Summary {
            losses: [summary.losses, losses].concat(),
            ..summary
        })
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
