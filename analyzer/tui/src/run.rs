//! The loop around the state: waits for something to happen, updates, does what is to be done, draws.

use crate::config;
use crate::error::Error;
use crate::message::{Effect, Message};
use crate::state::State;
use crate::terminal::{self, Terminal};
use crate::update::update;
use crate::view::{Look, view};
use crate::worker::{Answer, Growth, Places, Request, Task, Workers};
use afterimage_format::file::OpenOptions;
use afterimage_query::check::TimeZone;
use afterimage_query::output::escaped;
use crossterm::event::{self, Event, KeyEventKind, MouseEventKind};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use std::io::{self, IsTerminal, stdout};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvError, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// A trace that opens faster than this shows no "opening", and one that does not open leaves the screen as it is.
const OPENING: Duration = Duration::from_millis(60);
/// Time between two pictures of something that moves.
const TICK: Duration = Duration::from_millis(33);
/// Two clicks within this time are one double click.
const DOUBLE: Duration = Duration::from_millis(400);
/// Messages taken at once before the screen is drawn.
const BATCH: usize = 512;

/// What wakes the loop.
enum Incoming {
    Message(Message),
    Failed(Error),
    Signal(i32),
}

/// Opens the trace at `path`, with what `options` say, in the terminal and returns when the person leaves.
///
/// The terminal is given back on return, on a panic in any thread, and on SIGTERM, SIGINT and SIGHUP, which then end
/// the process as they would have.
///
/// # Errors
/// See [`Error`]. Damage in the trace is shown, and is no error.
pub fn run(path: &Path, options: &OpenOptions) -> Result<(), Error> {
    run_as(path, path, options, Growth::None)
}

/// As [`run`] for a trace that was made of another file: `given` is that one, as a person named it. It is what the screen
/// shows, and notes are kept beside it. `growth` says whether there is more to come.
///
/// # Errors
/// Those of [`run`].
pub fn run_as(path: &Path, given: &Path, options: &OpenOptions, growth: Growth) -> Result<(), Error> {
    if !stdout().is_terminal() {
        return Err(Error::NotATerminal);
    }
    let places = Places::from_env(|name| std::env::var_os(name));
    let (config, notice) = places.config.as_deref().map(config::load).unwrap_or_default();
    let (sender, incoming) = channel();
    let workers = Workers::start(path, given, options, TimeZone::Local, growth, places, answers(&sender))?;
    let opened = match incoming.recv_timeout(OPENING) {
        Ok(Incoming::Failed(error)) => return Err(error),
        Ok(first) => Some(first),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
    };

    let panicked = sender.clone();
    terminal::give_back_on_panic(move || {
        let _ = panicked.send(Incoming::Failed(Error::Panicked));
    });
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    let handle = signals.handle();
    let signalled = sender.clone();
    spawn("signals", move || {
        for signal in &mut signals {
            let _ = signalled.send(Incoming::Signal(signal));
        }
    })?;

    let mut terminal = Terminal::take(config.mouse)?;
    spawn("input", move || read_input(&sender))?;
    let name = given.file_name().unwrap_or(given.as_os_str());
    let mut state = State::new(escaped(name.as_bytes()), terminal.size()?);
    state.given = given.to_owned();
    (state.config, state.notice) = (config, notice);
    let ended = main_loop(state, &mut terminal, &workers, opened, &incoming);
    workers.finish();
    drop(terminal);
    handle.close();
    match ended? {
        Some(signal) => Ok(emulate_default_handler(signal)?),
        None => Ok(()),
    }
}

/// Runs until the person leaves, or a signal comes, which it returns.
fn main_loop(
    mut state: State,
    terminal: &mut Terminal,
    workers: &Workers,
    opened: Option<Incoming>,
    incoming: &Receiver<Incoming>,
) -> Result<Option<i32>, Error> {
    let look = Look::from_env(|name| std::env::var(name).ok()).with(state.config.theme);
    let mut next = opened;
    let mut told = Instant::now();
    loop {
        // Everything that waits is taken before drawing, so that no key waits for a picture that is outdated already.
        for incoming in next.into_iter().chain(incoming.try_iter()).take(BATCH) {
            match incoming {
                Incoming::Message(message) => {
                    if !perform(update(&mut state, message), workers, terminal) {
                        return Ok(None);
                    }
                }
                Incoming::Failed(error) => return Err(error),
                Incoming::Signal(signal) => return Ok(Some(signal)),
            }
        }
        let size = terminal.size()?;
        if size != state.size {
            perform(update(&mut state, Message::Resize(size.0, size.1)), workers, terminal);
        }
        terminal.draw(|frame| view(&state, look, frame))?;
        next = match wait(incoming, state.wants_time().then_some(&mut told)) {
            Ok(incoming) => Some(incoming),
            Err(_) => return Ok(None),
        };
    }
}

/// Waits for what comes next. Where time is to be told, that may be the time since it was `told` last.
fn wait(incoming: &Receiver<Incoming>, told: Option<&mut Instant>) -> Result<Incoming, RecvError> {
    let Some(told) = told else { return incoming.recv() };
    match incoming.recv_timeout(TICK) {
        Ok(incoming) => Ok(incoming),
        Err(RecvTimeoutError::Disconnected) => Err(RecvError),
        Err(RecvTimeoutError::Timeout) => {
            // Whoever begins to listen gets one step, and not all the time before.
            let passed = told.elapsed().min(4 * TICK);
            *told = Instant::now();
            Ok(Incoming::Message(Message::Time(passed.as_nanos() as i64)))
        }
    }
}

/// Does what an update asked for; false where that is to leave.
fn perform(effects: Vec<Effect>, workers: &Workers, terminal: &mut Terminal) -> bool {
    for effect in effects {
        match effect {
            Effect::Load {
                generation,
                first,
                positions,
                columns,
            } => workers.read(Request::Rows(generation, first, positions, columns)),
            Effect::Detail { position } => workers.read(Request::Detail(position)),
            Effect::Tell { position, want } => workers.read(Request::Tell(position, want)),
            Effect::Export { generation, export } => workers.export(generation, export),
            Effect::EndExport => workers.end_export(),
            Effect::Find { generation, find } => workers.find(generation, find),
            Effect::EndFind => workers.end_find(),
            // A terminal that takes nothing is no reason to end; the text is in a file, too.
            Effect::Copy(text) => drop(terminal.copy(&text)),
            Effect::Chore(chore) => workers.chore(chore),
            Effect::Start {
                generation,
                filter,
                span,
                job,
            } => workers.begin(Task {
                generation,
                filter,
                span,
                job,
            }),
            Effect::Stop => workers.stop(),
            Effect::Quit => return false,
        }
    }
    true
}

/// Where workers send what they have; the loop is gone when nobody takes it.
fn answers(sender: &Sender<Incoming>) -> impl Fn(Answer) + Clone + Send + 'static {
    let sender = sender.clone();
    move |answer| {
        let _ = sender.send(match answer {
            Ok(message) => Incoming::Message(message),
            Err(error) => Incoming::Failed(error.into()),
        });
    }
}

/// Sends what the terminal says until nobody takes it.
fn read_input(sender: &Sender<Incoming>) {
    let mut last: Option<(Instant, u16, u16)> = None;
    loop {
        let message = match event::read() {
            Ok(Event::Key(key)) if key.kind != KeyEventKind::Release => Incoming::Message(Message::Key(key)),
            Ok(Event::Mouse(mouse)) => match mouse.kind {
                MouseEventKind::Moved => continue,
                MouseEventKind::Down(_) => {
                    let here = (mouse.column, mouse.row);
                    let double = last.is_some_and(|(at, x, y)| (x, y) == here && at.elapsed() < DOUBLE);
                    // A third click begins anew.
                    last = (!double).then(|| (Instant::now(), here.0, here.1));
                    Incoming::Message(Message::Mouse(mouse, double))
                }
                _ => Incoming::Message(Message::Mouse(mouse, false)),
            },
            Ok(Event::Paste(text)) => Incoming::Message(Message::Paste(text)),
            Ok(Event::Resize(width, height)) => Incoming::Message(Message::Resize(width, height)),
            Ok(_) => continue,
            Err(error) => Incoming::Failed(error.into()),
        };
        let failed = matches!(message, Incoming::Failed(_));
        if sender.send(message).is_err() || failed {
            return;
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.into()).spawn(work).map(|_| ())
}
