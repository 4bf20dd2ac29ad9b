//! The helper's threads: one reads questions, one reads files, one writes answers; the one in the middle asks sockets.
//! What may block (a pipe, a file system, the command line of a strange process) has a thread of its own, and so have
//! Kubernetes' API server and its audit log.

use crate::api::Word;
use crate::desk::Desk;
use crate::error::Error;
use crate::files::{self, Found};
use crate::out::Out;
use crate::protocol::{Answer, Question, Said};
use crate::settings::{Roots, Settings, Socket};
use crate::{audit, kube};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, UnboundedReceiver, UnboundedSender, channel, unbounded_channel};
use tokio::time::{Instant, MissedTickBehavior};

/// Questions, words and answers that are under way between threads. Beyond, the sender waits.
const UNDER_WAY: usize = 1024;
/// Bytes of a question.
const LINE_MAX: u64 = 64 << 10;
/// How often processes are looked through for daemons at most.
const DAEMONS_EVERY: Duration = Duration::from_secs(10);
/// How long what was asked last may still take after the recorder has closed its end.
const GRACE: Duration = Duration::from_secs(3);

/// What the thread that reads files says.
enum File {
    Found(u64, Box<Found>),
    Daemons(Vec<Socket>),
}

/// Answers questions until there are no more: reads lines from `input`, writes lines to `output`.
///
/// # Errors
/// Nobody reads the answers, or threads cannot be started. Nothing that a runtime does is an error.
pub fn run(
    settings: &Settings,
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(2)
        .build()
        .map_err(Error::Start)?;
    let (question, questions) = channel(UNDER_WAY);
    let (answer, answers) = channel(UNDER_WAY);
    // Bounded by the number of questions that are under way: the desk has at most that many entries.
    let (job, jobs) = unbounded_channel();
    let (file, files) = channel(UNDER_WAY);
    let (roots, discover) = (settings.roots.clone(), settings.discover);
    let out = Out::new(output);
    if let Some(settings) = settings.kube.clone() {
        let out = out.clone();
        spawn("kube", move || kube::run(&settings, &out))?;
    }
    for settings in settings.audit.clone() {
        let out = out.clone();
        spawn("audit", move || audit::run(settings, &out))?;
    }
    spawn("questions", move || read(input, &question))?;
    spawn("files", move || look(roots, discover, jobs, &file))?;
    let writer = spawn("answers", move || write(&out, answers))?;
    runtime.block_on(serve(settings, questions, job, files, answer));
    // Tasks of sockets that hang are dropped here.
    runtime.shutdown_background();
    match writer.join() {
        Ok(result) => result.map_err(Error::Write),
        Err(_) => Err(Error::Write(std::io::Error::other("the thread that writes ended"))),
    }
}

fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<std::thread::JoinHandle<T>, Error> {
    std::thread::Builder::new()
        .name(name.into())
        .stack_size(1 << 20)
        .spawn(work)
        .map_err(Error::Start)
}

/// Reads until the end of the input. A line that is no question is passed over, one that is too long as well.
fn read(input: impl Read, questions: &Sender<Question>) {
    let mut input = BufReader::new(input);
    let mut line = Vec::new();
    let mut whole = true;
    loop {
        line.clear();
        match (&mut input).take(LINE_MAX).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => (),
        }
        let ends = line.ends_with(b"\n");
        if whole
            && let Ok(question) = serde_json::from_slice(&line)
            && questions.blocking_send(question).is_err()
        {
            return;
        }
        whole = ends;
    }
}

/// Reads files for one question after the other.
fn look(mut roots: Roots, discover: bool, mut jobs: UnboundedReceiver<Question>, files: &Sender<File>) {
    let conventional = roots.clone();
    let mut looked: Option<Instant> = None;
    while let Some(question) = jobs.blocking_recv() {
        if discover && looked.is_none_or(|at| at.elapsed() > DAEMONS_EVERY) {
            let (sockets, more) = files::daemons(Path::new("/proc"));
            roots = conventional.clone();
            roots.docker.extend(more.docker);
            looked = Some(Instant::now());
            if files.blocking_send(File::Daemons(sockets)).is_err() {
                return;
            }
        }
        let found = files::look(&roots, discover, &question);
        if files.blocking_send(File::Found(question.key, Box::new(found))).is_err() {
            return;
        }
    }
}

fn write(out: &Out, mut answers: Receiver<Answer>) -> std::io::Result<()> {
    while let Some(answer) = answers.blocking_recv() {
        out.say(&Said::Answer(Box::new(answer)))?;
    }
    Ok(())
}

/// The middle: passes on who says what, until there are no more questions.
async fn serve(
    settings: &Settings,
    mut questions: Receiver<Question>,
    jobs: UnboundedSender<Question>,
    mut files: Receiver<File>,
    answers: Sender<Answer>,
) {
    let (sender, mut words) = channel::<Word>(UNDER_WAY);
    let mut desk = Desk::new(settings, sender);
    let mut until: Option<Instant> = None;
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let end = until.unwrap_or_else(|| Instant::now() + GRACE);
        tokio::select! {
            question = questions.recv(), if until.is_none() => match question {
                Some(question) => {
                    let _ = jobs.send(question.clone());
                    desk.question(question);
                }
                None => until = Some(Instant::now() + GRACE),
            },
            Some(file) = files.recv() => match file {
                File::Found(key, found) => desk.found(key, *found),
                File::Daemons(sockets) => sockets.into_iter().for_each(|s| desk.add_source(s)),
            },
            Some(word) = words.recv() => desk.word(word),
            now = seconds.tick(), if !desk.is_idle() => desk.tick(now),
            () = tokio::time::sleep_until(end), if until.is_some() => return,
        }
        for answer in desk.take_answers() {
            if answers.send(answer).await.is_err() {
                return;
            }
        }
        if until.is_some() && !desk.is_waiting() {
            return;
        }
    }
}
