//! What the tests of the helper share: the helper itself (in this process, or in one of its own), and clients.

#![allow(dead_code)]

pub(crate) mod http;
pub(crate) mod moto;
pub(crate) mod payloads;
pub(crate) mod sink;

use afterimage_alerts::protocol::{Said, Told, Trigger};
use afterimage_alerts::settings::{Settings, check};
use afterimage_alerts::{Outside, run_in};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Prints why a test does nothing.
pub(crate) fn skip(name: &str, reason: &str) {
    println!("SKIPPED: {name}: {reason}");
    if let Some(log) = std::env::var_os("AFTERIMAGE_SKIP_LOG") {
        let mut log = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        writeln!(log, "SKIPPED: {name}: {reason}").unwrap();
    }
}

/// The path of something in the corpus beside the repository.
pub(crate) fn corpus(what: &str) -> Option<PathBuf> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let mut found = above.map(|folder| folder.join("shared/corpus/alerts").join(what));
    found.find(|path| path.exists())
}

pub(crate) fn settings(text: &str) -> Settings {
    check(text).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// The helper as the recorder sees it. Its triggers are answered at once, unless the test wants them itself.
pub(crate) struct Helper {
    input: Arc<Mutex<Option<Box<dyn Write + Send>>>>,
    said: Receiver<Said>,
    triggers: Arc<Mutex<Vec<Trigger>>>,
    pub(crate) address: SocketAddr,
    pub(crate) notes: Vec<String>,
    child: Option<Child>,
    thread: Option<std::thread::JoinHandle<Result<(), afterimage_alerts::Error>>>,
}

/// What the recorder answers to a trigger.
pub(crate) type Answering = fn(&Trigger) -> Option<(u16, Value)>;

/// 202 with a capture named after the alert.
pub(crate) fn accept(trigger: &Trigger) -> Option<(u16, Value)> {
    Some((202, json!({ "capture": format!("c-{}", trigger.title) })))
}

impl Helper {
    /// In this process.
    pub(crate) fn start(settings: &Settings, outside: Outside, answering: Answering) -> Helper {
        let (their_input, input) = std::io::pipe().unwrap();
        let (output, their_output) = std::io::pipe().unwrap();
        let thread = std::thread::spawn(move || run_in(&outside, their_input, their_output));
        let mut helper = Helper::begin(settings, Box::new(input), output, answering, true);
        helper.thread = Some(thread);
        helper
    }

    /// In this process, with a recorder that answers nothing.
    pub(crate) fn start_silent(settings: &Settings) -> Helper {
        let (their_input, input) = std::io::pipe().unwrap();
        let (output, their_output) = std::io::pipe().unwrap();
        let thread = std::thread::spawn(move || run_in(&Outside::default(), their_input, their_output));
        let mut helper = Helper::begin(settings, Box::new(input), output, |_| None, false);
        helper.thread = Some(thread);
        helper
    }

    /// In a process of its own: this very program, with one "test" that is the helper.
    pub(crate) fn start_process(settings: &Settings, answering: Answering) -> Helper {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_helper_itself", "--nocapture"])
            .env("AFTERIMAGE_TEST_HELPER", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let output = child.stdout.take().unwrap();
        let mut helper = Helper::begin(settings, Box::new(input), output, answering, true);
        helper.child = Some(child);
        helper
    }

    fn begin(
        settings: &Settings,
        input: Box<dyn Write + Send>,
        output: impl std::io::Read + Send + 'static,
        answering: Answering,
        texts: bool,
    ) -> Helper {
        let input = Arc::new(Mutex::new(Some(input)));
        let triggers = Arc::new(Mutex::new(Vec::new()));
        let (sender, said) = channel();
        let (answers, kept) = (input.clone(), triggers.clone());
        tell(&input, &Told::Settings(Box::new(settings.clone())));
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // The test harness has its own words on the same line.
                let Some(said) = line.find('{').and_then(|at| serde_json::from_str(&line[at..]).ok()) else {
                    continue;
                };
                match said {
                    Said::Trigger { ticket, trigger } => {
                        let answer = answering(&trigger);
                        // Whoever has the answer may ask for the triggers.
                        kept.lock().unwrap().push(*trigger);
                        if let Some((status, body)) = answer {
                            tell(&answers, &Told::Answer { ticket, status, body });
                        }
                    }
                    Said::Asked { ticket, what } if texts => tell(
                        &answers,
                        &Told::Text {
                            ticket,
                            status: 200,
                            content_type: "text/plain; version=0.0.4".to_owned(),
                            body: format!("# {what}\n"),
                        },
                    ),
                    said => drop(sender.send(said)),
                }
            }
        });
        let mut helper = Helper {
            input,
            said,
            triggers,
            address: ([127, 0, 0, 1], 1).into(),
            notes: Vec::new(),
            child: None,
            thread: None,
        };
        match helper.said(10) {
            Said::Ready { listening, notes } => {
                if let Some(address) = listening.first() {
                    helper.address = address.parse().unwrap();
                }
                helper.notes = notes;
            }
            said => panic!("{said:?}"),
        }
        helper
    }

    pub(crate) fn tell(&self, told: &Told) {
        tell(&self.input, told);
    }

    /// The next line that is no trigger, within so many seconds.
    pub(crate) fn said(&self, seconds: u64) -> Said {
        self.said.recv_timeout(Duration::from_secs(seconds)).unwrap()
    }

    /// The next line that fits.
    pub(crate) fn said_that<T>(&self, seconds: u64, fits: impl Fn(&Said) -> Option<T>) -> T {
        let until = Instant::now() + Duration::from_secs(seconds);
        let mut others = Vec::new();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.said.recv_timeout(left) {
                Ok(said) => match fits(&said) {
                    Some(found) => return found,
                    None => others.push(said),
                },
                Err(_) => panic!("was not said; but {others:?}"),
            }
        }
    }

    /// What comes of new settings: where it listens now, or why not.
    pub(crate) fn replaced(&self) -> Result<Vec<String>, Vec<String>> {
        self.said_that(5, |said| match said {
            Said::Ready { listening, .. } => Some(Ok(listening.clone())),
            Said::Failed { reasons } => Some(Err(reasons.clone())),
            _ => None,
        })
    }

    /// What was said so far.
    pub(crate) fn said_so_far(&self) -> Vec<Said> {
        self.said.try_iter().collect()
    }

    /// Triggers since the last time.
    pub(crate) fn triggers(&self) -> Vec<Trigger> {
        std::mem::take(&mut self.triggers.lock().unwrap())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().map_or_else(std::process::id, Child::id)
    }

    /// Closes its input, as the recorder's end does, and waits for its end.
    pub(crate) fn end(mut self) -> Vec<Said> {
        self.input.lock().unwrap().take();
        self.join();
        self.said_so_far()
    }

    fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap().unwrap();
        }
        if let Some(mut child) = self.child.take() {
            assert!(child.wait().unwrap().success());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        if let Ok(mut input) = self.input.lock() {
            input.take();
        }
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

type Input = Arc<Mutex<Option<Box<dyn Write + Send>>>>;

fn tell(input: &Input, told: &Told) {
    let mut line = serde_json::to_vec(told).unwrap();
    line.push(b'\n');
    if let Some(input) = input.lock().unwrap().as_mut() {
        let _ = input.write_all(&line);
        let _ = input.flush();
    }
}

/// The highest resident memory of a process, in bytes.
pub(crate) fn peak(pid: u32) -> u64 {
    status(pid, "VmHWM:")
}

/// The resident memory of a process now, in bytes.
pub(crate) fn resident(pid: u32) -> u64 {
    status(pid, "VmRSS:")
}

fn status(pid: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}
