//! Threads that read the trace: one for what is on the screen, one for the work of a whole screen, one for searches and one for
//! exports, so that none waits for another; and the desk, which does chores with files of a person. Requests go in and
//! messages come out; of several requests that wait, only the newest counts.

mod alerts;
mod aside;
mod desk;
mod detail;
mod events;
mod export;
mod find;
mod findings;
mod follow;
mod groups;
mod job;
mod live;
mod notes;
mod open;
mod overview;
mod places;
mod reader;
mod report;
mod row;
mod sessions;
mod shared;
mod spectrum;
mod target;
mod tell;
mod text;
mod tree;
mod why;

pub(crate) use alerts::alerts;
pub(crate) use desk::Desk;
pub(crate) use export::{Sources, export};
pub(crate) use find::find;
pub(crate) use job::{Task, perform};
pub use live::{Growth, Importing};
pub(crate) use open::Opened;
pub(crate) use places::Places;
pub(crate) use reader::Reader;

use crate::message::{Chore, Find, Message, Want};
use crate::state::{Export, Position, TraceKey};
use crate::views::Column;
use afterimage_format::file::OpenOptions;
use afterimage_query::check::TimeZone;
use aside::Aside;
use shared::Shared;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};
use std::{io, thread};

/// How long the beginning of an import may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the reader is asked for.
pub(crate) enum Request {
    /// Rows of a listing: its generation, the index of the first one, where they are, and what is shown of them.
    Rows(u64, u64, Vec<Position>, Vec<Column>),
    /// Everything about one event.
    Detail(Position),
    /// Something of one event.
    Tell(Position, Want),
    /// From now on, read the trace as it is now.
    Again,
}

/// What comes from a worker.
pub(crate) type Answer = Result<Message, afterimage_format::Error>;

/// The workers. They end when this is dropped.
pub(crate) struct Workers {
    reader: Sender<Request>,
    jobs: Aside<Task>,
    desk: Sender<Chore>,
    person: thread::JoinHandle<()>,
    exports: Aside<Export>,
    finder: Aside<Find>,
    /// Dropped with this: then nobody looks at the file again.
    _watch: Option<Sender<()>>,
}

impl Workers {
    /// Starts the workers, which begin by opening `path`; `given` is the file that a person named, beside which notes are kept:
    /// another one where the trace was imported. The first message is [`Message::Opened`], or the error that
    /// kept the trace from opening.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub(crate) fn start(
        path: &Path,
        given: &Path,
        options: &OpenOptions,
        zone: TimeZone,
        growth: Growth,
        places: Places,
        answer: impl Fn(Answer) + Clone + Send + 'static,
    ) -> io::Result<Workers> {
        let (reader, read_requests) = channel();
        let shared: Arc<Shared> = Arc::default();

        let sources = Sources {
            trace: path.to_owned(),
            given: given.to_owned(),
        };
        let (path, options) = (path.to_owned(), options.clone());
        let imported = (path != given).then(|| given.to_owned());
        let importing = matches!(growth, Growth::Import(_));
        let (trace, send) = (Arc::clone(&shared), answer.clone());
        thread::Builder::new().name("reader".into()).spawn(move || {
            let opened = match first(&path, &options, zone, importing) {
                Ok(opened) => Arc::new(opened),
                Err(error) => return send(Err(error)),
            };
            trace.put(Some(Arc::clone(&opened)));
            let mut info = opened.info();
            if let Some(given) = imported {
                let bytes = std::fs::metadata(given).map_or(0, |metadata| metadata.len());
                let first = info.times.0;
                info.key = TraceKey {
                    bytes,
                    first,
                    ..TraceKey::default()
                };
            }
            send(Ok(Message::Opened(Arc::new(info))));
            drop(opened);
            tell_alerts(&trace, send.clone());
            let (mut goes_on, mut waiting) = (true, Vec::new());
            while goes_on {
                goes_on = match trace.get() {
                    Some(opened) => serve(&mut Reader::new(&opened), &read_requests, &mut waiting, |message| {
                        send(Ok(message));
                    }),
                    // Nothing can be read any more: what is asked for is not answered.
                    None => read_requests.recv().is_ok(),
                };
            }
        })?;

        let watch = match growth {
            Growth::None => None,
            growth => {
                let (watch, wanted) = channel();
                let (trace, reader, send) = (Arc::clone(&shared), reader.clone(), answer.clone());
                thread::Builder::new()
                    .name("watch".into())
                    .spawn(move || live::watch(&trace, &growth, &wanted, &reader, |message| send(Ok(message))))?;
                Some(watch)
            }
        };

        let send = answer.clone();
        let jobs = Aside::start("jobs", &shared, move |opened, _, task, stopped| {
            perform(opened, &task, stopped, &mut |message| send(Ok(message)));
        })?;

        let send = answer.clone();
        let exports = Aside::start("exports", &shared, move |opened, generation, task, stopped| {
            let mut send = |message| send(Ok(message));
            export(opened, (generation, &task), &sources, stopped, &mut send);
        })?;

        let send = answer.clone();
        let finder = Aside::start("finder", &shared, move |opened, generation, task, stopped| {
            let mut send = |message| send(Ok(message));
            find(opened, (generation, &task), stopped, &mut send);
        })?;

        let (desk, chores) = channel();
        let mut at_desk = Desk::new(given, places);
        let person = thread::Builder::new().name("desk".into()).spawn(move || {
            let answers = chores.iter().filter_map(|chore| at_desk.perform(chore));
            answers.for_each(|message| answer(Ok(message)));
        })?;
        Ok(Workers {
            reader,
            jobs,
            desk,
            person,
            exports,
            finder,
            _watch: watch,
        })
    }

    /// Asks for something to be read.
    pub(crate) fn read(&self, request: Request) {
        // A reader that is gone failed, and said so already.
        let _ = self.reader.send(request);
    }

    /// Begins a job; ends the one before.
    pub(crate) fn begin(&self, task: Task) {
        self.jobs.begin(task.generation, task);
    }

    /// Begins an export.
    pub(crate) fn export(&self, generation: u64, export: Export) {
        self.exports.begin(generation, export);
    }

    /// Ends the export.
    pub(crate) fn end_export(&self) {
        self.exports.stop();
    }

    /// Begins a search among events; ends the one before.
    pub(crate) fn find(&self, generation: u64, find: Find) {
        self.finder.begin(generation, find);
    }

    /// Ends the search.
    pub(crate) fn end_find(&self) {
        self.finder.stop();
    }

    /// Ends all work, but for the chores that were given to the desk: notes are written before the program ends.
    pub(crate) fn finish(self) {
        let Workers { desk, person, .. } = self;
        drop(desk);
        // One that failed said so already.
        let _ = person.join();
    }

    /// Gives the desk something to do.
    pub(crate) fn chore(&self, chore: Chore) {
        let _ = self.desk.send(chore);
    }

    /// Ends the job.
    pub(crate) fn stop(&self) {
        self.jobs.stop();
    }
}

/// Sends the alerts that the trace carries, if there are any. Aside: there may be many, and the screen does not wait for them.
fn tell_alerts(shared: &Arc<Shared>, send: impl Fn(Answer) + Send + 'static) {
    let shared = Arc::clone(shared);
    let told = move || {
        let Some(opened) = shared.get() else { return };
        let (alerts, damage) = alerts(&opened);
        if !alerts.is_empty() || damage.is_some() {
            send(Ok(Message::Alerts(alerts, damage)));
        }
    };
    // Without a thread the list lacks them; the rest works.
    let _ = thread::Builder::new().name("alerts".into()).spawn(told);
}

/// Opens the trace. One that is being imported is empty at first, and what cannot be read at once comes.
fn first(
    path: &Path,
    options: &OpenOptions,
    zone: TimeZone,
    importing: bool,
) -> Result<Opened, afterimage_format::Error> {
    let begun = Instant::now();
    loop {
        match Opened::open(path, options, zone) {
            Err(_) if importing && begun.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(20)),
            opened => return opened,
        }
    }
}

/// Answers requests, those that are `waiting` first, until nobody can send them any more, which is false, or the trace is to
/// be read anew: what was asked for then waits for the next one, because it may be about what is new.
fn serve(
    reader: &mut Reader<'_>,
    requests: &Receiver<Request>,
    waiting: &mut Vec<Request>,
    send: impl Fn(Message),
) -> bool {
    loop {
        if waiting.is_empty() {
            match requests.recv() {
                Ok(first) => waiting.push(first),
                Err(_) => return false,
            }
        }
        waiting.extend(requests.try_iter());
        if waiting.iter().any(|request| matches!(request, Request::Again)) {
            waiting.retain(|request| !matches!(request, Request::Again));
            return true;
        }
        let (mut rows, mut detail) = (None, None);
        let mut told = Vec::new();
        for request in waiting.drain(..) {
            match request {
                Request::Rows(generation, first, positions, columns) => {
                    rows = Some((generation, first, positions, columns));
                }
                Request::Detail(position) => detail = Some(position),
                Request::Again => {}
                // Nobody asks for these by moving a cursor: each one counts.
                Request::Tell(position, want) => told.push((position, want)),
            }
        }
        if let Some((generation, first, positions, columns)) = rows {
            send(reader.rows(generation, first, &positions, &columns));
        }
        if let Some(position) = detail {
            send(reader.detail(position));
        }
        for (position, want) in told {
            send(reader.tell(position, want));
        }
    }
}
