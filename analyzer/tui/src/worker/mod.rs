//! Threads that read the trace: one for what is on the screen, one for the work of a whole screen, so that the first never
//! waits for the second. Requests go in and messages come out; of several requests that wait, only the newest counts.

mod detail;
mod events;
mod findings;
mod follow;
mod groups;
mod job;
mod open;
mod overview;
mod reader;
mod row;
mod text;
mod tree;
mod why;

pub(crate) use job::{Task, perform};
pub(crate) use open::Opened;
pub(crate) use reader::Reader;

use crate::message::Message;
use crate::state::Position;
use crate::views::Column;
use afterimage_format::file::OpenOptions;
use afterimage_query::check::TimeZone;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::{io, thread};

/// What the reader is asked for.
pub(crate) enum Request {
    /// Rows of a listing: its generation, the index of the first one, where they are, and what is shown of them.
    Rows(u64, u64, Vec<Position>, Vec<Column>),
    /// Everything about one event.
    Detail(Position),
}

/// What comes from a worker.
pub(crate) type Answer = Result<Message, afterimage_format::Error>;

/// The workers. They end when this is dropped.
pub(crate) struct Workers {
    reader: Sender<Request>,
    jobs: Sender<Task>,
    /// Generation of the job that is wanted; another one stops.
    wanted: Arc<AtomicU64>,
}

impl Workers {
    /// Starts the workers, which begin by opening `path`. The first message is [`Message::Opened`], or the error that
    /// kept the trace from opening.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub(crate) fn start(
        path: &Path,
        options: &OpenOptions,
        zone: TimeZone,
        answer: impl Fn(Answer) + Clone + Send + 'static,
    ) -> io::Result<Workers> {
        let (reader, read_requests) = channel();
        let (jobs, tasks) = channel::<Task>();
        let wanted = Arc::new(AtomicU64::new(0));
        let shared: Arc<OnceLock<Opened>> = Arc::default();

        let (path, options) = (path.to_owned(), options.clone());
        let (trace, send) = (Arc::clone(&shared), answer.clone());
        thread::Builder::new().name("reader".into()).spawn(move || {
            let opened = match Opened::open(&path, &options, zone) {
                Ok(opened) => trace.get_or_init(|| opened),
                Err(error) => return send(Err(error)),
            };
            send(Ok(Message::Opened(Arc::new(opened.info()))));
            serve(&mut Reader::new(opened), &read_requests, |message| send(Ok(message)));
        })?;

        let stop = Arc::clone(&wanted);
        thread::Builder::new().name("jobs".into()).spawn(move || {
            while let Ok(first) = tasks.recv() {
                let task = tasks.try_iter().last().unwrap_or(first);
                let Some(opened) = shared.get() else { continue };
                let stopped = || stop.load(Ordering::Relaxed) != task.generation;
                perform(opened, &task, &stopped, &mut |message| answer(Ok(message)));
            }
        })?;
        Ok(Workers { reader, jobs, wanted })
    }

    /// Asks for something to be read.
    pub(crate) fn read(&self, request: Request) {
        // A reader that is gone failed, and said so already.
        let _ = self.reader.send(request);
    }

    /// Begins a job; ends the one before.
    pub(crate) fn begin(&self, task: Task) {
        self.wanted.store(task.generation, Ordering::Relaxed);
        let _ = self.jobs.send(task);
    }

    /// Ends the job.
    pub(crate) fn stop(&self) {
        self.wanted.store(0, Ordering::Relaxed);
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Answers requests until nobody can send them any more.
fn serve(reader: &mut Reader<'_>, requests: &Receiver<Request>, send: impl Fn(Message)) {
    while let Ok(first) = requests.recv() {
        let (mut rows, mut detail) = (None, None);
        for request in std::iter::once(first).chain(requests.try_iter()) {
            match request {
                Request::Rows(generation, first, positions, columns) => {
                    rows = Some((generation, first, positions, columns));
                }
                Request::Detail(position) => detail = Some(position),
            }
        }
        if let Some((generation, first, positions, columns)) = rows {
            send(reader.rows(generation, first, &positions, &columns));
        }
        if let Some(position) = detail {
            send(reader.detail(position));
        }
    }
}
